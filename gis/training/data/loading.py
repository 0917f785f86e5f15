"""Load the rows that a task trains on and the pairs that validate, from splits that are never a test split."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.tasks.about import card_metadata
from gis.benchmark.tasks.catalogue import Task, resolve_tasks
from gis.benchmark.tasks.frames import read_frame, task_from_frame
from gis.benchmark.tasks.manifest import MANIFEST as DATASET_MANIFEST
from gis.benchmark.tasks.sources import LoadedTables, LoadedTask, SourceSettings, load_tables, load_task, split_names
from gis.errors import GisError, UsageError
from gis.hub import CARD
from gis.spec import Spec
from gis.training.data.groups import groups_of
from gis.training.data.rows import Rows, all_positive, read_rows
from gis.training.data.training_set import TrainingSet

if TYPE_CHECKING:
    import pandas as pd

NO_SPLIT = "no validation split"
VALIDATION = ("validation", "valid", "dev")
POSITIVE_SHARE = 0.8  # of the label range: 4 of 5 on the STS scale, 1 where labels are 0 and 1


@dataclass(frozen=True)
class TrainingData:
    """What to train on, and what to choose the best checkpoint by.

    Attributes:
        train: The rows to train on.
        validation: The pairs to validate on, or None where the data has no validation split that can be scored.
        not_validated: Why there are none to validate on.
    """

    train: TrainingSet
    validation: LoadedTask | None
    not_validated: str = NO_SPLIT


def load_training_data(
    source: "Spec | pd.DataFrame",
    settings: SourceSettings,
    *,
    validation: "Spec | pd.DataFrame | None" = None,
    positive_threshold: float | None = None,
) -> TrainingData:
    """Load the train split of ``source``, and a validation split; neither is ever a test split.

    Args:
        source: A task with a train split, a folder, a file or a Hub dataset (``split=`` names another split); or a
            DataFrame with the columns of such a file.
        settings: Where to look; ``limit`` samples the train rows.
        validation: Another task to validate on (``split=`` as above), or a DataFrame of pairs; None: the split beside
            the train split, or where that has no labels, the one of the dataset folder around it.
        positive_threshold: The lowest label of a positive pair, in the data's unit; None: 80 % of the label range.

    Raises:
        UsageError: There is no train split, a test split was asked for, or no label reaches the threshold.
        GisError: The data is broken, or cannot be trained on.
    """
    around: Task | None = None  # whose validation split is looked for
    if isinstance(source, Spec):
        task = _task(source, settings.data)
        train_task = _with_split(task, source, ("train",), settings)
        tables = load_tables(train_task, settings)
        around = None if "split" in source.options or train_task.splits == () else task
    else:
        train_task, tables = read_frame(source)
    train = _training_set(tables, train_task, settings, positive_threshold)
    whole = replace(settings, limit=None)
    with _validating():
        if isinstance(validation, Spec):
            chosen = _with_split(_task(validation, settings.data), validation, VALIDATION, whole)
            return TrainingData(train, load_task(chosen, whole))
        if validation is not None:
            return TrainingData(train, task_from_frame(validation))
        return TrainingData(train, None) if around is None else _validated(train, around, whole)


@contextmanager
def _validating() -> Iterator[None]:
    """Say in this block that it is the pairs to validate on that cannot be read."""
    try:
        yield
    except UsageError:
        raise
    except GisError as error:
        instead = "name other pairs to validate on with --validation"
        raise GisError(
            f"the validation pairs: {error}", remedy=f"{error.remedy}, or {instead}" if error.remedy else instead
        ) from error


def _validated(train: TrainingSet, task: Task, settings: SourceSettings) -> TrainingData:
    """Return the rows with the validation pairs beside them, else with those of the dataset around their config."""
    beside = _validation_split(task, settings)
    if beside is None:
        return TrainingData(train, None)
    if all_positive(load_tables(beside, settings)):
        around = Path(task.folder).parent
        built = task.hub is None and (around / DATASET_MANIFEST).is_file()
        labelled = _validation_split(_task(Spec(str(around)), None), settings) if built else None
        if labelled is None:
            reason = f"the {beside.splits[0]} split has no labels to rank (another task can validate)"
            return TrainingData(train, None, reason)
        beside = labelled
    return TrainingData(train, load_task(beside, settings))


def _validation_split(task: Task, settings: SourceSettings) -> Task | None:
    split = next((name for name in VALIDATION if name in split_names(task, settings)), None)
    return None if split is None else task.with_split(split)


def _task(spec: Spec, data: Path | None) -> Task:
    tasks = resolve_tasks([spec], data)
    if len(tasks) != 1:
        raise UsageError(f"train on one task at a time: {spec.name} is {len(tasks)}")
    return tasks[0]


def _with_split(task: Task, spec: Spec, usual: Sequence[str], settings: SourceSettings) -> Task:
    """Return ``task`` with the split that ``spec`` names, else with the first of the usual ones that it has.

    A single file is its own split.
    """
    if "test" in spec.options.get("split", ""):
        raise UsageError(f"{spec}: neither training nor the choice of a checkpoint may see a test split")
    if "split" in spec.options:
        return task.with_split(spec.options["split"])
    if task.hub is None and Path(task.folder).is_file():
        return task
    splits = split_names(task, settings)
    split = next((name for name in usual if name in splits), None)
    if split is None:
        remedy = "" if splits else "say where it is: --data DIR"
        raise UsageError(f"{task.name} has no {usual[0]} split, found: {', '.join(splits) or 'nothing'}", remedy=remedy)
    return task.with_split(split)


def _training_set(
    tables: LoadedTables, task: Task, settings: SourceSettings, positive_threshold: float | None
) -> TrainingSet:
    rows = read_rows(tables, plain=task.text == "plain")
    if settings.limit is not None:
        rows = rows.sample(settings.limit, settings.seed)
    _check(tables.source, rows)
    index, positions = rows.positions()
    threshold = _positive_threshold(rows.labels) if positive_threshold is None else positive_threshold
    positive = np.ones(len(rows), dtype=bool) if rows.labels is None else rows.labels >= threshold
    if rows.labels is not None and not positive.any():
        raise UsageError(
            f"no pair of {tables.source} is positive: its labels are {rows.labels.min():g} to {rows.labels.max():g}, "
            f"and a positive pair begins at {threshold:g}",
            remedy="choose a lower --positive-from",
        )
    licence, languages = _terms(task, tables.source)
    return TrainingSet(
        texts=tuple(index),
        rows=positions,
        labels=rows.labels,
        groups=groups_of(positions, positive, rows.clusters, len(index)),
        positive_threshold=threshold,
        source=tables.source,
        revision=tables.revision,
        splits=tables.splits,
        limit=settings.limit,
        sha256=rows.sha256(),
        licence=licence,
        languages=languages,
        mended_texts=rows.mended_texts,
        weights=None if rows.weights is None else rows.weights / rows.weights.mean(),
    )


def _terms(task: Task, source: str) -> tuple[str | None, tuple[str, ...]]:
    """Return licence and languages of the texts, from the catalogue or from the card beside local data."""
    card = Path(source) / CARD
    if not card.is_file():
        return task.licence, ()
    metadata = card_metadata(card)
    named = metadata.get("language") or []
    named = named if isinstance(named, list) else [named]
    licence = metadata.get("license_name") or metadata.get("license")
    return task.licence or (None if licence is None else str(licence)), tuple(str(code) for code in named if code)


def _positive_threshold(labels: NDArray[np.float64] | None) -> float:
    low, high = (0.0, 1.0) if labels is None else (float(labels.min()), float(labels.max()))
    return low + POSITIVE_SHARE * (high - low)


def _check(source: str, rows: Rows) -> None:
    if len(rows) < 2:
        raise GisError(f"{source} holds {len(rows)} row: training needs at least two")
    if rows.labels is not None and rows.labels.min() == rows.labels.max():
        raise GisError(
            f"{source}: all labels are {rows.labels[0]:g}, so there is nothing to rank; "
            "pairs that are all positive go into columns named anchor and positive"
        )

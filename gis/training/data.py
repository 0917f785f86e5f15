"""The data that a model is trained on: labelled pairs, positive pairs, or triplets with hard negatives."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.benchmark.tasks.about import card_metadata
from gis.benchmark.tasks.catalogue import Task, resolve_tasks
from gis.benchmark.tasks.pairs import MISSING, Table, texts_of
from gis.benchmark.tasks.sources import LoadedTables, LoadedTask, SourceSettings, load_tables, load_task, split_names
from gis.errors import GisError, UsageError
from gis.spec import Spec
from gis.text import plain_text

NO_SPLIT = "no validation split"
VALIDATION = ("validation", "valid", "dev")
POSITIVE_SHARE = 0.8  # of the label range: 4 of 5 on the STS scale, 1 where labels are 0 and 1
SIDES = ("anchor", "positive")
NEGATIVE = re.compile(r"negatives?(_?\d+)?")  # one text or a list; numbered where a row has several columns of them
NO_TEXT = -1  # in the place of a hard negative, where a row has fewer than others

Format = Literal["pairs", "positives", "triplets"]


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Rows of texts to train on.

    Attributes:
        texts: The distinct texts.
        rows: (n, 2) positions in ``texts``; of triplets (n, 2 + most hard negatives of a row), filled up with -1.
        labels: (n,) gold similarity in the data's own unit; None where every pair is positive.
        groups: (texts,) equal for texts that are known to mean the same: linked by positive pairs or a named cluster.
        positive_threshold: The lowest label of a positive pair.
        source: Where the rows came from.
        revision: The Hub commit, or None.
        splits: The splits that were read.
        limit: The size of the sample that was asked for; None for all rows.
        sha256: Hash of the rows in their order.
        licence: Terms of the texts, where the catalogue or the data's card names them.
        languages: Languages of the texts, as codes, where the data's card names them.
    """

    texts: tuple[str, ...]
    rows: NDArray[np.intp]
    labels: NDArray[np.float64] | None
    groups: NDArray[np.int64]
    positive_threshold: float
    source: str
    revision: str | None
    splits: tuple[str, ...]
    limit: int | None
    sha256: str
    licence: str | None
    languages: tuple[str, ...]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    @property
    def format(self) -> Format:
        """The kind of rows: labelled pairs, positive pairs or triplets."""
        if self.labels is not None:
            return "pairs"
        return "triplets" if self.rows.shape[1] > 2 else "positives"

    @property
    def description(self) -> str:
        """The rows in words, for messages."""
        kind = {"pairs": "labelled pairs", "positives": "positive pairs", "triplets": "triplets"}[self.format]
        return f"{len(self):,} {kind} from {self.source}, {len(self.texts):,} distinct texts"

    def scaled_labels(self) -> NDArray[np.float64]:
        """Return (n,) labels, scaled so that the lowest is 0 and the highest 1."""
        labels = np.ones(len(self)) if self.labels is None else self.labels
        low, high = float(labels.min()), float(labels.max())
        return (labels - low) / (high - low) if high > low else np.ones(len(self))

    def each_with_itself(self) -> "TrainingSet":
        """Pair every distinct text with itself, as unsupervised SimCSE trains."""
        own = np.arange(len(self.texts))
        return replace(self, rows=np.stack([own, own], axis=1), labels=None, groups=own.astype(np.int64))


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
    spec: Spec, settings: SourceSettings, *, validation: Spec | None = None, positive_threshold: float | None = None
) -> TrainingData:
    """Load the train split that ``spec`` names, and a validation split; neither is ever a test split.

    Args:
        spec: A task with a train split, a folder, a file or a Hub dataset (``split=`` names another split).
        settings: Where to look; ``limit`` samples the train rows.
        validation: Another task to validate on (``split=`` as above); None: the split beside the train split.
        positive_threshold: The lowest label of a positive pair, in the data's unit; None: 80 % of the label range.

    Raises:
        UsageError: There is no train split, or a test split was asked for.
        GisError: The data is broken, or cannot be trained on.
    """
    task = _task(spec, settings.data)
    train_task = _with_split(task, spec, ("train",), settings)
    train = _training_set(load_tables(train_task, settings), train_task, settings, positive_threshold)
    whole = replace(settings, limit=None)
    if validation is not None:
        chosen = _task(validation, settings.data)
        return TrainingData(train, load_task(_with_split(chosen, validation, VALIDATION, whole), whole))
    if "split" in spec.options or train_task.splits == ():
        return TrainingData(train, None)
    beside = next((name for name in VALIDATION if name in split_names(task, settings)), None)
    if beside is None:
        return TrainingData(train, None)
    chosen = _named(task, beside)
    if _is_positive(load_tables(chosen, whole)):
        reason = f"the {beside} split has no labels to rank (another task can validate)"
        return TrainingData(train, None, reason)
    return TrainingData(train, load_task(chosen, whole))


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
        return _named(task, spec.options["split"])
    if task.hub is None and Path(task.folder).is_file():
        return task
    splits = split_names(task, settings)
    split = next((name for name in usual if name in splits), None)
    if split is None:
        remedy = "" if splits else "say where it is: --data DIR"
        raise UsageError(f"{task.name} has no {usual[0]} split, found: {', '.join(splits) or 'nothing'}", remedy=remedy)
    return _named(task, split)


def _named(task: Task, split: str) -> Task:
    """Return ``task`` with another split; what the catalogue knows of its test split does not hold for that one."""
    name = f"{task.name.removesuffix(f'-{split}')}-{split}"
    return replace(
        task, name=name, folder=task.folder or task.name, splits=(split,), hub_splits=(split,), rows=None, sha256=None
    )


@dataclass(frozen=True)
class _Rows:
    """The rows of a file as they were read.

    Attributes:
        sides: The first and the second texts, n of each.
        negatives: For each row its hard negatives.
        labels: (n,) the labels, or None where every pair is positive.
        clusters: For each of the two sides, the n names of its texts' clusters, None where a text has none.
    """

    sides: tuple[tuple[str, ...], tuple[str, ...]]
    negatives: tuple[tuple[str, ...], ...]
    labels: NDArray[np.float64] | None
    clusters: tuple[tuple[str | None, ...], ...]

    def __len__(self) -> int:
        return len(self.sides[0])

    def sample(self, count: int, seed: int) -> "_Rows":
        """Draw ``count`` rows without replacement, kept in their order; all of them if there are no more."""
        if count >= len(self):
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(len(self), count, replace=False))
        first, second = (tuple(side[row] for row in chosen) for side in self.sides)
        return _Rows(
            (first, second),
            tuple(self.negatives[row] for row in chosen),
            None if self.labels is None else self.labels[chosen],
            tuple(tuple(side[row] for row in chosen) for side in self.clusters),
        )

    def sha256(self) -> str:
        """Hash texts and labels in their order."""
        labels = [None] * len(self) if self.labels is None else [float(label) for label in self.labels]
        rows = zip(*self.sides, self.negatives, labels, strict=True)
        lines = (json.dumps([first, second, *negatives, label]) for first, second, negatives, label in rows)
        return sha256("\n".join(lines).encode()).hexdigest()

    def positions(self) -> tuple[dict[str, int], NDArray[np.intp]]:
        """Return a number for each distinct text, and the rows in these numbers: see ``TrainingSet.rows``."""
        texts = [text for side in self.sides for text in side] + [text for row in self.negatives for text in row]
        index = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        positions = np.full((len(self), 2 + max(map(len, self.negatives))), NO_TEXT, dtype=np.intp)
        for number, (first, second, negatives) in enumerate(zip(*self.sides, self.negatives, strict=True)):
            row = [first, second, *negatives]
            positions[number, : len(row)] = [index[text] for text in row]
        return index, positions


def _training_set(
    tables: LoadedTables, task: Task, settings: SourceSettings, positive_threshold: float | None
) -> TrainingSet:
    rows = _read_rows(tables, plain=task.text == "plain")
    if settings.limit is not None:
        rows = rows.sample(settings.limit, settings.seed)
    _check(tables.source, rows)
    index, positions = rows.positions()
    threshold = _positive_threshold(rows.labels) if positive_threshold is None else positive_threshold
    positive = np.ones(len(rows), dtype=bool) if rows.labels is None else rows.labels >= threshold
    licence, languages = _terms(task, tables.source)
    return TrainingSet(
        texts=tuple(index),
        rows=positions,
        labels=rows.labels,
        groups=_groups(positions, positive, rows.clusters, len(index)),
        positive_threshold=threshold,
        source=tables.source,
        revision=tables.revision,
        splits=tables.splits,
        limit=settings.limit,
        sha256=rows.sha256(),
        licence=licence,
        languages=languages,
    )


def _terms(task: Task, source: str) -> tuple[str | None, tuple[str, ...]]:
    """Return licence and languages of the texts, from the catalogue or from the card beside local data."""
    card = Path(source) / "README.md"
    if not card.is_file():
        return task.licence, ()
    metadata = card_metadata(card)
    named = metadata.get("language") or []
    named = named if isinstance(named, list) else [named]
    licence = metadata.get("license_name") or metadata.get("license")
    return task.licence or (None if licence is None else str(licence)), tuple(str(code) for code in named if code)


def _read_rows(loaded: LoadedTables, *, plain: bool) -> _Rows:
    """Read texts, labels and clusters; ``plain`` strips markup from the texts."""
    labels: NDArray[np.float64] | None = None
    if _is_positive(loaded):
        first, second = (_column(loaded.tables, name) for name in SIDES)
        negatives = tuple(row for table in loaded.tables for row in _negatives(table))
    else:
        pairs = loaded.pairs()
        first, second, labels = pairs.text1, pairs.text2, pairs.gold
        negatives = ((),) * len(pairs)
    if plain:
        first, second = tuple(map(plain_text, first)), tuple(map(plain_text, second))
        negatives = tuple(tuple(map(plain_text, texts)) for texts in negatives)
    clusters = tuple(_clusters(loaded.tables, name) for name in ("cluster1", "cluster2"))
    return _Rows((first, second), negatives, labels, clusters)


def _is_positive(loaded: LoadedTables) -> bool:
    """Return whether the rows are pairs that are all positive, without labels."""
    columns = loaded.tables[0].columns
    return columns.keys() >= set(SIDES) and "label" not in columns


def _positive_threshold(labels: NDArray[np.float64] | None) -> float:
    low, high = (0.0, 1.0) if labels is None else (float(labels.min()), float(labels.max()))
    return low + POSITIVE_SHARE * (high - low)


def _check(source: str, rows: _Rows) -> None:
    if len(rows) < 2:
        raise GisError(f"{source} holds {len(rows)} row: training needs at least two")
    if rows.labels is not None and rows.labels.min() == rows.labels.max():
        raise GisError(
            f"{source}: all labels are {rows.labels[0]:g}, so there is nothing to rank; "
            "pairs that are all positive go into columns named anchor and positive"
        )


def _column(tables: Sequence[Table], name: str) -> tuple[str, ...]:
    for table in tables:
        if name not in table.columns:
            raise GisError(f"{table.where(0).rsplit(':', 1)[0]} lacks the column {name}, which other files of it have")
        absent = next((row for row, value in enumerate(table.columns[name]) if value in (None, MISSING)), None)
        if absent is not None:
            raise GisError(f"{table.where(absent)}: {name} is missing")
    return tuple(text for table in tables for text in texts_of(table.columns[name], name, table.where).texts)


def _negatives(table: Table) -> list[tuple[str, ...]]:
    """Return the hard negatives of each row: one that is null or empty is not there."""
    names = sorted(filter(NEGATIVE.fullmatch, table.columns), key=lambda name: (len(name), name))
    rows: list[tuple[str, ...]] = []
    for number in range(len(table.columns[SIDES[0]])):
        texts: list[str] = []
        for name in names:
            value = table.columns[name][number]
            listed = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else [value]
            present = [text for text in listed if text not in (None, MISSING, "")]
            texts += texts_of(present, name, lambda _: table.where(number)).texts  # noqa: B023 - called within the loop
        rows.append(tuple(texts))
    return rows


def _clusters(tables: Sequence[Table], name: str) -> tuple[str | None, ...]:
    """Return the cluster of one side of each row, None where it has none."""
    values = [table.columns.get(name, (None,) * len(next(iter(table.columns.values())))) for table in tables]
    return tuple(None if value in (None, MISSING, "") else str(value) for part in values for value in part)


def _groups(
    rows: NDArray[np.intp], positive: NDArray[np.bool_], clusters: Sequence[Sequence[str | None]], count: int
) -> NDArray[np.int64]:
    """Number texts so that those known to mean the same share a number: duplicates of duplicates are duplicates."""
    edges = [rows[positive][:, :2]]
    names: dict[str, int] = {}
    for side, named in enumerate(clusters):
        links = [
            (rows[row, side], count + names.setdefault(name, len(names))) for row, name in enumerate(named) if name
        ]
        edges.append(np.array(links, dtype=np.intp).reshape(-1, 2))
    ends = np.concatenate(edges)
    nodes = count + len(names)
    graph = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    _, group = connected_components(graph, directed=False)
    return np.asarray(group[:count], dtype=np.int64)

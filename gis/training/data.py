"""What a model is trained on: pairs with labels, positive pairs, or triplets with hard negatives."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.benchmark.tasks.catalogue import Task, resolve_tasks
from gis.benchmark.tasks.pairs import MISSING, Table, texts_of
from gis.benchmark.tasks.sources import LoadedTables, LoadedTask, SourceSettings, load_tables, load_task, split_names
from gis.errors import GisError, UsageError
from gis.spec import Spec
from gis.text import plain_text

VALIDATION = ("validation", "valid", "dev")
POSITIVE_SHARE = 0.8  # of the label range: 4 of 5 on the STS scale, 1 where labels are 0 and 1
SIDES = {
    "pairs": ("text1", "text2"),
    "positives": ("anchor", "positive"),
    "triplets": ("anchor", "positive", "negative"),
}

Format = Literal["pairs", "positives", "triplets"]


@dataclass(frozen=True)
class TrainingSet:
    """Rows of texts to train on.

    Attributes:
        texts: The distinct texts.
        rows: (n, 2) or, for triplets, (n, 3) positions in ``texts``.
        labels: (n,) gold similarity in the data's own unit; None where every pair is positive.
        groups: (texts,) equal for texts that are known to mean the same: linked by positive pairs or a named cluster.
        positive_from: The lowest label of a positive pair.
        source: Where the rows came from.
        revision: The Hub commit, or None.
        splits: The splits that were read.
        sha256: Hash of the rows in their order.
    """

    texts: tuple[str, ...]
    rows: NDArray[np.intp]
    labels: NDArray[np.float64] | None
    groups: NDArray[np.int64]
    positive_from: float
    source: str
    revision: str | None
    splits: tuple[str, ...]
    sha256: str

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.rows)

    @property
    def format(self) -> Format:
        """What a row is."""
        if self.labels is not None:
            return "pairs"
        return "triplets" if self.rows.shape[1] == 3 else "positives"

    def scaled_labels(self) -> NDArray[np.float64]:
        """(n,) labels from 0, the lowest there is, to 1, the highest."""
        labels = np.ones(len(self)) if self.labels is None else self.labels
        low, high = float(labels.min()), float(labels.max())
        return (labels - low) / (high - low) if high > low else np.ones(len(self))

    def each_with_itself(self) -> "TrainingSet":
        """Every distinct text paired with itself, as unsupervised SimCSE trains."""
        own = np.arange(len(self.texts))
        return replace(self, rows=np.stack([own, own], axis=1), labels=None, groups=own.astype(np.int64))


@dataclass(frozen=True)
class TrainingData:
    """What to train on, and what to choose the best checkpoint by.

    Attributes:
        train: The rows to train on.
        validation: The pairs to validate on, or None where the data has no validation split.
    """

    train: TrainingSet
    validation: LoadedTask | None


def load_training_data(
    spec: Spec, settings: SourceSettings, *, validation: Spec | None = None, positive_from: float | None = None
) -> TrainingData:
    """Load the train split that ``spec`` names, and a validation split; a test split is never one of them.

    Args:
        spec: A task with a train split, a folder, a file or a Hub dataset (``split=`` names another split).
        settings: Where to look; ``limit`` samples the train rows.
        validation: Another task to validate on (``split=`` as above); None: the split beside the train split.
        positive_from: The lowest label of a positive pair, in the data's unit; None: 80 % of the label range.

    Raises:
        UsageError: There is no train split, or a test split was asked for.
        GisError: The data is broken, or cannot be trained on.
    """
    task = _task(spec, settings.data)
    train_task = _with_split(task, spec, ("train",), settings)
    train = _training_set(load_tables(train_task, settings), train_task, settings, positive_from)
    whole = replace(settings, limit=None)
    if validation is not None:
        chosen = _task(validation, settings.data)
        return TrainingData(train, load_task(_with_split(chosen, validation, VALIDATION, whole), whole))
    if "split" in spec.options or train_task.splits == ():
        return TrainingData(train, None)
    beside = next((name for name in VALIDATION if name in split_names(task, settings)), None)
    return TrainingData(train, None if beside is None else load_task(_named(task, beside), whole))


def _task(spec: Spec, data: Path | None) -> Task:
    tasks = resolve_tasks([spec], data)
    if len(tasks) != 1:
        raise UsageError(f"train on one task at a time: {spec.name} is {len(tasks)}")
    return tasks[0]


def _with_split(task: Task, spec: Spec, wanted: Sequence[str], settings: SourceSettings) -> Task:
    """``task`` with the split that ``spec`` or ``wanted`` names; a single file is its own split."""
    if "test" in spec.options.get("split", ""):
        raise UsageError(f"{spec}: neither training nor the choice of a checkpoint may see a test split")
    if "split" in spec.options:
        return _named(task, spec.options["split"])
    if task.hub is None and Path(task.folder).is_file():
        return task
    found = split_names(task, settings)
    name = next((name for name in wanted if name in found), None)
    if name is None:
        have = f"found: {', '.join(found)}" if found else "nothing found; where is it? --data DIR"
        raise UsageError(f"{task.name} has no {wanted[0]} split, {have}")
    return _named(task, name)


def _named(task: Task, split: str) -> Task:
    """Another split of a task: what the catalogue knows of its test split does not hold for it."""
    name = f"{task.name.removesuffix(f'-{split}')}-{split}"
    return replace(
        task, name=name, folder=task.folder or task.name, splits=(split,), hub_splits=(split,), rows=None, sha256=None
    )


def _training_set(
    found: LoadedTables, task: Task, settings: SourceSettings, positive_from: float | None
) -> TrainingSet:
    columns = found.tables[0].columns
    kind: Format = "pairs"
    if {"anchor", "positive"} <= columns.keys() and "label" not in columns:
        kind = "triplets" if "negative" in columns else "positives"
    labels: NDArray[np.float64] | None = None
    if kind == "pairs":
        pairs = found.pairs()
        sides: list[tuple[str, ...]] = [pairs.text1, pairs.text2]
        labels = pairs.gold
    else:
        sides = [_column(found.tables, name) for name in SIDES[kind]]
    clusters = [_clusters(found.tables, name) for name in ("cluster1", "cluster2")]
    if task.text == "plain":
        sides = [tuple(map(plain_text, side)) for side in sides]
    keep = np.arange(len(sides[0]))
    if settings.limit is not None and settings.limit < len(keep):
        keep = np.sort(np.random.default_rng(settings.seed).choice(len(keep), settings.limit, replace=False))
    sides = [tuple(side[row] for row in keep) for side in sides]
    labels = None if labels is None else labels[keep]
    _check(found.source, sides, labels)
    index = {text: n for n, text in enumerate(dict.fromkeys(text for side in sides for text in side))}
    rows = np.stack([np.array([index[text] for text in side], dtype=np.intp) for side in sides], axis=1)
    low, high = (0.0, 1.0) if labels is None else (float(labels.min()), float(labels.max()))
    threshold = positive_from if positive_from is not None else low + POSITIVE_SHARE * (high - low)
    positive = np.ones(len(rows), dtype=bool) if labels is None else labels >= threshold
    named = [tuple(side[row] for row in keep) for side in clusters if side is not None]
    groups = _groups(rows, positive, named, len(index))
    content = sha256(
        "\n".join(json.dumps(row) for row in zip(*sides, _listed(labels, len(rows)), strict=True)).encode()
    )
    return TrainingSet(
        tuple(index), rows, labels, groups, threshold, found.source, found.revision, found.splits, content.hexdigest()
    )


def _listed(labels: NDArray[np.float64] | None, count: int) -> Sequence[float | None]:
    return [None] * count if labels is None else [float(label) for label in labels]


def _check(source: str, sides: Sequence[Sequence[str]], labels: NDArray[np.float64] | None) -> None:
    if len(sides[0]) < 2:
        raise GisError(f"{source} holds {len(sides[0])} row: training needs two at least")
    if labels is not None and labels.min() == labels.max():
        raise GisError(
            f"{source}: all labels are {labels[0]:g}, so there is nothing to rank; "
            "pairs that are all positive go into columns called anchor and positive"
        )


def _column(tables: Sequence[Table], name: str) -> tuple[str, ...]:
    for table in tables:
        if name not in table.columns:
            raise GisError(f"{table.where(0).rsplit(':', 1)[0]} lacks the column {name}, which other files of it have")
    return tuple(text for table in tables for text in texts_of(table.columns[name], name, table.where))


def _clusters(tables: Sequence[Table], name: str) -> tuple[str | None, ...] | None:
    """The cluster of one side of each pair, None where it has none; None for data that names no clusters."""
    if not any(name in table.columns for table in tables):
        return None
    values = [table.columns.get(name, (None,) * len(next(iter(table.columns.values())))) for table in tables]
    return tuple(None if value in (None, MISSING, "") else str(value) for part in values for value in part)


def _groups(
    rows: NDArray[np.intp], positive: NDArray[np.bool_], clusters: Sequence[Sequence[str | None]], count: int
) -> NDArray[np.int64]:
    """Which texts are known to mean the same: duplicates of duplicates are duplicates."""
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

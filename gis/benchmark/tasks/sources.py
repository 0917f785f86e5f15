"""Load a task's pairs from a local folder or file, the package, or the Hub."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from gis.benchmark.tasks.about import described
from gis.benchmark.tasks.catalogue import ALL_SPLITS, PACKAGED, Task, packaged_ids
from gis.benchmark.tasks.manifest import check_unchanged
from gis.benchmark.tasks.pairs import ISSUE_COLUMNS, Columns, Pairs, Table, concatenated, pairs_from_table
from gis.benchmark.tasks.readers import FORMATS, read_table, split_files
from gis.errors import GisError, UsageError, check_number
from gis.hub import ask_hub, quiet_datasets
from gis.text import plain_text

# What a Hub dataset may hold beside the texts and labels of a pair; other columns are not read.
USED_COLUMNS = (
    "label",
    "score",
    "id",
    "subset",
    "stratum",
    "anchor",
    "positive",
    "negative",
    "text",
    "weight",
    "cluster1",
    "cluster2",
    *ISSUE_COLUMNS,
)


@dataclass(frozen=True, kw_only=True)
class LoadedTask:
    """A task with its pairs, and where they came from.

    Attributes:
        task: What was asked for.
        pairs: What is scored.
        source: The file or Hub dataset they came from.
        revision: The Hub commit; None for local files and for unpinned datasets.
        splits: The splits that were read.
        full_rows: Pairs before a sample was taken.
        sha256: Content hash of the full set, before sampling and the stripping of markup.
        limit: How many pairs were requested, or None for all.
        seed: Seed of that sample.
    """

    task: Task
    pairs: Pairs
    source: str
    revision: str | None
    splits: tuple[str, ...]
    full_rows: int
    sha256: str
    limit: int | None
    seed: int = 0

    @property
    def label(self) -> str:
        """Whether the labels are graded or binary, which is decided on the full set: a sample may hold two values."""
        return self.task.label or ("binary" if self.pairs.binary else "graded")

    @property
    def verified(self) -> bool | None:
        """Whether the content is the catalogue's; None where it has no hash."""
        return None if self.task.sha256 is None else self.task.sha256 == self.sha256


@dataclass(frozen=True)
class SourceSettings:
    """Where pairs are looked for, and how many are wanted.

    Attributes:
        data: Folder that is searched before the Hub.
        offline: Never ask the Hub.
        limit: Score a sample of this many pairs.
        seed: Seed of the sample.

    Raises:
        UsageError: The folder does not exist, or a number is out of range.
    """

    data: Path | None = None
    offline: bool = False
    limit: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.data is not None and not self.data.is_dir():
            raise UsageError(f"the data folder {self.data}: no such folder", remedy="choose another --data")
        if self.limit is not None:
            check_number("the size of a sample", self.limit, 2)
        check_number("the seed", self.seed, 0)


@dataclass(frozen=True, kw_only=True)
class LoadedTables:
    """Some splits of a task as they were read.

    Attributes:
        tables: A table for each file or Hub split.
        columns: Which of their columns hold a pair.
        labels: What their labels mean, where they are not numbers to be taken literally.
        source: The file, folder or Hub dataset.
        revision: The Hub commit; None for local files and for unpinned datasets.
        splits: The splits that were read.
    """

    tables: tuple[Table, ...]
    columns: Columns
    labels: Mapping[str, float] | None
    source: str
    revision: str | None
    splits: tuple[str, ...]

    def pairs(self) -> Pairs:
        """Return the tables' rows as pairs, in order."""
        return concatenated([pairs_from_table(table, self.columns, self.labels) for table in self.tables])


def load_tables(task: Task, settings: SourceSettings) -> LoadedTables:
    """Read the splits of ``task``, whatever their columns are.

    Raises:
        GisError: They cannot be found, are broken, or were changed since gis wrote them.
    """
    local = _local_files(task, settings.data)
    if local is not None:
        columns = task.columns if task.hub is None else Columns()
        paths = [path for of_split in local.splits.values() for path in of_split]
        check_unchanged(paths)
        tables = tuple(map(read_table, paths))
        return LoadedTables(
            tables=tables, columns=columns, labels=None, source=local.source, revision=None, splits=tuple(local.splits)
        )
    if task.hub is None:
        folder = f"DIR/{task.folder or task.name}"
        fetch = (
            f"gis hydrate {task.name} --output {folder}"
            if packaged_ids(task.name)
            else f"put it in {folder}/test.jsonl"
        )
        raise GisError(
            f"{task.name} is not on the Hub, and no local folder holds it", remedy=f"{fetch} and add --data DIR"
        )
    splits = split_names(task, settings) if task.splits == ALL_SPLITS else task.hub_splits or task.splits or ("test",)
    tables = tuple(_from_hub(task, split, settings) for split in splits)
    return LoadedTables(
        tables=tables,
        columns=task.columns,
        labels=task.hub_labels,
        source=f"hub:{task.hub}",
        revision=task.revision,
        splits=splits,
    )


def split_names(task: Task, settings: SourceSettings) -> tuple[str, ...]:
    """Return the names of the splits that ``task`` has, sorted.

    Raises:
        GisError: The data cannot be found.
    """
    folder = _local_folder(task, settings.data)
    if folder is not None and folder.is_dir():
        return tuple(sorted(split_files(folder)))
    if task.hub is None:
        return ()
    import datasets

    instead = f"put its pairs in DIR/{task.folder or task.name} and add --data DIR"
    asking = ask_hub(f"the dataset {task.hub}", task.revision, instead, offline=settings.offline)
    with asking as local_only, quiet_datasets(local_only=local_only):
        names = datasets.get_dataset_split_names(
            task.hub, task.config, revision=task.revision, cache_dir=_cache_of(task.revision)
        )
        return tuple(sorted(names))


def load_task(task: Task, settings: SourceSettings) -> LoadedTask:
    """Load the pairs of a task.

    Args:
        task: What ``resolve_tasks`` made of a name.
        settings: Where to look, and how many pairs to sample.

    Raises:
        GisError: The pairs cannot be found, are broken, or cannot be scored: none at all, only one, all labels equal,
            a number of rows that a published task does not have.
    """
    if task.retrieval is not None:
        raise UsageError(f"{task.name} is a retrieval task and has no labelled pairs", remedy="score it with gis bench")
    tables = load_tables(task, settings)
    return task_from_tables(described(task) if task.hub is None and not task.packaged else task, tables, settings)


def task_from_tables(task: Task, tables: LoadedTables, settings: SourceSettings) -> LoadedTask:
    """Make the pairs to score of tables that were read: sampled, stripped of markup where the task asks, and checked.

    Raises:
        GisError: As ``load_task``.
    """
    full, source = tables.pairs(), tables.source
    if task.rows is not None and len(full) != task.rows:
        raise GisError(
            f"{task.name} has {task.rows:,} pairs, but {source} holds {len(full):,}",
            remedy="score other data under a name of its own",
        )
    task = replace(task, label=task.label or ("binary" if full.binary else "graded"))
    if task.label == "binary" and not full.binary:
        raise GisError(f"{source} holds more than two different labels, but {task.name} is binary")
    limit = settings.limit if settings.limit is not None and settings.limit < len(full) else None
    pairs = full if limit is None else full.sample(limit, settings.seed)
    if task.label == "binary":
        pairs = pairs.with_binary_gold()
    if task.text == "plain":
        pairs = pairs.map_texts(plain_text)
    _check(pairs, source if limit is None else f"the sample of {source}")
    return LoadedTask(
        task=task,
        pairs=pairs,
        source=source,
        revision=tables.revision,
        splits=tables.splits,
        full_rows=len(full),
        sha256=full.content_sha256,
        limit=limit,
        seed=settings.seed,
    )


def _check(pairs: Pairs, source: str) -> None:
    if len(pairs) < 2:
        raise GisError(f"{source} has {'one pair' if len(pairs) else 'no pairs'}; a correlation needs at least two")
    if pairs.gold.min() == pairs.gold.max():
        raise GisError(f"{source}: all labels are {pairs.gold[0]:g}, so there is nothing to rank")


class LocalFiles(NamedTuple):
    """Where a task's local files are, as results record it, and the files of each split."""

    source: str
    splits: dict[str, list[Path]]


def _local_files(task: Task, data: Path | None) -> LocalFiles | None:
    """Return the local files of a task, or None where there are none."""
    folder = _local_folder(task, data)
    if folder is None:
        return None
    if folder.is_file():
        return LocalFiles(str(folder), {folder.name.split(".", 1)[0]: [folder]})
    return LocalFiles("packaged with gis" if task.packaged else str(folder), _splits_of(task, folder))


def _local_folder(task: Task, data: Path | None) -> Path | None:
    """Return the local folder, or the one file, of a task."""
    if task.packaged:
        return PACKAGED / task.name
    if task.hub is None and task.folder and Path(task.folder).exists():
        return Path(task.folder)
    folder = data / (task.folder or task.name) if data is not None else None
    return folder if folder is not None and folder.is_dir() else None


def _splits_of(task: Task, folder: Path) -> dict[str, list[Path]]:
    """Return the files of the splits to score: those the task names, else the test split, else the only split."""
    files = split_files(folder)
    if task.splits == ALL_SPLITS and files and "all" not in files:
        return files
    splits = task.splits or (("test",) if "test" in files or len(files) != 1 else tuple(files))
    missing = [split for split in splits if split not in files]
    if missing:
        have = ", ".join(files) or f"no file ending in {', '.join(FORMATS)}"
        raise GisError(f"{folder} has no split {' and no '.join(missing)} for {task.name}; found: {have}")
    return {split: files[split] for split in splits}


def _from_hub(task: Task, split: str, settings: SourceSettings) -> Table:
    import datasets

    instead = f"put its pairs in DIR/{task.folder or task.name}/{split}.jsonl and add --data DIR"
    asking = ask_hub(f"the dataset {task.hub}", task.revision, instead, offline=settings.offline)
    with asking as local_only, quiet_datasets(local_only=local_only):
        try:
            rows = datasets.load_dataset(
                task.hub, task.config, split=split, revision=task.revision, cache_dir=_cache_of(task.revision)
            )
        except ValueError as error:  # an unknown split or configuration; the message names the known ones
            raise GisError(f"{task.hub}: {error}") from error
    used = {*vars(task.columns).values(), *USED_COLUMNS}
    columns = {
        name: list(rows[name]) if name in used or name.startswith("negative") else [] for name in rows.column_names
    }
    return Table(columns, lambda row: f"{task.hub} ({split}):{row + 1}")


def _cache_of(revision: str | None) -> str | None:
    """Return the folder for what is read at ``revision``; None, the library's own, for any revision.

    Where the Hub does not answer, the library takes the newest revision in the folder, whichever was asked for.
    """
    import datasets

    return None if revision is None else str(datasets.config.HF_DATASETS_CACHE / f"revision-{quote(revision, safe='')}")

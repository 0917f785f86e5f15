"""Read a collection: a dataset folder of ``gis build``, a folder in the layout of mteb or BEIR, or a Hub dataset."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from gis.benchmark.retrieval.collection import Collection, content_sha256
from gis.benchmark.tasks.about import described
from gis.benchmark.tasks.catalogue import ALL_SPLITS, Task
from gis.benchmark.tasks.manifest import check_unchanged
from gis.benchmark.tasks.pairs import MISSING, Table, texts_of
from gis.benchmark.tasks.readers import FORMATS, named_file, read_table
from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import GisError
from gis.hub import ask_hub, quiet_datasets

BUILT = "retrieval"  # the folder of the retrieval configs in a dataset folder
QRELS_FORMATS = (*FORMATS, ".tsv")
PARAGRAPH, BLANK = "\n\n", " "  # between title and text: of an issue, as gis build joins them; as mteb does


@dataclass(frozen=True, kw_only=True)
class _Tables:
    """What a layout holds, as it was read; ``qrels`` by split."""

    corpus: Table
    queries: Sequence[Table]
    qrels: Mapping[str, Table]
    joined_by: str
    source: str
    revision: str | None = None


def load_collection(task: Task, settings: SourceSettings) -> Collection:
    """Load what a retrieval task is about.

    Args:
        task: A task with a retrieval protocol.
        settings: Where to look, and how many queries to sample.

    Raises:
        GisError: It cannot be found, is broken, was changed since it was built, or has no query to score.
    """
    if task.hub is not None:
        tables = _from_hub(task, settings)
    else:
        folder = Path(task.folder)
        tables = _built(folder, task) if (folder / BUILT).is_dir() else _mteb(folder, task)
        task = described(task)
    return _collection(task, tables).answerable().sample(settings.limit, settings.seed)


def _built(folder: Path, task: Task) -> _Tables:
    corpus = folder / BUILT / "corpus.parquet"
    qrels = {path.stem.removeprefix("qrels-"): path for path in sorted((folder / BUILT).glob("qrels-*.parquet"))}
    chosen = _chosen(qrels, task, str(folder))
    queries = [folder / BUILT / f"queries-{split}.parquet" for split in chosen]
    check_unchanged([corpus, *queries, *chosen.values()])
    return _Tables(
        corpus=read_table(corpus),
        queries=[read_table(path) for path in queries],
        qrels={split: read_table(path) for split, path in chosen.items()},
        joined_by=PARAGRAPH,
        source=str(folder),
    )


def _mteb(folder: Path, task: Task) -> _Tables:
    corpus, queries = named_file(folder, "corpus"), named_file(folder, "queries")
    qrels = {
        path.name.split(".", 1)[0]: path
        for path in sorted((folder / "qrels").glob("*"))
        if path.name.endswith(QRELS_FORMATS)
    }
    if not qrels and (whole := named_file(folder, "qrels")) is not None:
        qrels = {"test": whole}
    if corpus is None or queries is None or not qrels:
        raise GisError(
            f"{folder} has nothing to search: neither a retrieval task of gis build, nor all of "
            "corpus.jsonl, queries.jsonl and qrels/test.tsv (or .jsonl, .csv, .parquet)"
        )
    return _Tables(
        corpus=read_table(corpus),
        queries=[read_table(queries)],
        qrels={split: _judgements(path) for split, path in _chosen(qrels, task, str(folder)).items()},
        joined_by=BLANK,
        source=str(folder),
    )


def _chosen(qrels: Mapping[str, Path], task: Task, source: str) -> dict[str, Path]:
    """Return the judgements of the splits to score: those that the task names, else test, else the only one."""
    if task.splits == ALL_SPLITS:
        return dict(qrels)
    splits = task.splits or (("test",) if "test" in qrels or len(qrels) != 1 else tuple(qrels))
    if missing := [split for split in splits if split not in qrels]:
        have = ", ".join(qrels) or "none"
        raise GisError(f"{source} has no relevance judgements of the split {', '.join(missing)}; found: {have}")
    return {split: qrels[split] for split in splits}


def _judgements(path: Path) -> Table:
    """Read judgements, which BEIR writes with tabs between the fields."""
    if path.suffix != ".tsv":
        return read_table(path)
    lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    header, *rows = lines or [[]]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            raise GisError(f"{path}:{number}: {len(row)} fields, the header names {len(header)}")
    return Table({name: [row[n] for row in rows] for n, name in enumerate(header)}, lambda row: f"{path}:{row + 2}")


def _from_hub(task: Task, settings: SourceSettings) -> _Tables:
    """Read a Hub dataset: the configs of ``gis build``, else those of mteb ("corpus", "queries", "default")."""
    import datasets

    asking = ask_hub(
        f"the dataset {task.hub}", task.revision, "download it and name its folder", offline=settings.offline
    )
    with asking as local_only, quiet_datasets(local_only=local_only):
        configs = datasets.get_dataset_config_names(task.hub, revision=task.revision)
        names = (
            ("retrieval-corpus", "retrieval-queries", "retrieval-qrels")
            if "retrieval-corpus" in configs
            else ("corpus", "queries", "qrels" if "qrels" in configs else "default")
        )
        if missing := [name for name in names if name not in configs]:
            have = ", ".join(configs)
            raise GisError(f"{task.hub} has nothing to search: it lacks the config {missing[0]}; found: {have}")

        def read(config: str, split: str) -> Table:
            try:
                rows = datasets.load_dataset(task.hub, config, split=split, revision=task.revision)
            except ValueError as error:
                raise GisError(f"{task.hub}: {error}") from error
            columns = {name: list(rows[name]) for name in rows.column_names}
            return Table(columns, lambda row: f"{task.hub} ({config}, {split}):{row + 1}")

        splits = task.splits or ("test",)
        built = names[0] == "retrieval-corpus"
        return _Tables(
            corpus=read(names[0], "corpus"),
            queries=[read(names[1], split) for split in (splits if built else ("queries",))],
            qrels={split: read(names[2], split) for split in splits},
            joined_by=PARAGRAPH if built else BLANK,
            source=f"hub:{task.hub}",
            revision=task.revision,
        )


def _collection(task: Task, tables: _Tables) -> Collection:
    documents = _texts(tables.corpus, tables.joined_by)
    queries: dict[str, str] = {}
    asked: dict[str, float] = {}
    for table in tables.queries:
        queries |= _texts(table, tables.joined_by)
        asked |= _times(table)
    opened = _times(tables.corpus)
    asked = {name: opened[name] for name in queries if name in opened} | asked
    judged = [row for table in tables.qrels.values() for row in _rows(table, queries, documents)]
    used = {name: n for n, name in enumerate(dict.fromkeys(query for query, _, _ in judged))}
    position = {name: n for n, name in enumerate(documents)}
    known = bool(judged) and len(opened) == len(documents) and all(name in asked for name in used)
    sha256 = content_sha256(
        [
            *(("document", name, text) for name, text in documents.items()),
            *(("query", name, queries[name]) for name in used),
            *(("judgement", *row) for row in judged),
        ]
    )
    return Collection(
        task=task,
        document_ids=tuple(documents),
        documents=tuple(documents.values()),
        query_ids=tuple(used),
        queries=tuple(queries[name] for name in used),
        query=np.array([used[query] for query, _, _ in judged], np.intp),
        document=np.array([position[document] for _, document, _ in judged], np.intp),
        gain=np.array([gain for _, _, gain in judged], np.float64),
        opened=np.array([opened[name] for name in documents]) if known else None,
        asked=np.array([asked[name] for name in used]) if known else None,
        source=tables.source,
        revision=tables.revision,
        splits=tuple(tables.qrels),
        full_queries=len(used),
        sha256=sha256,
    )


def _texts(table: Table, joined_by: str) -> dict[str, str]:
    """Return the texts of a corpus or of queries, with their titles, by id."""
    names = _names(table, "_id" if "_id" in table.columns else "id")
    texts = texts_of(_column(table, "text"), "text", table.where).texts
    if "title" in table.columns:
        titles = texts_of(_present(table.columns["title"]), "title", table.where).texts
        texts = tuple(joined_by.join(filter(None, pair)) for pair in zip(titles, texts, strict=True))
    by_name = dict(zip(names, texts, strict=True))
    if len(by_name) < len(names):
        twice = next(n for n, name in enumerate(names) if name in names[:n])
        raise GisError(f"{table.where(twice)}: the id {names[twice]} comes twice")
    return by_name


def _rows(table: Table, queries: Mapping[str, str], documents: Mapping[str, str]) -> Sequence[tuple[str, str, float]]:
    """Return query, document and gain of each judgement that calls a document relevant."""
    rows = []
    query_ids, document_ids, scores = _names(table, "query-id"), _names(table, "corpus-id"), _column(table, "score")
    for n, (query, document, score) in enumerate(zip(query_ids, document_ids, scores, strict=True)):
        try:
            gain = float(score)
        except (TypeError, ValueError):
            gain = float("nan")
        if not np.isfinite(gain):
            raise GisError(f"{table.where(n)}: score is {score!r:.60}, not a number")
        if query not in queries:
            raise GisError(f"{table.where(n)}: there is no query {query}")
        if document not in documents:
            raise GisError(f"{table.where(n)}: there is no document {document}")
        if gain > 0:
            rows.append((query, document, gain))
    if len({row[:2] for row in rows}) < len(rows):
        raise GisError(f"{table.where(0).rsplit(':', 1)[0]} judges a document twice for one query")
    return rows


def _times(table: Table) -> dict[str, float]:
    """Return when each row was made, by id; nothing where the table does not say."""
    if "created" not in table.columns:
        return {}
    names = _names(table, "_id" if "_id" in table.columns else "id")
    return {
        name: _moment(value, table.where, n)
        for n, (name, value) in enumerate(zip(names, table.columns["created"], strict=True))
    }


def _moment(value: Any, where: Callable[[int], str], row: int) -> float:  # noqa: ANN401
    if isinstance(value, int | float) and np.isfinite(value):
        return float(value)
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError) as error:
        raise GisError(f"{where(row)}: created is {value!r:.60}, not a time such as 2015-03-01T12:00:00Z") from error


def _names(table: Table, column: str) -> list[str]:
    values = _column(table, column)
    for n, value in enumerate(values):
        if not isinstance(value, str | int) or value == "":
            raise GisError(f"{table.where(n)}: {column} is {value!r:.60}, not the name of anything")
    return list(map(str, values))


def _column(table: Table, name: str) -> Sequence[Any]:
    if name not in table.columns:
        have = ", ".join(table.columns) or "none"
        raise GisError(f"{table.where(0).rsplit(':', 1)[0]} lacks the column {name}; columns found: {have}")
    return table.columns[name]


def _present(values: Sequence[Any]) -> list[Any]:
    return [None if value is MISSING else value for value in values]

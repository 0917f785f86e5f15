from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.retrieval.collection import Collection
from gis.benchmark.retrieval.layouts import load_collection
from gis.benchmark.tasks.catalogue import resolve_tasks
from gis.benchmark.tasks.sources import SourceSettings, load_task
from gis.errors import GisError, UsageError
from gis.spec import parse_specs
from tests.benchmark.helpers import Row, write_jsonl

CORPUS: tuple[Row, ...] = (
    {"_id": "d1", "title": "crash", "text": "when saving", "created": "2020-01-01T00:00:00Z"},
    {"_id": "d2", "title": "", "text": "crash while saving a file", "created": "2020-02-01T00:00:00Z"},
    {"_id": "d3", "title": "slow", "text": "build", "created": "2020-03-01T00:00:00Z"},
    {"_id": "d4", "title": "saving", "text": "crashes", "created": "2020-04-01T00:00:00Z"},
)
QUERIES: tuple[Row, ...] = (
    {"_id": "d2", "text": "crash while saving a file"},
    {"_id": "d4", "text": "saving crashes"},
    {"_id": "d3", "text": "never judged"},
)
QRELS: tuple[Row, ...] = (
    {"query-id": "d2", "corpus-id": "d1", "score": 1},
    {"query-id": "d2", "corpus-id": "d4", "score": 1},
    {"query-id": "d4", "corpus-id": "d2", "score": 2},
    {"query-id": "d4", "corpus-id": "d3", "score": 0},
)


def lay_out(folder: Path, *, qrels: tuple[Row, ...] = QRELS, corpus: tuple[Row, ...] = CORPUS) -> Path:
    """A folder in the layout of mteb."""
    write_jsonl(folder / "corpus.jsonl", corpus)
    write_jsonl(folder / "queries.jsonl.gz", QUERIES)
    (folder / "qrels").mkdir(exist_ok=True)
    lines = ["\t".join(qrels[0]), *("\t".join(map(str, row.values())) for row in qrels)]
    (folder / "qrels" / "test.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def load(spec: str, limit: int | None = None, seed: int = 0) -> Collection:
    (task,) = resolve_tasks(parse_specs([spec]), None)
    return load_collection(task, SourceSettings(limit=limit, seed=seed))


def test_a_folder_in_the_layout_of_mteb_is_searched(tmp_path: Path) -> None:
    collection = load(str(lay_out(tmp_path / "mine")))
    assert collection.task.name == "mine-retrieval"
    assert collection.documents[:2] == ("crash when saving", "crash while saving a file")
    assert collection.query_ids == ("d2", "d4")
    assert list(zip(collection.query, collection.document, collection.gain, strict=True)) == [
        (0, 0, 1),
        (0, 3, 1),
        (1, 1, 2),
    ]
    assert collection.candidates(0).tolist() == [True, False, True, True]
    assert len(set(collection.groups)) == 1


def test_earlier_finds_only_what_was_made_before_the_query(tmp_path: Path) -> None:
    collection = load(f"{lay_out(tmp_path / 'mine')},retrieval=earlier")
    assert collection.task.name == "mine-retrieval-earlier"
    assert collection.candidates(0).tolist() == [True, False, False, False]
    assert collection.document.tolist() == [0, 1]


def test_queries_without_an_answer_are_counted(tmp_path: Path) -> None:
    qrels = ({"query-id": "d2", "corpus-id": "d4", "score": 1}, {"query-id": "d4", "corpus-id": "d1", "score": 1})
    collection = load(f"{lay_out(tmp_path / 'mine', qrels=qrels)},retrieval=earlier")
    assert (collection.query_ids, collection.unanswerable, collection.full_queries) == (("d4",), 1, 2)


def test_a_sample_is_of_queries(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "mine", qrels=(*QRELS, {"query-id": "d3", "corpus-id": "d1", "score": 1}))
    collection = load(str(folder), limit=2, seed=1)
    assert (len(collection.queries), collection.limit) == (2, 2)
    assert set(collection.query) == {0, 1}


def test_the_content_hash_knows_neither_order_nor_format(tmp_path: Path) -> None:
    one = lay_out(tmp_path / "one")
    other = tmp_path / "other"
    (other / "qrels").mkdir(parents=True)
    pd.DataFrame(CORPUS[::-1]).to_parquet(other / "corpus.parquet")
    pd.DataFrame(QUERIES).to_parquet(other / "queries.parquet")
    pd.DataFrame(QRELS[::-1]).to_parquet(other / "qrels" / "test.parquet")
    assert load(str(one)).sha256 == load(str(other)).sha256


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"query-id": "d9", "corpus-id": "d1", "score": 1}, "test.tsv:2: there is no query d9"),
        ({"query-id": "d2", "corpus-id": "d9", "score": 1}, "test.tsv:2: there is no document d9"),
        ({"query-id": "d2", "corpus-id": "d1", "score": "much"}, "test.tsv:2: score is 'much', not a number"),
        ({"query-id": "d2", "corpus-id": "d2", "score": 1}, "no query with a relevant document"),
        ({"query": "d2", "corpus-id": "d2", "score": 1}, "lacks the column query-id"),
    ],
)
def test_wrong_judgements_are_named(tmp_path: Path, row: Row, message: str) -> None:
    with pytest.raises(GisError, match=message):
        load(str(lay_out(tmp_path / "mine", qrels=(row,))))


def test_what_else_is_wrong_is_named(tmp_path: Path) -> None:
    folder = lay_out(tmp_path / "mine")
    with pytest.raises(UsageError, match="unknown protocol of retrieval 'later'"):
        load(f"{folder},retrieval=later")
    with pytest.raises(GisError, match="no relevance judgements of the split valid; found: test"):
        load(f"{folder},split=valid")
    (task,) = resolve_tasks(parse_specs([str(folder)]), None)
    with pytest.raises(UsageError, match="is a retrieval task and has no labelled pairs"):
        load_task(task, SourceSettings())
    lay_out(folder, corpus=tuple({**row, "_id": "d1"} for row in CORPUS))
    with pytest.raises(GisError, match=r"corpus.jsonl:2: the id d1 comes twice"):
        load(str(folder))
    lay_out(folder, corpus=tuple({name: row[name] for name in ("_id", "text")} for row in CORPUS))
    with pytest.raises(GisError, match="does not say when its documents were made"):
        load(f"{folder},retrieval=earlier")
    lay_out(folder, corpus=tuple({**row, "created": "yesterday"} for row in CORPUS))
    with pytest.raises(GisError, match=r"corpus.jsonl:1: created is 'yesterday', not a time"):
        load(str(folder))
    (tmp_path / "empty").mkdir()
    with pytest.raises(GisError, match="has nothing to search"):
        load(f"{tmp_path / 'empty'},retrieval=all")

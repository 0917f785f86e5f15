"""gis against a server that answers as huggingface.co does."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from scipy.stats import spearmanr

from gis.benchmark.results import Result, read_results
from gis.benchmark.retrieval.results import read_all_retrieval
from gis.words import words
from tests.benchmark.helpers import ROWS, jsonl, number, write_jsonl
from tests.benchmark.retrieval.test_collection import CORPUS, QRELS, QUERIES
from tests.benchmark.worker import Done, Worker, worker
from tests.hub_server import COMMIT, Hub, serve

pytestmark = pytest.mark.slow

UNKNOWN = "1" * 40
SEARCHED = {
    "README.md": b"""---
configs:
- config_name: corpus
  data_files: [{split: corpus, path: corpus.jsonl}]
- config_name: queries
  data_files: [{split: queries, path: queries.jsonl}]
- config_name: default
  data_files: [{split: test, path: qrels/test.jsonl}]
---
""",
    "corpus.jsonl": jsonl(CORPUS).encode(),
    "queries.jsonl": jsonl(QUERIES).encode(),
    "qrels/test.jsonl": jsonl(QRELS).encode(),
}
COLUMNS = "text1=sentence1,text2=sentence2,label=score"


@pytest.fixture(scope="module")
def hub(tiny_sentence_transformer: Path) -> Iterator[Hub]:
    rows = [{"sentence1": row["text1"], "sentence2": row["text2"], "score": row["score"]} for row in ROWS]
    files = {"README.md": b"---\nlicense: mit\n---\n", "test.jsonl": jsonl(rows).encode()}
    with serve(Hub()) as server:
        server.add("datasets", "org/pairs", {**files, "train.jsonl": jsonl(rows[:2]).encode()})
        server.add("datasets", "org/search", SEARCHED)
        server.add_folder("models", "org/tiny", tiny_sentence_transformer)
        server.add("models", "org/empty", {"README.md": b"nothing"})
        yield server


@pytest.fixture(scope="module")
def working(hub: Hub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A gis with a Hub that works."""
    with worker(hub.url, tmp_path_factory.mktemp("working")) as process:
        yield process


@pytest.fixture(scope="module")
def down(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A gis with a Hub that nothing answers for."""
    with serve(Hub()) as gone:
        pass
    with worker(gone.url, tmp_path_factory.mktemp("down")) as process:
        yield process


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A gis with a Hub that answers 503 to everything."""
    with serve(Hub(failing=True)) as broken, worker(broken.url, tmp_path_factory.mktemp("failing")) as process:
        yield process


def bench(process: Worker, folder: Path, *arguments: str | Path) -> Done:
    """Run ``gis bench`` with its results below ``folder``."""
    return process.run("bench", *arguments, "--output", folder / "results")


def results_in(folder: Path) -> list[Result]:
    return list(read_results(folder / "results"))


def assert_told(done: Done, *parts: str) -> None:
    """It failed with a message that holds ``parts``, and with no traceback."""
    assert done.status == 1, done.stderr
    assert "Traceback" not in done.stderr
    message = done.stderr.split("error: ", 1)[1]
    assert all(part in message for part in parts), message


def test_a_dataset_in_the_layout_of_mteb_is_searched(working: Worker, tmp_path: Path) -> None:
    task = f"org/search,revision={COMMIT},retrieval=earlier"
    done = bench(working, tmp_path, "--model", "tfidf", "--task", task)
    assert done.status == 0, done.stderr
    (ranked,) = read_all_retrieval(tmp_path / "results")
    assert (ranked.result.task.name, ranked.result.task.revision) == ("org__search-retrieval-earlier", COMMIT)
    assert ranked.result.scores["Recall@5"].value == 1


def test_a_dataset_without_a_corpus_is_named(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "tfidf", "--task", f"org/pairs,revision={COMMIT},retrieval=all")
    assert_told(done, "org/pairs has nothing to search: it lacks the config corpus; found: default")


def test_a_dataset_is_scored_at_its_revision(working: Worker, tmp_path: Path) -> None:
    task = f"org/pairs,revision={COMMIT},split=test,{COLUMNS}"
    done = bench(working, tmp_path, "--model", "jaccard,length", "--task", task)
    assert done.status == 0, done.stderr
    found = {result.model.name: result for result in results_in(tmp_path)}
    sets = [(set(words(row["text1"])), set(words(row["text2"]))) for row in ROWS]
    gold = [row["score"] for row in ROWS]
    jaccard = spearmanr([len(a & b) / len(a | b) for a, b in sets], gold).statistic
    length = spearmanr([-abs(len(row["text1"]) - len(row["text2"])) for row in ROWS], gold).statistic
    assert number(found["jaccard"].scores.main) == pytest.approx(jaccard)
    assert number(found["length"].scores.main) == pytest.approx(length)
    record = found["jaccard"].task
    assert (record.name, record.source, record.revision, record.pinned) == ("org__pairs", "hub:org/pairs", COMMIT, True)
    assert record.rows == len(ROWS)


def test_a_dataset_without_revision_is_marked_unpinned(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "jaccard", "--task", f"org/pairs,{COLUMNS}")
    assert done.status == 0, done.stderr
    (result,) = results_in(tmp_path)
    assert (result.task.revision, result.task.pinned) == (None, False)


def test_a_dataset_that_was_loaded_once_is_found_offline(working: Worker, hub: Hub, tmp_path: Path) -> None:
    task = f"org/pairs,revision={COMMIT},{COLUMNS}"
    assert bench(working, tmp_path, "--model", "jaccard", "--task", task).status == 0
    hub.requests.clear()
    done = bench(working, tmp_path, "--model", "length", "--task", task, "--offline")
    assert done.status == 0, done.stderr
    assert hub.requests == []
    assert len(results_in(tmp_path)) == 2


def test_a_model_that_was_loaded_once_is_found_offline(working: Worker, hub: Hub, tmp_path: Path) -> None:
    assert bench(working, tmp_path, "--model", "org/tiny", "--task", "sample", "--limit", "50").status == 0
    hub.requests.clear()
    done = bench(working, tmp_path, "--model", "org/tiny", "--task", "sample", "--limit", "51", "--offline")
    assert done.status == 0, done.stderr
    assert hub.requests == []


def test_a_model_of_the_hub_is_the_local_folder_to_the_bit(
    working: Worker, tmp_path: Path, tiny_sentence_transformer: Path
) -> None:
    data = write_jsonl(tmp_path / "mine.jsonl")
    arguments = ("--no-cache", "--task", str(data))
    done = bench(working, tmp_path, "--model", f"org/tiny,{tiny_sentence_transformer}", *arguments)
    assert done.status == 0, done.stderr
    scores = [pd.read_parquet(path)["score"].tolist() for path in (tmp_path / "results").glob("*/*/*.parquet")]
    assert len(scores) == 2
    assert scores[0] == scores[1]
    remote, local = results_in(tmp_path)
    assert remote.model.identity == local.model.identity
    assert remote.scores == local.scores


def test_a_model_at_a_revision_records_it(working: Worker, tmp_path: Path) -> None:
    model = f"org/tiny,revision={COMMIT}"
    done = bench(working, tmp_path, "--model", model, "--task", "sample", "--limit", "50")
    assert done.status == 0, done.stderr
    assert results_in(tmp_path)[0].model.settings["revision"] == COMMIT


def test_an_unknown_dataset_is_named(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "jaccard", "--task", f"org/nowhere,{COLUMNS}")
    assert_told(done, "org/nowhere", "--data DIR")
    assert "could not be reached" not in done.stderr
    assert "exist" in done.stderr or "has no" in done.stderr


def test_an_unknown_revision_of_a_dataset_is_named(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "jaccard", "--task", f"org/pairs,revision={UNKNOWN},{COLUMNS}")
    assert_told(done, "org/pairs", UNKNOWN)
    assert "could not be reached" not in done.stderr


@pytest.mark.parametrize("splits", ["test", "all"])
def test_a_cached_revision_does_not_serve_for_another(working: Worker, tmp_path: Path, splits: str) -> None:
    """The library datasets itself would take any revision that it holds, without a word."""
    task = f"org/pairs,revision={{}},split={splits},{COLUMNS}"
    cached = bench(working, tmp_path / "cached", "--model", "jaccard", "--task", task.format(COMMIT))
    assert cached.status == 0, cached.stderr
    done = bench(working, tmp_path, "--model", "jaccard", "--task", task.format(UNKNOWN), "--offline")
    assert_told(done, f"org/pairs at revision {UNKNOWN}", "local Hub cache does not hold it")


def test_an_unknown_split_names_those_there_are(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "jaccard", "--task", f"org/pairs,split=dev,{COLUMNS}")
    assert_told(done, "org/pairs", "dev", "train", "test")


def test_missing_columns_of_a_dataset_name_those_found(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "jaccard", "--task", "org/pairs")
    assert_told(done, "org/pairs", "text1", "columns found: ", "sentence1", "sentence2")


def test_an_unknown_model_is_named(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "org/nothing", "--task", "sample")
    assert_told(done, "no model org/nothing", "local model folder")


def test_an_unknown_revision_of_a_model_is_named(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", f"org/tiny,revision={UNKNOWN}", "--task", "sample")
    assert_told(done, "org/tiny", UNKNOWN)
    assert "could not be reached" not in done.stderr


def test_a_repository_that_is_no_model_says_so(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "org/empty", "--task", "sample")
    assert_told(done, "no model", "config.json")


OUT_OF_ORDER = {
    "dataset": (("--model", "jaccard", "--task", f"org/pairs,revision={COMMIT},{COLUMNS}"), ("org/pairs", "--data")),
    "catalogue": (("--model", "jaccard", "--task", "stsb"), ("mteb/stsbenchmark-sts", "stsb/test.jsonl", "--data")),
    "model": (("--model", "org/tiny", "--task", "sample"), ("org/tiny", "local model folder")),
}


@pytest.mark.parametrize(("arguments", "parts"), OUT_OF_ORDER.values(), ids=OUT_OF_ORDER)
def test_a_hub_that_is_down_is_told(
    down: Worker, tmp_path: Path, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    assert_told(bench(down, tmp_path, *arguments), "could not be reached", *parts)


@pytest.mark.parametrize(("arguments", "parts"), OUT_OF_ORDER.values(), ids=OUT_OF_ORDER)
def test_a_hub_that_answers_503_is_told(
    failing: Worker, tmp_path: Path, arguments: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    assert_told(bench(failing, tmp_path, *arguments), *parts)


def test_offline_asks_nothing(working: Worker, hub: Hub, tmp_path: Path) -> None:
    hub.requests.clear()
    done = bench(working, tmp_path, "--model", "jaccard", "--task", f"stsb,org/other,{COLUMNS}", "--offline")
    assert_told(done, "mteb/stsbenchmark-sts", "org/other", "--offline", "--data DIR")
    assert hub.requests == []


def test_a_failing_model_leaves_the_results_of_the_others(working: Worker, tmp_path: Path) -> None:
    done = bench(working, tmp_path, "--model", "jaccard,org/nothing,length", "--task", "sample")
    assert_told(done, "org/nothing")
    assert {result.model.name for result in results_in(tmp_path)} == {"jaccard", "length"}

import json
from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.results import Result
from gis.benchmark.retrieval import run as run_module
from gis.benchmark.retrieval.results import RankedTask, ranks_path, read_all_retrieval, read_retrieval
from gis.benchmark.runner import RunOutcome, run_models
from gis.errors import GisError
from gis.hashes import sha256_of
from gis.statistics.retrieval import NDCG
from tests.benchmark.helpers import FakeEncoder, make_task, settings
from tests.benchmark.retrieval.test_collection import lay_out


def search(folder: Path, *models: object, force: bool = False) -> RunOutcome:
    task = f"{lay_out(folder / 'mine')}"
    return run_models(models, [task], settings(folder, force=force))


def the_file(folder: Path) -> Path:
    (path,) = (folder / "results").glob("*/*/retrieval/*.json")
    return path


def test_an_encoder_and_words_are_scored_on_what_they_find(tmp_path: Path) -> None:
    outcome = search(tmp_path, FakeEncoder(), "tfidf", "bm25")
    assert not outcome.failures
    found = {each.result.model.name: each.result for each in outcome.ranked}
    assert found["tfidf"].scores["Recall@1"].value == pytest.approx((0.5 + 0) / 2)
    assert found["tfidf"].model.fitted_on == "the documents that are searched"
    assert {result.task.judgements for result in found.values()} == {3}
    assert found["fake"].model.dimension == 8
    written = list(read_all_retrieval(tmp_path / "results"))
    assert {each.result.model.name: each.result for each in written} == found


def test_pairs_and_retrieval_are_scored_in_one_run(tmp_path: Path) -> None:
    task = make_task(tmp_path, "pairs")
    outcome = run_models([FakeEncoder()], [task, str(lay_out(tmp_path / "mine"))], settings(tmp_path))
    assert [type(result) for result in outcome.results] == [Result]
    assert [each.result.task.name for each in outcome.ranked] == ["mine-retrieval"]


def test_each_text_is_embedded_once_and_what_is_scored_is_kept(tmp_path: Path) -> None:
    first, again = FakeEncoder(), FakeEncoder()
    search(tmp_path, first)
    assert sorted(first.asked) == sorted(set(first.asked))
    assert len(first.asked) == 4  # the queries are written as their documents are
    (kept,) = search(tmp_path, again).ranked
    assert not again.asked
    assert kept.result == read_retrieval(the_file(tmp_path)).result


def test_a_model_that_only_compares_searches_few_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (ranked,) = search(tmp_path / "few", "jaccard").ranked
    assert ranked.result.scores["Recall@1"].value == pytest.approx((0.5 + 0) / 2)
    monkeypatch.setattr(run_module, "MOST_COMPARISONS", 7)
    (failure,) = search(tmp_path / "many", "jaccard").failures
    assert "that would be 8 comparisons, and at most 7 are made" in str(failure.error)


def test_a_model_that_learns_from_pairs_cannot_search(tmp_path: Path) -> None:
    (failure,) = search(tmp_path, "fusion,models=tfidf+jaccard").failures
    assert "is fitted to the pairs of a task, and there are none in a search" in str(failure.error)


def test_a_changed_result_is_named_and_scored_again(tmp_path: Path) -> None:
    search(tmp_path, "tfidf")
    path = the_file(tmp_path)
    content = json.loads(path.read_text(encoding="utf-8"))
    content["scores"][NDCG]["value"] = 0.99
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GisError, match="was changed or damaged after gis bench wrote it"):
        read_retrieval(path)
    content["sha256"] = sha256_of({key: value for key, value in content.items() if key != "sha256"})
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GisError, match=r"nDCG@10 is 0.990000, but its ranks give"):
        read_retrieval(path)
    (again,) = search(tmp_path, "tfidf").ranked
    assert read_retrieval(path).result == again.result


def test_ranks_that_are_missing_or_changed_are_named(tmp_path: Path) -> None:
    search(tmp_path, "tfidf")
    path = the_file(tmp_path)
    pd.DataFrame({"query": ["d2"]}).to_parquet(ranks_path(path))
    with pytest.raises(GisError, match=r"ranks.parquet was changed or damaged"):
        read_retrieval(path)
    ranks_path(path).unlink()
    with pytest.raises(GisError, match=r"ranks.parquet cannot be read"):
        read_retrieval(path)


def test_a_result_of_a_newer_gis_is_left_alone(tmp_path: Path) -> None:
    search(tmp_path, "tfidf")
    path = the_file(tmp_path)
    path.write_text(json.dumps({"schema_version": 99}), encoding="utf-8")
    with pytest.raises(GisError, match="was written by a newer gis"):
        search(tmp_path, "tfidf")


def test_results_in_memory_need_no_folder(tmp_path: Path) -> None:
    (ranked,) = run_models(["tfidf"], [str(lay_out(tmp_path / "mine"))]).ranked
    assert isinstance(ranked, RankedTask)
    assert len(ranked.ranks) == 3

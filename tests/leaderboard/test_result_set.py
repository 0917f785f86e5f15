from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.results import Result, pairs_path, result_path, write_result
from gis.benchmark.runner import ScoredTask
from gis.errors import GisError, UsageError
from gis.leaderboard.result_set import ResultSet, load_results
from gis.leaderboard.views import MEAN_VIEW
from tests.leaderboard.helpers import result, suite


def result_set(*results: Result) -> ResultSet:
    """Results with a table of pairs each, whose one score is the result's place."""
    return ResultSet([ScoredTask(each, table=pd.DataFrame({"score": [n]})) for n, each in enumerate(results)])


def test_it_holds_its_results() -> None:
    results = [result("m", "stsb", 0.5), result("n", "stsb", 0.4)]
    assert len(result_set(*results)) == 2
    assert list(result_set(*results)) == results


def test_its_leaderboard_shows_the_tasks_asked_for() -> None:
    board = result_set(*suite("m", 0.5, 0.6), result("n", "stsb", 0.5)).leaderboard(["stsb"])
    assert [column.title for column in board.columns] == ["stsb"]
    assert [row.model for row in board.rows] == ["n"]


def test_it_is_drawn_as_its_leaderboard() -> None:
    results = result_set(result("m", "stsb", 0.5))
    assert results._repr_html_() == results.leaderboard()._repr_html_()
    assert repr(results) == str(results.leaderboard())
    assert repr(ResultSet([])) == ResultSet([])._repr_html_() == "no results"


def test_the_frame_has_a_row_for_each_view() -> None:
    graded = result("m", "sts12", 0.5, strata={"all": 0.5, "MSRpar": 0.4}, settings={"pooling": "mean"})
    binary = result("m", "mine", 0.3, label="binary", strata={"random": 0.2, "bm25": 0.4}, binary=(0.9, 0.8), limit=7)
    frame = result_set(graded, binary).to_frame()
    assert list(zip(frame.task, frame["view"], frame.main, strict=True)) == [
        ("sts12", "all", True),
        ("sts12", "MSRpar", False),
        ("mine", MEAN_VIEW, True),
        ("mine", "random", False),
        ("mine", "bm25", False),
    ]
    assert list(frame.spearman) == [0.5, 0.4, 0.3, 0.2, 0.4]
    assert list(frame.auroc.fillna(-1)) == [-1, -1, 0.9, 0.9, 0.9]
    assert list(frame.ceiling.fillna(-1)) == [-1, -1, 0.8, 0.8, 0.8]
    assert list(frame.limit.fillna(0)) == [0, 0, 7, 7, 7]
    assert list(frame["settings.pooling"].fillna("")) == ["mean", "mean", "", "", ""]


def test_an_undefined_score_is_missing_in_the_frame_with_its_reason() -> None:
    (row,) = result_set(result("m", "stsb", None)).to_frame().to_dict("records")
    assert pd.isna(row["spearman"])
    assert row["undefined"] == "all scores are equal"


def test_the_pairs_of_a_model_and_task_are_found() -> None:
    results = result_set(result("m", "stsb", 0.5), result("m", "sts12", 0.5), result("n", "stsb", 0.5))
    assert list(results.pairs("n", "stsb").score) == [2]
    assert list(results.pairs(next(iter(results)).model.identity[:8], "stsb").score) == [0]


def test_too_few_digits_of_an_identity_are_named() -> None:
    results = result_set(result("m", "stsb", 0.5, identity="ab12" * 16))
    assert len(results.pairs("ab12ab", "stsb")) == 1
    with pytest.raises(UsageError, match="Of an identity, give 6 digits or more"):
        results.pairs("ab12a", "stsb")


@pytest.mark.parametrize(("model", "task"), [("mm", "stsb"), ("m", "stbs")])
def test_pairs_that_are_not_there_name_close_ones(model: str, task: str) -> None:
    with pytest.raises(UsageError, match=r"Did you mean (m|stsb)\?"):
        result_set(result("m", "stsb", 0.5)).pairs(model, task)


def test_pairs_of_several_models_of_one_name_ask_for_one() -> None:
    results = result_set(
        result("m", "stsb", 0.5, identity="a" * 64, settings={"precision": "fp32"}),
        result("m", "stsb", 0.4, identity="b" * 64, settings={"precision": "bf16"}),
    )
    with pytest.raises(GisError, match=r"several models are called m: m \(bf16\), m \(fp32\)"):
        results.pairs("m", "stsb")
    assert list(results.pairs("m (bf16)", "stsb").score) == [1]


def test_a_folder_is_read_with_its_pairs(tmp_path: Path) -> None:
    for score, each in enumerate(suite("m", 0.5, 0.6)):
        path = result_path(tmp_path, each.model, each.task.name, each.task.limit)
        write_result(path, each, pd.DataFrame({"score": [score]}))
    results = load_results(tmp_path)
    assert [each.task.name for each in results] == ["sts12", "sts13"]
    assert list(results.pairs("m", "sts13").score) == [1]
    pairs_path(path).unlink()
    with pytest.raises(GisError, match="no per-pair scores beside it"):
        results.pairs("m", "sts13")


def test_results_whose_pairs_are_gone_are_loaded(tmp_path: Path) -> None:
    scored = result("m", "stsb", 0.5)
    path = result_path(tmp_path, scored.model, "stsb")
    write_result(path, scored, pd.DataFrame({"id": ["a"]}))
    assert len(load_results(tmp_path)) == 1
    pairs_path(path).unlink()
    assert [each.task.name for each in load_results(tmp_path)] == ["stsb"]

"""The pairs that a model gets most wrong, of graded and of binary labels, and what explains them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gis.benchmark.results import result_path, write_result
from gis.benchmark.runner import ScoredTask
from gis.benchmark.tasks.catalogue import catalogue
from gis.errors import GisError, UsageError
from gis.leaderboard.result_set import ResultSet
from gis.leaderboard.worst_pairs import _addresses, worst_pairs
from tests.command_line import Gis
from tests.leaderboard.helpers import result


def of_pairs(gold: list[float], score: list[float], label: str = "graded", **columns: Any) -> ScoredTask:  # noqa: ANN401
    table = {"id": [f"p{n}" for n in range(len(gold))], "gold": gold, "score": score, **columns}
    return ScoredTask(result("m", "stsb", 0.5, label=label), table=pd.DataFrame(table))


def test_graded_pairs_are_those_with_the_largest_gap_of_ranks() -> None:
    frame = worst_pairs([of_pairs([5, 4, 3, 2, 1], [0.9, 0.1, 0.3, 0.2, 0.8])], 2)
    assert list(frame["id"]) == ["p1", "p4"]
    assert list(frame.error) == ["too low", "too high"]
    assert list(frame.rank_by_score) == [5, 2]
    assert list(frame.rank_by_label) == [2, 5]


def test_binary_pairs_are_the_highest_negatives_and_the_lowest_positives() -> None:
    frame = worst_pairs([of_pairs([1, 1, 1, 0, 0, 0], [0.9, 0.2, 0.5, 0.8, 0.1, 0.3], "binary")], 4)
    assert list(frame["id"]) == ["p3", "p5", "p1", "p2"]
    assert list(frame.error) == ["too high", "too high", "too low", "too low"]


@pytest.mark.parametrize(("n", "size"), [(1, 1), (3, 3), (5, 5), (99, 6)])
def test_as_many_pairs_as_there_are(n: int, size: int) -> None:
    frame = worst_pairs([of_pairs([1, 0, 0, 0, 0, 0], [0.9, 0.2, 0.5, 0.8, 0.1, 0.3], "binary")], n)
    assert len(frame) == size == frame["id"].nunique()


def test_strata_lengths_and_what_was_cut_are_there() -> None:
    lengths = {"tokens1": [10, 20], "kept1": [10, 16], "tokens2": [3, 4], "kept2": [3, 4]}
    frame = worst_pairs([of_pairs([1, 0], [0.1, 0.9], "binary", stratum=["duplicate", "bm25"], **lengths)])
    assert list(frame.stratum) == ["bm25", "duplicate"]
    assert list(frame.cut1) == [4, 0]
    assert list(frame.tokens2) == [4, 3]


def test_ids_of_issues_give_their_addresses() -> None:
    assert _addresses("rust-lang/rust#1~#22") == (
        "https://github.com/rust-lang/rust/issues/1",
        "https://github.com/rust-lang/rust/issues/22",
    )
    assert _addresses("a/b#1~c/d#2") == ("https://github.com/a/b/issues/1", "https://github.com/c/d/issues/2")
    assert [_addresses(name) for name in ("STSB-test-1", "a/b#1", "a/b#1~#2 ", "a/<b>#1~#2")] == [None] * 4
    frame = worst_pairs([of_pairs([1, 0], [0.1, 0.9])])
    assert "issue1" not in frame


def test_ids_of_a_published_task_of_issues_give_their_addresses() -> None:
    of = of_pairs([1, 0], [0.1, 0.9], "binary", id=["rust-37-5853", "rust-1-x"])
    own = replace(of, result=replace(of.result, task=replace(of.result.task, name="rust_issues")))
    assert "issue1" not in worst_pairs([own])
    task = replace(own.result.task, sha256=str(catalogue()["rust_issues"].sha256))
    frame = worst_pairs([replace(own, result=replace(own.result, task=task))])
    assert sorted(frame.issue1) == ["", "https://github.com/rust-lang/rust/issues/37"]
    assert sorted(frame.issue2) == ["", "https://github.com/rust-lang/rust/issues/5853"]


@pytest.mark.parametrize("table", [None, pd.DataFrame({"score": [0.5]})])
def test_missing_scores_of_pairs_are_named(table: pd.DataFrame | None) -> None:
    with pytest.raises(GisError):
        worst_pairs([ScoredTask(result("m", "stsb", 0.5), table=table)])


def test_a_model_with_several_tasks_needs_one_named() -> None:
    one, other = of_pairs([1, 0], [0.1, 0.9]), of_pairs([1, 0], [0.1, 0.9])
    other = replace(other, result=replace(other.result, task=replace(other.result.task, name="mine")))
    assert len(ResultSet([one]).errors("m")) == 2
    with pytest.raises(UsageError, match="m has results for 2 tasks"):
        ResultSet([one, other]).errors("m")
    with pytest.raises(UsageError, match="whole number, 1 or more"):
        ResultSet([one]).errors("m", n=0)


def test_the_verb_lists_pairs_and_writes_them(gis: Gis, tmp_path: Path) -> None:
    of = of_pairs([1, 0, 1], [0.1, 0.9, 0.5], "binary", stratum=["duplicate", "bm25", "duplicate"])
    assert of.table is not None
    of.table["id"] = ["a/b#1~#2", "=cmd", "p"]
    write_result(result_path(tmp_path, of.result.model, "stsb"), of.result, of.table)
    done = gis("errors", tmp_path, "--model", "m", "--csv", tmp_path / "errors.csv")
    assert done.status == 0, done.err
    assert "https://github.com/a/b/issues/2" in done.out
    assert "Addresses are those on github.com; the ids of pairs do not name a server." in done.out
    assert "'=cmd" in (tmp_path / "errors.csv").read_text()
    assert gis("errors", tmp_path, "--model", "mm").status == 2

"""Scores that do not follow from the scores of their pairs are named, even where all hashes fit."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gis.benchmark.results import result_path, write_result
from gis.benchmark.runner import ScoredTask
from gis.errors import GisError
from gis.leaderboard.table import load_table
from gis.statistics.metrics import Undefined
from tests.leaderboard.test_ranking import scored


def written(folder: Path, task: ScoredTask, *, view: Mapping[str, object] | None = None, **scores: object) -> None:
    """Write a result with other scores than its pairs give, with hashes that fit."""
    result = replace(task.result, scores=replace(task.result.scores, **scores))  # type: ignore[arg-type]
    if view is not None:
        first, *others = result.scores.views
        views = (replace(first, **view), *others)  # type: ignore[arg-type]
        result = replace(result, scores=replace(result.scores, views=views))
    write_result(result_path(folder, result.model, result.task.name), result, task.pairs())


@pytest.mark.parametrize("strata", [False, True])
def test_scores_that_follow_from_their_pairs_are_ranked(tmp_path: Path, strata: bool) -> None:
    for model in ("good", "fair"):
        written(tmp_path, scored(model, strata=strata))
    assert load_table(tmp_path).is_ranked


@pytest.mark.parametrize("strata", [False, True])
@pytest.mark.parametrize("main", [0.99, Undefined("all scores are equal")])
def test_a_main_score_of_its_own_is_named_with_both_numbers(tmp_path: Path, strata: bool, main: object) -> None:
    written(tmp_path, scored("good"))
    task = scored("fair", strata=strata)
    written(tmp_path, task, main=main)
    right = task.result.scores.main
    words = "0.990000" if main == 0.99 else "undefined"
    message = rf"fair.*stsb\.json: the main score is written as {words}, but the scores of its pairs give {right:.6f}"
    with pytest.raises(GisError, match=message) as error:
        load_table(tmp_path)
    assert "--force makes both anew" in error.value.for_command_line


def test_a_stratum_of_its_own_is_named(tmp_path: Path) -> None:
    written(tmp_path, scored("fair", strata=True), view={"spearman": 0.99})
    with pytest.raises(GisError, match=r"the Spearman of [ab] is written as 0\.990000"):
        load_table(tmp_path)


def test_an_auroc_of_its_own_is_named(tmp_path: Path) -> None:
    task = scored("fair", strata=True)
    binary = task.result.scores.views[0].binary
    assert binary is not None
    written(tmp_path, task, view={"binary": replace(binary, auroc=0.999)})
    with pytest.raises(GisError, match=r"the AUROC of [ab] is written as 0\.999000"):
        load_table(tmp_path)

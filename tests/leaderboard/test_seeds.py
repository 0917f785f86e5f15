"""Models of one training become one row; on scores of pairs that are drawn here."""

import re
import statistics
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gis.benchmark.results import Result
from gis.benchmark.runner import ScoredTask
from gis.errors import GisError
from gis.hashes import sha256_of
from gis.leaderboard.lengths import length_curves
from gis.leaderboard.models import single_models
from gis.leaderboard.pair_scores import mean_pairs
from gis.leaderboard.result_set import ResultSet
from gis.leaderboard.rows import ModelRow
from gis.leaderboard.seeds import averages
from gis.leaderboard.table import make_table
from gis.models.base import TRAINING, TRAINING_SEED
from gis.statistics.influence import spearman_influence
from tests.leaderboard.test_ranking import scored


def seed(number: int, name: str = "models/mine/seed-{}", task: str = "stsb", **settings: Any) -> ScoredTask:  # noqa: ANN401
    """The result of a model that was trained with this seed."""
    trained = {TRAINING: "t", TRAINING_SEED: number, "content_sha256": f"c{number}", "pooling": "mean", **settings}
    identity = sha256_of([name, number, settings])
    return scored(name.format(number), task, settings=trained, identity=identity)


def rows(*tasks: ScoredTask) -> dict[str, ModelRow]:
    return {row.model: row for row in make_table(tasks).rows}


def test_the_row_has_the_mean_and_the_deviation() -> None:
    seeds = [seed(number) for number in (42, 43, 44)]
    row = rows(*seeds, scored("good"))["models/mine (3 seeds)"]
    values = [float(each.result.scores.main) for each in seeds]  # type: ignore[arg-type]
    assert row.scores[0].value == pytest.approx(statistics.fmean(values))
    assert row.scores[0].deviation == pytest.approx(statistics.stdev(values))
    assert row.title == f"models/mine (3 seeds), deviation {100 * statistics.stdev(values):.2f}"
    assert [member.scored["stsb"].result.model.name[-2:] for member in row.members] == ["42", "43", "44"]
    assert row.results == tuple(each.result for each in seeds)


def test_the_mean_of_equal_models_has_the_interval_and_rank_of_one() -> None:
    same = [replace(seed(n), table=seed(1).pairs()) for n in (1, 2)]
    same = [replace(each, result=replace(each.result, scores=seed(1).result.scores)) for each in same]
    others = [scored("good"), scored("random")]
    alone = rows(seed(1), *others)["models/mine/seed-1"].scores[0]
    both = rows(*same, *others)["models/mine (2 seeds)"].scores[0]
    assert both.rank == alone.rank
    assert both.interval == pytest.approx(alone.interval)
    assert both.deviation == 0


def test_the_error_of_a_mean_of_seeds_with_errors_of_their_own_is_smaller() -> None:
    def width(row: ModelRow) -> float:
        interval = row.scores[0].interval
        assert interval is not None
        return interval.high - interval.low

    (mean,) = rows(*(seed(number) for number in range(8))).values()
    assert width(mean) < 0.8 * min(map(width, mean.members))


@pytest.mark.parametrize("settings", [{TRAINING: "other"}, {"pooling": "cls"}, {"precision": "bf16"}, {TRAINING: None}])
def test_models_that_differ_otherwise_keep_their_rows(settings: dict[str, Any]) -> None:
    assert not any(row.seeds for row in rows(seed(1), seed(2, **settings)).values())


def test_two_models_of_one_seed_keep_their_rows() -> None:
    again = seed(1, name="again")
    assert sorted(rows(seed(1), again)) == ["again", "models/mine/seed-1"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("models/mine/seed-{}", "models/mine"),
        ("mine-{}", "mine"),
        ("mine, seed {}", "mine,"),
        ("mine", "mine"),
        ("seed-{}", "seed-1"),
        ("m{},pooling=cls", "m1,pooling=cls"),
    ],
)
def test_the_row_is_called_as_its_models_without_the_seed(name: str, shown: str) -> None:
    assert list(rows(seed(1, name), seed(2, name))) == [f"{shown} (2 seeds)"]


def test_one_result_that_names_the_training_is_enough() -> None:
    older = [replace(seed(n, task="sts12"), result=without_training(seed(n, task="sts12").result)) for n in (1, 2)]
    assert list(rows(*older, seed(1, task="sts13"), seed(2, task="sts13"))) == ["models/mine (2 seeds)"]
    assert len(rows(*older)) == 2


def without_training(result: Result) -> Result:
    settings = {key: value for key, value in result.model.settings.items() if key not in (TRAINING, TRAINING_SEED)}
    return replace(result, model=replace(result.model, settings=settings))


def test_two_trainings_of_one_name_are_told_apart() -> None:
    named = [seed(n, "mine", **{TRAINING: training}) for n in (1, 2) for training in "ab"]
    names = [row.model for row in make_table(named).rows]
    assert all(name.startswith("mine (2 seeds) (") for name in names)
    assert len(set(names)) == 2


def test_a_task_that_a_seed_lacks_has_no_mean() -> None:
    board = make_table([seed(1, task="sts12"), seed(2, task="sts12"), seed(1, task="sts13")])
    (row,) = board.rows
    assert [str(score) for score in row.scores] == ["1 of 2 seeds", str(row.scores[1]), "1 of 2 seeds"]
    assert row.scores[1].value is not None
    assert row.title == "models/mine (2 seeds)"


def test_notes_name_the_models_behind_a_row() -> None:
    without_pairs = [replace(seed(n), table=None) for n in (1, 2)]
    notes = make_table(without_pairs).notes
    assert any("No rank for models/mine/seed-1, models/mine/seed-2: the scores of the pairs" in note for note in notes)
    assert any(note.startswith("A row of several seeds is the mean") for note in notes)


def test_weights_are_those_of_a_mean_and_rows_with_missing_models_have_none() -> None:
    whole, weights = averages({"ab": ["a", "b"], "c": ["c"], "de": ["d", "e"]}, ["c", "a", "b", "d"])
    assert whole == ("ab", "c")
    assert weights.tolist() == [[0.0, 1.0], [0.5, 0.0], [0.5, 0.0], [0.0, 0.0]]


def test_two_seeds_of_one_training_can_be_compared() -> None:
    comparison = ResultSet([seed(1), seed(2)]).compare("models/mine/seed-1", "models/mine/seed-2")
    assert comparison.tasks[0].difference is not None


def test_a_row_of_several_seeds_is_compared_as_their_mean() -> None:
    seeds = [seed(n, task=task) for n in (1, 2, 3) for task in ("sts12", "sts13")]
    others = [scored("fair", "sts12"), scored("fair", "sts13"), seed(1, task="sts14"), scored("fair", "sts14")]
    comparison = ResultSet([*seeds, *others]).compare("models/mine (3 seeds)", "fair")
    row = rows(*seeds, *others)["models/mine (3 seeds)"]
    assert [task.title for task in comparison.tasks] == ["sts12", "sts13"]
    assert [task.first for task in comparison.tasks] == [score.value for score in row.scores[1:3]]
    assert comparison.left_out == {"sts14": "only fair has a result"}
    assert any(note.startswith("models/mine (3 seeds) is the mean of models") for note in comparison.notes)


def test_the_error_of_a_difference_to_a_mean_is_that_of_the_mean_influence() -> None:
    seeds, other = [seed(n) for n in (1, 2, 3)], scored("fair")
    (task,) = ResultSet([*seeds, other]).compare("models/mine (3 seeds)", "fair").tasks
    gold = other.pairs()["gold"].to_numpy()
    influences = [spearman_influence(each.pairs()["score"].to_numpy(), gold) for each in (*seeds, other)]
    difference = np.mean(influences[:3], axis=0) - influences[3]
    error = difference.std(ddof=1) / np.sqrt(len(gold))  # the pairs share no text
    assert task.difference is not None
    assert (task.difference.high - task.difference.low) / 2 == pytest.approx(1.968 * error, rel=1e-3)


def test_a_mean_can_be_compared_with_one_of_its_seeds() -> None:
    comparison = ResultSet([seed(1), seed(2)]).compare("models/mine (2 seeds)", "models/mine/seed-1")
    assert comparison.tasks[0].difference is not None


def test_a_row_of_several_seeds_has_the_mean_of_their_curves_by_length() -> None:
    seeds = [seed(n) for n in (1, 2)]
    (together,) = length_curves(make_table(seeds))
    (apart,) = length_curves(make_table(seeds, models=list(single_models(each.result for each in seeds).values())))
    (means,) = together.scores.values()
    for n, mean in enumerate(means):
        values = [scores[n].value for scores in apart.scores.values()]
        assert mean.value == pytest.approx(statistics.fmean(value for value in values if value is not None))
        assert mean.cut == next(iter(apart.scores.values()))[n].cut
        assert mean.interval is not None
        assert mean.value is not None
        assert mean.interval.low < mean.value < mean.interval.high


def test_the_worst_pairs_of_several_seeds_are_those_of_their_mean_scores() -> None:
    seeds = [seed(n) for n in (1, 2)]
    results = ResultSet([*seeds, scored("good")])
    mean = (seeds[0].pairs()["score"] + seeds[1].pairs()["score"]) / 2
    assert results.pairs("models/mine (2 seeds)", "stsb")["score"].tolist() == pytest.approx(mean.tolist())
    frame = results.errors("models/mine (2 seeds)", n=3)
    assert frame["score"].tolist() == pytest.approx([mean[int(number)] for number in frame["id"]])


def test_seeds_without_scores_of_their_pairs_are_named() -> None:
    results = ResultSet([seed(1), replace(seed(2), table=None)])
    with pytest.raises(GisError, match="models/mine/seed-2: the scores of the pairs are missing"):
        results.errors("models/mine (2 seeds)")
    with pytest.raises(GisError, match="different pairs"):
        mean_pairs([seed(1), scored("good", pairs=20)])


def test_a_name_that_several_seeds_share_is_refused_with_the_names_to_use() -> None:
    names = "mine (2 seeds), mine (training seed 1), mine (training seed 2)"
    with pytest.raises(GisError, match=f"several models are called mine: {re.escape(names)}"):
        ResultSet([seed(1, "mine"), seed(2, "mine")]).errors("mine")


def test_the_number_of_seeds_may_be_left_out() -> None:
    results = ResultSet([seed(1), seed(2), scored("fair")])
    assert results.compare("models/mine", "fair").first == "models/mine (2 seeds)"


def test_every_form_of_a_leaderboard_has_the_row() -> None:
    board = make_table([seed(1), seed(2), scored("good")])
    assert "models/mine (2 seeds), deviation" in board.to_markdown()
    assert "models/mine (2 seeds), deviation" in board.to_latex()
    head, *_, last = board.to_csv().splitlines()
    assert head.endswith('"stsb","deviation over seeds"')
    assert float(last.split(",")[-1]) == board.rows[-1].scores[0].deviation
    assert "models/mine (2 seeds)" in board.to_frame().index
    assert "models/mine (2 seeds), deviation" in str(board)


def test_a_result_of_a_task_that_is_not_shown_may_say_which_training_it_was() -> None:
    """Else the rows of a leaderboard would depend on its tasks."""
    old = [
        replace(each, result=replace(each.result, model=replace(each.result.model, settings={})))
        for each in (seed(1), seed(2))
    ]
    board = make_table([*old, seed(1, task="sts12"), seed(2, task="sts12")], ["stsb"])
    assert [row.model for row in board.rows] == ["models/mine (2 seeds)"]

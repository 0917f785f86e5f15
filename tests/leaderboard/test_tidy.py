"""The long form of a leaderboard: one row for each model, task, view and metric."""

import csv
import io

import pandas as pd
import pytest

from gis.benchmark.runner import ScoredTask
from gis.leaderboard.reported import Reported, Source
from gis.leaderboard.result_set import ResultSet
from gis.leaderboard.table import make_table
from gis.leaderboard.tidy import COLUMNS, tidy_csv, tidy_frame
from gis.leaderboard.views import MEAN_VIEW
from tests.leaderboard.helpers import result
from tests.leaderboard.test_ranking import scored
from tests.leaderboard.test_seeds import seed


def rows(frame: pd.DataFrame, **values: str) -> pd.DataFrame:
    for name, value in values.items():
        frame = frame[frame[name] == value]
    return frame


def test_each_score_has_its_interval_and_ranks() -> None:
    results = ResultSet([scored("good"), scored("fair")])
    (row,) = rows(results.to_tidy_frame(), model="fair", metric="spearman").to_dict("records")
    score = results.leaderboard().rows[1].scores[0]
    assert score.interval is not None
    assert (row["value"], row["low"], row["high"]) == (score.value, *score.interval)
    assert (row["rank_best"], row["rank_worst"], row["pairs"]) == (2, 2, 10 * 30)
    assert (row["view"], row["main"], row["command"]) == ("all", True, "gis bench")


def test_every_view_and_metric_has_a_row() -> None:
    frame = ResultSet([scored(model, "mine", strata=True) for model in ("good", "fair")]).to_tidy_frame()
    good = rows(frame, model="good")
    assert not good.duplicated(["task", "view", "metric"]).any()
    assert set(good["view"]) == {MEAN_VIEW, "a", "b"}
    assert set(rows(good, view="a").metric) == {
        *("spearman", "pearson", "kendall", "auroc", "average_precision", "ceiling")
    }
    assert set(rows(good, metric="auroc", view=MEAN_VIEW).rank_best) == {1}
    assert rows(good, metric="auroc").low.notna().all()
    assert list(good[good.main].metric) == ["spearman"]


def test_means_over_tasks_have_rows_of_their_own() -> None:
    frame = ResultSet([scored(m, task) for m in ("good", "fair") for task in ("sts12", "sts13")]).to_tidy_frame()
    (mean,) = rows(frame, model="good", view="mean of tasks").to_dict("records")
    assert (mean["task"], mean["rank_best"], mean["rank_worst"]) == ("mean of 2 sts tasks", 1, 1)
    assert mean["low"] < mean["value"] < mean["high"]
    assert pd.isna(mean["pairs"])


def test_reported_scores_say_where_they_are_from_and_have_no_rank() -> None:
    paper = Reported(name="theirs", source=Source(title="A paper", kind="paper"), scores={"stsb": 80.0})
    (row,) = rows(tidy_frame(make_table([scored("good")], reported=[paper])), model="theirs").to_dict("records")
    assert (row["task"], row["value"], row["reported_in"]) == ("stsb", 0.8, "A paper")
    assert pd.isna(row["rank_best"])


def test_the_mean_of_seeds_has_ranks_and_each_seed_its_own_rows() -> None:
    frame = tidy_frame(make_table([seed(1), seed(2), scored("random")]))
    spearman = rows(frame, metric="spearman", view="all").set_index("model")
    assert list(spearman.rank_best.dropna().index) == ["models/mine (2 seeds)", "random"]
    seeds = spearman.loc[["models/mine/seed-1", "models/mine/seed-2"]]
    assert spearman.value["models/mine (2 seeds)"] == pytest.approx(seeds.value.mean())
    assert seeds.low.notna().all()


def test_csv_has_the_same_rows_and_runs_no_formula() -> None:
    board = make_table([scored("good"), ScoredTask(result("=cmd()", "stsb", 0.5))])
    read = list(csv.DictReader(io.StringIO(tidy_csv(board))))
    frame = tidy_frame(board)
    assert list(read[0]) == list(COLUMNS) == list(frame.columns)
    assert len(read) == len(frame)
    assert [float(row["value"]) for row in read] == pytest.approx(list(frame.value))
    old = [row for row in read if row["model"] == "'=cmd()"]
    assert {(row["rank_best"], row["low"]) for row in old} == {("", "")}


def test_the_wide_frame_has_the_ends_of_the_intervals() -> None:
    task = scored("good")
    (row,) = ResultSet([task]).to_frame().to_dict("records")
    assert (row["spearman_low"], row["spearman_high"]) == task.result.scores.main_interval
    assert pd.isna(row["auroc_low"])

"""From the scores of pairs to ranks: clear and unclear differences, strata, means, and pairs that do not compare."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gis.benchmark.runner import ScoredTask
from gis.benchmark.scoring import score_pairs
from gis.benchmark.tasks.pairs import Pairs
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.lengths import length_curves
from gis.leaderboard.rows import ModelRow
from gis.leaderboard.table import make_table
from tests.leaderboard.helpers import result

QUALITY = {"good": 0.2, "fair": 0.8, "also fair": 0.8, "random": 9.0}  # noise on top of the gold label


def scored(model: str, task: str = "stsb", *, pairs: int = 300, strata: bool = False, **fields: Any) -> ScoredTask:  # noqa: ANN401
    """A result of ``model`` on pairs that are the same for every model, with the scores of the pairs."""
    rng = np.random.default_rng(sum(task.encode()))
    latent = rng.normal(size=pairs)
    gold = (latent > 0.5).astype(float) if strata else np.round(latent, 1)
    groups = tuple("positive" if label else "ab"[row % 2] for row, label in enumerate(gold)) if strata else None
    of_task = Pairs(
        text1=tuple(f"first {row}" for row in range(pairs)),
        text2=tuple(f"second {row}" for row in range(pairs)),
        gold=gold,
        ids=tuple(map(str, range(pairs))),
        groups=groups,
        grouped_by="stratum" if strata else None,
    )
    noise = np.random.default_rng(sum(f"{model} {task}".encode())).normal(size=pairs)
    similarities = latent + QUALITY.get(model, 0.5) * noise
    scores = score_pairs(of_task, similarities, binary=strata)
    label = "binary" if strata else "graded"
    base = replace(result(model, task, 0.5, label=label, **fields), scores=scores)
    columns: dict[str, Any] = {"id": list(of_task.ids), "gold": gold, "score": similarities}
    columns |= {"text_id1": of_task.text_ids.first, "text_id2": of_task.text_ids.second}
    if strata:
        columns["stratum"] = list(groups or ())
    lengths = np.arange(pairs) % 200
    columns |= {"tokens1": lengths, "kept1": np.minimum(lengths, 150), "tokens2": lengths // 2, "kept2": lengths // 2}
    texts = replace(base.texts, unit="tokens", tokens=100, tokens_kept=90)
    return ScoredTask(replace(base, texts=texts), table=pd.DataFrame(columns))


def row(board: Leaderboard, model: str) -> ModelRow:
    return next(row for row in board.rows if row.model == model)


def ranks(board: Leaderboard, column: int = 0) -> dict[str, str]:
    return {row.model: str(row.scores[column].rank) for row in board.rows}


def test_models_have_the_ranks_that_their_pairs_show() -> None:
    board = make_table([scored(model) for model in QUALITY])
    assert ranks(board) == {"good": "1", "fair": "2-3", "also fair": "2-3", "random": "4"}
    assert [row.scores[0].best for row in board.rows] == [True, False, False, False]
    assert any("Not certainly worse on stsb: " in note and " fair than " in note for note in board.notes)


def test_a_score_that_may_be_the_best_is_marked() -> None:
    board = make_table([scored(model) for model in ("fair", "also fair", "random")])
    first, second, third = (row.scores[0] for row in board.rows)
    assert (first.best, first.tied, second.best, second.tied) == (True, False, False, True)
    assert str(second).endswith("≈")
    assert not third.tied


def test_intervals_are_those_of_the_results() -> None:
    task = scored("good")
    assert make_table([task]).rows[0].scores[0].interval == task.result.scores.main_interval


def test_a_mean_over_tasks_has_an_interval_and_ranks() -> None:
    board = make_table([scored(model, task) for model in QUALITY for task in ("sts12", "sts13", "sts14")])
    assert board.columns[0].averages == ("sts12", "sts13", "sts14")
    assert ranks(board)["good"] == "1"
    mean, *tasks = row(board, "fair").scores
    assert mean.interval is not None
    widths = [score.interval.high - score.interval.low for score in tasks if score.interval]
    assert mean.interval.high - mean.interval.low == pytest.approx(np.mean(widths) / np.sqrt(3), rel=0.1)


def test_the_mean_over_strata_its_auroc_and_each_stratum_are_ranked() -> None:
    board = make_table([scored(model, "mine", strata=True) for model in QUALITY])
    assert [column.title for column in board.columns] == ["mine", "mine: AUROC", "mine: a", "mine: b"]
    for column in range(4):
        assert ranks(board, column)["good"] == "1"
        assert all(row.scores[column].interval for row in board.rows)


def test_a_model_without_scores_of_its_pairs_is_shown_without_a_rank() -> None:
    board = make_table([scored("good"), scored("fair"), ScoredTask(result("old", "stsb", 0.9))])
    assert ranks(board) == {"old": "None", "good": "1", "fair": "2"}
    assert any("No rank for old" in note and "--force" in note for note in board.notes)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda table: table.drop(columns=["text_id1"]), "an older gis"),
        (lambda table: table.iloc[::-1].reset_index(drop=True), "in another order"),
        (lambda table: table.iloc[:-1], "of other pairs"),
        (lambda table: table.assign(gold=table["gold"] + 1), "of other pairs"),
    ],
)
def test_pairs_that_do_not_compare_give_no_rank(change: Any, reason: str) -> None:  # noqa: ANN401
    other = scored("fair")
    assert other.table is not None
    board = make_table([scored("good"), replace(other, table=change(other.table))])
    assert ranks(board) == {"good": "1", "fair": "None"}
    assert any("No rank for fair" in note and reason in note for note in board.notes)


def test_too_few_pairs_have_no_rank() -> None:
    board = make_table([scored("good", pairs=9), scored("random", pairs=9)])
    assert not board.rankings
    assert not board.is_ranked
    assert "| model | stsb |" in board.to_markdown()


def test_the_same_scores_twice_share_a_rank() -> None:
    one = scored("good")
    other = replace(one, result=replace(one.result, model=replace(one.result.model, name="copy", identity="c" * 64)))
    assert ranks(make_table([one, other])) == {"copy": "1-2", "good": "1-2"}


def test_markdown_has_the_rank_and_half_of_the_interval() -> None:
    board = make_table([scored(model) for model in QUALITY])
    header, _, first, *_ = board.to_markdown().splitlines()
    assert header == "| model | rank | stsb | ± |"
    interval = row(board, "good").scores[0].interval
    assert interval is not None
    assert first.startswith("| good | 1 | **")
    assert first.endswith(f"| ±{50 * (interval.high - interval.low):.2f} |")


def test_costs_are_summed_up_over_the_tasks() -> None:
    board = make_table([scored("good", "sts12"), scored("good", "sts13")])
    assert board.rows[0].cost.tokens_per_second == 90
    assert board.rows[0].cost.hardware == "cpu; fp32"
    assert [row.baseline for row in make_table([scored("good"), scored("random")]).rows] == [False, True]


class TestLengths:
    def test_every_model_is_scored_in_the_same_buckets(self) -> None:
        (curves,) = length_curves(make_table([scored("good"), scored("fair")]))
        assert (curves.pairs, curves.metric) == ("stsb", "spearman")
        assert [str(bucket) for bucket in curves.buckets] == ["1-32", "33-64", "65-128", "129-256"]
        assert sum(bucket.pairs for bucket in curves.buckets) == 300
        assert {len(scores) for scores in curves.scores.values()} == {4}
        good, fair = (curves.scores[result(model, "stsb", 0.5).model.identity] for model in ("good", "fair"))
        assert all(one.value > other.value for one, other in zip(good, fair, strict=True))  # type: ignore[operator]
        assert all(score.interval is not None for score in good)

    def test_the_share_of_cut_pairs_grows_with_length(self) -> None:
        (curves,) = length_curves(make_table([scored("good")]))
        cut = [score.cut for score in next(iter(curves.scores.values()))]
        assert cut[:3] == [0, 0, 0]
        assert cut[3] is not None
        assert cut[3] > 0.5

    def test_binary_labels_have_auroc(self) -> None:
        (curves,) = length_curves(make_table([scored("good", "mine", strata=True)]))
        assert curves.metric == "auroc"
        assert all((bucket.positives or 0) > 0 for bucket in curves.buckets)

    def test_without_lengths_there_are_no_curves(self) -> None:
        assert length_curves(make_table([ScoredTask(result("old", "stsb", 0.9))])) == ()


def test_the_pairs_of_most_models_are_the_ones_compared_whatever_the_order_of_results() -> None:
    odd = scored("random")
    assert odd.table is not None
    reversed_pairs = replace(odd, table=odd.table.iloc[::-1].reset_index(drop=True))
    for results in ([reversed_pairs, scored("good"), scored("fair")], [scored("good"), scored("fair"), reversed_pairs]):
        assert ranks(make_table(results)) == {"good": "1", "fair": "2", "random": "None"}


def test_no_score_is_tied_with_a_best_one_that_was_not_compared() -> None:
    board = make_table([scored("fair"), scored("also fair"), ScoredTask(result("old", "stsb", 0.99))])
    assert [row.scores[0].best for row in board.rows] == [True, False, False]
    assert not any(row.scores[0].tied for row in board.rows)

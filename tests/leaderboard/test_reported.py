from typing import Any

import pytest

from gis.benchmark.runner import ScoredTask
from gis.leaderboard import table
from gis.leaderboard.agreement import REPORTED_NOTE, differences
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.reported import Measured, Reported, Source
from tests.leaderboard.helpers import HOSTILE, make_table, result, suite

PAPER = Source(title="Paper", kind="paper")


def reported(name: str, same_as: Measured | None = None, **scores: float) -> Reported:
    return Reported(name=name, source=PAPER, place="table 1", scores=scores, same_as=same_as)


def board_of(*results: Any, quoted: Reported | tuple[Reported, ...]) -> Leaderboard:  # noqa: ANN401
    quoted = quoted if isinstance(quoted, tuple) else (quoted,)
    return table.make_table([ScoredTask(each) for each in results], reported=quoted)


def test_a_reported_row_names_its_source_and_is_never_the_best() -> None:
    board = board_of(*suite("ours", 0.5, 0.6), quoted=reported("theirs", sts12=70.0, sts13=80.0))
    assert board.to_markdown().splitlines()[2:4] == [
        "| theirs (reported: Paper, table 1) | 75.00 | 70.00 | 80.00 |",
        "| ours | **55.00** | **50.00** | **60.00** |",
    ]
    assert REPORTED_NOTE in board.notes


def test_measured_rows_are_as_without_reported_ones() -> None:
    results = [*suite("a", 0.5, 0.6), *suite("b", 0.4, 0.7)]
    board = board_of(*results, quoted=(reported("random", sts12=99.0), reported("x", stsb=1.0)))
    alone = make_table(results)
    assert [row for row in board.rows if not row.reported_in] == list(alone.rows)
    assert (board.rankings, board.columns) == (alone.rankings, alone.columns)
    assert board.notes[: len(alone.notes)] == alone.notes


def test_a_mean_needs_all_tasks() -> None:
    (row, _) = board_of(*suite("ours", 0.5, 0.6), quoted=reported("theirs", sts12=70.0)).rows[::-1]
    assert [str(score) for score in row.scores] == ["1 of 2", "70.00", "–"]


def test_a_model_without_a_score_here_is_left_out_and_counted() -> None:
    board = board_of(*suite("ours", 0.5), quoted=(reported("a", gis=70.0), reported("b", sts16=1.0)))
    assert [row.model for row in board.rows] == ["ours"]
    assert "Left out: 2 reported models without a score here." in board.notes
    assert REPORTED_NOTE not in board.notes


@pytest.mark.parametrize("fields", [{"limit": 5}, {"verified": False}])
def test_a_published_score_is_not_set_beside_one_of_other_pairs(fields: dict[str, Any]) -> None:
    board = board_of(result("ours", "stsb", 0.5, **fields), quoted=reported("theirs", stsb=70.0))
    assert [row.model for row in board.rows] == ["ours"]


def test_strata_and_auroc_have_no_reported_score() -> None:
    ours = result("ours", "gis", 0.3, label="binary", binary=(0.9, 0.8), strata={"random": 0.2, "bm25": 0.4})
    row = next(row for row in board_of(ours, quoted=reported("theirs", gis=70.0)).rows if row.reported_in)
    assert [str(score) for score in row.scores] == ["70.00", "–", "–", "–"]


def test_differences_are_of_the_same_model_at_the_same_settings() -> None:
    quoted = reported(
        "theirs", Measured(name="ours", settings={"precision": "fp32"}), sts12=50.02, sts13=60.0, stsb=1.0
    )
    fp32 = suite("ours", 0.50001, 0.6, settings={"precision": "fp32"}, identity="a" * 64)
    bf16 = suite("ours", 0.4, settings={"precision": "bf16"}, identity="b" * 64)
    board = board_of(*fp32, *bf16, *suite("other", 0.1), quoted=quoted)
    compared = differences(board)
    assert [(each.model, each.task, each.measured, each.reported, each.difference) for each in compared] == [
        ("ours (fp32)", "sts12", 50.0, 50.02, -0.02),
        ("ours (fp32)", "sts13", 60.0, 60.0, 0.0),
    ]
    assert board.notes[-2:] == (
        "Agreement with published figures: 2 scores of ours (fp32), with differences of at most 0.02 (ours (fp32) on "
        "sts12) from Paper, table 1.",
        "Published in Paper.",
    )


def test_models_of_published_scores_that_ship_with_gis_are_compared_without_a_row() -> None:
    settings: dict[str, str | int] = {"precision": "fp32", "max_tokens": 256, "pooling": "mean"}
    board = make_table(suite("minilm", 0.7237, 0.8061, settings=settings))
    assert [row.model for row in board.rows] == ["minilm"]
    assert [(each.task, each.reported, each.difference) for each in differences(board)] == [
        ("sts12", 72.37, 0.0),
        ("sts13", 80.6, 0.01),
    ]
    assert board.notes[-1] == "Published in mteb results repository (https://github.com/embeddings-benchmark/results)."
    assert make_table(suite("minilm", 0.7, settings={**settings, "pooling": "cls"})).reported == ()


def test_the_csv_and_the_frame_say_what_is_reported() -> None:
    board = board_of(*suite("ours", 0.5), quoted=reported("theirs", sts12=69.99))
    assert board.to_csv().splitlines()[1] == '"theirs","",0.6999,"Paper, table 1"'
    assert list(board.to_frame()["reported_in"]) == ["Paper, table 1", ""]
    assert '"reported in"' not in make_table(suite("ours", 0.5)).to_csv()


@pytest.mark.parametrize("name", [*HOSTILE, r"\input{x}", "=1+1"])
def test_a_hostile_name_is_text_in_every_form(name: str) -> None:
    quoted = Reported(name=name, source=Source(title=name, kind="card"), place=name, scores={"sts12": 60.0})
    board = board_of(*suite("ours", 0.5), quoted=quoted)
    lines = board.to_markdown().splitlines()
    assert lines[3] == "| ours | **50.00** |"
    assert "<" not in lines[2]
    assert not any(r"\input{" in line for line in board.to_latex().splitlines() if not line.startswith("%"))
    assert "<script" not in board._repr_html_()
    assert board.to_csv().splitlines()[-1].startswith('"ours"')
    assert '"=1' not in board.to_csv()

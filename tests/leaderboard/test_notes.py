from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from gis.benchmark.results import PrecisionAgreement, Result
from tests.leaderboard.helpers import make_table, result


def notes_about(word: str, *results: Result) -> list[str]:
    return [note for note in make_table(results).notes if word in note]


def test_the_cap_is_that_of_the_task_shown() -> None:
    mine = result("m", "mine", 0.3, label="binary", binary=(0.9, 0.644))
    mrpc = result("m", "mrpc", 0.3, label="binary", binary=(0.9, 0.8164))
    (note,) = notes_about("cap Spearman", mine, mrpc)
    assert "at most 64.4 on mine, 81.6 on mrpc" in note


def test_the_cap_of_strata_is_the_mean_of_theirs() -> None:
    mine = result("m", "mine", 0.3, label="binary", binary=(0.9, 0.644), strata={"random": 0.2, "bm25": 0.4})
    assert "at most 64.4 on mine," in notes_about("cap Spearman", mine)[0]


def test_the_cap_of_samples_is_a_range() -> None:
    part = result("a", "mine", 0.3, label="binary", binary=(0.9, 0.5), limit=5)
    whole = result("b", "mine", 0.3, label="binary", binary=(0.9, 0.644))
    assert "at most 50.0 to 64.4 on mine," in notes_about("cap Spearman", part, whole)[0]


def test_graded_tasks_have_no_cap() -> None:
    assert not notes_about("cap", result("m", "stsb", 0.5))


def test_a_score_above_the_cap_is_explained() -> None:
    tied = result("m", "mine", 1.0, label="binary", binary=(1.0, 0.8))
    assert len(notes_about("mine, gave many pairs the same score", tied)) == 1
    assert not notes_about("same score", result("m", "mine", 0.8, label="binary", binary=(1.0, 0.8)))


def test_one_sample_is_described_once() -> None:
    results = [result(model, task, 0.5, limit=5, seed=3) for model in "ab" for task in ("sts12", "sts13")]
    assert notes_about("sample", *results) == ["* a sample of the pairs, 10 pairs, seed 3: sts12, sts13."]


def test_different_samples_of_one_task_are_told_apart() -> None:
    results = [
        result("a", "stsb", 0.5, limit=5, seed=3),
        result("b", "stsb", 0.5, limit=5, seed=4),
        result("c", "stsb", 0.5),
    ]
    assert notes_about("sample", *results) == [
        "* a sample of the pairs, 10 pairs, seed 3: stsb.",
        "* a sample of the pairs, 10 pairs, seed 4: stsb.",
    ]


def test_models_are_called_in_notes_as_in_the_rows() -> None:
    cut = result("m", "stsb", 0.5, identity="a" * 64, truncated=1, settings={"precision": "bf16"})
    whole = result("m", "stsb", 0.5, identity="b" * 64, settings={"precision": "fp32"})
    assert "for m (bf16);" in notes_about("cut", cut, whole)[0]


def on(date: str, score: float, **fields: Any) -> Result:  # noqa: ANN401
    made = result("m", "stsb", score, **fields)
    return replace(made, run=replace(made.run, date=f"2025-{date}T00:00:00+00:00"))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_newest_of_different_results_is_shown_and_named_whatever_their_order(order: Sequence[int]) -> None:
    results = [on("01-02", 0.5), on("03-04", 0.6), on("02-03", 0.7)]
    board = make_table([results[n] for n in order])
    assert [str(score) for score in board.rows[0].scores] == ["60.00"]
    assert [note for note in board.notes if "results on" in note] == [
        "m has 3 different results on stsb; the newest is shown (2025-03-04T00:00:00+00:00)."
    ]


def test_samples_of_other_seeds_are_different_results() -> None:
    (note,) = notes_about("results on", on("01-02", 0.5, limit=5), on("03-04", 0.6, limit=5, seed=2))
    assert note.endswith("the newest is shown (2025-03-04T00:00:00+00:00, 10 pairs, seed 2).")


def test_copies_and_smaller_samples_need_no_note() -> None:
    assert not notes_about("results on", on("01-02", 0.5), on("01-02", 0.5), on("03-04", 0.6, limit=5))


def test_results_of_an_older_gis_are_marked_as_unverified() -> None:
    old = replace(result("old", "stsb", 0.5), schema_version=1)
    (note,) = notes_about("Unverified", old, result("new", "stsb", 0.5))
    assert "results of old without" in note
    assert not notes_about("Unverified", result("new", "stsb", 0.5))


def test_a_model_that_is_called_as_another_with_its_settings_is_told_apart() -> None:
    board = make_table(
        [
            result("m", "stsb", 0.1, identity="a" * 64, settings={"precision": "bf16"}),
            result("m", "stsb", 0.2, identity="b" * 64, settings={"precision": "fp32"}),
            result("m (bf16)", "stsb", 0.3, identity="c" * 64),
        ]
    )
    assert {row.model for row in board.rows} == {"m (bf16) (aaaaaa)", "m (fp32)", "m (bf16) (cccccc)"}


@pytest.mark.parametrize(
    ("models", "missing"),
    [
        (["random", "length", "tfidf"], ""),
        (["random", "length", "bm25"], ""),
        (["random", "length"], "jaccard,tfidf,bm25"),
        (["jaccard", "random"], "length"),
        ([], "random,length,jaccard,tfidf,bm25"),
    ],
)
def test_baselines_of_each_kind_are_asked_for(models: list[str], missing: str) -> None:
    (note,) = notes_about("Without", *(result(each, "stsb", 0.5) for each in [*models, "m"])) or [""]
    assert note == (
        f"Without {missing.replace(',', ', ')}: gis bench --model {missing} shows what the scores are worth."
        if missing
        else ""
    )


def test_a_model_that_is_called_as_a_baseline_is_none_and_a_renamed_baseline_is_one() -> None:
    renamed = result("tfidf", "stsb", 0.5)
    board = make_table(
        [replace(renamed, model=renamed.model.renamed("words")), result("tfidf", "stsb", 0.6, identity="a" * 64)]
    )
    assert {row.model: row.baseline for row in board.rows} == {"tfidf": False, "words": True}


def test_a_name_with_line_breaks_stays_on_its_line() -> None:
    (note,) = notes_about("Texts were cut", result("two\nlines\rof text", "stsb", 0.5, truncated=3))
    assert "two lines of text" in note


def test_how_far_a_precision_agrees_with_fp32_is_said_once_for_each_model() -> None:
    def in_int8(task: str) -> Result:
        of_task = result("small", task, 0.5)
        return replace(
            of_task,
            run=replace(of_task.run, precision="int8", agreement=PrecisionAgreement(pairs=250, spearman=0.9993)),
        )

    (note,) = notes_about("in fp32", in_int8("sts12"), in_int8("sts13"), result("full", "sts12", 0.5))
    assert note.endswith("with its own in fp32: small in int8 0.99930 on 250 pairs.")
    assert not notes_about("in fp32", result("full", "sts12", 0.5))

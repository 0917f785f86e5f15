from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.benchmark.records import warnings_of
from gis.benchmark.results import Result
from gis.benchmark.scoring import score_pairs
from tests.benchmark.helpers import ROWS, FakeEncoder, make_pairs, make_task, run, settings


@pytest.fixture
def results(tmp_path: Path) -> list[Result]:
    tasks = [make_task(tmp_path / "data", name) for name in "abcde"]
    return run(FakeEncoder(), tasks, settings(tmp_path))


def with_task(result: Result, **changes: object) -> Result:
    return replace(result, task=replace(result.task, **changes))  # type: ignore[arg-type]


def with_texts(result: Result, **changes: object) -> Result:
    return replace(result, texts=replace(result.texts, **changes))  # type: ignore[arg-type]


def test_results_without_remarks_give_no_warning(results: list[Result]) -> None:
    assert warnings_of(results) == []


def test_fifty_samples_are_one_warning(results: list[Result]) -> None:
    samples = [with_task(result, limit=4) for result in results]
    assert warnings_of(samples * 10) == ["partial: a sample of the pairs was scored, for 5 tasks"]


def test_up_to_four_tasks_are_named(results: list[Result]) -> None:
    assert warnings_of([with_task(result, verified=False) for result in results[:2]]) == [
        "the data differs from the data that the catalogue's hash was taken from, for a, b"
    ]


def test_cut_texts_are_reported_for_each_model_with_the_shares_that_were_read(results: list[Result]) -> None:
    cut = [with_texts(results[0], truncated=1, tokens=200, tokens_kept=50)]
    cut += [with_texts(results[1], truncated=2, tokens=200, tokens_kept=150)]
    limited = [replace(result, model=replace(result.model, max_tokens=8)) for result in cut]
    assert warnings_of(limited) == ["fake cut texts at 8 words and read 25.0% to 75.0% of a, b"]
    assert warnings_of(limited[:1]) == ["fake cut texts at 8 words and read 25.0% of a"]


def test_empty_texts_and_zero_vectors_are_reported(results: list[Result]) -> None:
    assert warnings_of([with_texts(results[0], empty=1, zero_vectors=2)]) == [
        "fake gave 2 zero vectors, whose cosine counts as 0, for a",
        "some texts are empty, and kept as published, in a",
    ]


def test_a_binary_task_on_which_a_guess_can_look_good_is_a_warning(tmp_path: Path) -> None:
    rows = [{"text1": f"a {n}", "text2": f"b {n * n}", "label": n % 2} for n in range(40)]
    small = [make_task(tmp_path / "data", "small", rows)]
    (warning,) = warnings_of(run(FakeEncoder(), small, settings(tmp_path)))
    assert (
        warning
        == "small is small: on its 40 pairs a model that guesses has an AUROC of 0.33 to 0.67 in 95 of 100 cases"
    )
    large = [make_task(tmp_path / "data", "large", [{**row, "text1": f"{row} {k}"} for row in rows for k in range(3)])]
    assert warnings_of(run(FakeEncoder(), large, settings(tmp_path))) == []


def test_notes_in_the_file_say_it_for_the_one_result(tmp_path: Path) -> None:
    part = make_task(tmp_path / "data", "part", [*ROWS, {"text1": "", "text2": "x", "score": 1}])
    (result,) = run(FakeEncoder(), [replace(part, limit=7, full_rows=70)], settings(tmp_path))
    assert result.notes == (
        "1 texts are empty, in 1 pairs; kept, as published",
        "partial: a sample of 7 of 70 pairs",
    )


def test_the_view_that_a_guess_scores_most_widely_on_is_the_one_named(tmp_path: Path) -> None:
    """90 positives against 10 negatives say less than 30 against 30, though they are more pairs."""
    gold = (1.0,) * 30 + (0.0,) * 30
    views = [(30, 60), (90, 100), (90, 180)]
    (scored,) = run(FakeEncoder(), [make_task(tmp_path / "data", "t")], settings(tmp_path))
    whole = score_pairs(make_pairs(gold), np.arange(60.0), binary=True).views[0]
    assert whole.binary is not None
    chosen = tuple(
        replace(whole, view=f"{pairs}", pairs=pairs, binary=replace(whole.binary, positives=positives))
        for positives, pairs in views
    )
    (warning,) = warnings_of([replace(scored, scores=replace(scored.scores, views=chosen))])
    assert "on its 100 pairs of 100 a model that guesses" in warning

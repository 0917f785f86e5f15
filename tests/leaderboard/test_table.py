from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gis.benchmark.results import result_path, write_result
from gis.benchmark.tasks.catalogue import suites
from gis.errors import GisError
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.rows import Score
from gis.leaderboard.table import load_table
from tests.leaderboard.helpers import STS, make_table, result, suite


def titles(table: Leaderboard) -> list[str]:
    return [column.title for column in table.columns]


def models(table: Leaderboard) -> list[str]:
    return [row.model for row in table.rows]


def score(table: Leaderboard, model: str, title: str) -> Score:
    (row,) = [row for row in table.rows if row.model == model]
    return row.scores[titles(table).index(title)]


def texts(table: Leaderboard, title: str) -> list[str]:
    return [str(row.scores[titles(table).index(title)]) for row in table.rows]


def test_models_are_ranked_by_the_first_column() -> None:
    table = make_table([result("low", "stsb", 0.1), result("high", "stsb", 0.9), result("below 0", "stsb", -0.5)])
    assert models(table) == ["high", "low", "below 0"]


def test_models_of_equal_score_are_ranked_by_name() -> None:
    assert models(make_table([result("b", "stsb", 0.5), result("a", "stsb", 0.5)])) == ["a", "b"]


def test_the_worst_score_goes_before_none() -> None:
    table = make_table([result("undefined", "stsb", None), result("worst", "stsb", -1.0)])
    assert models(table) == ["worst", "undefined"]


def test_the_full_suite_has_its_name_and_unrounded_mean() -> None:
    scores = (0.7237, 0.806, 0.756, 0.8539, 0.7899, 0.8203, 0.7715)
    table = make_table(suite("m", *scores))
    assert titles(table) == ["sts mean", *STS]
    assert score(table, "m", "sts mean").value == pytest.approx(sum(scores) / 7, abs=1e-12)


def test_a_mean_over_a_part_of_a_suite_says_so() -> None:
    table = make_table([result("m", "sts12", 0.5), result("m", "sts13", 0.7)])
    assert titles(table) == ["mean of 2 sts tasks", "sts12", "sts13"]


@pytest.mark.parametrize("tasks", [("sts12", "lee50"), ("sickr", "sickr-mteb"), ("mine", "yours")])
def test_tasks_of_no_common_suite_are_not_averaged(tasks: tuple[str, str]) -> None:
    assert titles(make_table([result("m", task, 0.5) for task in tasks])) == list(tasks)


def test_the_same_pairs_are_not_counted_twice() -> None:
    table = make_table([*suite("m", *[0.5] * 7), result("m", "sickr-mteb", 0.9), result("m", "lee50", 0.9)])
    assert titles(table) == ["sts mean", *STS, "sickr-mteb", "lee50"]
    assert score(table, "m", "sts mean").value == 0.5


def test_one_task_has_no_mean() -> None:
    assert titles(make_table([result("m", "stsb", 0.5)])) == ["stsb"]


def test_a_model_without_all_tasks_has_n_of_n_and_no_mean() -> None:
    table = make_table([*suite("whole", *[0.5] * 7), *suite("part", 0.9, 0.9, 0.9)])
    assert score(table, "part", "sts mean") == Score(note="3 of 7")
    assert str(score(table, "part", "sts mean")) == "3 of 7"
    assert models(table) == ["whole", "part"]
    assert str(score(table, "part", "sickr")) == "–"


def test_an_undefined_score_is_a_dash_with_its_reason_and_counts_as_missing() -> None:
    table = make_table([result("m", "sts12", None), result("m", "sts13", 0.5)])
    assert score(table, "m", "sts12") == Score(note="undefined: all scores are equal")
    assert str(score(table, "m", "sts12")) == "–"
    assert str(score(table, "m", "mean of 2 sts tasks")) == "1 of 2"


def test_graded_and_binary_tasks_are_never_averaged_together() -> None:
    graded = [result("m", "sts12", 0.2), result("m", "sts13", 0.4)]
    binary = [result("m", "mrpc", 0.6, label="binary"), result("m", "gis", 0.8, label="binary")]
    table = make_table([*graded, *binary])
    assert titles(table)[:2] == ["mean of 2 sts tasks", "mean of 2 binary in-domain tasks"]
    assert score(table, "m", "mean of 2 sts tasks").value == pytest.approx(0.3)
    assert score(table, "m", "mean of 2 binary in-domain tasks").value == pytest.approx(0.7)


def test_one_graded_and_one_binary_task_have_no_mean() -> None:
    table = make_table([result("m", "stsb", 0.2), result("m", "gis", 0.8, label="binary")])
    assert titles(table) == ["stsb", "gis", "gis: AUROC"]


def test_no_mean_is_called_after_a_suite_of_both_kinds() -> None:
    labels = {"stsb": "graded"}
    table = make_table([result("m", t, 0.5, label=labels.get(t, "binary")) for t in suites()["in-domain"]])
    assert "in-domain mean" not in titles(table)


def test_the_best_of_each_column_is_marked() -> None:
    table = make_table([result("a", "sts12", 0.9), result("b", "sts12", 0.8), result("b", "sts13", 0.1)])
    best = {(row.model, title) for row in table.rows for title in titles(table) if score(table, row.model, title).best}
    assert best == {("a", "sts12"), ("b", "sts13"), ("b", "mean of 2 sts tasks")}


def test_what_is_equal_as_printed_is_equally_best() -> None:
    table = make_table([result("a", "stsb", 0.80004), result("b", "stsb", 0.79996), result("c", "stsb", 0.7999)])
    assert texts(table, "stsb") == ["80.00", "80.00", "79.99"]
    assert [row.scores[0].best for row in table.rows] == [True, True, False]


def test_best_is_what_is_printed_where_rounding_is_close() -> None:
    scores = [0.80005, 0.800049999, 0.800050001, 0.12345, 0.123450001, 0.00675, 0.00665]
    for first in scores:
        for second in scores:
            table = make_table([result("a", "stsb", first), result("b", "stsb", second)])
            cells = {row.model: row.scores[0] for row in table.rows}
            if str(cells["a"]) == str(cells["b"]):
                assert cells["a"].best
                assert cells["b"].best


def test_a_sample_and_all_pairs_are_never_in_one_column() -> None:
    table = make_table([result("part", "stsb", 0.99, limit=10), result("whole", "stsb", 0.5)])
    assert titles(table) == ["stsb", "stsb (10 pairs, seed 0)"]
    assert texts(table, "stsb") == ["50.00", "–"]
    assert texts(table, "stsb (10 pairs, seed 0)") == ["–", "99.00*"]
    assert models(table) == ["whole", "part"]
    assert any("different pairs of stsb" in note for note in table.notes)


def test_a_mean_with_a_sample_in_it_is_marked() -> None:
    table = make_table([result("m", "sts12", 0.5), result("m", "sts13", 0.5, limit=10)])
    assert str(score(table, "m", "mean of 2 sts tasks")) == "50.00*"


@pytest.mark.parametrize("turned", [False, True])
def test_a_full_result_goes_before_a_sample(turned: bool) -> None:
    both = [result("m", "stsb", 0.9, limit=10), result("m", "stsb", 0.5)]
    assert texts(make_table(both[::-1] if turned else both), "stsb") == ["50.00"]


def test_strata_have_columns_beside_their_task() -> None:
    strata = {"random": 0.6, "hard": 0.2}
    other = result("n", "stsb", 0.5)
    table = make_table([result("m", "rust_issues", 0.4, label="binary", strata=strata), other])
    task = ["rust_issues", "rust_issues: AUROC", "rust_issues: random", "rust_issues: hard"]
    assert titles(table) == ["stsb", *task]
    assert str(score(table, "m", "rust_issues: hard")) == "20.00"
    assert str(score(table, "n", "rust_issues: hard")) == "–"
    assert any("stratum" in note for note in table.notes)


def test_strata_do_not_enter_the_mean() -> None:
    strata = {"random": 0.6, "hard": 0.2}
    results = [
        result("m", "rust_issues", 0.4, label="binary", strata=strata),
        result("m", "gis", 0.6, label="binary"),
    ]
    assert score(make_table(results), "m", "long binary mean").value == pytest.approx(0.5)


def test_sub_sets_have_no_columns() -> None:
    table = make_table([result("m", "sts12", 0.5, strata={"all": 0.5, "MSRpar": 0.4, "MSRvid": 0.9})])
    assert titles(table) == ["sts12"]


def test_models_of_one_name_are_told_apart() -> None:
    namesakes = [result("m", "stsb", 0.5, identity="a" * 64), result("m", "stsb", 0.4, identity="b" * 64)]
    table = make_table([*namesakes, result("n", "stsb", 0.3)])
    assert models(table) == ["m (aaaaaa)", "m (bbbbbb)", "n"]


def test_models_of_one_name_say_what_they_differ_in() -> None:
    variants = [
        result("minilm", "stsb", 0.5, identity="a" * 64, settings={"precision": "fp32", "pooling": "mean"}),
        result("minilm", "stsb", 0.4, identity="b" * 64, settings={"precision": "bf16", "pooling": "mean"}),
        result("minilm", "stsb", 0.3, identity="c" * 64, settings={"precision": "bf16", "pooling": "cls"}),
    ]
    assert models(make_table(variants)) == [
        "minilm (fp32, mean pooling)",
        "minilm (bf16, mean pooling)",
        "minilm (bf16, cls pooling)",
    ]


def test_different_data_under_one_name_has_a_column_of_its_own() -> None:
    two = [result(model, "stsb", 0.5, sha256="2" * 64) for model in "bc"]
    table = make_table([result("a", "stsb", 0.9, sha256="1" * 64), *two])
    assert titles(table) == ["stsb", "stsb (data 111111111111)"]
    assert texts(table, "stsb") == ["50.00", "50.00", "–"]
    assert any("different pairs of stsb" in note for note in table.notes)


@pytest.mark.parametrize(
    ("difference", "name"),
    [
        ({"text": "plain"}, "stsb (plain texts)"),
        ({"label": "binary"}, "stsb (binary labels)"),
        ({"limit": 5, "seed": 4}, "stsb (10 pairs, seed 4)"),
    ],
)
def test_what_sets_of_pairs_differ_in_is_said(difference: dict[str, Any], name: str) -> None:
    usual = [result(model, "stsb", 0.5) for model in "ab"]
    assert name in titles(make_table([*usual, result("c", "stsb", 0.5, **difference)]))


def test_a_mean_is_over_the_usual_pairs_only() -> None:
    whole = suite("m", 0.5, 0.7)
    table = make_table([*whole, result("n", "sts12", 0.9, limit=5), result("n", "sts13", 0.9)])
    assert str(score(table, "n", "mean of 2 sts tasks")) == "1 of 2"


def test_the_same_data_has_one_column() -> None:
    assert titles(make_table([*suite("a", 0.5), *suite("b", 0.4)])) == ["sts12"]


def test_data_that_is_not_the_catalogues_is_flagged() -> None:
    table = make_table([result("m", "stsb", 0.5, verified=False)])
    assert any("stsb" in note and "catalogue" in note for note in table.notes)


def test_cut_texts_are_flagged() -> None:
    table = make_table([result("short-sighted", "stsb", 0.5, truncated=3), result("other", "stsb", 0.5)])
    assert any("cut" in note and "short-sighted" in note and "other" not in note for note in table.notes)


def test_tasks_stand_in_the_catalogues_order_and_unknown_ones_last() -> None:
    table = make_table([result("m", task, 0.5) for task in ("zoo", "stsb", "apes", "sts12")])
    assert titles(table)[1:] == ["sts12", "stsb", "apes", "zoo"]


def test_chosen_tasks_stand_in_the_order_they_were_asked_for() -> None:
    results = [result("m", task, 0.5) for task in (*STS, "lee50")]
    assert titles(make_table(results, ["lee50", "stsb"])) == ["lee50", "stsb"]
    assert titles(make_table(results, ["sts"])) == ["sts mean", *STS]


def test_models_without_a_chosen_task_are_left_out() -> None:
    table = make_table([result("a", "stsb", 0.5), result("b", "lee50", 0.5)], ["stsb"])
    assert models(table) == ["a"]


def test_chosen_tasks_without_results_name_those_with() -> None:
    with pytest.raises(GisError, match="no results for sickr; there are some for: lee50, stsb"):
        make_table([result("m", "stsb", 0.5), result("m", "lee50", 0.5)], ["sickr"])


def test_a_task_without_results_is_named_beside_one_with() -> None:
    with pytest.raises(GisError, match="no results for nope; there are some for: stsb"):
        make_table([result("m", "stsb", 0.5)], ["stsb", "nope"])


def test_a_folder_of_results_is_a_table(tmp_path: Path) -> None:
    for each in [*suite("a", 0.5, 0.6), result("a", "sts12", 0.9, limit=5)]:
        path = result_path(tmp_path, each.model, each.task.name, each.task.limit)
        write_result(path, each, pd.DataFrame({"id": ["a"]}))
    assert [str(each) for each in load_table(tmp_path).rows[0].scores] == ["55.00", "50.00", "60.00"]


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="no results in") as caught:
        load_table(tmp_path)
    assert "gis bench" in caught.value.remedy


def test_strata_are_in_the_same_order_for_every_task() -> None:
    results = [
        result("m", "mine", 0.5, label="binary", strata=dict.fromkeys(("own", "bm25", "same_author", "random"), 0.5)),
        result("m", "yours", 0.5, label="binary", strata=dict.fromkeys(("bm25", "random", "same_label"), 0.5)),
    ]
    assert [column.view for column in make_table(results).columns if column.view] == [
        *("random", "same_author", "bm25", "own"),
        *("random", "same_label", "bm25"),
    ]


def test_binary_tasks_have_auroc_beside_spearman() -> None:
    table = make_table([result("m", "mrpc", 0.5, label="binary", binary=(0.9, 0.8)), result("m", "stsb", 0.5)])
    assert titles(table) == ["stsb", "mrpc", "mrpc: AUROC"]
    assert score(table, "m", "mrpc: AUROC").value == 0.9


def test_the_auroc_of_strata_is_their_mean() -> None:
    strata = {"random": 0.5, "bm25": 0.5}
    table = make_table([result("m", "mine", 0.5, label="binary", strata=strata, binary=(0.9, 0.8))])
    assert score(table, "m", "mine: AUROC").value == pytest.approx(0.9)


def test_a_sample_of_more_pairs_goes_before_a_smaller_one() -> None:
    assert texts(make_table([result("m", "stsb", 0.9, limit=9), result("m", "stsb", 0.5, limit=10)]), "stsb") == [
        "50.00*"
    ]

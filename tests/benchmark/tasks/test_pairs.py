from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gis.benchmark.tasks.pairs import MISSING, Columns, Pairs, Table, concatenated, pairs_from_table
from gis.errors import GisError
from tests.benchmark.helpers import make_pairs

TABLE: Mapping[str, Sequence[Any]] = {"text1": ["a", "b"], "text2": ["c", "d"], "label": [0, 1]}


def read(table: Mapping[str, Sequence[Any]], columns: Columns = Columns(), **options: Any) -> Pairs:  # noqa: ANN401
    return pairs_from_table(Table(table, lambda row: f"file:{row + 1}"), columns, **options)


def with_column(**columns: Sequence[Any]) -> Mapping[str, Sequence[Any]]:
    return {**TABLE, **columns}


def test_a_table_becomes_pairs_in_its_order() -> None:
    pairs = read(TABLE)
    assert (pairs.text1, pairs.text2, pairs.gold.tolist()) == (("a", "b"), ("c", "d"), [0.0, 1.0])
    assert pairs.ids == ("0", "1")
    assert (pairs.groups, pairs.grouped_by) == (None, None)


def test_label_goes_before_score() -> None:
    assert read(with_column(score=[5, 6])).gold.tolist() == [0.0, 1.0]


def test_score_stands_in_for_label() -> None:
    assert read({"text1": ["a"], "text2": ["b"], "score": [2.5]}).gold.tolist() == [2.5]


def test_columns_may_have_other_names() -> None:
    table = {"sentence1": ["a"], "sentence2": ["b"], "similarity": ["3"], "label": ["x"]}
    assert read(table, Columns("sentence1", "sentence2", "similarity")).gold.tolist() == [3.0]


def test_a_named_label_column_is_not_replaced_by_a_usual_one() -> None:
    with pytest.raises(GisError, match=r"file lacks the column similarity; columns found: text1, text2, label"):
        read(TABLE, Columns(label="similarity"))


def test_missing_columns_are_all_named_with_those_found() -> None:
    with pytest.raises(GisError, match=r"lacks the column text2, label \(or score\); columns found: text1, body"):
        read({"text1": ["a"], "body": ["b"]})


def test_sub_sets_and_ids_are_taken() -> None:
    pairs = read(with_column(id=["p", 7], subset=["news", None]))
    assert pairs.ids == ("p", "7")
    assert (pairs.groups, pairs.grouped_by) == (("news", ""), "subset")


def test_pairs_of_issues_are_called_by_them() -> None:
    issues: dict[str, list[Any]] = {
        "repository1": ["a/b", "a/b"], "number1": [1, 2], "repository2": ["a/b", "c/d"], "number2": [3, 4],
    }  # fmt: skip
    assert read(with_column(**issues)).ids == ("a/b#1~#3", "a/b#2~c/d#4")
    assert read(with_column(**issues, id=["p", "q"])).ids == ("p", "q")
    assert read(with_column(**{**issues, "number2": [3, None]})).ids == ("a/b#1~#3", "1")


def test_strata_go_before_sub_sets() -> None:
    pairs = read(with_column(stratum=["", "hard"], subset=["x", "y"]))
    assert (pairs.groups, pairs.grouped_by) == (("", "hard"), "stratum")


def test_a_missing_group_is_the_empty_one() -> None:
    assert read(with_column(subset=["x", MISSING])).groups == ("x", "")


def test_an_empty_or_null_text_is_kept_as_empty() -> None:
    assert read(with_column(text1=["", None])).text1 == ("", "")


@pytest.mark.parametrize("value", [7, 1.5, ["a"], {"a": 1}, True, float("nan"), 0, False])
def test_a_text_that_is_not_text_is_named(value: object) -> None:
    with pytest.raises(GisError, match=r"^file:2: text2 is .*, not a text$"):
        read(with_column(text2=["c", value]))


def test_a_text_that_its_row_lacks_is_named() -> None:
    with pytest.raises(GisError, match=r"^file:2: text1 is missing"):
        read(with_column(text1=["a", MISSING]))


@pytest.mark.parametrize("value", ["high", "", None, MISSING, float("nan"), "nan", float("inf"), "-inf", [1]])
def test_a_label_that_is_not_a_number_is_named(value: object) -> None:
    with pytest.raises(GisError, match=r"^file:2: the label is .*, not a number$"):
        read(with_column(label=[1, value]))


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(GisError) as caught:
        read(with_column(label=[1, "x" * 10_000]))
    assert len(str(caught.value)) < 120


def test_a_text_of_the_message_is_never_the_neighbours() -> None:
    with pytest.raises(GisError) as caught:
        read(with_column(text1=["secret", "b"], label=[1, "high"]))
    assert "secret" not in str(caught.value)


def test_hub_labels_say_what_labels_mean() -> None:
    pairs = read(TABLE, labels={"0": 1.0, "1": 0.0})  # as in GLUE's QNLI, where 0 is entailment
    assert pairs.gold.tolist() == [1.0, 0.0]


def test_a_label_that_hub_labels_do_not_know_is_named() -> None:
    with pytest.raises(GisError, match=r"^file:2: the label is -1, expected one of 0, 1$"):
        read(with_column(label=[0, -1]), labels={"0": 1.0, "1": 0.0})


@pytest.mark.parametrize(
    ("gold", "binary"),
    [((0, 1, 1), True), ((0, 0.5, 1), False), ((1, 2), True), ((-1, 1, -1), True), ((1, 1), True), ((2, 2), False)],
)
def test_binary_labels_are_recognised(gold: tuple[float, ...], binary: bool) -> None:
    assert make_pairs(gold).binary is binary


@pytest.mark.parametrize("gold", [(0, 1, 1), (-1, 1, 1), (1, 2, 2), (0, 5, 5), (-2.5, -2, -2)])
def test_the_higher_of_two_labels_is_that_of_the_positive_pairs(gold: tuple[float, ...]) -> None:
    assert make_pairs(gold).with_binary_gold().gold.tolist() == [0, 1, 1]


def test_a_subset_that_is_nan_is_none() -> None:
    assert read(with_column(label=[0, 1], subset=[2.0, float("nan")])).groups == ("2.0", "")


def test_content_hash_ignores_the_order_of_rows_and_what_rows_are_called() -> None:
    pairs = make_pairs((1, 2, 3))
    turned = pairs.take(np.array([2, 0, 1]))
    assert turned.text1 != pairs.text1
    assert replace(turned, ids=("x", "y", "z")).content_sha256 == pairs.content_sha256


@pytest.mark.parametrize(
    "changed",
    [
        {"text1": ("left 0", "left 1 ")},
        {"text2": ("right 0", "Right 1")},
        {"gold": np.array([1.0, 2.001])},
        {"text1": ("right 0", "left 1"), "text2": ("left 0", "right 1")},
    ],
    ids=["text1", "text2", "label", "sides"],
)
def test_content_hash_sees_any_change(changed: dict[str, Any]) -> None:
    pairs = make_pairs((1, 2))
    assert replace(pairs, **changed).content_sha256 != pairs.content_sha256


def test_content_hash_sees_a_repeated_row() -> None:
    pairs = make_pairs((1, 2))
    assert pairs.take(np.array([0, 1, 1])).content_sha256 != pairs.content_sha256


def test_content_hash_is_the_documented_literal() -> None:
    # Results and the catalogue hold such hashes: a change of the definition would orphan them.
    expected = "8bd2ef5f0115fe5a2e3c789617177d62bc098e9a362ebfc3c2b5658d927f01d0"
    assert make_pairs((1, 0)).content_sha256 == expected


def test_content_hash_takes_texts_that_are_no_valid_unicode() -> None:
    pairs = replace(make_pairs((1, 2)), text1=("\ud800", "left 1"))
    assert pairs.content_sha256 != make_pairs((1, 2)).content_sha256


def test_a_sample_is_the_seeds() -> None:
    pairs = make_pairs([float(n) for n in range(100)])
    assert pairs.sample(10, seed=1).ids == pairs.sample(10, seed=1).ids
    assert pairs.sample(10, seed=1).ids != pairs.sample(10, seed=2).ids


def test_a_sample_keeps_rows_whole_distinct_and_in_order() -> None:
    sample = make_pairs([float(n) for n in range(100)], [f"g{n}" for n in range(100)], "subset").sample(10, seed=3)
    rows = [int(name) for name in sample.ids]
    assert rows == sorted(set(rows))
    assert len(sample) == 10
    assert sample.text1 == tuple(f"left {row}" for row in rows)
    assert sample.text2 == tuple(f"right {row}" for row in rows)
    assert sample.groups == tuple(f"g{row}" for row in rows)
    assert sample.gold.tolist() == rows


@pytest.mark.parametrize("count", [3, 4, 100])
def test_a_sample_of_all_pairs_or_more_is_all_pairs(count: int) -> None:
    assert make_pairs((1, 2, 3)).sample(count, seed=0).ids == ("0", "1", "2")


def test_texts_are_changed_on_both_sides() -> None:
    pairs = make_pairs((1,)).map_texts(str.upper)
    assert (pairs.text1, pairs.text2) == (("LEFT 0",), ("RIGHT 0",))


def test_splits_are_put_together_in_order() -> None:
    both = concatenated([make_pairs((1, 2), ("x", "y"), "subset"), make_pairs((3,), ("z",), "subset")])
    assert both.gold.tolist() == [1, 2, 3]
    assert both.text2 == ("right 0", "right 1", "right 0")
    assert (both.groups, both.grouped_by) == (("x", "y", "z"), "subset")


@pytest.mark.parametrize("grouped_first", [True, False])
def test_groups_that_only_one_split_has_are_kept_row_by_row(grouped_first: bool) -> None:
    parts = [make_pairs((1, 2), ("x", "y"), "subset"), make_pairs((3, 4))]
    both = concatenated(parts if grouped_first else parts[::-1])
    assert both.groups is None or len(both.groups) == len(both)

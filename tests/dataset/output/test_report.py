"""The numbers of a build that its report measures itself."""

import numpy as np

from gis.dataset.output.report import Lengths, lengths, links_across_splits
from gis.dataset.pairs.splits import Splits
from tests.dataset.pairs.helpers import negative, positive

SPLITS: Splits = {"train": [positive(0, 1), negative(0, 2)], "valid": [], "test": [positive(3, 4)]}


def test_lengths_are_measured_by_split_and_label() -> None:
    chars = np.array([10, 30, 10, 1, 2], np.int32)
    assert lengths(SPLITS, chars) == {
        ("train", 1): Lengths(mean=20.0, median=20.0, difference=20.0),
        ("train", 0): Lengths(mean=10.0, median=10.0, difference=0.0),
        ("test", 1): Lengths(mean=1.5, median=1.5, difference=1.0),
    }


def test_a_link_between_splits_is_counted_once() -> None:
    assert links_across_splits(SPLITS, {0: {3}, 3: {0}}) == 1


def test_links_within_a_split_or_to_an_issue_in_none_are_not_counted() -> None:
    assert links_across_splits(SPLITS, {0: {1, 9}, 1: {0}, 9: {0}}) == 0

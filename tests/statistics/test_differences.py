"""Differences of paired scores: against scipy, and against values worked out by hand."""

import numpy as np
import pytest
from scipy import stats

from gis.statistics.differences import difference_from_error, freedom_of_sum, holm, paired_difference


def test_it_is_students_paired_test() -> None:
    first, second = [0.80, 0.82, 0.79, 0.83, 0.81], [0.78, 0.81, 0.79, 0.80, 0.80]
    found = paired_difference(first, second)
    expected = stats.ttest_rel(first, second)
    assert found is not None
    assert found.p == pytest.approx(expected.pvalue)
    interval = expected.confidence_interval(0.95)
    assert [found.low, found.high] == pytest.approx([float(interval.low), float(interval.high)])
    assert found.mean == pytest.approx(0.014)


def test_edges() -> None:
    assert paired_difference([0.5], [0.4]) is None
    same = paired_difference([0.5, 0.5], [0.5, 0.5])
    assert same is not None
    assert (same.mean, same.p) == (0, 1)
    constant = paired_difference([0.75, 0.5], [0.5, 0.25])
    assert constant is not None
    assert (constant.low, constant.high, constant.p) == (0.25, 0.25, 0)


def test_holm() -> None:
    """Smallest times 4, next times 3, …; never below the one before; at most 1."""
    assert holm(np.array([0.01, 0.04, 0.03, 0.5])) == pytest.approx([0.04, 0.09, 0.09, 0.5])
    assert holm(np.array([0.6, 0.9])) == pytest.approx([1.0, 1.0])
    assert len(holm(np.array([]))) == 0


def test_a_difference_from_its_error_is_students() -> None:
    """2.228 standard errors with 10 degrees of freedom are 5 % on both sides together, whatever the sign."""
    for mean in (0.2228, -0.2228):
        found = difference_from_error(mean, 0.1, 10)
        assert found.p == pytest.approx(0.05, abs=1e-4)
        assert (found.low, found.high) == pytest.approx((mean - 0.2228, mean + 0.2228), abs=1e-4)


def test_the_freedom_of_a_sum_by_hand() -> None:
    assert freedom_of_sum([1.0, 2.0], [3.0, 4.0]) == pytest.approx(3**2 / (1 / 3 + 4 / 4))
    assert freedom_of_sum([5.0], [7.0]) == pytest.approx(7)

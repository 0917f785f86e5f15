"""Agreement between raters of the same pairs, each definition once, with the influence of each pair on it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.statistics.dependence import Dependence
from gis.statistics.influence import spearman_influence
from gis.statistics.intervals import Interval, correlation_interval
from gis.statistics.metrics import Metric, Undefined, spearman

Array = NDArray[np.float64]
NO_SPREAD = "all ratings are equal"


class Estimate(NamedTuple):
    """A measure of agreement, or why it has no value; and its interval, None where there is none."""

    value: Metric
    interval: Interval | None


def krippendorff_alpha(ratings: Array, dependence: Dependence) -> Estimate:
    """Return Krippendorff's alpha for interval data: 1 less the observed over the expected disagreement.

    Krippendorff, "Content Analysis", 4th edition (2018), chapter 12. Disagreement is the squared difference: observed,
    between the ratings of one pair; expected, between all ratings.

    Args:
        ratings: (m, n) ratings of n pairs by m raters, none missing.
        dependence: Which of the pairs depend on each other.
    """
    raters, pairs = ratings.shape
    if raters < 2 or pairs < 2:
        return Estimate(Undefined("fewer than two raters or pairs"), None)
    deviations = (ratings - ratings.mean()) ** 2
    expected = 2 * deviations.sum() / (raters * pairs - 1)
    if expected <= 0:
        return Estimate(Undefined(NO_SPREAD), None)
    within = 2 * ratings.var(axis=0, ddof=1)
    return _ratio(within, 2 * deviations.mean(axis=0), float(within.mean()), float(expected), dependence)


def weighted_kappa(first: Array, second: Array, dependence: Dependence) -> Estimate:
    """Return Cohen's kappa with quadratic weights, of ratings that are rounded to whole levels.

    Cohen, "Weighted kappa", Psychological Bulletin 70 (1968), 213-220. Expected disagreement is that of two raters with
    these distributions of levels who rate independently of each other.

    Args:
        first: (n,) ratings by one rater.
        second: (n,) ratings by another.
        dependence: Which of the pairs depend on each other.
    """
    a, b = _rounded(first), _rounded(second)
    if len(a) < 2:
        return Estimate(Undefined("fewer than two pairs"), None)
    expected = float(a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    if expected <= 0:
        return Estimate(Undefined(NO_SPREAD), None)
    observed = (a - b) ** 2
    # what a pair adds to the expected disagreement: with its first rating, and with its second one
    added = ((a - b.mean()) ** 2 + b.var()) + ((b - a.mean()) ** 2 + a.var()) - expected
    return _ratio(observed, added, float(observed.mean()), expected, dependence)


def spearman_agreement(first: Array, second: Array, dependence: Dependence) -> Estimate:
    """Return Spearman's correlation of (n,) ratings by two raters; arguments as for ``weighted_kappa``."""
    value = spearman(first, second)
    if isinstance(value, Undefined):
        return Estimate(value, None)
    return Estimate(value, correlation_interval(value, spearman_influence(first, second), dependence))


def _ratio(
    of_observed: Array, of_expected: Array, observed: float, expected: float, dependence: Dependence
) -> Estimate:
    """Return 1 - observed / expected with its interval, from what each pair adds to the two means."""
    value = 1 - observed / expected
    change = of_expected - of_expected.mean()
    influence = -(of_observed - of_observed.mean()) / expected + observed * change / expected**2
    return Estimate(value, correlation_interval(value, influence, dependence))


def _rounded(values: Array) -> Array:
    return np.asarray(np.floor(values + 0.5), dtype=np.float64)

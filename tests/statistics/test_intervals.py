"""The exactness of scores: known values, agreement with simulation, and the edges."""

import numpy as np
import pytest

from gis.statistics.dependence import Dependence
from gis.statistics.influence import auroc_influence, spearman_influence
from gis.statistics.intervals import (
    auroc_interval,
    auroc_interval_from_error,
    auroc_interval_of_counts,
    chance_interval,
    chance_looks_good,
    correlation_interval,
    correlation_interval_from_error,
    spearman_interval_of_counts,
)
from gis.statistics.metrics import Array, Undefined, auroc, spearman
from gis.statistics.rounding import ROUNDING


def test_the_interval_of_chance_is_that_of_mann_whitney() -> None:
    """At 0.5 the variance is (m + n + 1) / 12mn; the interval solves for the value's own error, so it is narrower."""
    low, high = chance_interval(200, 300)
    wald = 1.96 * np.sqrt(501 / (12 * 200 * 300))
    assert (low, high) == pytest.approx((0.5 - wald, 0.5 + wald), abs=0.001)


def test_a_perfect_score_on_few_pairs_is_not_certain() -> None:
    low, high = auroc_interval_of_counts(1.0, 7, 2)
    assert 0.3 < low < 0.8
    assert high == 1
    assert auroc_interval_of_counts(0.0, 7, 2) == pytest.approx((0, 1 - low))
    assert auroc_interval_of_counts(1.0, 700, 200).low > 0.98


def test_about_95_of_100_draws_fall_into_the_interval() -> None:
    rng = np.random.default_rng(0)
    gold = np.repeat([1.0, 0.0], [40, 60])
    expected = auroc_interval_of_counts(0.7603, 40, 60)  # of normal scores one standard deviation apart
    drawn = [auroc(rng.normal(size=100) + gold, gold) for _ in range(1000)]
    inside = np.mean([expected.low <= float(value) <= expected.high for value in drawn])  # type: ignore[arg-type]
    assert 0.93 < inside < 0.97


def test_spearman_follows_from_auroc() -> None:
    gold = np.repeat([1.0, 0.0], [30, 50])
    scores = np.random.default_rng(1).normal(size=80) + gold
    area, rho = auroc(scores, gold), spearman(scores, gold)
    assert isinstance(area, float)
    assert isinstance(rho, float)
    low, high = spearman_interval_of_counts(area, 30, 50)
    of_area = auroc_interval_of_counts(area, 30, 50)
    assert low < rho < high
    assert (rho - low) / (high - low) == pytest.approx((area - of_area.low) / (of_area.high - of_area.low))


@pytest.mark.parametrize(
    ("positives", "negatives", "good"), [(7, 1, True), (20, 20, True), (46, 10, True), (40, 40, False)]
)
def test_chance_looks_good_on_few_pairs(positives: int, negatives: int, *, good: bool) -> None:
    assert chance_looks_good(positives, negatives) == good


def drawn(rng: np.random.Generator, n: int, *, shared: bool) -> tuple[Array, Array, Dependence]:
    """Scores and labels of n pairs, independent or in chains of three that share texts with effects of their own."""
    first = np.arange(n) + (np.arange(n) // 3 if shared else np.arange(n))
    second = first + 1
    of_gold, of_score = rng.normal(size=(2, 2 * n)) * (0.7 if shared else 0)
    latent = rng.normal(size=n) + of_gold[first] + of_gold[second]
    scores = latent + of_score[first] + of_score[second] + rng.normal(size=n) * 0.8
    return scores, np.round(latent), Dependence(first, second)


@pytest.mark.parametrize("shared", [False, True])
def test_about_95_of_100_intervals_hold_the_true_correlation(*, shared: bool) -> None:
    """The full study, with 1,000 draws and real designs, is perf/coverage.py."""
    rng = np.random.default_rng(7)
    scores, gold, _ = drawn(rng, 200_000, shared=shared)
    truth = spearman(scores, gold)
    inside = 0
    for _ in range(400):
        scores, gold, dependence = drawn(rng, 150, shared=shared)
        interval = correlation_interval(spearman(scores, gold), spearman_influence(scores, gold), dependence)
        assert interval is not None
        inside += interval.low <= float(truth) <= interval.high  # type: ignore[arg-type]
    assert 0.92 < inside / 400 < 0.98


def test_the_same_pairs_once_more_make_nothing_more_exact() -> None:
    scores, gold, _ = drawn(np.random.default_rng(0), 300, shared=False)
    first, second = np.arange(300), np.arange(300) + 300
    once = correlation_interval(spearman(scores, gold), spearman_influence(scores, gold), Dependence(first, second))
    scores, gold = np.tile(scores, 2), np.tile(gold, 2)
    doubled = Dependence(np.tile(first, 2), np.tile(second, 2))
    twice = correlation_interval(spearman(scores, gold), spearman_influence(scores, gold), doubled)
    assert once is not None
    assert twice == pytest.approx(once, abs=0.001)


def test_the_interval_of_auroc_is_that_of_the_correlation_moved_to_0_to_1() -> None:
    of_correlation = correlation_interval_from_error(0.6, 0.1, 50)
    of_auroc = auroc_interval_from_error(0.8, 0.05, 50)
    assert of_correlation is not None
    assert of_auroc == pytest.approx([(end + 1) / 2 for end in of_correlation])
    assert of_auroc is not None
    assert 0.5 < of_auroc.low < 0.8 < of_auroc.high < 1


def test_nothing_is_said_where_nothing_can_be_estimated() -> None:
    ten = np.arange(10.0)
    apart = Dependence(np.arange(10), np.arange(10) + 10)
    assert correlation_interval(Undefined("all scores are equal"), ten, apart) is None
    assert correlation_interval(1.0, ten - ten.mean(), apart) is None
    assert correlation_interval(0.5, np.zeros(10), apart) is None
    assert correlation_interval(0.5, ten[:9] - 4, Dependence(np.arange(9), np.arange(9) + 9)) is None


@pytest.mark.parametrize("value", [0.0, 0.5, -0.8])
def test_the_interval_of_a_known_error_by_hand(value: float) -> None:
    """2.262 standard errors with 9 degrees of freedom, on Fisher's scale, where the error is that over 1 - r²."""
    width = 2.2622 * 0.1 / (1 - value**2)
    interval = correlation_interval_from_error(value, 0.1, 10)
    assert interval is not None
    assert np.arctanh(interval) == pytest.approx((np.arctanh(value) - width, np.arctanh(value) + width), abs=1e-4)


def test_an_error_as_small_as_rounding_is_one_and_a_perfect_correlation_has_none() -> None:
    assert correlation_interval_from_error(0.5, ROUNDING, 50) is not None
    assert correlation_interval_from_error(0.5, ROUNDING * 0.99, 50) is None
    assert correlation_interval_from_error(1.0, 0.1, 50) is None
    assert correlation_interval_from_error(-1.0, 0.1, 50) is None


def test_the_interval_of_auroc_from_its_influence_is_that_from_its_error() -> None:
    rng = np.random.default_rng(2)
    gold = np.repeat([1.0, 0.0], [30, 40])
    scores, apart = rng.normal(size=70) + gold, Dependence(np.arange(70), np.arange(70) + 70)
    value, influence = auroc(scores, gold), auroc_influence(scores, gold)
    error = float(np.sqrt(apart.covariance(influence[:, None])[0, 0]))
    assert auroc_interval(float(value), influence, apart) == pytest.approx(  # type: ignore[arg-type]
        auroc_interval_from_error(float(value), error, apart.effective)  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(("area", "positives", "negatives"), [(0.7, 5, 9), (0.5, 12, 3), (0.93, 40, 60)])
def test_the_ends_lie_196_of_their_own_errors_away(area: float, positives: int, negatives: int) -> None:
    """The variance of Hanley and McNeil (1982), with the mean of both numbers in place of each, as Newcombe has it."""
    for end in auroc_interval_of_counts(area, positives, negatives):
        q1, q2 = end / (2 - end), 2 * end**2 / (1 + end)
        n = (positives + negatives) / 2
        variance = end * (1 - end) + (n - 1) * (q1 - end**2) + (n - 1) * (q2 - end**2)
        assert abs(end - area) == pytest.approx(1.959964 * np.sqrt(variance / (positives * negatives)))

"""The exactness of scores: known values, agreement with simulation, and the edges."""

import numpy as np
import pytest

from gis.benchmark.intervals import auroc_interval, chance_interval, chance_looks_good, spearman_interval
from gis.benchmark.metrics import auroc, spearman


def test_the_interval_of_chance_is_that_of_mann_whitney() -> None:
    """At 0.5 the variance is (m + n + 1) / 12mn; the interval solves for the value's own error, so it is narrower."""
    low, high = chance_interval(200, 300)
    wald = 1.96 * np.sqrt(501 / (12 * 200 * 300))
    assert (low, high) == pytest.approx((0.5 - wald, 0.5 + wald), abs=0.001)


def test_a_perfect_score_on_few_pairs_is_not_certain() -> None:
    low, high = auroc_interval(1.0, 7, 2)
    assert 0.3 < low < 0.8
    assert high == 1
    assert auroc_interval(0.0, 7, 2) == pytest.approx((0, 1 - low))
    assert auroc_interval(1.0, 700, 200).low > 0.98


def test_about_95_of_100_draws_fall_into_the_interval() -> None:
    rng = np.random.default_rng(0)
    gold = np.repeat([1.0, 0.0], [40, 60])
    expected = auroc_interval(0.7603, 40, 60)  # of normal scores one standard deviation apart
    drawn = [auroc(rng.normal(size=100) + gold, gold) for _ in range(1000)]
    inside = np.mean([expected.low <= float(value) <= expected.high for value in drawn])  # type: ignore[arg-type]
    assert 0.93 < inside < 0.97


def test_spearman_follows_from_auroc() -> None:
    gold = np.repeat([1.0, 0.0], [30, 50])
    scores = np.random.default_rng(1).normal(size=80) + gold
    area, rho = auroc(scores, gold), spearman(scores, gold)
    assert isinstance(area, float)
    assert isinstance(rho, float)
    low, high = spearman_interval(area, 30, 50)
    of_area = auroc_interval(area, 30, 50)
    assert low < rho < high
    assert (rho - low) / (high - low) == pytest.approx((area - of_area.low) / (of_area.high - of_area.low))


@pytest.mark.parametrize(
    ("positives", "negatives", "good"), [(7, 1, True), (20, 20, True), (46, 10, True), (40, 40, False)]
)
def test_chance_looks_good_on_few_pairs(positives: int, negatives: int, *, good: bool) -> None:
    assert chance_looks_good(positives, negatives) == good

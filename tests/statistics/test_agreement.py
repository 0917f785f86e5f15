"""Agreement between raters, against values worked out by hand, other implementations, and resampling."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from gis.statistics.agreement import krippendorff_alpha, spearman_agreement, weighted_kappa
from gis.statistics.dependence import Dependence
from gis.statistics.metrics import Undefined


def independent(pairs: int) -> Dependence:
    return Dependence(np.arange(pairs), np.arange(pairs) + pairs)


def test_alpha_of_two_raters_by_hand() -> None:
    # squared differences within: 0, 1, 0; between all six ratings 1, 1, 2, 3, 5, 5: their variance, twice
    ratings = np.array([[1.0, 2.0, 5.0], [1.0, 3.0, 5.0]])
    expected = 2 * np.var([1, 1, 2, 3, 5, 5], ddof=1)
    assert krippendorff_alpha(ratings, independent(3)).value == pytest.approx(1 - (1 / 3) / expected)


def test_alpha_is_one_for_equal_raters_and_below_zero_for_opposite_ones() -> None:
    own = np.arange(6.0)
    assert krippendorff_alpha(np.stack([own, own]), independent(6)).value == 1
    opposite = krippendorff_alpha(np.stack([own, own[::-1]]), independent(6)).value
    assert not isinstance(opposite, Undefined)
    assert opposite < 0


def test_alpha_is_undefined_without_spread_or_with_one_rater() -> None:
    assert isinstance(krippendorff_alpha(np.ones((2, 5)), independent(5)).value, Undefined)
    assert isinstance(krippendorff_alpha(np.ones((1, 5)), independent(5)).value, Undefined)


def test_kappa_is_that_of_scikit_learn() -> None:
    drawn = np.random.default_rng(0).integers(0, 6, size=(2, 80))
    drawn[1, :60] = drawn[0, :60]
    ours = weighted_kappa(drawn[0].astype(float), drawn[1].astype(float), independent(80)).value
    assert ours == pytest.approx(cohen_kappa_score(*drawn, weights="quadratic"))


def test_kappa_rounds_to_whole_levels() -> None:
    whole, near = np.array([0.0, 2.0, 5.0, 3.0]), np.array([0.4, 1.6, 4.9, 2.5])
    assert weighted_kappa(whole, near, independent(4)).value == 1
    assert isinstance(weighted_kappa(np.ones(3), np.ones(3), independent(3)).value, Undefined)


@pytest.mark.parametrize("measure", ["alpha", "kappa", "spearman"])
def test_intervals_are_as_wide_as_those_of_resampling(measure: str) -> None:
    generator = np.random.default_rng(1)
    truth = generator.uniform(0, 5, size=300)
    first, second = (np.clip(truth + generator.normal(0, 1, 300), 0, 5) for _ in range(2))

    def value(rows: np.ndarray, *, interval: bool = False) -> object:
        a, b, all_apart = first[rows], second[rows], independent(len(rows))
        estimate = {
            "alpha": lambda: krippendorff_alpha(np.stack([a, b]), all_apart),
            "kappa": lambda: weighted_kappa(a, b, all_apart),
            "spearman": lambda: spearman_agreement(a, b, all_apart),
        }[measure]()
        return estimate.interval if interval else estimate.value

    resampled = [value(generator.integers(0, 300, 300)) for _ in range(400)]
    interval = value(np.arange(300), interval=True)
    assert isinstance(interval, tuple)
    expected = np.quantile(np.array(resampled, dtype=float), [0.025, 0.975])
    assert np.array(interval) == pytest.approx(expected, abs=0.03)

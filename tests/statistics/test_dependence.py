"""Pairs that share texts: covariances worked out by hand, and the sizes of real designs."""

from itertools import combinations

import numpy as np
import pytest

from gis.statistics.dependence import Dependence
from gis.statistics.metrics import Array


def variance(dependence: Dependence, influence: Array) -> float:
    return float(dependence.covariance(influence[:, None])[0, 0])


def of_edges(edges: list[tuple[int, int]]) -> Dependence:
    first, second = np.array(edges).T
    return Dependence(first, second)


def independent(pairs: int, start: int = 1000) -> list[tuple[int, int]]:
    return [(start + 2 * n, start + 2 * n + 1) for n in range(pairs)]


def test_independent_pairs_have_the_error_of_a_mean() -> None:
    influence = np.random.default_rng(0).normal(size=50)
    influence -= influence.mean()
    assert variance(of_edges(independent(50)), influence) == pytest.approx(influence.var(ddof=1) / 50)


def test_a_component_counts_as_one() -> None:
    """Two pairs share a text: their influences are added before they are squared."""
    edges = [(0, 1), (1, 2), *independent(18)]
    influence = np.array([1.0, 2.0, *([0.5] * 18)])
    dependence = of_edges(edges)
    assert (dependence.components, dependence.largest, dependence.units) == (19, 2, 19)
    assert dependence.effective == pytest.approx(20**2 / (2**2 + 18))
    assert variance(dependence, influence) == pytest.approx((3**2 + 18 * 0.25) * 19 / 18 / 20**2)


def test_in_a_large_component_only_a_common_text_counts() -> None:
    """A path of three pairs: the first and the last share nothing."""
    edges = [(0, 1), (1, 2), (2, 3), *independent(9)]
    influence = np.array([1.0, 2.0, 3.0, *([0.0] * 9)])
    dependence = of_edges(edges)
    assert (dependence.components, dependence.largest, dependence.units) == (10, 3, 9 + 4)
    products = 1 + 4 + 9 + 2 * (1 * 2 + 2 * 3)
    assert variance(dependence, influence) == pytest.approx(products * 13 / 12 / 12**2)


def test_a_pair_that_comes_twice_counts_as_the_same_pair() -> None:
    edges = [(0, 1), (1, 0), (1, 2), *independent(9)]
    influence = np.array([1.0, 2.0, 3.0, *([0.0] * 9)])
    products = (1 + 2) ** 2 + 9 + 2 * (1 + 2) * 3
    assert variance(of_edges(edges), influence) == pytest.approx(products * 12 / 11 / 12**2)


def test_a_text_paired_with_itself_counts_once() -> None:
    edges = [(0, 0), (0, 1), (1, 2), *independent(9)]
    influence = np.array([1.0, 2.0, 3.0, *([0.0] * 9)])
    products = 1 + 4 + 9 + 2 * (1 * 2 + 2 * 3)
    assert variance(of_edges(edges), influence) == pytest.approx(products * 12 / 11 / 12**2)


def test_all_pairs_of_a_few_texts_say_no_more_than_the_texts() -> None:
    """Scores that are sums of one effect a text: the error is that of a mean over the texts, not over the pairs."""
    rng = np.random.default_rng(1)
    edges = list(combinations(range(50), 2))
    effects = rng.normal(size=50)
    influence = np.array([effects[a] + effects[b] for a, b in edges])
    influence -= influence.mean()
    dependence = of_edges(edges)
    assert (dependence.components, dependence.units) == (1, 50)
    assert variance(dependence, influence) == pytest.approx(4 * effects.var() / 50, rel=0.1)
    assert variance(dependence, influence) > 10 * influence.var() / len(edges)


def test_chance_never_makes_pairs_more_exact_than_independent_ones() -> None:
    """Influences that cancel at every text would come to a variance below 0."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 0), *independent(9)]
    influence = np.array([1.0, -1.0, 1.0, -1.0, *([0.0] * 9)])
    assert variance(of_edges(edges), influence) == pytest.approx(4 * 13 / 12 / 13**2)


def test_the_same_influence_twice_makes_no_difference() -> None:
    edges = list(combinations(range(12), 2))
    influence = np.random.default_rng(4).normal(size=len(edges))
    covariance = of_edges(edges).covariance(np.stack([influence, influence], axis=1))
    assert covariance == pytest.approx(np.full((2, 2), variance(of_edges(edges), influence)))


def test_covariances_are_those_of_sums_and_differences() -> None:
    influence = np.random.default_rng(2).normal(size=(200, 3))
    dependence = of_edges([(row + row // 3, row + row // 3 + 1) for row in range(200)])
    covariance = dependence.covariance(influence)
    difference = influence[:, 0] - influence[:, 1]
    expected = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    assert variance(dependence, difference) == pytest.approx(expected)


def test_many_scores_at_once_are_never_more_exact_than_one() -> None:
    """In a large component every difference has at least the error of independent pairs, so all rise a little."""
    rng = np.random.default_rng(2)
    influence = rng.normal(size=(200, 3))
    dependence = of_edges([(int(a), int(b)) for a, b in rng.integers(0, 60, (200, 2))])
    covariance = dependence.covariance(influence)
    alone = [variance(dependence, influence[:, n]) for n in range(3)]
    assert (np.diag(covariance) >= np.array(alone) * (1 - 1e-9)).all()
    assert np.diag(covariance) == pytest.approx(alone, rel=0.2)
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_neither_the_order_of_pairs_nor_the_names_of_texts_matter() -> None:
    rng = np.random.default_rng(3)
    edges = rng.integers(0, 40, (80, 2))
    influence = rng.normal(size=80)
    order, names = rng.permutation(80), rng.permutation(40)
    other = Dependence(names[edges[order, 1]], names[edges[order, 0]])
    assert variance(other, influence[order]) == pytest.approx(variance(of_edges([tuple(e) for e in edges]), influence))


@pytest.mark.parametrize(
    ("edges", "enough"),
    [
        (independent(10), True),
        (independent(9), False),
        ([(0, 1)] * 50, False),
        ([(0, n) for n in range(1, 30)], True),
        ([(0, 0)] * 42 + independent(9), False),  # 10 units as uncertain as exactly 2
        ([(0, 1)] * 50 + independent(9), True),  # as 2.8
    ],
)
def test_a_handful_of_units_is_not_enough(edges: list[tuple[int, int]], *, enough: bool) -> None:
    assert of_edges(edges).enough == enough


def test_a_component_of_a_fifth_of_the_pairs_is_one_unit_and_a_larger_one_is_not() -> None:
    path = [(0, 1), (1, 2), (2, 3)]
    assert of_edges([*path, *independent(12)]).units == 13
    assert of_edges([*path, *independent(11)]).units == 11 + 4


def test_the_variance_of_few_units_is_corrected_for_their_number() -> None:
    """Two texts, each paired with itself: two independent units, so twice the mean square over 2²."""
    assert variance(of_edges([(0, 0), (1, 1)]), np.array([1.0, -1.0])) == pytest.approx(2 * 2 / 2**2)
    assert variance(of_edges([(0, 0)]), np.array([3.0])) == pytest.approx(9)


@pytest.mark.parametrize("scale", [1e-8, 1e8])
def test_influences_of_any_size_have_a_variance_of_its_square(scale: float) -> None:
    edges = [(0, 1), (1, 2), (2, 3), *independent(9)]
    influence = np.random.default_rng(5).normal(size=12)
    expected = variance(of_edges(edges), influence) * scale**2
    assert variance(of_edges(edges), influence * scale) == pytest.approx(expected, rel=1e-9, abs=0)
    assert variance(of_edges(edges), influence * 0) == 0

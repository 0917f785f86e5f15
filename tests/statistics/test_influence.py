"""The influence of a pair is what the score loses without it: against leaving each pair out, and by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from gis.statistics.influence import auroc_influence, spearman_influence
from gis.statistics.metrics import Array, Metric, auroc, spearman


def sample(n: int, *, binary: bool = False, decimals: int = 1) -> tuple[Array, Array]:
    """Scores and gold labels with ties on both sides."""
    rng = np.random.default_rng(n)
    latent = rng.normal(size=n)
    gold = (latent > 0.5).astype(np.float64) if binary else np.clip(np.round(2 * latent) / 2, -2, 2)
    return np.round(latent + 0.7 * rng.normal(size=n), decimals), gold


def left_out(metric: Callable[[Array, Array], Metric], scores: Array, gold: Array) -> Array:
    """What the metric gains through each pair, times the pairs that remain."""
    whole = metric(scores, gold)
    without = [metric(np.delete(scores, row), np.delete(gold, row)) for row in range(len(gold))]
    return np.array([(len(gold) - 1) * (float(whole) - float(value)) for value in without])  # type: ignore[arg-type]


@pytest.mark.parametrize("binary", [False, True])
@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_spearmans_is_what_leaving_a_pair_out_costs(*, binary: bool, decimals: int) -> None:
    scores, gold = sample(400, binary=binary, decimals=decimals)
    influence = spearman_influence(scores, gold)
    assert influence.mean() == pytest.approx(0, abs=1e-12)
    assert influence == pytest.approx(left_out(spearman, scores, gold), abs=0.05)


def test_aurocs_is_what_leaving_a_pair_out_costs() -> None:
    scores, gold = sample(400, binary=True)
    influence = auroc_influence(scores, gold)
    assert influence.mean() == pytest.approx(0, abs=1e-12)
    assert influence == pytest.approx(left_out(auroc, scores, gold), abs=0.05)


def test_aurocs_by_hand() -> None:
    """Positives 3 and 1 against negatives 2 and 0: AUROC 3/4; each placement less that, over its label's share."""
    influence = auroc_influence(np.array([3.0, 1.0, 2.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0]))
    assert influence == pytest.approx([0.5, -0.5, -0.5, 0.5])


def test_its_spread_is_the_known_error_of_spearman_without_correlation() -> None:
    """Independent scores have the variance 1 / (n - 1), so influences have mean square 1."""
    rng = np.random.default_rng(0)
    influence = spearman_influence(rng.normal(size=20_000), rng.normal(size=20_000))
    assert float((influence**2).mean()) == pytest.approx(1, abs=0.03)


def test_only_the_order_counts() -> None:
    scores, gold = sample(300, binary=True)
    for of_metric in (spearman_influence, auroc_influence):
        assert of_metric(np.exp(scores), gold) == pytest.approx(of_metric(scores, gold))
    assert spearman_influence(-scores, gold) == pytest.approx(-spearman_influence(scores, gold))


def weighted_spearman(scores: Array, gold: Array, weights: Array) -> float:
    """Spearman's correlation of pairs that weigh differently: Pearson's of the mid-distributions."""
    u, v = (
        np.array([weights[values < one].sum() + weights[values == one].sum() / 2 for one in values]) - 0.5
        for values in (scores, gold)
    )
    return float((weights * u * v).sum() / np.sqrt((weights * u * u).sum() * (weights * v * v).sum()))


def weighted_auroc(scores: Array, gold: Array, weights: Array) -> float:
    """The chance that a positive pair, drawn by weight, is above a negative one, ties counting half."""
    above = (scores[:, None] > scores[None, :]) + (scores[:, None] == scores[None, :]) / 2
    positive, negative = weights * (gold == 1), weights * (gold == 0)
    return float(positive @ above @ negative / (positive.sum() * negative.sum()))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("weighted", "influence"), [(weighted_spearman, spearman_influence), (weighted_auroc, auroc_influence)]
)
def test_it_is_the_derivative_of_the_score_in_the_direction_of_a_pair(
    weighted: Callable[[Array, Array, Array], float], influence: Callable[[Array, Array], Array], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores, gold = rng.integers(0, 6, 14).astype(np.float64), np.repeat([1.0, 0.0, 1.0, 0.0], [3, 5, 1, 5])
    equal, step = np.full(14, 1 / 14), 1e-5

    def moved(pair: int, by: float) -> float:
        return weighted(scores, gold, (1 - by) * equal + by * (np.arange(14) == pair))

    derivatives = [(moved(pair, step) - moved(pair, -step)) / (2 * step) for pair in range(14)]
    assert influence(scores, gold) == pytest.approx(derivatives, abs=1e-6)

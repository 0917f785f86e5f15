"""How much each pair moves a score: the influence function, from which every standard error here comes.

A score T of n pairs behaves like a mean: T - truth ≈ (ψ₁ + … + ψₙ) / n, where ψᵢ is the influence of pair i. So the
variance of any score, difference of scores or mean over tasks is that of a sum, whatever depends on whatever.
"""

import numpy as np
from numpy.typing import NDArray

from gis.statistics.order import mean_ranks

Array = NDArray[np.float64]


def spearman_influence(scores: Array, gold: Array) -> Array:
    """Return the influence of each pair on Spearman's correlation.

    With u and v the mid-distribution of scores and gold less 1/2, it is E[uv] / √(E[u²] E[v²]); each of the three is
    differentiated in the direction of one pair, ties included. Croux and Dehon, "Influence functions of the Spearman
    and Kendall correlation measures", Statistical Methods & Applications 19 (2010), 497-515, have the untied case.

    Args:
        scores: (n,) similarities, not all equal.
        gold: (n,) labels, not all equal.

    Returns:
        (n,) influences with mean 0.
    """
    u, v = _mid_distribution(scores), _mid_distribution(gold)
    covariance = float(u @ v) / len(u)
    of_covariance = u * v + _mean_above(scores, v) + _mean_above(gold, u)
    spread_u, of_spread_u = _spread(scores)
    spread_v, of_spread_v = _spread(gold)
    scale = np.sqrt(spread_u * spread_v)
    rho = covariance / scale
    influence = of_covariance / scale - rho / 2 * (of_spread_u / spread_u + of_spread_v / spread_v)
    return np.asarray(influence - influence.mean(), dtype=np.float64)


def auroc_influence(scores: Array, gold: Array) -> Array:
    """Return the influence of each pair on the AUROC: its placement among the pairs of the other label.

    DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves", Biometrics 44 (1988), 837-845.

    Args:
        scores: (n,) similarities.
        gold: (n,) labels, 1 for positive pairs and 0 for negative ones, both present.

    Returns:
        (n,) influences with mean 0.
    """
    positive = gold == 1
    share = positive.mean()
    placement = np.empty(len(scores))
    placement[positive] = _share_below(scores[~positive], scores[positive])
    placement[~positive] = 1 - _share_below(scores[positive], scores[~positive])
    area = float(placement[positive].mean())
    return np.asarray((placement - area) / np.where(positive, share, 1 - share), dtype=np.float64)


def _mid_distribution(values: Array) -> Array:
    """Return the share of values below each, equal ones counting half, less 1/2."""
    return np.asarray((mean_ranks(values) - 0.5) / len(values) - 0.5, dtype=np.float64)


def _mean_above(values: Array, weights: Array) -> Array:
    """Return, for each value, the mean over all pairs of the weights above it, those of equal values halved."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    below = sums[np.searchsorted(ordered, values, "left")]
    up_to = sums[np.searchsorted(ordered, values, "right")]
    return np.asarray((sums[-1] - (below + up_to) / 2) / len(values), dtype=np.float64)


def _spread(values: Array) -> tuple[float, Array]:
    """Return the variance of the mid-distribution, (1 - Σp³) / 12 for shares p of equal values, and its influences."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    shares = counts / len(values)
    cubes = float((shares**3).sum())
    return (1 - cubes) / 12, (cubes - shares[group] ** 2) / 4


def _share_below(reference: Array, values: Array) -> Array:
    """Return the share of ``reference`` below each of ``values``, equal ones counting half."""
    ordered = np.sort(reference)
    below = np.searchsorted(ordered, values, "left") + np.searchsorted(ordered, values, "right")
    return np.asarray(below / (2 * len(ordered)), dtype=np.float64)

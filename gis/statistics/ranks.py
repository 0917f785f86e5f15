"""Ranks of models with their uncertainty: simultaneous inference on all differences of two models.

Mogstad, Romano, Shaikh and Wilhelm, "Inference for ranks with applications to mobility across neighbourhoods and
academic achievement across countries", Review of Economic Studies 91 (2024), 476-518. The differences that are certain
at one level for all pairs of models at once give each model its best rank, 1 + the models certainly better, and its
worst, all - the models certainly worse; these hold for all models at once.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from gis.statistics.differences import holm
from gis.statistics.rounding import RELATIVE_ROUNDING, ROUNDING

LEVEL = 0.05  # chance of any false statement in a ranking
DRAWS = 4_000  # of the joint distribution of the estimates

Array = NDArray[np.float64]


class RankInterval(NamedTuple):
    """The best and the worst rank that a model can have, 1 being the first."""

    best: int
    worst: int

    def __str__(self) -> str:
        """Return "3" or "3-7"."""
        return f"{self.best}" if self.best == self.worst else f"{self.best}-{self.worst}"


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """What can be said of the order of m models.

    Attributes:
        ranks: Rank interval of each model, all correct at once with 95 % confidence.
        holm_ranks: The same with Holm's correction in place of the max-t: wider, for comparison.
        percentile_ranks: The middle 95 % of each model's ranks in redrawn estimates. Common, but without a guarantee:
            near ties they are too narrow.
        better: (m, m) whether the model of the row is certainly better than that of the column.
        p: (m, m) two-sided p value of each difference, adjusted for all of them by the step-down max-t.
        errors: (m, m) standard error of each difference.
        groups: Tie group of each model, 1 for the first: a group ends where a model is certainly worse than the group's
            first.
        at_most: (m, m) chance that the model of the row has rank 1 to k, for k of the column + 1.
        critical: Standard errors that a difference needs to be certain.
    """

    ranks: tuple[RankInterval, ...]
    holm_ranks: tuple[RankInterval, ...]
    percentile_ranks: tuple[RankInterval, ...]
    better: NDArray[np.bool_]
    p: Array
    errors: Array
    groups: tuple[int, ...]
    at_most: Array
    critical: float


def rank_models(scores: Array, covariance: Array, effective: float, *, seed: int = 0) -> Ranking:
    """Rank m models by their scores.

    Args:
        scores: (m,) scores, higher is better.
        covariance: (m, m) of their errors, which are taken as Student's t.
        effective: The number of independent units of equal size that it was estimated from.
        seed: Of the draws; equal input gives equal output.
    """
    m = len(scores)
    draws = _draws(covariance, effective - 1, seed)
    differences = scores[:, None] - scores[None, :]
    errors = _errors_of_differences(covariance)
    statistics = _studentised(differences, errors)
    largest = _largest_statistics(draws, errors, np.ones((m, m), dtype=bool))
    critical = _quantile(largest)
    better, p = _step_down(statistics, errors, draws, largest)
    drawn_ranks = _ranks(scores[None, :] + draws)
    return Ranking(
        ranks=_intervals(better),
        holm_ranks=_intervals(_holm(statistics, effective - 1)),
        percentile_ranks=_percentiles(drawn_ranks),
        better=better,
        p=p,
        errors=errors,
        groups=_groups(scores, better),
        at_most=np.stack([(drawn_ranks <= k).mean(axis=0) for k in range(1, m + 1)], axis=1),
        critical=critical,
    )


def _draws(covariance: Array, freedom: float, seed: int) -> Array:
    """Return (draws, m) errors of the estimates."""
    values, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((DRAWS, len(covariance)))
    return np.asarray(normal @ root.T / np.sqrt(rng.chisquare(freedom, (DRAWS, 1)) / freedom), dtype=np.float64)


def _errors_of_differences(covariance: Array) -> Array:
    """Return the (m, m) standard errors of the differences; rounding errors of equal models count as none."""
    variances = np.diag(covariance)
    squared = variances[:, None] + variances[None, :] - 2 * covariance
    squared[squared < RELATIVE_ROUNDING * (variances[:, None] + variances[None, :])] = 0.0
    return np.asarray(np.sqrt(squared), dtype=np.float64)


def _studentised(differences: Array, errors: Array) -> Array:
    """Return differences in standard errors: none where there is no error, for then both models are the same."""
    return np.divide(differences, errors, out=np.zeros_like(differences), where=errors > 0)


def _largest_statistics(draws: Array, errors: Array, wanted: NDArray[np.bool_]) -> Array:
    """Return the largest difference in standard errors of each draw, over the ordered pairs that are ``wanted``."""
    by_model = np.ascontiguousarray(draws.T)
    counted = wanted & (errors > 0)
    largest = np.zeros(len(draws))
    for model in np.flatnonzero(counted.any(axis=1)):
        others = np.flatnonzero(counted[model])
        statistics = by_model[model] - by_model[others]
        statistics /= errors[model, others][:, None]
        np.maximum(largest, statistics.max(axis=0), out=largest)
    return largest


def _quantile(largest: Array) -> float:
    return float(np.quantile(largest, 1 - LEVEL, method="higher"))


def _step_down(statistics: Array, errors: Array, draws: Array, largest: Array) -> tuple[NDArray[np.bool_], Array]:
    """Return which model is certainly better than which, and p; what is certain no longer counts as what may be wrong.

    Romano and Wolf, "Exact and approximate stepdown methods for multiple hypothesis testing", Journal of the American
    Statistical Association 100 (2005), 94-108.
    """
    better = np.zeros(statistics.shape, dtype=bool)
    p = np.ones(statistics.shape)
    while True:
        rest = ~(better | better.T)
        p[rest] = _p_values(np.abs(statistics[rest]), largest)
        certain = statistics > _quantile(largest)
        if not (certain & ~better).any():
            return better, p
        better |= certain
        largest = _largest_statistics(draws, errors, ~better)


def _p_values(statistics: Array, largest: Array) -> Array:
    """Return the share of draws whose largest statistic is as large as each."""
    as_large = len(largest) - np.searchsorted(np.sort(largest), statistics - ROUNDING)
    return np.asarray((1 + as_large) / (1 + len(largest)), dtype=np.float64)


def _holm(statistics: Array, freedom: float) -> NDArray[np.bool_]:
    """Return which model is better than which by Holm's correction of the two-sided p values."""
    upper = np.triu_indices(len(statistics), 1)
    p = np.asarray(2 * stdtr(freedom, -np.abs(statistics[upper])), dtype=np.float64)
    certain = np.zeros(statistics.shape, dtype=bool)
    certain[upper] = holm(p) < LEVEL
    certain |= certain.T
    return certain & (statistics > 0)


def _intervals(better: NDArray[np.bool_]) -> tuple[RankInterval, ...]:
    m = len(better)
    above, below = better.sum(axis=0), better.sum(axis=1)
    return tuple(RankInterval(1 + int(a), m - int(b)) for a, b in zip(above, below, strict=True))


def _ranks(estimates: Array) -> NDArray[np.intp]:
    """Return the rank of each model in each row of (draws, m) estimates, 1 being the highest."""
    order = np.argsort(-estimates, axis=1, kind="stable")
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(1, estimates.shape[1] + 1)[None, :], axis=1)
    return ranks


def _percentiles(ranks: NDArray[np.intp]) -> tuple[RankInterval, ...]:
    low, high = np.quantile(ranks, [LEVEL / 2, 1 - LEVEL / 2], axis=0, method="inverted_cdf")
    return tuple(RankInterval(int(a), int(b)) for a, b in zip(low, high, strict=True))


def _groups(scores: Array, better: NDArray[np.bool_]) -> tuple[int, ...]:
    groups = [0] * len(scores)
    group, first = 0, -1
    for model in np.argsort(-scores, kind="stable"):
        if first < 0 or better[first, model]:
            group, first = group + 1, int(model)
        groups[model] = group
    return tuple(groups)

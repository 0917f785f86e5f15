"""Agreement between a model's scores and gold labels, each definition once.

Undefined is a value with a reason, never NaN and never a silent 0.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.statistics.order import kendall_tau_b, mean_ranks

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Undefined:
    """A metric that has no value here, and why."""

    undefined: str


Metric = float | Undefined

NO_CONTRAST = "all labels are equal"


def pearson(scores: Array, gold: Array) -> Metric:
    """Pearson's correlation of two (n,) arrays."""
    return _unless_constant(scores, gold, _correlation)


def spearman(scores: Array, gold: Array) -> Metric:
    """Spearman's correlation: Pearson's of the ranks, ties sharing the mean of theirs."""
    return _unless_constant(scores, gold, lambda a, b: _correlation(mean_ranks(a), mean_ranks(b)))


def kendall(scores: Array, gold: Array) -> Metric:
    """Kendall's tau-b, which allows for ties on both sides."""
    return _unless_constant(scores, gold, kendall_tau_b)


def auroc(scores: Array, gold: Array) -> Metric:
    """Chance that a positive scores above a negative, ties counting half (Mann-Whitney)."""
    positive = gold == 1
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return Undefined(NO_CONTRAST)
    rank_sum = float(mean_ranks(scores)[positive].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def average_precision(scores: Array, gold: Array) -> Metric:
    """Area under the precision-recall steps; equal scores share one threshold, so order never matters."""
    if gold.min() == gold.max():
        return Undefined(NO_CONTRAST)
    _, hits, taken = _thresholds(scores, gold)
    recall = hits / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * hits / taken))


def best_accuracy(scores: Array, gold: Array) -> tuple[float, float | None]:
    """Return the highest accuracy any threshold reaches on these pairs, and that threshold.

    A pair counts as positive when its score is at or above the threshold; None means that calling every pair
    negative is best. Chosen on the scored pairs themselves, as mteb and SentEval do: an upper bound.
    """
    values, hits, taken = _thresholds(scores, gold)
    negatives = len(gold) - hits[-1]
    correct = hits + negatives - (taken - hits)
    best = int(np.argmax(correct))
    if negatives > correct[best]:
        return float(negatives / len(gold)), None
    return float(correct[best] / len(gold)), float(values[best])


def spearman_ceiling(gold: Array) -> Metric:
    """Return the highest Spearman that scores without ties can reach against binary labels.

    The labels' ranks are two values, so even a perfect separation stays at sqrt(3pq) for positive rate p and
    q = 1 - p (times n / sqrt(n^2 - 1) for n pairs).
    """
    n, p = len(gold), float(np.mean(gold))
    if p in (0.0, 1.0):
        return Undefined(NO_CONTRAST)
    return float(np.sqrt(3 * p * (1 - p)) * n / np.sqrt(n * n - 1))


def _unless_constant(scores: Array, gold: Array, metric: Callable[[Array, Array], float]) -> Metric:
    if len(scores) < 2:
        return Undefined("fewer than two pairs")
    if gold.min() == gold.max():
        return Undefined(NO_CONTRAST)
    if scores.min() == scores.max():
        return Undefined("all scores are equal")
    return metric(scores, gold)


def _correlation(a: Array, b: Array) -> float:
    a, b = a / np.abs(a).max(), b / np.abs(b).max()  # so that squares neither overflow nor vanish
    a, b = a - a.mean(), b - b.mean()
    if not a.any() or not b.any():
        return 0.0  # they differ by less than floating point can tell from their mean
    value = float(a @ b / np.sqrt((a @ a) * (b @ b)))
    return min(1.0, max(-1.0, value))


def _thresholds(scores: Array, gold: Array) -> tuple[Array, Array, Array]:
    """Distinct scores, falling, with the positives and the pairs at or above each."""
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    last_of_ties = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    hits = np.cumsum(gold[order] == 1)[last_of_ties]
    return ordered[last_of_ties], hits.astype(np.float64), (last_of_ties + 1).astype(np.float64)

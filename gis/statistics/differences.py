"""The difference of two scores from its error or from paired measurements, and the correction of many p values."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit


@dataclass(frozen=True)
class Difference:
    """A mean difference of paired measurements.

    Attributes:
        mean: First minus second.
        low: Lower end of the 95 % confidence interval.
        high: Upper end.
        p: Two-sided, of no difference; 1 where all differences are 0.
    """

    mean: float
    low: float
    high: float
    p: float


def paired_difference(first: Sequence[float], second: Sequence[float]) -> Difference | None:
    """Compare two models trained with the same seeds, by Student's t over the differences seed by seed.

    Args:
        first: A score for each seed.
        second: The other model's score for each of the same seeds.

    Returns:
        The difference, or None for fewer than two seeds.
    """
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    if len(differences) < 2:
        return None
    mean, spread = float(differences.mean()), float(differences.std(ddof=1) / np.sqrt(len(differences)))
    return difference_from_error(mean, spread, len(differences) - 1)


def difference_from_error(mean: float, error: float, freedom: float) -> Difference:
    """Return a difference with the interval and the p value of Student's t.

    Args:
        mean: The difference.
        error: Its standard error; 0 where it has none.
        freedom: Degrees of freedom of the error.
    """
    if error == 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    low, high = (float(stdtrit(freedom, end)) * error + mean for end in ((1 - 0.95) / 2, (1 + 0.95) / 2))
    return Difference(mean, low, high, float(2 * stdtr(freedom, -abs(mean) / error)))


def freedom_of_sum(variances: Sequence[float], freedom: Sequence[float]) -> float:
    """Return the degrees of freedom of a sum of independent estimates (Welch 1947, Satterthwaite 1946).

    Args:
        variances: Of each estimate, not all 0.
        freedom: Degrees of freedom of each variance.
    """
    shares = np.asarray(variances, dtype=np.float64)
    return float(shares.sum() ** 2 / (shares**2 / np.asarray(freedom)).sum())


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correct (k,) p values for their number (Holm 1979): the chance of any false discovery stays below the level."""
    order = np.argsort(p_values, kind="stable")
    corrected = np.minimum(p_values[order] * np.arange(len(order), 0, -1), 1.0)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(corrected)
    return adjusted

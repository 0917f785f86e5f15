"""How exact a score is: its 95 % interval, from the influence of its pairs or, for few pairs, from their number."""

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from gis.statistics.dependence import Dependence
from gis.statistics.metrics import Array, Metric, Undefined, spearman_ceiling
from gis.statistics.rounding import ROUNDING

Z_95 = 1.959964  # standard deviations on either side of the mean that hold 95 % of a normal distribution
CHANCE = 0.5  # AUROC of a model that knows nothing
LOOKS_GOOD = 0.65  # an AUROC that a reader takes for some skill
STEPS = 60  # of the bisection: the error is 2 ** -60


class Interval(NamedTuple):
    """The lower and upper end of a 95 % confidence interval."""

    low: float
    high: float


def correlation_interval(value: Metric, influence: Array, dependence: Dependence) -> Interval | None:
    """Return the interval of a correlation: symmetric on Fisher's scale, where its error is nearly normal.

    Args:
        value: The correlation, -1 to 1.
        influence: (n,) influence of each pair on it.
        dependence: Which of the n pairs depend on each other; the interval is Student's with its effective units.

    Returns:
        The interval; None where there is no value, where no error shows, or where there are too few independent units
        to estimate one.
    """
    if isinstance(value, Undefined) or not dependence.enough:
        return None
    error = math.sqrt(float(dependence.covariance(influence[:, None])[0, 0]))
    return correlation_interval_from_error(value, error, dependence.effective)


def correlation_interval_from_error(value: float, error: float, effective: float) -> Interval | None:
    """Return the interval of a correlation with a known standard error.

    Args:
        value: The correlation.
        error: Its standard error.
        effective: The number of independent units of equal size that the error was estimated from.

    Returns:
        The interval; None where no error shows.
    """
    if error < ROUNDING or abs(value) >= 1:
        return None
    width = float(stdtrit(effective - 1, 0.975)) * error / (1 - value * value)
    centre = math.atanh(value)
    return Interval(math.tanh(centre - width), math.tanh(centre + width))


def auroc_interval(auroc: float, influence: Array, dependence: Dependence) -> Interval | None:
    """Return the interval of an AUROC: that of the correlation 2 AUROC - 1. Arguments and None as there."""
    return _of_auroc(correlation_interval(2 * auroc - 1, 2 * influence, dependence))


def auroc_interval_from_error(auroc: float, error: float, effective: float) -> Interval | None:
    """Return the interval of an AUROC with a known standard error; as that of a correlation."""
    return _of_auroc(correlation_interval_from_error(2 * auroc - 1, 2 * error, effective))


def _of_auroc(interval: Interval | None) -> Interval | None:
    return None if interval is None else Interval((interval.low + 1) / 2, (interval.high + 1) / 2)


def auroc_interval_of_counts(auroc: float, positives: int, negatives: int) -> Interval:
    """Return the interval of an AUROC.

    It is method 5 of Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic.
    Part 2", Statistics in Medicine 25 (2006), 559-573: the values that lie no further than 1.96 of their own standard
    errors (those of Hanley and McNeil, 1982) from the one measured. So a perfect score on few pairs has an interval
    too. Pairs are taken as independent; where they share issues, the true interval is wider.

    Args:
        auroc: The AUROC, 0 to 1.
        positives: Number of pairs labelled 1, at least one.
        negatives: Number of pairs labelled 0, at least one.
    """
    return Interval(
        _end(auroc, 0.0, positives, negatives) if auroc > 0 else 0.0,
        _end(auroc, 1.0, positives, negatives) if auroc < 1 else 1.0,
    )


def spearman_interval_of_counts(auroc: float, positives: int, negatives: int) -> Interval:
    """Return the interval of Spearman's correlation with binary labels, of a model with this AUROC.

    Without ties among the scores, it is the ceiling times (2 AUROC - 1): both are linear in the sum of ranks.

    Args:
        auroc: The AUROC, 0 to 1.
        positives: Number of pairs labelled 1, at least one.
        negatives: Number of pairs labelled 0, at least one.
    """
    ceiling = spearman_ceiling(np.repeat([1.0, 0.0], [positives, negatives]))
    assert not isinstance(ceiling, Undefined)
    low, high = auroc_interval_of_counts(auroc, positives, negatives)
    return Interval(ceiling * (2 * low - 1), ceiling * (2 * high - 1))


def chance_interval(positives: int, negatives: int) -> Interval:
    """Return the AUROC, in 95 of 100 draws, of a model that knows nothing."""
    return auroc_interval_of_counts(CHANCE, positives, negatives)


def chance_looks_good(positives: int, negatives: int) -> bool:
    """Return whether a model that knows nothing can score as if it knew something: there are too few pairs."""
    return chance_interval(positives, negatives).high > LOOKS_GOOD


def _end(auroc: float, furthest: float, positives: int, negatives: int) -> float:
    """Return the value furthest from ``auroc`` in one direction that is still within 1.96 of its standard errors."""
    inside, outside = auroc, furthest
    for _ in range(STEPS):
        middle = (inside + outside) / 2
        if abs(middle - auroc) <= Z_95 * _standard_error(middle, positives, negatives):
            inside = middle
        else:
            outside = middle
    return inside


def _standard_error(auroc: float, positives: int, negatives: int) -> float:
    pairs = (positives + negatives) / 2 - 1
    spread = 1 + pairs * (1 - auroc) / (2 - auroc) + pairs * auroc / (1 + auroc)
    return math.sqrt(max(auroc * (1 - auroc) * spread, 0.0) / (positives * negatives))

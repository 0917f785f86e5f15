"""Several annotators as one: the mean of their grades, each calibrated first where there are gold labels."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.annotation.prompt import TOP_LEVEL
from gis.errors import GisError

ENSEMBLE = "all together"  # its name in reports, among those of the annotators
FEWEST_GOLD = 20  # labels, below which a calibration would learn noise
FOLDS = 5
Array = NDArray[np.float64]


class Combined(NamedTuple):
    """The grades of the ensemble.

    Attributes:
        values: (n,) the grades, 0 to 5.
        unseen: (n,) where a pair has a gold label, its grade by a calibration that has not seen this label; else NaN.
            Agreement with gold is measured on these.
        calibrated: Whether there was a calibration.
    """

    values: Array
    unseen: Array
    calibrated: bool


def combine(values: Array, gold: Array | None) -> Combined:
    """Combine the grades of m annotators.

    Args:
        values: (m, n) grades, none missing.
        gold: (n,) gold labels, NaN where there is none; None without any.

    Raises:
        GisError: There are gold labels, but too few to calibrate with.
    """
    if gold is None:
        mean = values.mean(axis=0)
        return Combined(mean, np.full(len(mean), np.nan), calibrated=False)
    labelled = check_gold(gold)
    unseen = np.full(len(gold), np.nan)
    for fold in range(FOLDS):
        held_out = labelled[fold::FOLDS]
        others = np.setdiff1d(labelled, held_out)
        unseen[held_out] = _calibrated(values[:, others], gold[others], values[:, held_out])
    return Combined(_calibrated(values[:, labelled], gold[labelled], values), unseen, calibrated=True)


def check_gold(gold: Array) -> NDArray[np.intp]:
    """Return which of (n,) gold labels there are, NaN where there is none.

    Raises:
        GisError: They are too few to calibrate with.
    """
    labelled = np.flatnonzero(~np.isnan(gold))
    if len(labelled) < FEWEST_GOLD:
        raise GisError(f"{len(labelled)} gold labels are too few to calibrate with: {FEWEST_GOLD} are needed")
    return labelled


def weight_of(order_gap: float, spread: float) -> float:
    """Return how much a pair counts in training, 0 to 1: 1 where all agree, half at a deviation of one level.

    It is the inverse of a variance, with one level for the error that no disagreement shows: 1 / (1 + (gap / 2)² +
    spread²), where half the gap is the standard deviation between the two orders of the texts, and the spread the one
    between the annotators.
    """
    return 1 / (1 + (order_gap / 2) ** 2 + spread**2)


def _calibrated(known: Array, gold: Array, values: Array) -> Array:
    """Return the mean of (m, k) ``values`` after an isotonic regression of ``gold`` on each annotator's grades."""
    from sklearn.isotonic import IsotonicRegression

    columns: Sequence[Array] = [
        IsotonicRegression(y_min=0, y_max=TOP_LEVEL, out_of_bounds="clip").fit(own, gold).predict(new)
        for own, new in zip(known, values, strict=True)
    ]
    return np.asarray(np.mean(columns, axis=0), dtype=np.float64)

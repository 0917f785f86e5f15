"""The loss for a training set, with the labels as it takes them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gis.errors import UsageError
from gis.models.losses import AngleLoss, LossSettings, Preset
from gis.training.data.training_set import FORMAT_NAMES, Format, TrainingSet
from gis.training.loop.distributed import gather_batch

MAX_CLASSES = 10  # more distinct labels than this are grades, not classes
TERMS: dict[Format, tuple[str, ...]] = {  # the objectives that can use each format
    "pairs": ("cosine", "in_batch", "angle", "regression", "softmax"),
    "positives": ("in_batch",),
    "triplets": ("in_batch", "hard_negative", "cosine", "angle"),
}
FORMAT_COLUMNS: dict[Format, str] = {
    "pairs": f"{FORMAT_NAMES['pairs']} (text1, text2, label)",
    "positives": f"{FORMAT_NAMES['positives']} (anchor, positive)",
    "triplets": f"{FORMAT_NAMES['triplets']} (anchor, positive, negative)",
}


@dataclass(frozen=True)
class PreparedLoss:
    """A loss that fits a training set.

    Attributes:
        loss: The loss, its threshold for positive pairs in the unit of ``labels``.
        labels: (n,) the labels as the loss takes them: classes, 0 to 1, or as given; None where every pair is positive.
        classes: Number of classes where a classifier is trained, else 0.
    """

    loss: AngleLoss
    labels: NDArray[np.float64] | None
    classes: int


def prepare_loss(objective: Preset, rows: TrainingSet) -> PreparedLoss:
    """Fit the loss of ``objective`` to the labels of ``rows``.

    Raises:
        UsageError: No term of the objective can use rows of this format, or the labels are grades where the objective
            trains a classifier.
    """
    _check_format(objective, rows.format)
    labels, classes = _labels(rows, objective.settings)
    loss = replace(objective.loss, positive_threshold=_positive_threshold(rows, labels), gather=gather_batch)
    return PreparedLoss(loss, labels, classes)


def _check_format(objective: Preset, given: Format) -> None:
    usable = [
        columns
        for name, columns in FORMAT_COLUMNS.items()
        if any(getattr(objective.settings, term) for term in TERMS[name])
    ]
    if FORMAT_COLUMNS[given] not in usable:
        trains = f"it trains on {' or '.join(usable)}" if usable else "all its weights are 0"
        raise UsageError(
            f"the objective {objective} cannot train on {FORMAT_COLUMNS[given]}: {trains}",
            remedy="choose a different --objective (gis objectives lists them)",
        )


def _labels(rows: TrainingSet, settings: LossSettings) -> tuple[NDArray[np.float64] | None, int]:
    """Return the labels that the loss takes, and the number of classes where a classifier is trained."""
    if rows.labels is None:
        return None, 0
    if settings.softmax:
        levels = np.unique(rows.labels)
        if len(levels) > MAX_CLASSES:
            raise UsageError(f"the softmax objective needs classes; the labels have {len(levels)} different values")
        return np.searchsorted(levels, rows.labels).astype(np.float64), len(levels)
    return (rows.scaled_labels() if settings.regression else rows.labels), 0


def _positive_threshold(rows: TrainingSet, labels: NDArray[np.float64] | None) -> float | None:
    """Return the lowest label of a positive pair, in the unit of ``labels``."""
    if rows.labels is None or labels is None or labels is rows.labels:
        return rows.positive_threshold
    low, high = float(rows.labels.min()), float(rows.labels.max())
    return (rows.positive_threshold - low) / (high - low) * float(labels.max())

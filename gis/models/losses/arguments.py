"""Checks of the tensors that losses are given, and what labels mean to a term."""

import torch
from torch import Tensor


def classes_of(labels: Tensor) -> Tensor:
    """Return labels that are whole numbers as classes; others are a ValueError."""
    classes = labels.long()
    broken = (classes != labels).nonzero()
    if len(broken):
        row = int(broken[0])
        raise ValueError(
            f"the label of row {row} is {float(labels[row]):g}; softmax expects whole numbers, one per class"
        )
    return classes


def positive_rows(labels: Tensor, positive_threshold: float | None) -> Tensor:
    """Return which rows are positive pairs; graded labels without a threshold are a ValueError."""
    if positive_threshold is not None:
        return labels >= positive_threshold
    graded = ((labels != 0) & (labels != 1)).nonzero()
    if len(graded):
        row = int(graded[0])
        raise ValueError(
            f"the label of row {row} is {float(labels[row]):g}, neither 0 nor 1: "
            "say from which label on a pair is a positive (positive_threshold)"
        )
    return labels == 1


def checked_ids(text_ids: Tensor | None, x: Tensor, sides: int) -> Tensor | None:
    """Return the ids of (batch, sides) texts; another shape is a ValueError."""
    if text_ids is not None and text_ids.shape != (len(x), sides):
        raise ValueError(f"text_ids must have shape ({len(x)}, {sides}), not {tuple(text_ids.shape)}")
    return text_ids


def check_negatives(x: Tensor, negatives: Tensor, rows: Tensor, ids: Tensor | None) -> None:
    """Check the shapes of hard negatives, their rows and their ids."""
    if negatives.ndim != 2 or negatives.shape[1] != x.shape[1]:
        raise ValueError(f"negatives must be (n, {x.shape[1]}), not {tuple(negatives.shape)}")
    for name, given in (("negative_rows", rows), ("negative_ids", ids)):
        if given is not None and given.shape != (len(negatives),):
            raise ValueError(f"{name} must have shape ({len(negatives)},), not {tuple(given.shape)}")


def check_weights(x: Tensor, weights: Tensor | None) -> None:
    """Check that there is a finite weight above 0 for each row."""
    if weights is None:
        return
    if weights.shape != (len(x),):
        raise ValueError(f"weights must have shape ({len(x)},), not {tuple(weights.shape)}")
    broken = (~(torch.isfinite(weights) & (weights > 0))).nonzero()
    if len(broken):
        row = int(broken[0])
        raise ValueError(f"the weight of row {row} is {float(weights[row]):g}, not above 0")


def check_batch(x: Tensor, y: Tensor, labels: Tensor | None, temperature: float) -> None:
    """Check that both sides, the labels and the temperature can make a loss."""
    if x.ndim != 2 or x.shape != y.shape:
        raise ValueError(f"both sides must be (batch, dim) alike, not {tuple(x.shape)} and {tuple(y.shape)}")
    if not temperature > 0:
        raise ValueError(f"the temperature must be above 0, not {temperature}")
    if labels is None:
        return
    if labels.shape != (len(x),):
        raise ValueError(f"labels must have shape ({len(x)},), not {tuple(labels.shape)}")
    broken = (~torch.isfinite(labels)).nonzero()
    if len(broken):
        row = int(broken[0])
        raise ValueError(f"the label of row {row} is {float(labels[row])}")

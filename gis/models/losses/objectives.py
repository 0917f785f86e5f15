"""AnglE's objectives and its baselines', as functions of the two sides' embeddings.

Everything here works in float32 from the embeddings on (float64 where they are), whatever autocast says. A cosine with
the zero vector is 0 and moves nothing. docs/losses.md lists where the paper, its code and these functions differ.
"""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch
from torch import Tensor

from gis.models.losses.arguments import check_batch, checked_ids, positive_rows
from gis.models.losses.rank_loss import rank_loss
from gis.models.losses.settings import AngleForm
from gis.models.losses.terms import closeness_of, contrastive_term, cosines_of, in_batch_term, regression_term, unit

P = ParamSpec("P")
R = TypeVar("R")


def _in_full_precision(function: Callable[P, R]) -> Callable[P, R]:
    """Keep autocast away: at a temperature of 0.05 half precision would round away what the loss looks at."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        devices = {arg.device.type for arg in args if isinstance(arg, Tensor)} or {"cpu"}
        with torch.autocast(devices.pop(), enabled=False):
            return function(*args, **kwargs)

    return wrapped


@_in_full_precision
def cosine_objective(x: Tensor, y: Tensor, labels: Tensor, *, temperature: float = 0.05) -> Tensor:
    """Rank pairs by their cosine as their labels rank them (CoSENT).

    Args:
        x: (batch, dim) embeddings of the first texts.
        y: (batch, dim) embeddings of the second texts.
        labels: (batch,) gold similarity, higher for more similar; only the order counts.
        temperature: Divides the cosines.

    Returns:
        A scalar: log(1 + sum over label_i > label_j of exp((cos_j - cos_i) / temperature)).

    Raises:
        ValueError: Shapes do not fit, a label is not finite, or the temperature is not above 0.

    Source: AnglE preprint (arXiv 2309.12871), first objective.
    """
    check_batch(x, y, labels, temperature)
    return rank_loss(cosines_of(unit(x), unit(y)), labels, temperature)


@_in_full_precision
def angle_objective(
    x: Tensor, y: Tensor, labels: Tensor, *, temperature: float = 0.05, form: AngleForm = "abs-sum"
) -> Tensor:
    """Rank pairs by their closeness in complex space as their labels rank them.

    The first half of a vector is the real part, the second the imaginary part; a vector of odd width gets a 0.

    Args:
        x: (batch, dim) embeddings of the first texts.
        y: (batch, dim) embeddings of the second texts.
        labels: (batch,) gold similarity, higher for more similar; only the order counts.
        temperature: Divides the closeness.
        form: ``abs-sum`` is what the official code computes, |cos(x, y) + cos(x, Jy)| with J(a, b) = (-b, a): 1 for
            identical and for opposite vectors, at most 1.41, and not symmetric. ``phase`` is 1 - 2 theta / pi,
            where theta is the mean difference of the phases of x and y, each dimension weighted by its two
            magnitudes: symmetric, 1 where all phases agree, -1 where all are opposite.

    Returns:
        A scalar: log(1 + sum over label_i > label_j of exp((closeness_j - closeness_i) / temperature)).

    Raises:
        ValueError: Shapes do not fit, a label is not finite, the temperature is not above 0, the form is unknown.

    Source: AnglE preprint, third objective; ``abs-sum`` equals angle_emb's ``angle_loss``.
    """
    check_batch(x, y, labels, temperature)
    return rank_loss(closeness_of(unit(x), unit(y), form), labels, temperature)


@_in_full_precision
def in_batch_negative_objective(
    x: Tensor,
    y: Tensor,
    labels: Tensor,
    *,
    temperature: float = 0.05,
    text_ids: Tensor | None = None,
    positive_threshold: float | None = None,
) -> Tensor:
    """Tell the partner of each text of a positive pair from all other texts of the batch, on either side.

    Args:
        x: (batch, dim) embeddings of the first texts.
        y: (batch, dim) embeddings of the second texts.
        labels: (batch,) 1 for positive pairs and 0 for others, or graded with ``positive_threshold``. The texts of a
            pair that is not positive serve as negatives only.
        temperature: Divides the cosines; at least 0.003.
        text_ids: (batch, 2) whole numbers, equal for texts that are the same or known to be duplicates of one another:
            they are never each other's negatives, only a pair's own partner is its positive. None: all texts differ.
        positive_threshold: The lowest label of a positive pair; None wants labels of 0 and 1.

    Returns:
        A scalar: the mean of the cross-entropy over all 2 x batch texts, 0 for those of pairs that are not positive.
        So a pair weighs the same in whatever batch it comes.

    Raises:
        ValueError: Shapes do not fit, a label is not finite, or is graded without ``positive_threshold``, or the
            temperature is too low.

    Source: AnglE preprint, second objective; with labels of 0 and 1 it equals angle_emb's ``in_batch_negative_loss``.
    """
    check_batch(x, y, labels, temperature)
    positive = positive_rows(labels, positive_threshold)
    return in_batch_term(unit(x), unit(y), positive, checked_ids(text_ids, x, 2), temperature)


@_in_full_precision
def contrastive_objective(
    anchors: Tensor,
    positives: Tensor,
    negatives: Tensor | None = None,
    *,
    temperature: float = 0.05,
    text_ids: Tensor | None = None,
) -> Tensor:
    """Tell the positive of each anchor from all positives and hard negatives of the batch (InfoNCE).

    Args:
        anchors: (batch, dim) embeddings.
        positives: (batch, dim) embeddings of their positives.
        negatives: (batch, dim) embeddings of hard negatives, or None.
        temperature: Divides the cosines; at least 0.003.
        text_ids: (batch, 2), or (batch, 3) with negatives: as in ``in_batch_negative_objective``.

    Returns:
        A scalar: the mean cross-entropy over the anchors.

    Raises:
        ValueError: Shapes do not fit, or the temperature is too low.

    Source: van den Oord et al. 2018; SimCSE (Gao et al. 2021). It equals sentence-transformers'
    ``MultipleNegativesRankingLoss`` and the contrastive part of angle_emb's formats B and C.
    """
    others = (positives,) if negatives is None else (positives, negatives)
    for other in others:
        check_batch(anchors, other, None, temperature)
    ids = checked_ids(text_ids, anchors, 1 + len(others))
    flat = None if ids is None else ids.T.reshape(-1)
    return contrastive_term(unit(anchors), [unit(other) for other in others], flat, temperature)


@_in_full_precision
def regression_objective(x: Tensor, y: Tensor, labels: Tensor) -> Tensor:
    """Mean squared difference of cosine and label.

    Args:
        x: (batch, dim) embeddings of the first texts.
        y: (batch, dim) embeddings of the second texts.
        labels: (batch,) wanted cosines, in [-1, 1].

    Returns:
        A scalar.

    Raises:
        ValueError: Shapes do not fit, or a label is not finite or out of range.

    Source: Sentence-BERT (Reimers and Gurevych 2019), regression objective.
    """
    check_batch(x, y, labels, 1.0)
    return regression_term(cosines_of(unit(x), unit(y)), labels)

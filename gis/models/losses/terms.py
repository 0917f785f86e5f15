"""The terms of the losses, as functions of unit vectors: what is summed over a batch, before it is weighed."""

import torch
from torch import Tensor
from torch.nn import functional

from gis.models.losses.batch_softmax import Candidates, log_partition
from gis.models.losses.settings import AngleForm


def unit(vectors: Tensor) -> Tensor:
    """Scale (n, dim) vectors to length 1, in float32 at least; the zero vector stays and gets no gradient."""
    exact = vectors if vectors.dtype == torch.float64 else vectors.float()
    length = torch.linalg.vector_norm(exact, dim=-1, keepdim=True)
    return exact * torch.where(length > 0, 1 / length.clamp(min=torch.finfo(exact.dtype).tiny), 0)


def pair_features(x: Tensor, y: Tensor) -> Tensor:
    """Return what Sentence-BERT's classifier sees of a pair: u, v and |u - v|, (batch, 3 dim)."""
    return torch.cat([x, y, (x - y).abs()], dim=-1)


def cosines_of(x: Tensor, y: Tensor) -> Tensor:
    """Return the cosine of each pair, (n,)."""
    return (x * y).sum(-1)


def closeness_of(x: Tensor, y: Tensor, form: AngleForm) -> Tensor:
    """Closeness in complex space of unit vectors, (n,), higher for more similar."""
    if form not in ("abs-sum", "phase"):
        raise ValueError(f"the angle's form is abs-sum or phase, not '{form}'")
    if x.shape[1] % 2:
        x, y = functional.pad(x, (0, 1)), functional.pad(y, (0, 1))
    (a, b), (c, d) = x.chunk(2, dim=1), y.chunk(2, dim=1)
    if form == "abs-sum":
        return (a * (c - d) + b * (c + d)).sum(1).abs()  # real plus imaginary part of x times y's conjugate
    real, imaginary = a * c + b * d, b * c - a * d
    square = real**2 + imaginary**2
    defined = square != 0  # a dimension that is 0 on either side has no phase and no weight; NaN stays NaN
    magnitude = torch.where(defined, square, 1).sqrt() * defined
    phase = torch.atan2(torch.where(defined, imaginary, 0), torch.where(defined, real, 1)).abs()
    total = magnitude.sum(1)
    mean = (magnitude * phase).sum(1) / torch.where(total != 0, total, 1)
    return torch.where(total != 0, 1 - mean * (2 / torch.pi), 0)


def in_batch_term(
    x: Tensor, y: Tensor, positive: Tensor, ids: Tensor | None, temperature: float, of_pairs: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy of partners among all texts of the batch, on either side.

    ``positive`` (batch,) says which pairs count; ``ids`` (batch, 2) are equal for texts that are never each other's
    negatives; ``of_pairs`` (batch,) weighs pairs.
    """
    count = len(x)
    shares = positive.to(x.dtype) if of_pairs is None else positive * of_pairs.to(x.dtype)
    weights = shares.repeat(2) / max(2 * count, 1)
    partner = torch.arange(2 * count, device=x.device).roll(count)
    candidates = Candidates(weights, partner, ids=None if ids is None else ids.T.reshape(-1))
    agreement = (cosines_of(x, y) * shares).sum() / (temperature * max(count, 1))
    return log_partition(torch.cat([x, y]), candidates, temperature) - agreement


def contrastive_term(
    anchors: Tensor, others: list[Tensor], ids: Tensor | None, temperature: float, of_rows: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy of each anchor's partner, ``others[0]``, among all ``others``.

    ``ids`` name the texts, anchors first, then the others in turn; ``of_rows`` (batch,) weighs anchors.
    """
    count = len(anchors)
    texts = torch.cat([anchors, *others])
    weights = texts.new_zeros(len(texts))
    weights[:count] = 1 / max(count, 1)
    cosines = cosines_of(anchors, others[0])
    if of_rows is not None:
        weights[:count] *= of_rows.to(weights.dtype)
        cosines = cosines * of_rows.to(cosines.dtype)
    partner = torch.full((len(texts),), -1, device=texts.device)
    partner[:count] = torch.arange(count, 2 * count, device=texts.device)
    candidates = Candidates(weights, partner, count, ids)
    agreement = cosines.sum() / (temperature * max(count, 1))
    return log_partition(texts, candidates, temperature) - agreement


def regression_term(cosine: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
    """Return the mean squared difference of cosines and labels in [-1, 1], (n,) each."""
    labels = labels.to(cosine.dtype)
    outside = (labels.abs() > 1).nonzero()
    if len(outside):
        row = int(outside[0])
        raise ValueError(f"the label of row {row} is {float(labels[row]):g}; regression expects labels in [-1, 1]")
    if weights is None:
        squares = functional.mse_loss(cosine, labels, reduction="sum")
    else:
        squares = (weights.to(cosine.dtype) * functional.mse_loss(cosine, labels, reduction="none")).sum()
    return squares / max(len(labels), 1)  # no pairs cost nothing


def softmax_term(logits: Tensor, classes: Tensor, weights: Tensor | None) -> Tensor:
    """Return the cross-entropy of (n, classes) logits and (n,) classes."""
    if weights is None:
        return functional.cross_entropy(logits, classes)
    return (functional.cross_entropy(logits, classes, reduction="none") * weights.to(logits.dtype)).mean()

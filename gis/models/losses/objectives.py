"""AnglE's objectives and its baselines', as functions of the two sides' embeddings.

Everything here works in float32 from the embeddings on (float64 where they are), whatever autocast says. A cosine with
the zero vector is 0 and moves nothing. docs/losses.md lists where the paper, its code and these functions differ.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, ParamSpec, TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from gis.models.losses.batch_softmax import Candidates, log_partition
from gis.models.losses.rank_loss import rank_loss
from gis.models.losses.settings import AngleForm, LossSettings

Gather = Callable[[Tensor], Tensor]
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
    _check(x, y, labels, temperature)
    return rank_loss(_cosine(unit(x), unit(y)), labels, temperature)


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
    _check(x, y, labels, temperature)
    return rank_loss(_closeness(unit(x), unit(y), form), labels, temperature)


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
    _check(x, y, labels, temperature)
    positive = _positive(labels, positive_threshold)
    return _in_batch(unit(x), unit(y), positive, _ids(text_ids, x, 2), temperature)


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
        _check(anchors, other, None, temperature)
    ids = _ids(text_ids, anchors, 1 + len(others))
    flat = None if ids is None else ids.T.reshape(-1)
    return _contrastive(unit(anchors), [unit(other) for other in others], flat, temperature)


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
    _check(x, y, labels, 1.0)
    return _regression(_cosine(unit(x), unit(y)), labels)


@dataclass(frozen=True)
class LossTerms:
    """What one batch cost.

    Attributes:
        total: Scalar, the weighted sum, to be differentiated.
        terms: Each objective's own value before its weight.
        comparable: Scalar, whether any two pairs differ in label: without, the ranking terms say nothing.
    """

    total: Tensor
    terms: Mapping[str, Tensor]
    comparable: Tensor


def _itself(batch: Tensor) -> Tensor:
    return batch


class _Negatives(NamedTuple):
    """Hard negatives of a batch: (n, dim) unit vectors, (n,) the row of each, and (n,) ids of the texts or None."""

    units: Tensor
    rows: Tensor
    ids: Tensor | None


@dataclass(frozen=True, kw_only=True)
class AngleLoss(LossSettings):
    """The weighted sum of the objectives, for each of the three formats of training data.

    ``gis.models.losses.presets`` has the settings of the papers.

    Attributes:
        positive_threshold: The lowest label of a positive pair; None wants labels of 0 and 1.
        gather: Makes the batch of all processes from this process's part, keeping the gradient of the part.
    """

    positive_threshold: float | None = None
    gather: Gather = field(default=_itself, repr=False)

    def __call__(
        self,
        x: Tensor,
        y: Tensor,
        labels: Tensor | None = None,
        negatives: Tensor | None = None,
        *,
        negative_rows: Tensor | None = None,
        text_ids: Tensor | None = None,
        negative_ids: Tensor | None = None,
        logits: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> LossTerms:
        """Weigh the objectives on one batch.

        Args:
            x: (batch, dim) embeddings of first texts or anchors.
            y: (batch, dim) embeddings of second texts or positives.
            labels: (batch,) gold similarity; None where every pair is positive.
            negatives: (n, dim) hard negatives of triplets, or None.
            negative_rows: (n,) the row of the batch that each hard negative belongs to: a row may have several or none;
                None: each row has one.
            text_ids: (batch, 2): equal for texts that are not each other's negatives; (batch, 3) where each row has one
                hard negative.
            negative_ids: (n,) the same of the hard negatives, where ``negative_rows`` is given.
            logits: (batch, classes) of a classifier over the pairs, for ``softmax``.
            weights: (batch,) weights of the rows, above 0; None where all are 1. A weight multiplies what its row adds
                to a mean; where two pairs are ranked, both weights multiply the comparison.

        Raises:
            ValueError: As the objectives; both labels and negatives are given; or a weight is not above 0.
        """
        if labels is not None and negatives is not None:
            raise ValueError("a batch has labels or hard negatives, not both")
        _check(x, y, labels, 1.0)
        _check_weights(x, weights)
        with torch.autocast(x.device.type, enabled=False):
            if labels is not None:
                return self._pairs(unit(x), unit(y), labels, _ids(text_ids, x, 2), logits, weights)
            if negatives is None:
                return self._positives(unit(x), unit(y), _ids(text_ids, x, 2), weights)
            if negative_rows is None:
                _check(x, negatives, None, 1.0)
                ids = _ids(text_ids, x, 3)
                negative_rows, negative_ids = torch.arange(len(x), device=x.device), None if ids is None else ids[:, 2]
                text_ids = None if ids is None else ids[:, :2]
            _check_negatives(x, negatives, negative_rows, negative_ids)
            hard = _Negatives(unit(negatives), negative_rows, negative_ids)
            return self._triplets(unit(x), unit(y), hard, _ids(text_ids, x, 2), weights)

    def _pairs(
        self,
        x: Tensor,
        y: Tensor,
        labels: Tensor,
        ids: Tensor | None,
        logits: Tensor | None,
        own_weights: Tensor | None,
    ) -> LossTerms:
        everyone = self.gather(labels)
        weights = None if own_weights is None else self.gather(own_weights)
        cosine = self.gather(_cosine(x, y)) if self.cosine or self.regression else None
        terms: dict[str, Tensor] = {}
        if cosine is not None and self.cosine:
            terms["cosine"] = rank_loss(cosine, everyone, self.cosine_temperature, weights)
        if self.in_batch:
            positive = _positive(everyone, self.positive_threshold)
            together = None if ids is None else self.gather(ids)
            terms["in_batch"] = _in_batch(
                self.gather(x), self.gather(y), positive, together, self.in_batch_temperature, weights
            )
        if self.angle:
            closeness = self.gather(_closeness(x, y, self.angle_form))
            terms["angle"] = rank_loss(closeness, everyone, self.angle_temperature, weights)
        if cosine is not None and self.regression:
            terms["regression"] = _regression(cosine, everyone, weights)
        if self.softmax:
            if logits is None:
                raise ValueError("the softmax objective needs the logits of a classifier")
            terms["softmax"] = _softmax(self.gather(logits.to(x.dtype)), _classes(everyone), weights)
        return self._weighed(terms, everyone)

    def _positives(self, x: Tensor, y: Tensor, ids: Tensor | None, own_weights: Tensor | None) -> LossTerms:
        if not self.in_batch:
            raise ValueError("pairs without labels train the in-batch objective only, whose weight is 0")
        together = None if ids is None else self.gather(ids).T.reshape(-1)
        weights = None if own_weights is None else self.gather(own_weights)
        value = _contrastive(self.gather(x), [self.gather(y)], together, self.in_batch_temperature, weights)
        return self._weighed({"in_batch": value}, torch.ones(1))

    def _triplets(
        self, x: Tensor, y: Tensor, negatives: _Negatives, ids: Tensor | None, own_weights: Tensor | None
    ) -> LossTerms:
        """Hard negatives serve the contrastive terms as candidates and the ranking terms as pairs of label 0."""
        terms: dict[str, Tensor] = {}
        weights = of_rows = None
        if own_weights is not None:
            of_rows = self.gather(own_weights)
            weights = self.gather(torch.cat([own_weights, own_weights[negatives.rows]]))
        if self.in_batch or self.hard_negative:
            anchors, positives, others = self.gather(x), self.gather(y), self.gather(negatives.units)
            pairs = None if ids is None else self.gather(ids).T.reshape(-1)
            if self.in_batch:
                terms["in_batch"] = _contrastive(anchors, [positives], pairs, self.in_batch_temperature, of_rows)
            if self.hard_negative:
                all_ids = None
                if pairs is not None and negatives.ids is not None:
                    all_ids = torch.cat([pairs, self.gather(negatives.ids)])
                terms["hard_negative"] = _contrastive(
                    anchors, [positives, others], all_ids, self.in_batch_temperature, of_rows
                )
        labels = torch.cat([x.new_ones(len(x)), x.new_zeros(len(negatives.units))])
        first, second = torch.cat([x, x[negatives.rows]]), torch.cat([y, negatives.units])
        everyone = self.gather(labels)
        if self.cosine:
            terms["cosine"] = rank_loss(self.gather(_cosine(first, second)), everyone, self.cosine_temperature, weights)
        if self.angle:
            closeness = self.gather(_closeness(first, second, self.angle_form))
            terms["angle"] = rank_loss(closeness, everyone, self.angle_temperature, weights)
        # The two contrastive terms share one weight's worth, as in the official code.
        return self._weighed(terms, everyone, {"in_batch": self.in_batch / 2, "hard_negative": self.hard_negative / 2})

    def _weighed(
        self, terms: Mapping[str, Tensor], labels: Tensor, weights: Mapping[str, float] | None = None
    ) -> LossTerms:
        if not terms:
            raise ValueError("every weight that this format of data uses is 0: there is nothing to train")
        weighed = [(weights or {}).get(name, getattr(self, name)) * value for name, value in terms.items()]
        with torch.no_grad():
            comparable = labels.max() > labels.min() if len(labels) else torch.tensor(data=False)
            values = {name: value.detach() for name, value in terms.items()}
        return LossTerms(torch.stack(weighed).sum(), values, comparable)


def unit(vectors: Tensor) -> Tensor:
    """Scale (n, dim) vectors to length 1, in float32 at least; the zero vector stays and gets no gradient."""
    exact = vectors if vectors.dtype == torch.float64 else vectors.float()
    length = torch.linalg.vector_norm(exact, dim=-1, keepdim=True)
    return exact * torch.where(length > 0, 1 / length.clamp(min=torch.finfo(exact.dtype).tiny), 0)


def pair_features(x: Tensor, y: Tensor) -> Tensor:
    """Return what Sentence-BERT's classifier sees of a pair: u, v and |u - v|, (batch, 3 dim)."""
    return torch.cat([x, y, (x - y).abs()], dim=-1)


def _cosine(x: Tensor, y: Tensor) -> Tensor:
    return (x * y).sum(-1)


def _closeness(x: Tensor, y: Tensor, form: AngleForm) -> Tensor:
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


def _in_batch(
    x: Tensor, y: Tensor, positive: Tensor, ids: Tensor | None, temperature: float, of_pairs: Tensor | None = None
) -> Tensor:
    count = len(x)
    shares = positive.to(x.dtype) if of_pairs is None else positive * of_pairs.to(x.dtype)
    weights = shares.repeat(2) / max(2 * count, 1)
    partner = torch.arange(2 * count, device=x.device).roll(count)
    candidates = Candidates(weights, partner, ids=None if ids is None else ids.T.reshape(-1))
    agreement = (_cosine(x, y) * shares).sum() / (temperature * max(count, 1))
    return log_partition(torch.cat([x, y]), candidates, temperature) - agreement


def _contrastive(
    anchors: Tensor, others: list[Tensor], ids: Tensor | None, temperature: float, of_rows: Tensor | None = None
) -> Tensor:
    count = len(anchors)
    texts = torch.cat([anchors, *others])
    weights = texts.new_zeros(len(texts))
    weights[:count] = 1 / max(count, 1)
    cosines = _cosine(anchors, others[0])
    if of_rows is not None:
        weights[:count] *= of_rows.to(weights.dtype)
        cosines = cosines * of_rows.to(cosines.dtype)
    partner = torch.full((len(texts),), -1, device=texts.device)
    partner[:count] = torch.arange(count, 2 * count, device=texts.device)
    candidates = Candidates(weights, partner, count, ids)
    agreement = cosines.sum() / (temperature * max(count, 1))
    return log_partition(texts, candidates, temperature) - agreement


def _regression(cosine: Tensor, labels: Tensor, weights: Tensor | None = None) -> Tensor:
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


def _softmax(logits: Tensor, classes: Tensor, weights: Tensor | None) -> Tensor:
    if weights is None:
        return functional.cross_entropy(logits, classes)
    return (functional.cross_entropy(logits, classes, reduction="none") * weights.to(logits.dtype)).mean()


def _classes(labels: Tensor) -> Tensor:
    classes = labels.long()
    broken = (classes != labels).nonzero()
    if len(broken):
        row = int(broken[0])
        raise ValueError(
            f"the label of row {row} is {float(labels[row]):g}; softmax expects whole numbers, one per class"
        )
    return classes


def _positive(labels: Tensor, positive_threshold: float | None) -> Tensor:
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


def _ids(text_ids: Tensor | None, x: Tensor, sides: int) -> Tensor | None:
    if text_ids is not None and text_ids.shape != (len(x), sides):
        raise ValueError(f"text_ids must have shape ({len(x)}, {sides}), not {tuple(text_ids.shape)}")
    return text_ids


def _check_negatives(x: Tensor, negatives: Tensor, rows: Tensor, ids: Tensor | None) -> None:
    if negatives.ndim != 2 or negatives.shape[1] != x.shape[1]:
        raise ValueError(f"negatives must be (n, {x.shape[1]}), not {tuple(negatives.shape)}")
    for name, given in (("negative_rows", rows), ("negative_ids", ids)):
        if given is not None and given.shape != (len(negatives),):
            raise ValueError(f"{name} must have shape ({len(negatives)},), not {tuple(given.shape)}")


def _check_weights(x: Tensor, weights: Tensor | None) -> None:
    if weights is None:
        return
    if weights.shape != (len(x),):
        raise ValueError(f"weights must have shape ({len(x)},), not {tuple(weights.shape)}")
    broken = (~(torch.isfinite(weights) & (weights > 0))).nonzero()
    if len(broken):
        row = int(broken[0])
        raise ValueError(f"the weight of row {row} is {float(weights[row]):g}, not above 0")


def _check(x: Tensor, y: Tensor, labels: Tensor | None, temperature: float) -> None:
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

"""The loss of AnglE: the objectives on one batch, weighed and summed, for each format of training data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from gis.models.losses.arguments import (
    check_batch,
    check_negatives,
    check_weights,
    checked_ids,
    classes_of,
    positive_rows,
)
from gis.models.losses.rank_loss import rank_loss
from gis.models.losses.settings import LossSettings
from gis.models.losses.terms import (
    closeness_of,
    contrastive_term,
    cosines_of,
    in_batch_term,
    regression_term,
    softmax_term,
    unit,
)

Gather = Callable[[Tensor], Tensor]


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
        check_batch(x, y, labels, 1.0)
        check_weights(x, weights)
        with torch.autocast(x.device.type, enabled=False):
            if labels is not None:
                return self._pairs(unit(x), unit(y), labels, checked_ids(text_ids, x, 2), logits, weights)
            if negatives is None:
                return self._positives(unit(x), unit(y), checked_ids(text_ids, x, 2), weights)
            if negative_rows is None:
                check_batch(x, negatives, None, 1.0)
                ids = checked_ids(text_ids, x, 3)
                negative_rows, negative_ids = torch.arange(len(x), device=x.device), None if ids is None else ids[:, 2]
                text_ids = None if ids is None else ids[:, :2]
            check_negatives(x, negatives, negative_rows, negative_ids)
            hard = _Negatives(unit(negatives), negative_rows, negative_ids)
            return self._triplets(unit(x), unit(y), hard, checked_ids(text_ids, x, 2), weights)

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
        cosine = self.gather(cosines_of(x, y)) if self.cosine or self.regression else None
        terms: dict[str, Tensor] = {}
        if cosine is not None and self.cosine:
            terms["cosine"] = rank_loss(cosine, everyone, self.cosine_temperature, weights)
        if self.in_batch:
            positive = positive_rows(everyone, self.positive_threshold)
            together = None if ids is None else self.gather(ids)
            terms["in_batch"] = in_batch_term(
                self.gather(x), self.gather(y), positive, together, self.in_batch_temperature, weights
            )
        if self.angle:
            closeness = self.gather(closeness_of(x, y, self.angle_form))
            terms["angle"] = rank_loss(closeness, everyone, self.angle_temperature, weights)
        if cosine is not None and self.regression:
            terms["regression"] = regression_term(cosine, everyone, weights)
        if self.softmax:
            if logits is None:
                raise ValueError("the softmax objective needs the logits of a classifier")
            terms["softmax"] = softmax_term(self.gather(logits.to(x.dtype)), classes_of(everyone), weights)
        return self._weighed(terms, everyone)

    def _positives(self, x: Tensor, y: Tensor, ids: Tensor | None, own_weights: Tensor | None) -> LossTerms:
        if not self.in_batch:
            raise ValueError("pairs without labels train the in-batch objective only, whose weight is 0")
        together = None if ids is None else self.gather(ids).T.reshape(-1)
        weights = None if own_weights is None else self.gather(own_weights)
        value = contrastive_term(self.gather(x), [self.gather(y)], together, self.in_batch_temperature, weights)
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
                terms["in_batch"] = contrastive_term(anchors, [positives], pairs, self.in_batch_temperature, of_rows)
            if self.hard_negative:
                all_ids = None
                if pairs is not None and negatives.ids is not None:
                    all_ids = torch.cat([pairs, self.gather(negatives.ids)])
                terms["hard_negative"] = contrastive_term(
                    anchors, [positives, others], all_ids, self.in_batch_temperature, of_rows
                )
        labels = torch.cat([x.new_ones(len(x)), x.new_zeros(len(negatives.units))])
        first, second = torch.cat([x, x[negatives.rows]]), torch.cat([y, negatives.units])
        everyone = self.gather(labels)
        if self.cosine:
            terms["cosine"] = rank_loss(
                self.gather(cosines_of(first, second)), everyone, self.cosine_temperature, weights
            )
        if self.angle:
            closeness = self.gather(closeness_of(first, second, self.angle_form))
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

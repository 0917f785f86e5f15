"""The loss that ranks: every pair of lower label that scores above one of higher label costs, in O(n log n)."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


def rank_loss(similarity: Tensor, labels: Tensor, temperature: float, weights: Tensor | None = None) -> Tensor:
    """log(1 + sum of w_i w_j exp((s_j - s_i) / temperature) over all i, j whose labels say label_i > label_j).

    The double sum needs no matrix: with the pairs sorted by label, what comes before a pair is a running
    log-sum-exp. Pairs of equal label are not compared, so a batch of one label only gives 0 with gradient 0.

    Args:
        similarity: (n,) scores, higher for more similar.
        labels: (n,) gold similarities; only their order counts.
        temperature: Divides the scores.
        weights: (n,) weights of the pairs, above 0; None where all are 1.

    Returns:
        A scalar. First derivatives only.

    Source: the circle-loss form of Su's CoSENT, which AnglE takes for its cosine and its angle term.
    """
    scores: Tensor = _RankLoss.apply(similarity / temperature, labels, weights)  # type: ignore[no-untyped-call]
    return scores


class _RankLoss(Function):
    """The gradient has a closed form in the same running sums, so it is made with the value and kept: (n,)."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, labels: Tensor, weights: Tensor | None) -> Tensor:  # noqa: ANN401
        labels, order = torch.sort(labels.byte() if labels.dtype == torch.bool else labels)
        sorted_scores = scores[order]
        nothing = sorted_scores.new_full((1,), -torch.inf)
        # a pair's weight multiplies its exponentials: as the lower pair and as the higher one
        as_lower, as_higher = sorted_scores, -sorted_scores
        if weights is not None:
            logarithms = weights[order].log().to(scores.dtype)
            as_lower, as_higher = as_lower + logarithms, as_higher + logarithms
        before = torch.cat([nothing, as_lower.logcumsumexp(0)])
        behind = torch.cat([as_higher.flip(0).logcumsumexp(0).flip(0), nothing])
        lower = before[torch.searchsorted(labels, labels)]  # over the scores of all pairs with a lower label
        higher = behind[torch.searchsorted(labels, labels, right=True)]  # over minus those with a higher one
        violations = lower + as_higher
        loss = torch.cat([sorted_scores.new_zeros(1), violations]).logsumexp(0)
        gradient = torch.empty_like(scores)
        gradient[order] = (higher + as_lower - loss).exp() - (violations - loss).exp()
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        if torch.is_grad_enabled():  # create_graph: what is kept would count as constant, and be silently wrong
            raise RuntimeError("the ranking loss has first derivatives only")
        (gradient,) = ctx.saved_tensors
        return upstream * gradient, None, None

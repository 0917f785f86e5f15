"""The loss that ranks: every pair of lower label that scores above one of higher label costs, in O(n log n)."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function


def rank_loss(similarity: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """log(1 + sum of exp((s_j - s_i) / temperature) over all i, j whose labels say label_i > label_j).

    The double sum needs no matrix: with the pairs sorted by label, what comes before a pair is a running
    log-sum-exp. Pairs of equal label are not compared, so a batch of one label only gives 0 with gradient 0.

    Args:
        similarity: (n,) scores, higher for more similar.
        labels: (n,) gold similarities; only their order counts.
        temperature: Divides the scores.

    Returns:
        A scalar. First derivatives only.

    Source: the circle-loss form of Su's CoSENT, which AnglE takes for its cosine and its angle term.
    """
    scores: Tensor = _RankLoss.apply(similarity / temperature, labels)  # type: ignore[no-untyped-call]
    return scores


class _RankLoss(Function):
    """The gradient has a closed form in the same running sums, so it is made with the value and kept: (n,)."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, labels: Tensor) -> Tensor:  # noqa: ANN401
        labels, order = torch.sort(labels.byte() if labels.dtype == torch.bool else labels)
        sorted_scores = scores[order]
        nothing = sorted_scores.new_full((1,), -torch.inf)
        before = torch.cat([nothing, sorted_scores.logcumsumexp(0)])
        behind = torch.cat([(-sorted_scores).flip(0).logcumsumexp(0).flip(0), nothing])
        lower = before[torch.searchsorted(labels, labels)]  # over the scores of all pairs with a lower label
        higher = behind[torch.searchsorted(labels, labels, right=True)]  # over minus those with a higher one
        violations = lower - sorted_scores
        loss = torch.cat([sorted_scores.new_zeros(1), violations]).logsumexp(0)
        gradient = torch.empty_like(scores)
        gradient[order] = (higher + sorted_scores - loss).exp() - (violations - loss).exp()
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401
        if torch.is_grad_enabled():  # create_graph: what is kept would count as constant, and be silently wrong
            raise RuntimeError("the ranking loss has first derivatives only")
        (gradient,) = ctx.saved_tensors
        return upstream * gradient, None

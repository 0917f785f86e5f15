"""The sorted ranking loss against the full matrix of comparisons."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from gis.models.losses.rank_loss import rank_loss


def scores_of(count: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return (2 * torch.rand(count, dtype=torch.float64, generator=generator) - 1).requires_grad_()


def full_matrix(scores: Tensor, labels: Tensor, temperature: float) -> Tensor:
    differences = (scores[None, :] - scores[:, None]) / temperature
    compared = labels[:, None] > labels[None, :]
    return torch.cat([scores.new_zeros(1), differences[compared]]).logsumexp(0)


@pytest.mark.parametrize("levels", [2, 6, 300])
@pytest.mark.parametrize("temperature", [0.01, 0.05, 1.0])
def test_it_equals_the_full_matrix(levels: int, temperature: float) -> None:
    scores = scores_of(300)
    labels = torch.randint(0, levels, (300,), generator=torch.Generator().manual_seed(1)).double()
    ours, theirs = rank_loss(scores, labels, temperature), full_matrix(scores, labels, temperature)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    (mine,), (expected,) = torch.autograd.grad(ours, scores), torch.autograd.grad(theirs, scores)
    torch.testing.assert_close(mine, expected, rtol=1e-11, atol=1e-12)


def test_differences_agree_with_the_gradient() -> None:
    labels = torch.tensor([0.0, 1, 1, 2, 0, 3, 3])
    assert torch.autograd.gradcheck(lambda scores: rank_loss(scores, labels, 0.3), (scores_of(7),))


def test_three_scores_by_hand() -> None:
    """Labels 0, 1, 2 and scores 0.3, 0.1, 0.2: three comparisons, exp of 0.2, 0.1 and -0.1 at temperature 1."""
    found = rank_loss(torch.tensor([0.3, 0.1, 0.2], dtype=torch.float64), torch.tensor([0, 1, 2]), 1.0)
    assert found.item() == pytest.approx(math.log(1 + math.exp(0.2) + math.exp(0.1) + math.exp(-0.1)), abs=1e-12)


def test_only_the_order_of_labels_counts() -> None:
    scores, labels = scores_of(40), torch.randint(0, 5, (40,), generator=torch.Generator().manual_seed(2)).double()
    assert torch.equal(rank_loss(scores, labels, 0.05), rank_loss(scores, labels**3 - 7, 0.05))


def test_adding_to_all_scores_changes_nothing() -> None:
    scores, labels = scores_of(40), torch.arange(40) % 3
    torch.testing.assert_close(rank_loss(scores + 5, labels, 0.05), rank_loss(scores, labels, 0.05))
    (gradient,) = torch.autograd.grad(rank_loss(scores, labels, 0.05), scores)
    assert gradient.sum().item() == pytest.approx(0, abs=1e-11)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16])
def test_any_type_of_label_will_do(dtype: torch.dtype) -> None:
    scores, labels = scores_of(20), (torch.arange(20) % 2).double()
    assert torch.equal(rank_loss(scores, labels.to(dtype), 0.05), rank_loss(scores, labels, 0.05))


@pytest.mark.parametrize("temperature", [0.05, 0.003, 1e-4])
def test_single_precision_at_low_temperatures(temperature: float) -> None:
    """The gradient's error is the rounding of score / temperature in float32, nothing more."""
    scores, labels = scores_of(50).detach().float().requires_grad_(), torch.arange(50) % 4
    exact = scores.detach().double().requires_grad_()
    ours, expected = rank_loss(scores, labels, temperature), rank_loss(exact, labels, temperature)
    torch.testing.assert_close(ours.double(), expected, rtol=1e-5, atol=1e-5)
    (mine,), (reference,) = torch.autograd.grad(ours, scores), torch.autograd.grad(expected, exact)
    torch.testing.assert_close(mine.double() * temperature, reference * temperature, rtol=0, atol=5e-7 / temperature)


def test_a_temperature_of_next_to_nothing_is_finite() -> None:
    """Scores of 1e30: the gradient is that of the worst comparison, 1 / temperature."""
    scores = torch.tensor([0.9, -0.8, 0.1], requires_grad=True)
    (gradient,) = torch.autograd.grad(rank_loss(scores, torch.tensor([0, 1, 1]), 1e-30), scores)
    torch.testing.assert_close(gradient * 1e-30, torch.tensor([1.0, -1.0, 0.0]))


def test_a_worse_order_costs_more() -> None:
    """The sign: each swap of two neighbours against their labels raises the loss."""
    labels = torch.arange(5)
    ranks = [
        torch.tensor(order).double() / 10
        for order in ([0, 1, 2, 3, 4], [1, 0, 2, 3, 4], [1, 2, 0, 3, 4], [4, 3, 2, 1, 0])
    ]
    costs = [rank_loss(scores, labels, 0.05).item() for scores in ranks]
    assert all(better < worse for better, worse in pairwise(costs))


def test_what_is_not_a_number_is_not_hidden() -> None:
    assert rank_loss(torch.tensor([0.1, math.nan, 0.3]), torch.tensor([0, 1, 0]), 0.05).isnan()


def test_a_large_batch_needs_no_matrix() -> None:
    """A million pairs, whose matrix would fill four terabytes."""
    scores = scores_of(1_000_000).detach().float().requires_grad_()
    labels = (torch.arange(1_000_000) % 2).float()
    loss = rank_loss(scores, labels, 0.05)
    (gradient,) = torch.autograd.grad(loss, scores)
    assert torch.isfinite(loss)
    assert gradient[labels == 1].sum().item() == pytest.approx(-gradient[labels == 0].sum().item(), rel=1e-3)


def test_a_second_derivative_is_refused() -> None:
    scores = scores_of(6)
    loss = rank_loss(scores, torch.arange(6), 0.05)
    with pytest.raises(RuntimeError, match="first derivatives only"):
        torch.autograd.grad(loss, scores, create_graph=True)


def test_weights_multiply_every_comparison() -> None:
    scores = scores_of(60)
    generator = torch.Generator().manual_seed(3)
    labels = torch.randint(0, 4, (60,), generator=generator).double()
    weights = torch.rand(60, dtype=torch.float64, generator=generator) + 0.01
    compared = labels[:, None] > labels[None, :]
    terms = (scores[None, :] - scores[:, None]) / 0.1 + (weights[:, None] * weights[None, :]).log()
    theirs = torch.cat([scores.new_zeros(1), terms[compared]]).logsumexp(0)
    ours = rank_loss(scores, labels, 0.1, weights)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    (mine,), (expected,) = torch.autograd.grad(ours, scores), torch.autograd.grad(theirs, scores)
    torch.testing.assert_close(mine, expected, rtol=1e-11, atol=1e-12)

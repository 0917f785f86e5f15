"""Embeddings, labels and comparisons for the tests of the losses."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from gis.models.losses import angle_objective, cosine_objective

Objective = Callable[..., Tensor]
RANKING = [
    pytest.param(cosine_objective, id="cosine"),
    pytest.param(lambda *a, **k: angle_objective(*a, form="abs-sum", **k), id="abs-sum"),
    pytest.param(lambda *a, **k: angle_objective(*a, form="phase", **k), id="phase"),
]


def embeddings(count: int, width: int, *, seed: int = 0, alike: float = 0.5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, width, dtype=torch.float64, generator=generator)
    y = alike * x + torch.randn(count, width, dtype=torch.float64, generator=generator)
    return x.requires_grad_(), y.requires_grad_()


def assert_close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


def labels_of(kind: str, count: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    if kind == "graded":
        return 5 * torch.rand(count, dtype=torch.float64, generator=generator)
    if kind == "tied":
        return torch.randint(0, 3, (count,), generator=generator).double()
    return torch.randint(0, 2, (count,), generator=generator).double()


def gradients(loss: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, inputs)


def assert_same(ours: Tensor, theirs: Tensor, *inputs: Tensor) -> None:
    assert_close(ours, theirs)
    for mine, expected in zip(gradients(ours, *inputs), gradients(theirs, *inputs), strict=True):
        assert_close(mine, expected)

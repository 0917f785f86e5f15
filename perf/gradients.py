"""How much gradient each objective gives where pairs are nearly alike or nearly opposite.

Batches of random unit vectors whose pairs have cosines drawn from a narrow range; labels are random, so half of all
comparisons are violated, as early in training. Printed is the mean length of an objective's gradient with respect to
one embedding, and its ratio to that of the middle range.
"""

import statistics
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from gis.models.losses import angle_objective, cosine_objective, in_batch_negative_objective, unit

DIMENSIONS, BATCH, BATCHES = 384, 32, 50
RANGES = {"cosine below -0.95": (-1.0, -0.95), "-0.05 to 0.05": (-0.05, 0.05), "above 0.95": (0.95, 1.0)}
MIDDLE = "-0.05 to 0.05"
Objective = Callable[[Tensor, Tensor, Tensor], Tensor]
OBJECTIVES: dict[str, Objective] = {
    "cosine": cosine_objective,
    "angle, abs-sum": angle_objective,
    "angle, phase": partial(angle_objective, form="phase"),
    "in-batch": partial(in_batch_negative_objective, positive_threshold=0.5),
}


def pairs_at(low: float, high: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Random unit vectors (batch, dim) whose cosines are uniform between ``low`` and ``high``."""
    x = unit(torch.randn(BATCH, DIMENSIONS, generator=generator, dtype=torch.float64))
    noise = torch.randn(BATCH, DIMENSIONS, generator=generator, dtype=torch.float64)
    across = unit(noise - (noise * x).sum(1, keepdim=True) * x)
    cosine = low + (high - low) * torch.rand(BATCH, 1, generator=generator, dtype=torch.float64)
    return x, cosine * x + (1 - cosine**2).sqrt() * across


def mean_gradient(objective: Objective, low: float, high: float) -> float:
    """Mean length of the gradient with respect to a first embedding."""
    generator = torch.Generator().manual_seed(0)
    lengths = []
    for _ in range(BATCHES):
        x, y = pairs_at(low, high, generator)
        labels = torch.rand(BATCH, generator=generator, dtype=torch.float64)
        x.requires_grad_()
        (gradient,) = torch.autograd.grad(objective(x, y, labels), x)
        lengths.append(float(gradient.norm(dim=1).mean()))
    return statistics.mean(lengths)


def main() -> None:
    """Print the table."""
    print("| objective | " + " | ".join(RANGES) + " |\n| :-- |" + " --: |" * len(RANGES))
    for name, objective in OBJECTIVES.items():
        found = {where: mean_gradient(objective, *bounds) for where, bounds in RANGES.items()}
        cells = [f"{value:.4f} ({value / found[MIDDLE]:.2f} ×)" for value in found.values()]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()

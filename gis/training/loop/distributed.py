"""Gather the batch of all processes, so that two with half a batch each compute what one with the whole does.

torch's own ``distributed.nn.functional.all_gather`` wants parts of equal size; these may differ.
"""

from typing import Any

import torch
from torch import Tensor, distributed
from torch.autograd import Function


def processes() -> int:
    """Return the number of processes that train together."""
    return distributed.get_world_size() if distributed.is_available() and distributed.is_initialized() else 1


def rank() -> int:
    """Return the number of this process among them, from 0."""
    return distributed.get_rank() if processes() > 1 else 0


def gather_batch(part: Tensor) -> Tensor:
    """Return every process's part of a batch, concatenated in the order of ranks.

    The gradient of the whole flows back into this process's part, times the number of processes: the mean over
    processes, which data-parallel training takes, is then the gradient of the loss of the whole batch.

    Args:
        part: (rows, …) this process's part.

    Returns:
        (rows of all processes, …) the whole batch.
    """
    if processes() == 1:
        return part
    gathered: Tensor = _Gather.apply(part)  # type: ignore[no-untyped-call]
    return gathered


class _Gather(Function):
    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:  # noqa: ANN401
        sizes = [torch.zeros(1, dtype=torch.long, device=part.device) for _ in range(processes())]
        distributed.all_gather(sizes, torch.tensor([len(part)], device=part.device))
        counts = [int(size) for size in sizes]
        padded = part.new_zeros((max(counts), *part.shape[1:]))  # parts may differ in size, what is sent may not
        padded[: len(part)] = part
        parts = [torch.empty_like(padded) for _ in counts]
        distributed.all_gather(parts, padded)
        ctx.start, ctx.length = sum(counts[: distributed.get_rank()]), len(part)
        return torch.cat([padded[:count] for padded, count in zip(parts, counts, strict=True)])

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:  # noqa: ANN401
        return upstream[ctx.start : ctx.start + ctx.length] * processes()

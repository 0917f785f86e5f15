"""The softmax of each text over the other texts of its batch, without the batch × batch matrix.

Similarities are made block by block and thrown away, again in the backward pass: memory is O(n × dim). Each block
serves both its rows and its columns, as cosine is symmetric, so value and gradient of n texts cost 2 n² dim
multiplications where a plain matrix costs 3 n² dim.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

BLOCK = {"cpu": 1024}  # rows and columns of a block: 4 MiB in float32 stay in a processor's cache
BLOCK_ELSEWHERE = 8192
# Cosines lie in [-1, 1], so exp((cosine - 1) / temperature) needs no running maximum as long as the smallest of them,
# exp(-2 / temperature), can be held: float32 holds it from 0.025 on, float64 from 0.003 on.
LOWEST_TEMPERATURE = 0.003
LOWEST_TEMPERATURE_FLOAT32 = 0.025


@dataclass(frozen=True)
class Candidates:
    """Which texts are compared with which.

    Attributes:
        weights: (n,) weight of each text's log-partition; 0 for texts that are candidates only.
        partner: (n,) the row of each text's positive, or -1; a partner is a candidate whatever the ids say.
        queries: The first texts are queries and only the rest are candidates; None: each text against all others.
        ids: (n,) equal for texts that must not be each other's negatives; None where all may.
    """

    weights: Tensor
    partner: Tensor
    queries: int | None = None
    ids: Tensor | None = None


def log_partition(units: Tensor, candidates: Candidates, temperature: float) -> Tensor:
    """Sum over texts of weight x log(sum over its candidates of exp(cosine / temperature)).

    Args:
        units: (n, dim) vectors of length 1 (or 0).
        candidates: Which texts are compared with which.
        temperature: Divides the cosines; at least 0.003.

    Returns:
        A scalar. First derivatives only.

    Raises:
        ValueError: The temperature is too low for the sums to be held.
    """
    if temperature < LOWEST_TEMPERATURE:
        raise ValueError(f"the temperature must be at least {LOWEST_TEMPERATURE}, not {temperature}")
    exact = units.double() if temperature < LOWEST_TEMPERATURE_FLOAT32 else units
    with torch.autocast(units.device.type, enabled=False):
        value: Tensor = _LogPartition.apply(exact, candidates, temperature)  # type: ignore[no-untyped-call]
    return value.to(units.dtype)


class _LogPartition(Function):
    @staticmethod
    def forward(ctx: Any, units: Tensor, candidates: Candidates, temperature: float) -> Tensor:  # noqa: ANN401
        blocks = _Blocks(units, candidates, temperature)
        sums = torch.zeros_like(blocks.weights)
        for rows, columns in blocks:
            exponentials = blocks.exponentials(rows, columns)
            sums[rows] += exponentials.sum(1)
            if columns.start > rows.start and blocks.weighted(columns):
                sums[columns] += exponentials.sum(0)
        shares = torch.where(blocks.weights > 0, blocks.weights / sums, 0)
        logarithms = torch.where(blocks.weights > 0, blocks.weights * (sums.log() + 1 / temperature), 0)
        ctx.save_for_backward(units)
        ctx.blocks, ctx.shares, ctx.temperature = blocks, shares, temperature
        return logarithms.sum()

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None, None]:  # noqa: ANN401
        if torch.is_grad_enabled():  # create_graph: what is kept would count as constant, and be silently wrong
            raise RuntimeError("the in-batch loss has first derivatives only")
        with torch.autocast(upstream.device.type, enabled=False):  # backward() may be called where autocast is on
            return _LogPartition.gradient(ctx, upstream), None, None

    @staticmethod
    def gradient(ctx: Any, upstream: Tensor) -> Tensor:  # noqa: ANN401
        blocks: _Blocks = ctx.blocks
        shares: Tensor = ctx.shares
        scaled = blocks.scaled
        gradient = torch.zeros_like(scaled)
        for rows, columns in blocks:
            weights = blocks.exponentials(rows, columns)
            weights *= shares[rows, None] + shares[columns] if blocks.weighted(columns) else shares[rows, None]
            gradient[rows].addmm_(weights, scaled[columns])
            if columns.start > rows.start:
                gradient[columns].addmm_(weights.T, scaled[rows])
        gradient *= upstream / ctx.temperature**0.5
        return blocks.in_order(gradient)


class _Blocks:
    """The blocks of the similarity matrix that hold a text of weight, heavy texts first."""

    def __init__(self, units: Tensor, candidates: Candidates, temperature: float) -> None:
        heavy = candidates.weights > 0
        self._heavy = int(heavy.sum())
        self._queries = candidates.queries
        # In a complete batch texts without weight go last, so that no block of them alone is ever made.
        self._order = torch.sort(heavy, descending=True, stable=True).indices if self._queries is None else None
        self.weights = self._sorted(candidates.weights).to(units.dtype)
        self.scaled = self._sorted(units) / temperature**0.5
        self._least = units.new_full((), -1 / temperature)
        self._size = BLOCK.get(units.device.type, BLOCK_ELSEWHERE)
        self._ids = self._partner = self._rows = None
        if candidates.ids is not None and len(torch.unique(candidates.ids)) < len(units):
            self._ids = self._sorted(candidates.ids)
            self._partner = self._sorted(candidates.partner)
            self._rows = self._sorted(torch.arange(len(units), device=units.device))

    def __iter__(self) -> Iterator[tuple[slice, slice]]:
        """Yield the rows and columns of each block; columns never come before rows."""
        total = len(self.weights)
        for start in range(0, self._heavy, self._size):
            # Where all are compared with all, the heavy rows end anywhere and blocks must not overlap themselves.
            end = total if self._queries is None else self._queries
            rows = slice(start, min(start + self._size, end))
            for column in range(start if self._queries is None else self._queries, total, self._size):
                yield rows, slice(column, min(column + self._size, total))

    def weighted(self, part: slice) -> bool:
        """Return whether any text in ``part`` has a weight."""
        return self._queries is None and part.start < self._heavy

    def exponentials(self, rows: slice, columns: slice) -> Tensor:
        """exp((cosine - 1) / temperature) of a block, 0 where a text is not a candidate."""
        block = torch.addmm(self._least, self.scaled[rows], self.scaled[columns].T).exp_()
        if self._queries is None and rows == columns:
            block.fill_diagonal_(0)
        if self._ids is not None and self._partner is not None and self._rows is not None:
            same = self._ids[rows, None] == self._ids[columns]
            block.masked_fill_(same & (self._partner[rows, None] != self._rows[columns]), 0)
        return block

    def in_order(self, rows: Tensor) -> Tensor:
        """Undo the sorting of texts."""
        if self._order is None:
            return rows
        original = torch.empty_like(rows)
        original[self._order] = rows
        return original

    def _sorted(self, rows: Tensor) -> Tensor:
        return rows if self._order is None else rows[self._order]

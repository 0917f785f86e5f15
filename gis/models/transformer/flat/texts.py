"""A batch of texts as one row of tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Run(NamedTuple):
    """Texts of equal length that follow each other: tokens ``start`` to ``stop`` of the row."""

    start: int
    stop: int
    texts: int
    length: int


@dataclass(frozen=True)
class FlatTexts:
    """Texts side by side.

    Attributes:
        ids: (tokens,) token ids.
        positions: (tokens,) the position of each token in its text, as its model counts them.
        starts: (texts + 1,) int32, where each text begins, and the number of tokens.
        runs: The texts of equal length, in order.
    """

    ids: Tensor
    positions: Tensor
    starts: Tensor
    runs: tuple[Run, ...]

    @classmethod
    def of(cls, texts: Sequence[NDArray[np.integer[Any]]], padding: int | None, device: torch.device) -> "FlatTexts":
        """Lay out texts.

        Args:
            texts: Token ids of each text, special tokens included, sorted by length.
            padding: The padding token of a family that counts positions from behind it, and never counts it, even in
                a text; None for one that counts every token from 0.
            device: Where to.
        """
        starts = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        positions = [_positions(text, padding) for text in texts]
        return cls(
            torch.from_numpy(np.concatenate(texts).astype(np.int64)).to(device),
            torch.from_numpy(np.concatenate(positions)).to(device),
            torch.from_numpy(starts).to(device),
            tuple(_runs([len(text) for text in texts])),
        )

    def rows(self, token: str) -> Tensor:
        """Return where the "first" or the "last" token of each text is: (texts,)."""
        return self.starts[:-1] if token == "first" else self.starts[1:] - 1


def _positions(text: NDArray[np.integer[Any]], padding: int | None) -> NDArray[np.int64]:
    if padding is None:
        return np.arange(len(text), dtype=np.int64)
    counted = text != padding
    return np.asarray(np.cumsum(counted) * counted + padding, dtype=np.int64)


def _runs(lengths: list[int]) -> list[Run]:
    """Cut sorted lengths into runs of equal ones."""
    runs, start, text = [], 0, 0
    while text < len(lengths):
        count = 1
        while text + count < len(lengths) and lengths[text + count] == lengths[text]:
            count += 1
        stop = start + count * lengths[text]
        runs.append(Run(start, stop, count, lengths[text]))
        start, text = stop, text + count
    return runs

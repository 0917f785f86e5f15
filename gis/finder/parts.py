"""What a corpus holds of its issues, where that is kept in several parts: files that are written once and mapped."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.intp]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Order:
    """Which rows of several parts a corpus of n issues consists of, and in which order.

    Attributes:
        sizes: How many rows each part has.
        rows: (n,) the row of each position, counted through all parts; None where that is the position itself.
    """

    sizes: tuple[int, ...]
    rows: Positions | None = None

    def __len__(self) -> int:
        return sum(self.sizes) if self.rows is None else len(self.rows)

    @cached_property
    def starts(self) -> Positions:
        """(parts + 1,) The first row of each part, and the number of rows."""
        return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.intp)

    def of(self, parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
        """Return what the parts have of each row, (…, size) arrays, as one (…, n) array in the order of the corpus."""
        joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
        return joined if self.rows is None else joined[..., self.rows]

    def place(self, position: int) -> tuple[int, int]:
        """Return the part of a position, and the row in it."""
        row = position if self.rows is None else int(self.rows[position])
        part = int(np.searchsorted(self.starts, row, "right")) - 1
        return part, row - int(self.starts[part])

    def masks(self, positions: Positions | None = None) -> list[Mask | None]:
        """Return, for each part, which of its rows stand at these positions, or at any; None where all do."""
        if positions is None and self.rows is None:
            return [None] * len(self.sizes)
        chosen = np.zeros(int(self.starts[-1]), np.bool_)
        rows = np.arange(len(self)) if self.rows is None else self.rows
        chosen[rows if positions is None else rows[positions]] = True
        parts = np.split(chosen, self.starts[1:-1])
        return [None if part.all() else part for part in parts]


@dataclass(frozen=True)
class Vectors:
    """The (n, dim) embeddings of a corpus, of length 1.

    Attributes:
        parts: (size, dim) float32 each.
        order: Which of their rows these are.
    """

    parts: tuple[NDArray[np.float32], ...]
    order: Order

    @classmethod
    def of(cls, vectors: NDArray[np.float32]) -> "Vectors":
        """Return the embeddings of a corpus in one part."""
        return cls((vectors,), Order((len(vectors),)))

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, positions: Positions) -> NDArray[np.float32]:
        """Return the (k, dim) embeddings at some positions."""
        places = [self.order.place(int(position)) for position in positions]
        rows = [self.parts[part][row] for part, row in places]
        return np.array(rows, np.float32).reshape(len(rows), self.parts[0].shape[1])

    def similarities(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the (b, n) cosines of (b, dim) queries of length 1 with each embedding."""
        return np.asarray(self.order.of([queries @ part.T for part in self.parts]), np.float32)


@dataclass(frozen=True)
class Texts(Sequence[str]):
    """The texts of a corpus.

    Attributes:
        parts: The texts of each part, which may be read from a file when they are asked for.
        order: Which of them these are.
    """

    parts: tuple[Sequence[str], ...]
    order: Order

    def __len__(self) -> int:
        return len(self.order)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[str]: ...
    def __getitem__(self, position: int | slice) -> str | Sequence[str]:
        """Return the text at a position, or those at several."""
        if isinstance(position, slice):
            return [self[n] for n in range(*position.indices(len(self)))]
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        part, row = self.order.place(int(position) % len(self))
        return self.parts[part][row]


@dataclass(frozen=True)
class Titles(Sequence[str]):
    """The titles of texts."""

    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.texts)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> Sequence[str]: ...
    def __getitem__(self, position: int | slice) -> str | Sequence[str]:
        """Return the title at a position, or those at several."""
        texts = self.texts[position]
        return title_of(texts) if isinstance(texts, str) else [title_of(text) for text in texts]


def title_of(text: str) -> str:
    """Return the title of a text: what stands above its first blank line, where that is one line."""
    title, _, _ = text.partition("\n\n")
    return "" if "\n" in title else title

"""The words of many texts as a sparse matrix, for searching them by TF-IDF or BM25."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.models.bm25 import bm25_of_counts, inverse_frequencies
from gis.words import words

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TermMatrix:
    """How often each word occurs in each of n texts.

    Attributes:
        vocabulary: The column of each word.
        counts: (n, words) sparse matrix in rows.
        known: The texts that the statistics of words are from; None for all. In a replay of the past, its own.
    """

    vocabulary: Mapping[str, int]
    counts: Any  # scipy's csr_matrix, untyped
    known: NDArray[np.intp] | None = None

    @classmethod
    def of(cls, texts: Iterable[str]) -> "TermMatrix":
        """Count the words of ``texts``."""
        vocabulary: dict[str, int] = {}
        counts = _counts([vocabulary.setdefault(word, len(vocabulary)) for word in words(text)] for text in texts)
        counts.resize(counts.shape[0], max(len(vocabulary), 1))
        return cls(vocabulary, counts)

    def counts_of(self, texts: Iterable[str]) -> Any:  # noqa: ANN401
        """Count the known words of other texts: a sparse (texts, words) matrix."""
        known = self.vocabulary
        counts = _counts([known[word] for word in words(text) if word in known] for text in texts)
        counts.resize(counts.shape[0], self.counts.shape[1])
        return counts

    @cached_property
    def frequencies(self) -> Array:
        """(words,) In how many of the known texts each word occurs."""
        return np.bincount(self._known.indices, minlength=self.counts.shape[1]).astype(np.float64)

    @property
    def texts(self) -> int:
        """How many texts are known."""
        return int(self._known.shape[0])

    @cached_property
    def _known(self) -> Any:  # noqa: ANN401
        return self.counts if self.known is None else self.counts[self.known]

    @property
    def bm25(self) -> Any:  # noqa: ANN401
        """The (n, words) BM25 weight of each word in each text; a query's score is the sum over its words."""
        mean_length = float(self._known.sum()) / max(self.texts, 1)
        return bm25_of_counts(self.counts, self.frequencies, self.texts, mean_length)

    def highest_bm25(self, counts: Any) -> Array:  # noqa: ANN401
        """Return the (texts,) BM25 score that no text reaches for the words of ``counts``."""
        return np.asarray((counts > 0) @ inverse_frequencies(self.frequencies, self.texts), dtype=np.float64)

    def tfidf(self, counts: Any) -> Any:  # noqa: ANN401
        """Return TF-IDF vectors of length 1 (sublinear term frequency): a sparse matrix like ``counts``.

        Args:
            counts: Of these texts, or of others as ``counts_of`` gives them.
        """
        smoothed = np.log((1 + self.texts) / (1 + self.frequencies)) + 1  # as scikit-learn does
        weighted = counts.astype(np.float64)
        np.log(weighted.data, out=weighted.data)
        weighted.data += 1
        weighted.data *= smoothed[weighted.indices]
        squares = type(weighted)((weighted.data**2, weighted.indices, weighted.indptr), weighted.shape)
        lengths = np.sqrt(np.asarray(squares.sum(axis=1), dtype=np.float64).ravel())
        weighted.data /= np.repeat(lengths, np.diff(weighted.indptr))  # a row without words has no data
        return weighted


def _counts(rows: Iterable[Sequence[int]]) -> Any:  # noqa: ANN401
    """Count the columns that each row names: a sparse matrix, as wide as the last of them."""
    from scipy.sparse import csr_matrix

    columns, starts = array("i"), array("q", [0])
    for row in rows:
        columns.extend(row)
        starts.append(len(columns))
    numbers = np.frombuffer(columns, np.int32) if columns else np.empty(0, np.int32)
    width = int(numbers.max(initial=0)) + 1
    matrix = csr_matrix(
        (np.ones(len(numbers), np.int32), numbers, np.frombuffer(starts, np.int64)), (len(starts) - 1, width)
    )
    matrix.sum_duplicates()
    return matrix

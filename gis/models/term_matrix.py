"""The words of many texts as a sparse matrix, for searching them by TF-IDF or BM25."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.models.bm25 import bm25_weights
from gis.words import words


@dataclass(frozen=True)
class TermMatrix:
    """How often each word occurs in each of n texts.

    Attributes:
        vocabulary: The column of each word.
        counts: (n, words) sparse matrix in rows.
    """

    vocabulary: Mapping[str, int]
    counts: Any  # scipy's csr_matrix, untyped

    @classmethod
    def of(cls, texts: Iterable[str]) -> "TermMatrix":
        """Count the words of ``texts``."""
        vocabulary: dict[str, int] = {}
        rows = [[vocabulary.setdefault(word, len(vocabulary)) for word in words(text)] for text in texts]
        return cls(vocabulary, _matrix(rows, len(vocabulary)))

    def counts_of(self, texts: Iterable[str]) -> Any:  # noqa: ANN401
        """Count the known words of other texts: a sparse (texts, words) matrix."""
        rows = [[self.vocabulary[word] for word in words(text) if word in self.vocabulary] for text in texts]
        return _matrix(rows, len(self.vocabulary))

    @cached_property
    def frequencies(self) -> NDArray[np.int64]:
        """(words,) In how many texts each word occurs."""
        return np.bincount(self.counts.indices, minlength=len(self.vocabulary)).astype(np.int64)

    @cached_property
    def inverse_frequencies(self) -> NDArray[np.float64]:
        """(words,) Inverse document frequencies, smoothed as scikit-learn's."""
        return np.asarray(np.log((1 + self.counts.shape[0]) / (1 + self.frequencies)) + 1, dtype=np.float64)

    def tfidf(self, counts: Any) -> Any:  # noqa: ANN401
        """Return TF-IDF vectors of length 1 (sublinear term frequency): a sparse matrix like ``counts``.

        Args:
            counts: Of these texts, or of others as ``counts_of`` gives them.
        """
        from sklearn.preprocessing import normalize

        weighted = counts.astype(np.float64)
        weighted.data = (1 + np.log(weighted.data)) * self.inverse_frequencies[weighted.indices]
        return normalize(weighted, copy=False)

    @cached_property
    def bm25(self) -> Any:  # noqa: ANN401
        """The (n, words) BM25 weight of each word in each text; a query's score is the sum over its words."""
        lengths = np.asarray(self.counts.sum(axis=1), dtype=np.int64).ravel()
        rows = np.split(np.repeat(self.counts.indices, self.counts.data), np.cumsum(lengths)[:-1])
        return bm25_weights([row.tolist() for row in rows], self.vocabulary).tocsr()


def _matrix(rows: Sequence[Sequence[int]], width: int) -> Any:  # noqa: ANN401
    from scipy.sparse import csr_matrix

    starts = np.cumsum([0, *map(len, rows)])
    columns = np.fromiter((column for row in rows for column in row), np.int32, int(starts[-1]))
    matrix = csr_matrix((np.ones(len(columns), np.int32), columns, starts), (len(rows), max(width, 1)))
    matrix.sum_duplicates()
    return matrix

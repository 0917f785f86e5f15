"""BM25 weights of the words of texts: what the baseline ``bm25`` and the search for hard negatives have in common."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix

K1, B = 1.5, 0.75
Array = NDArray[np.float64]


def bm25_weights(tokens: Sequence[Sequence[int]], vocabulary: Mapping[str, int]) -> "csc_matrix":
    """Return what each word adds to the score of each text: a sparse (texts, words) matrix.

    Okapi BM25 in Lucene's form (k1 1.5, b 0.75). The score of a text for a query is the sum over the query's words.

    Args:
        tokens: The words of each text, as numbers.
        vocabulary: The number of each word.
    """
    import bm25s
    from scipy.sparse import csc_matrix

    index = bm25s.BM25(method="lucene", k1=K1, b=B)
    index.index((tokens, vocabulary), create_empty_token=False, show_progress=False)
    # bm25s keeps the weight of every (text, word) as the parts of a sparse matrix.
    parts = (index.scores["data"], index.scores["indices"], index.scores["indptr"])
    return csc_matrix(parts, shape=(len(tokens), len(vocabulary)))


def bm25_of_counts(counts: Any, frequencies: Array, texts: int, mean_length: float) -> Any:  # noqa: ANN401
    """Return the same weights from counted words, with statistics that may be those of other texts.

    Args:
        counts: How often each word occurs in each text: a sparse (texts, words) matrix in rows.
        frequencies: (words,) in how many of ``texts`` texts each word occurs.
        texts: How many texts the statistics are from.
        mean_length: Their mean number of words.
    """
    weights = counts.astype(np.float64)
    lengths = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    norm = K1 * (1 - B + B * lengths / max(mean_length, 1e-9))
    of_row = np.repeat(norm, np.diff(counts.indptr))
    weights.data = inverse_frequencies(frequencies, texts)[counts.indices] * weights.data / (weights.data + of_row)
    return weights


def inverse_frequencies(frequencies: Array, texts: int) -> Array:
    """Return Lucene's inverse document frequency of each word, which is above 0."""
    return np.asarray(np.log1p((texts - frequencies + 0.5) / (frequencies + 0.5)), dtype=np.float64)

"""BM25 weights of the words of texts: what the baseline ``bm25`` and the search for hard negatives have in common."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scipy.sparse import csc_matrix

K1, B = 1.5, 0.75


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

"""Searches for the most similar of many texts, by BM25 or by an encoder."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gis.models.bm25 import bm25_weights
from gis.text import words

MAX_QUERY_WORDS = 100
QUERIES_PER_BATCH = 256
# From n texts, the indices of the queries among them and a number k: (queries, k) indices of the most similar texts,
# in descending order of similarity. The query itself may be among them; k must not exceed n.
Search = Callable[[list[str], list[int], int], NDArray[np.int64]]


def by_bm25(texts: list[str], queries: list[int], count: int) -> NDArray[np.int64]:
    """Return the (queries, count) indices of the texts with the highest BM25 for each query."""
    from scipy.sparse import csr_matrix

    vocabulary: dict[str, int] = {}
    tokens = [[vocabulary.setdefault(word, len(vocabulary)) for word in words(text)] for text in texts]
    weights = bm25_weights(tokens, vocabulary)
    terms = [list(dict.fromkeys(tokens[query]))[:MAX_QUERY_WORDS] for query in queries]
    starts = np.cumsum([0, *map(len, terms)])
    chosen = csr_matrix((np.ones(starts[-1], np.float32), np.concatenate(terms), starts), (len(terms), len(vocabulary)))
    return np.concatenate([_top((weights @ chosen[batch].T).T.toarray(), count) for batch in _batches(len(queries))])


def by_encoder(encode: Callable[[list[str]], NDArray[np.float32]]) -> Search:
    """Return a search by the cosine similarity of an encoder's embeddings.

    Args:
        encode: Turns n texts into (n, dim) embeddings.
    """

    def search(texts: list[str], queries: list[int], count: int) -> NDArray[np.int64]:
        embeddings = encode(texts)
        embeddings = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
        chosen = embeddings[queries]
        return np.concatenate([_top(chosen[batch] @ embeddings.T, count) for batch in _batches(len(queries))])

    return search


def _batches(count: int) -> Iterator[slice]:
    return (slice(start, start + QUERIES_PER_BATCH) for start in range(0, count, QUERIES_PER_BATCH))


def _top(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return the (queries, count) columns with the highest scores of each row, in descending order."""
    top = np.argpartition(-scores, min(count, scores.shape[1]) - 1, axis=1)[:, :count]
    top.sort(axis=1)  # so that ties are in ascending order
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1).astype(np.int64)

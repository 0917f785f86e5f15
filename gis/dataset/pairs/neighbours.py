"""Issues whose texts are most similar, by BM25 or by an encoder: the hardest negatives.

Neighbours are searched for among some twenty thousand issues of the same repository that were opened around the same
time, so that the work grows with the number of issues and not with its square.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gis.console import QUIET, Reporter
from gis.dataset.issues.table import Issues, blocks
from gis.dataset.texts.texts import Texts
from gis.models.bm25 import bm25_weights
from gis.words import words

ISSUES_PER_BLOCK = 20_000
RANKS = slice(5, 50)  # of neighbours for negatives; the nearest are often duplicates that nobody noticed
MAX_QUERY_WORDS = 100
QUERIES_PER_BATCH = 256
# From texts, the indices of the queries among them and a number k: (queries, k) indices of the most similar texts.
Search = Callable[[list[str], list[int], int], NDArray[np.int64]]


def find_neighbours(
    issues: Issues,
    texts: Texts,
    anchors: Sequence[int],
    search: Search,
    *,
    name: str,
    ranks: slice = RANKS,
    reporter: Reporter = QUIET,
) -> Mapping[int, list[int]]:
    """Return the neighbours of each anchor, nearest first.

    Args:
        issues: All issues.
        texts: Their texts.
        anchors: Positions of the issues whose neighbours are needed.
        search: Finds the most similar texts of a block.
        name: The name of the work in progress lines.
        ranks: Which of them, from 0; by default those that are rarely duplicates.
        reporter: Shows progress.
    """
    wanted = np.unique(np.array(anchors, np.int64))
    neighbours: dict[int, list[int]] = {}
    with reporter.track(name, len(wanted), "issues") as tracker:
        for block in blocks(issues, ISSUES_PER_BLOCK):
            block_anchors = wanted[np.searchsorted(wanted, block.start) : np.searchsorted(wanted, block.stop)]
            if not len(block_anchors):
                continue
            rows = list(texts.between(block.start, block.stop))
            positions = np.array([position for position, _ in rows])
            queries = np.flatnonzero(np.isin(positions, block_anchors)).tolist()
            nearest = search([text for _, text in rows], queries, min(ranks.stop + 1, len(rows)))
            for query, indices in zip(queries, nearest, strict=True):
                neighbours[int(positions[query])] = positions[indices[indices != query]][ranks].tolist()
            tracker.advance(len(block_anchors), (tracker.done + len(block_anchors)) / len(wanted))
    return neighbours


def by_bm25(texts: list[str], queries: list[int], count: int) -> NDArray[np.int64]:
    """Return the (queries, count) indices of the texts with the highest BM25 for each query."""
    from scipy.sparse import csr_matrix

    tokens = [words(text) for text in texts]
    vocabulary: dict[str, int] = {}
    numbers = [[vocabulary.setdefault(word, len(vocabulary)) for word in text] for text in tokens]
    weights = bm25_weights(numbers, vocabulary)
    terms = [list(dict.fromkeys(numbers[query]))[:MAX_QUERY_WORDS] for query in queries]
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

"""Issues whose texts are alike, by BM25 or by an encoder: the hardest negatives.

Neighbours are looked for among some twenty thousand issues of the same repository that were opened around the same
time, so that the work grows with the number of issues and not with its square.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from gis.console import Reporter
from gis.dataset.issues.table import Issues, blocks
from gis.dataset.texts.texts import Texts
from gis.text import words

BLOCK = 20_000  # issues
RANKS = range(5, 50)  # of the neighbours taken; the nearest are often duplicates that nobody marked
MOST_WORDS = 100  # of a query
TOGETHER = 256  # queries
Nearest = Callable[[list[str], list[int], int], NDArray[np.int64]]  # texts, places of the queries, how many -> places


def neighbours(
    issues: Issues, texts: Texts, anchors: Sequence[int], nearest: Nearest, label: str, reporter: Reporter
) -> Mapping[int, list[int]]:
    """The neighbours of each anchor, nearest first, of ranks ``RANKS``.

    Args:
        issues: What is there.
        texts: Their texts.
        anchors: Positions whose neighbours are wanted.
        nearest: Finds them among the texts of a block.
        label: What progress is called.
        reporter: Shows progress.
    """
    wanted = np.unique(np.array(anchors, np.int64))
    found: dict[int, list[int]] = {}
    with reporter.track(label, len(wanted), "issues") as tracker:
        for block in blocks(issues, BLOCK):
            here = wanted[np.searchsorted(wanted, block.start) : np.searchsorted(wanted, block.stop)]
            if not len(here):
                continue
            rows = list(texts.between(block.start, block.stop))
            positions = np.array([position for position, _ in rows])
            queries = [int(place) for place in np.flatnonzero(np.isin(positions, here))]
            places = nearest([text for _, text in rows], queries, min(RANKS.stop + 1, len(rows)))
            for query, row in zip(queries, places, strict=True):
                others = [int(positions[place]) for place in row if place != query]
                found[int(positions[query])] = others[RANKS.start : RANKS.stop]
            tracker.advance(len(here), (tracker.done + len(here)) / len(wanted))
    return found


def by_bm25(texts: list[str], queries: list[int], count: int) -> NDArray[np.int64]:
    """Places of the ``count`` texts of the highest BM25 for each query."""
    import bm25s
    from scipy.sparse import csc_matrix, csr_matrix

    index = bm25s.BM25()
    tokens = [words(text) for text in texts]
    index.index(tokens, show_progress=False)
    found = index.scores
    shape = (len(texts), len(found["indptr"]) - 1)
    weights = csc_matrix((found["data"], found["indices"], found["indptr"]), shape)  # of each word in each text
    asked = [[index.vocab_dict[word] for word in list(dict.fromkeys(tokens[n]))[:MOST_WORDS]] for n in queries]
    starts = np.cumsum([0, *map(len, asked)])
    said = csr_matrix((np.ones(starts[-1], np.float32), np.concatenate(asked), starts), (len(queries), shape[1]))
    return np.concatenate([_top((weights @ said[part].T).T.toarray(), count) for part in _slices(len(queries))])


def by_encoder(encode: Callable[[list[str]], NDArray[np.float32]]) -> Nearest:
    """Places of the texts of the highest cosine similarity, by an encoder's vectors."""

    def nearest(texts: list[str], queries: list[int], count: int) -> NDArray[np.int64]:
        vectors = encode(texts)
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        asked = vectors[queries]
        return np.concatenate([_top(asked[part] @ vectors.T, count) for part in _slices(len(queries))])

    return nearest


def _slices(count: int) -> Iterator[slice]:
    return (slice(start, start + TOGETHER) for start in range(0, count, TOGETHER))


def _top(scores: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    some = np.argpartition(-scores, min(count, scores.shape[1]) - 1, axis=1)[:, :count]
    some.sort(axis=1)  # ties in order of number
    order = np.argsort(-np.take_along_axis(scores, some, axis=1), axis=1, kind="stable")
    return np.take_along_axis(some, order, axis=1).astype(np.int64)

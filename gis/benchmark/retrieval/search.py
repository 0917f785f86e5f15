"""Where the relevant documents of each query rank: blocks of queries, one matrix product each."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.retrieval.collection import Collection, Numbers
from gis.models.base import PairScorer
from gis.models.similarity import unit
from gis.models.term_matrix import TermMatrix

BYTES_PER_BLOCK = 64 << 20  # of the similarities of a block of queries with all documents
# Of a similarity. The last digits of single precision depend on the order of a sum, and must not rank equal texts.
DECIMALS = 6
Scores = Callable[[slice], NDArray[np.float32]]  # a slice of the queries -> their (b, n) similarities


def by_cosine(queries: NDArray[np.float32], documents: NDArray[np.float32]) -> Scores:
    """Compare by the cosine of (q, dim) and (n, dim) vectors; 0 where either is the zero vector."""
    one, other = unit(queries), unit(documents)
    return lambda block: _rounded(one[block] @ other.T)


def by_words(model: str, queries: tuple[str, ...], documents: tuple[str, ...]) -> Scores:
    """Compare by the words of texts: ``tfidf`` by cosine, ``bm25`` by the sum over the distinct words of a query."""
    terms = TermMatrix.of(documents)
    counts = terms.counts_of(queries)
    if model == "tfidf":
        one, other = terms.tfidf(counts), terms.tfidf(terms.counts).T.tocsr()
    else:
        one, other = (counts > 0).astype(np.float64), terms.bm25.T.tocsr()
    return lambda block: _rounded((one[block] @ other).toarray())


def by_pairs(model: PairScorer, queries: tuple[str, ...], documents: tuple[str, ...]) -> Scores:
    """Compare each query with each document."""

    def scores(block: slice) -> NDArray[np.float32]:
        pairs = [(query, document) for query in queries[block] for document in documents]
        return _rounded(model.score(pairs).reshape(-1, len(documents)))

    return scores


def ranks(collection: Collection, scores: Scores) -> Numbers:
    """Return the (m,) rank of the document of each judgement among all that may be found for its query, from 1.

    A document's rank is one more than the number of documents with a higher score, or the same score and an id that is
    later in the order of UTF-8: the order of trec_eval, for scores in single precision.
    """
    found = np.zeros(len(collection.document), np.intp)
    order = collection.tie_order
    by_query = np.argsort(collection.query, kind="stable")
    starts = np.searchsorted(collection.query[by_query], np.arange(len(collection.queries) + 1))
    for block in blocks(len(collection.queries), len(collection.documents)):
        for query, row in zip(range(block.start, block.stop), scores(block), strict=True):
            row[~collection.candidates(query)] = -np.inf
            for judgement in by_query[starts[query] : starts[query + 1]]:
                document = collection.document[judgement]
                score = row[document]
                before = (row > score) | ((row == score) & (order < order[document]))
                found[judgement] = 1 + np.count_nonzero(before)
    return found


def blocks(queries: int, documents: int) -> Iterator[slice]:
    """Divide the queries, so that the similarities of a block fit into a fixed amount of memory."""
    size = max(BYTES_PER_BLOCK // (4 * max(documents, 1)), 1)
    return (slice(start, min(start + size, queries)) for start in range(0, queries, size))


def _rounded(similarities: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(np.round(similarities, DECIMALS), dtype=np.float32)

"""Candidates for each query, by several similarities at once, with what a ranker weighs of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.finder.corpus import Corpus, Positions
from gis.models.similarity import unit
from gis.models.term_matrix import TermMatrix

SIMILARITIES = ("cosine", "title cosine", "TF-IDF", "title TF-IDF", "BM25")
PROPOSING = ("cosine", "TF-IDF", "BM25")  # whose nearest issues are candidates
CANDIDATES = 20  # of each of these
RANKED = 200  # issues whose rank is told; one more than that for all others
FEATURES = (
    *(f"{name}{part}" for name in SIMILARITIES for part in ("", ", behind the best", ", 1 / rank")),
    "log days",
    "same author",
)
BYTES_PER_BLOCK = 128 << 20
SECONDS_PER_DAY = 86_400
Array = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Queries:
    """q texts whose duplicates are looked for.

    Attributes:
        texts: The texts, as those of the corpus.
        titles: Their titles.
        vectors: (q, dim) embeddings of the texts.
        title_vectors: (q, dim) embeddings of the titles.
        repository: (q,) where they are looked for.
        created: (q,) only older issues may be found.
        author: (q,) who wrote them, as ``Corpus.author_codes``.
    """

    texts: Sequence[str]
    titles: Sequence[str]
    vectors: NDArray[np.float32]
    title_vectors: NDArray[np.float32]
    repository: NDArray[np.int32]
    created: NDArray[np.int64]
    author: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Candidates:
    """What may be a query's duplicates.

    Attributes:
        query: The query.
        positions: (k,) positions in the corpus.
        features: (k, features) what is known of each.
        nearest: The nearest positions by each similarity alone, the best first.
    """

    query: int
    positions: Positions
    features: Array
    nearest: dict[str, Positions]

    def take(self, places: Positions) -> "Candidates":
        """Return some of the candidates, in this order."""
        return replace(self, positions=self.positions[places], features=self.features[places])

    def similarity(self, name: str) -> Array:
        """Return a similarity of each candidate."""
        return np.asarray(self.features[:, FEATURES.index(name)], dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class SearchedCorpus:
    """A corpus with all that comparing it takes.

    Attributes:
        corpus: The issues.
        vectors: (n, dim) embeddings of their texts, of length 1; may be a file that is mapped into memory.
        title_vectors: (n, dim) embeddings of their titles, likewise.
        terms: The words of their texts.
        title_terms: The words of their titles.
    """

    corpus: Corpus
    vectors: NDArray[np.float32]
    title_vectors: NDArray[np.float32]
    terms: TermMatrix
    title_terms: TermMatrix

    def queries(self, positions: Positions) -> Queries:
        """Return issues of the corpus as queries."""
        corpus = self.corpus
        return Queries(
            texts=[corpus.texts[n] for n in positions],
            titles=[corpus.titles[n] for n in positions],
            vectors=self.vectors[positions],
            title_vectors=self.title_vectors[positions],
            repository=corpus.repository[positions],
            created=corpus.created[positions],
            author=corpus.author_codes[positions],
        )

    def search(self, queries: Queries) -> Iterator[Candidates]:
        """Yield the candidates of each query, in order; none where no older issue of its repository exists."""
        size = max(BYTES_PER_BLOCK // (4 * len(SIMILARITIES) * len(self.corpus)), 1)
        for start in range(0, len(queries), size):
            block = slice(start, min(start + size, len(queries)))
            similarities = self._similarities(queries, block)
            for n in range(block.start, block.stop):
                yield self._candidates(queries, n, similarities[:, n - start])

    @cached_property
    def _lexical(self) -> tuple[Any, Any, Any]:
        return (
            _by_word(self.terms.tfidf(self.terms.counts)),
            _by_word(self.title_terms.tfidf(self.title_terms.counts)),
            _by_word(self.terms.bm25),
        )

    def _similarities(self, queries: Queries, block: slice) -> NDArray[np.float32]:
        """Return the (5, b, n) similarities of a block of queries with all issues, in the order of ``SIMILARITIES``."""
        tfidf, title_tfidf, bm25 = self._lexical
        counts, title_counts = (
            terms.counts_of(texts[block])
            for terms, texts in ((self.terms, queries.texts), (self.title_terms, queries.titles))
        )
        similarities = np.empty((len(SIMILARITIES), counts.shape[0], len(self.corpus)), np.float32)
        np.matmul(unit(queries.vectors[block]), self.vectors.T, out=similarities[0])
        np.matmul(unit(queries.title_vectors[block]), self.title_vectors.T, out=similarities[1])
        similarities[2] = (self.terms.tfidf(counts).astype(np.float32) @ tfidf).toarray()
        similarities[3] = (self.title_terms.tfidf(title_counts).astype(np.float32) @ title_tfidf).toarray()
        similarities[4] = ((counts > 0).astype(np.float32) @ bm25).toarray()
        similarities[4] /= np.maximum(self.terms.highest_bm25(counts), 1e-9)[:, None]
        return similarities

    def _candidates(self, queries: Queries, query: int, similarities: NDArray[np.float32]) -> Candidates:
        """Choose the candidates of a query by its (5, n) similarities, which are overwritten."""
        corpus = self.corpus
        allowed = (corpus.repository == queries.repository[query]) & (corpus.created < queries.created[query])
        similarities[:, ~allowed] = -np.inf
        count = int(np.count_nonzero(allowed))
        tops = [_top(row, min(RANKED, count)) for row in similarities]
        nearest = {name: top[:CANDIDATES] for name, top in zip(SIMILARITIES, tops, strict=True)}
        positions = np.unique(np.concatenate([nearest[name] for name in PROPOSING]))
        features: list[Array] = []
        for row, top in zip(similarities, tops, strict=True):
            own, best = row[positions].astype(np.float64), row[top].astype(np.float64)
            rank = 1 + np.searchsorted(-best, -own, "left")  # of what is not among the first, one more than these
            features += [own, best.max(initial=0.0) - own, 1 / rank]
        days = (queries.created[query] - corpus.created[positions]) / SECONDS_PER_DAY
        author = queries.author[query]
        features += [np.log1p(days), ((corpus.author_codes[positions] == author) & (author >= 0)).astype(np.float64)]
        return Candidates(query, positions, np.stack(features, axis=1), nearest)


def _by_word(weights: Any) -> Any:  # noqa: ANN401
    """Return the (texts, words) weights as a (words, texts) matrix in rows, in which a few words are found fast."""
    return weights.astype(np.float32).T.tocsr()


def _top(values: Array, count: int) -> Positions:
    """Return where the highest values are, in descending order; of equal ones the later first, which is the newer."""
    top = np.argpartition(-values, count - 1)[:count] if count < len(values) else np.arange(len(values))
    return top[np.lexsort((-top, -values[top]))]

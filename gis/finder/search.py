"""Candidates for each query, by several similarities at once, with what a ranker weighs of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.retrieval.search import unit
from gis.finder.corpus import Corpus, Positions
from gis.models.term_matrix import TermMatrix

SIMILARITIES = ("cosine", "title cosine", "TF-IDF", "title TF-IDF", "BM25")
PROPOSING = ("cosine", "TF-IDF", "BM25")  # whose nearest issues are candidates
CANDIDATES = 20  # of each of these
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
        positions: (k,) positions in the corpus, ascending.
        features: (k, features) what is known of each.
        nearest: The nearest positions by each similarity alone, the best first.
    """

    query: int
    positions: Positions
    features: Array
    nearest: dict[str, Positions]

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
        size = max(BYTES_PER_BLOCK // (8 * len(SIMILARITIES) * len(self.corpus)), 1)
        for start in range(0, len(queries), size):
            block = slice(start, min(start + size, len(queries)))
            by_name = self._similarities(queries, block)
            for n in range(block.start, block.stop):
                yield self._candidates(queries, n, np.stack([values[n - start] for values in by_name]))

    @cached_property
    def _lexical(self) -> tuple[Any, Any, Any]:
        return (
            self.terms.tfidf(self.terms.counts).T.tocsc(),
            self.title_terms.tfidf(self.title_terms.counts).T.tocsc(),
            self.terms.bm25.T.tocsc(),
        )

    def _similarities(self, queries: Queries, block: slice) -> tuple[Array, ...]:
        """Return the (b, n) similarities of a block of queries with all issues, in the order of ``SIMILARITIES``."""
        tfidf, title_tfidf, bm25 = self._lexical
        counts, title_counts = (
            terms.counts_of(texts[block])
            for terms, texts in ((self.terms, queries.texts), (self.title_terms, queries.titles))
        )
        present = (counts > 0).astype(np.float64)
        highest = np.maximum(self.terms.highest_bm25(counts), 1e-9)[:, None]
        similarities = (
            unit(queries.vectors[block]) @ self.vectors.T,
            unit(queries.title_vectors[block]) @ self.title_vectors.T,
            (self.terms.tfidf(counts) @ tfidf).toarray(),
            (self.title_terms.tfidf(title_counts) @ title_tfidf).toarray(),
            (present @ bm25).toarray() / highest,
        )
        return tuple(np.asarray(values, dtype=np.float64) for values in similarities)

    def _candidates(self, queries: Queries, query: int, similarities: Array) -> Candidates:
        corpus = self.corpus
        allowed = (corpus.repository == queries.repository[query]) & (corpus.created < queries.created[query])
        possible = np.flatnonzero(allowed)
        values = similarities[:, possible]
        nearest = {name: possible[_top(row, CANDIDATES)] for name, row in zip(SIMILARITIES, values, strict=True)}
        positions = np.unique(np.concatenate([nearest[name] for name in PROPOSING]))
        features: list[Array] = []
        for row in values:
            own = row[np.searchsorted(possible, positions)]
            ordered = np.sort(row)
            rank = 1 + len(ordered) - np.searchsorted(ordered, own, "right")
            features += [own, row.max(initial=0.0) - own, 1 / rank]
        days = (queries.created[query] - corpus.created[positions]) / SECONDS_PER_DAY
        author = queries.author[query]
        features += [np.log1p(days), ((corpus.author_codes[positions] == author) & (author >= 0)).astype(np.float64)]
        return Candidates(query, positions, np.stack(features, axis=1), nearest)


def _top(values: Array, count: int) -> Positions:
    """Return where the highest values are, in descending order; of equal ones the later first, which is the newer."""
    top = np.argpartition(-values, count - 1)[:count] if count < len(values) else np.arange(len(values))
    return top[np.lexsort((-top, -values[top]))]

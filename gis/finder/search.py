"""Candidates for each query, by several similarities at once, with what a ranker weighs of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gis.finder.corpus import Corpus
from gis.finder.parts import Positions, Vectors
from gis.finder.terms import Terms
from gis.models.similarity import unit

SIMILARITIES = ("cosine", "title cosine", "TF-IDF", "title TF-IDF", "BM25")
PROPOSING = ("cosine", "TF-IDF", "BM25")  # whose nearest issues are candidates
CANDIDATES = 20  # of each of these
RANKED = 200  # issues whose rank is told; one more than that for all others
FEATURES = (
    *(f"{name}{part}" for name in SIMILARITIES for part in ("", ", behind the best", ", 1 / rank")),
    "log days",
    "log days since closed",  # 0 while the candidate is open
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
        author: (q,) who wrote them, as ``Corpus.author``.
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
        vectors: (n, dim) embeddings of their texts.
        title_vectors: (n, dim) embeddings of their titles.
        terms: The words of their texts.
        title_terms: The words of their titles.
    """

    corpus: Corpus
    vectors: Vectors
    title_vectors: Vectors
    terms: Terms
    title_terms: Terms

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
            author=corpus.author[positions],
        )

    def search(self, queries: Queries) -> Iterator[Candidates]:
        """Yield the candidates of each query, in order; none where no older issue of its repository exists."""
        size = max(BYTES_PER_BLOCK // (4 * len(SIMILARITIES) * len(self.corpus)), 1)
        for start in range(0, len(queries), size):
            block = slice(start, min(start + size, len(queries)))
            similarities = self._similarities(queries, block)
            for n in range(block.start, block.stop):
                yield self._candidates(queries, n, similarities[:, n - start])

    def _similarities(self, queries: Queries, block: slice) -> NDArray[np.float32]:
        """Return the (5, b, n) similarities of a block of queries with all issues, in the order of ``SIMILARITIES``."""
        similarities = np.empty((len(SIMILARITIES), block.stop - block.start, len(self.corpus)), np.float32)
        similarities[0] = self.vectors.similarities(unit(queries.vectors[block]))
        similarities[1] = self.title_vectors.similarities(unit(queries.title_vectors[block]))
        for n, (text, title) in enumerate(zip(queries.texts[block], queries.titles[block], strict=True)):
            words, title_words = self.terms.query(text), self.title_terms.query(title)
            similarities[2, n] = self.terms.tfidf(words)
            similarities[3, n] = self.title_terms.tfidf(title_words)
            similarities[4, n] = self.terms.bm25(words)
        return similarities

    def _candidates(self, queries: Queries, query: int, similarities: NDArray[np.float32]) -> Candidates:
        """Choose the candidates of a query by its (5, n) similarities, which are overwritten."""
        corpus = self.corpus
        allowed = (corpus.repository == queries.repository[query]) & (corpus.created < queries.created[query])
        np.copyto(similarities, -np.inf, where=~allowed)
        count = int(np.count_nonzero(allowed))
        tops = [_top(row, min(RANKED, count)) for row in similarities]
        nearest = {name: top[:CANDIDATES] for name, top in zip(SIMILARITIES, tops, strict=True)}
        positions = np.unique(np.concatenate([nearest[name] for name in PROPOSING]))
        features: list[Array] = []
        for row, top in zip(similarities, tops, strict=True):
            own, best = row[positions].astype(np.float64), row[top].astype(np.float64)
            rank = 1 + np.searchsorted(-best, -own, "left")  # of what is not among the first, one more than these
            features += [own, best.max(initial=0.0) - own, 1 / rank]
        created, author = queries.created[query], queries.author[query]
        since_opened = created - corpus.created[positions]
        since_closed = created - np.minimum(corpus.closed[positions], created)  # open until then: 0
        features += [np.log1p(seconds / SECONDS_PER_DAY) for seconds in (since_opened, since_closed)]
        features += [((corpus.author[positions] == author) & (author >= 0)).astype(np.float64)]
        return Candidates(query, positions, np.stack(features, axis=1), nearest)


def _top(values: Array, count: int) -> Positions:
    """Return where the highest values are, in descending order; of equal ones the later first, which is the newer."""
    top = np.argpartition(-values, count - 1)[:count] if count < len(values) else np.arange(len(values))
    return top[np.lexsort((-top, -values[top]))]

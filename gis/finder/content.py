"""What an index holds of its issues: segments, the rows of them that count, and which issues are duplicates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.dataset.issues.table import NOT_CLOSED
from gis.dataset.texts.texts import Templates
from gis.finder.corpus import NO_CLUSTER, NUMBERS, Corpus
from gis.finder.parts import Order, Texts, Vectors
from gis.finder.search import SearchedCorpus
from gis.finder.segments import Segment
from gis.finder.terms import Terms


@dataclass(frozen=True, kw_only=True)
class Part:
    """A segment of an index.

    Attributes:
        segment: Its issues.
        dead: Rows that count no longer, because the issue has changed or is gone.
        name: Its folder; "" for one that is not written yet.
    """

    segment: Segment
    dead: frozenset[int] = frozenset()
    name: str = ""

    def __len__(self) -> int:
        return len(self.segment) - len(self.dead)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What an index consists of.

    Attributes:
        state: What the store held when the index was made; see ``state_of``.
        names: A hash of the names of the store's repositories.
        repositories: OWNER/NAME of each repository, in the order of their names.
        keys: The store's key of each.
        host: Host name of the server that the issues are on.
        templates: Hashes of the template lines of each repository, by its index.
        parts: The segments, the largest first.
        rulings: (4, m) the store's key of the repository, the number, the cluster, and whether it is the canonical
            issue of it, for each issue in a cluster.
        closings: (3, m) the store's key of the repository, the number, and when it was closed, for each closed issue.
    """

    state: str
    names: str
    repositories: tuple[str, ...]
    keys: tuple[int, ...]
    host: str
    templates: Templates
    parts: tuple[Part, ...]
    rulings: NDArray[np.int64]
    closings: NDArray[np.int64]

    def searched(self) -> SearchedCorpus:
        """Return what is searched."""
        segments = [part.segment for part in self.parts]
        facts = np.concatenate([segment.facts for segment in segments], axis=1)
        index = np.zeros(max(self.keys) + 1, np.int64)
        index[list(self.keys)] = np.arange(len(self.keys))
        ids = index[facts[0]] * NUMBERS + facts[1]
        order = self._order(ids)
        rows = slice(None) if order.rows is None else order.rows
        ids = ids[rows]
        cluster, canonical = np.full(len(ids), NO_CLUSTER, np.int32), np.zeros(len(ids), np.bool_)
        ruled = index[self.rulings[0]] * NUMBERS + self.rulings[1]
        places = np.searchsorted(ids, ruled)
        cluster[places], canonical[places] = self.rulings[2], self.rulings[3]
        closed = np.full(len(ids), NOT_CLOSED, np.int64)
        closed[np.searchsorted(ids, index[self.closings[0]] * NUMBERS + self.closings[1])] = self.closings[2]
        return SearchedCorpus(
            corpus=Corpus(
                repositories=self.repositories,
                repository=(ids // NUMBERS).astype(np.int32),
                number=ids % NUMBERS,
                created=facts[2][rows],
                closed=closed,
                author=facts[3][rows],
                texts=Texts(tuple(segment.texts for segment in segments), order),
                cluster=cluster,
                canonical=canonical,
                templates=self.templates,
                host=self.host,
            ),
            vectors=Vectors(tuple(segment.vectors for segment in segments), order),
            title_vectors=Vectors(tuple(segment.title_vectors for segment in segments), order),
            terms=Terms(tuple(segment.words for segment in segments), order),
            title_terms=Terms(tuple(segment.title_words for segment in segments), order),
        )

    def _order(self, ids: NDArray[np.int64]) -> Order:
        sizes = tuple(len(part.segment) for part in self.parts)
        counts = np.ones(len(ids), np.bool_)
        for part, start in zip(self.parts, Order(sizes).starts.tolist(), strict=False):
            counts[[start + row for row in sorted(part.dead)]] = False
        if counts.all() and (np.diff(ids) > 0).all():
            return Order(sizes)
        rows = np.flatnonzero(counts)
        return Order(sizes, rows[np.argsort(ids[rows], kind="stable")])

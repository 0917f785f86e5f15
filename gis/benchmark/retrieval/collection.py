"""A collection: documents, queries, and which documents are relevant to which query."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.tasks.catalogue import Task
from gis.errors import GisError
from gis.statistics.metrics import Array
from gis.union_find import DisjointSets

NO_DOCUMENT = -1  # of a query that is not itself in the corpus
Numbers = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Collection:
    """n documents, q queries and m relevance judgements.

    Attributes:
        task: What was asked for; ``task.retrieval`` is the protocol.
        document_ids: The name of each document.
        documents: Its text.
        query_ids: The name of each query.
        queries: Its text.
        query: (m,) the query of each judgement.
        document: (m,) its document.
        gain: (m,) how relevant that is, above 0.
        opened: (n,) when each document was made, in any unit; None where that is not known.
        asked: (q,) when each query was made.
        source: The folder or Hub dataset.
        revision: The Hub commit; None for local files.
        splits: The splits whose judgements were read.
        full_queries: Queries before a sample was taken.
        unanswerable: Queries that were left out because no relevant document may be found for them.
        sha256: Content hash of everything that was read.
        limit: How many queries were requested, or None for all.
        seed: Seed of that sample.
    """

    task: Task
    document_ids: tuple[str, ...]
    documents: tuple[str, ...]
    query_ids: tuple[str, ...]
    queries: tuple[str, ...]
    query: Numbers
    document: Numbers
    gain: Array
    opened: Array | None = None
    asked: Array | None = None
    source: str
    revision: str | None = None
    splits: tuple[str, ...]
    full_queries: int
    unanswerable: int = 0
    sha256: str
    limit: int | None = None
    seed: int = 0

    @cached_property
    def own(self) -> Numbers:
        """(q,) The document that each query itself is; it is never an answer. ``NO_DOCUMENT`` where there is none."""
        position = {name: n for n, name in enumerate(self.document_ids)}
        return np.array([position.get(name, NO_DOCUMENT) for name in self.query_ids], np.intp)

    @cached_property
    def groups(self) -> Numbers:
        """(q,) Numbers that are equal for queries which a chain of judgements connects: these are not independent."""
        joined, first_query = DisjointSets(), len(self.document_ids)
        for query, document in zip(self.query.tolist(), self.document.tolist(), strict=True):
            joined.join(first_query + query, document)
        for query, document in enumerate(self.own.tolist()):
            if document != NO_DOCUMENT:
                joined.join(first_query + query, document)
        return np.array([joined.find(first_query + query) for query in range(len(self.queries))], np.intp)

    @cached_property
    def tie_order(self) -> Numbers:
        """(n,) The place of each document among equal scores: by its id, the last in the order of UTF-8 first."""
        descending = sorted(range(len(self.document_ids)), key=lambda n: self.document_ids[n].encode(), reverse=True)
        order = np.empty(len(descending), np.intp)
        order[descending] = np.arange(len(descending))
        return order

    def candidates(self, query: int) -> NDArray[np.bool_]:
        """Return the (n,) documents that may be found for a query: not itself, and by "earlier" only older ones."""
        allowed = np.ones(len(self.documents), bool)
        if self.task.retrieval == "earlier" and self.opened is not None and self.asked is not None:
            allowed = self.opened < self.asked[query]
        if self.own[query] != NO_DOCUMENT:
            allowed[self.own[query]] = False
        return allowed

    def answerable(self) -> "Collection":
        """Return the collection without judgements that no ranking can meet, and without queries that have no others.

        Raises:
            GisError: No query is left, or the protocol needs times that the data does not have.
        """
        if self.task.retrieval == "earlier" and (self.opened is None or self.asked is None):
            raise GisError(
                f"{self.source} does not say when its documents were made: its corpus has no column created",
                remedy="build it again with this gis, or score it with retrieval=all",
            )
        met = self.document != self.own[self.query]
        if self.task.retrieval == "earlier" and self.opened is not None and self.asked is not None:
            met &= self.opened[self.document] < self.asked[self.query]
        kept = np.unique(self.query[met])
        if not len(kept):
            raise GisError(f"{self.source} has no query with a relevant document that may be found")
        left = self._take(kept, met)
        return replace(left, unanswerable=len(self.queries) - len(kept))

    def sample(self, count: int | None, seed: int) -> "Collection":
        """Draw ``count`` queries without replacement, in their order; all of them if there are no more."""
        if count is None or count >= len(self.queries):
            return self
        kept = np.sort(np.random.default_rng(seed).choice(len(self.queries), size=count, replace=False))
        return replace(self._take(kept, np.isin(self.query, kept)), limit=count, seed=seed)

    def _take(self, kept: Numbers, judged: NDArray[np.bool_]) -> "Collection":
        return replace(
            self,
            query_ids=tuple(self.query_ids[n] for n in kept),
            queries=tuple(self.queries[n] for n in kept),
            asked=None if self.asked is None else self.asked[kept],
            query=np.searchsorted(kept, self.query[judged]).astype(np.intp),
            document=self.document[judged],
            gain=self.gain[judged],
        )


def content_sha256(parts: Iterable[Sequence[object]]) -> str:
    """Hash the rows of a collection, the same for any order of them and any file format."""
    rows = (sha256(json.dumps(part, ensure_ascii=True).encode()).hexdigest() for part in parts)
    return sha256("\n".join(sorted(rows)).encode()).hexdigest()

"""What an index is to hold, read from a store: everything, or what has changed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import embed
from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.dataset.issues.table import NOT_CLOSED, load_names
from gis.errors import GisError
from gis.files import load_json
from gis.finder.changes import Groups, Issue, grouped, read_changes
from gis.finder.content import Content, Part
from gis.finder.corpus import NO_CLUSTER, NUMBERS, Corpus, read_corpus
from gis.finder.parts import Titles, Vectors
from gis.finder.search import SearchedCorpus
from gis.finder.segments import Segment
from gis.finder.state import names_of, revision_in, state_of
from gis.finder.terms import Postings
from gis.models.base import Encoder
from gis.models.similarity import unit

MOST_NEW = 0.1  # share of the issues that may be new or changed before everything is read anew


@dataclass(frozen=True)
class Builder:
    """Makes the content of an index."""

    store: Store
    encoder: Encoder
    cache: Path | None
    reporter: Reporter

    def whole(self) -> tuple[Content, Groups]:
        """Read the whole store."""
        self.store.check()
        read = read_corpus(self.store, reporter=self.reporter)
        corpus = read.corpus
        if not len(corpus):
            path = self.store.path
            raise GisError(f"{path} has no issue with a text", remedy=f"gis collect --repo OWNER/NAME --store {path}")
        _, keys = load_names(self.store)
        segment = self._segment(_facts(corpus, keys), corpus.texts)
        content = Content(
            state=state_of(self.store),
            names=names_of(self.store),
            repositories=corpus.repositories,
            keys=keys,
            host=corpus.host,
            templates=corpus.templates,
            parts=(Part(segment=segment),),
            rulings=_rulings(corpus, keys),
            closings=_closings(corpus, keys),
        )
        return content, grouped(read.ties)

    def updated(self, old: Content, ties: Path) -> tuple[Content, Groups] | None:
        """Read what has changed since an index was made; None where everything must be read, or had better be.

        Args:
            old: What the index holds.
            ties: The file with the groups of issues that evidence tied together then.
        """
        size = sum(map(len, old.parts))
        revision = revision_in(old.state)
        changed = None if revision is None else self.store.changed_since(revision)
        if changed is None or old.names != names_of(self.store) or len(changed) > MOST_NEW * size:
            return None
        groups = load_json(ties)
        if not changed:
            return old, groups
        changes = read_changes(self.store, changed, groups, old.templates, reporter=self.reporter)
        parts, facts, texts = _changed_rows(old.parts, _facts(changes.corpus, old.keys), changes.corpus.texts, changed)
        if len(parts[0].dead) + sum(map(len, parts[1:])) + len(texts) > MOST_NEW * size:
            return None
        while len(parts) > 1 and len(parts[-1]) <= len(texts):  # so that each is smaller than the one before it
            last = parts.pop()
            alive = [row for row in range(len(last.segment)) if row not in last.dead]
            facts = np.concatenate([last.segment.facts[:, alive], facts], axis=1)
            texts = [*(last.segment.texts[row] for row in alive), *texts]
        if texts:
            parts.append(Part(segment=self._segment(facts, texts)))
        tied, corpus = changes.tied, changes.corpus
        closed = _closings(corpus, old.keys)
        closings = [old.closings[:, ~_are_of(old.closings, tied)], closed[:, _are_of(closed, tied)]]
        rulings = [old.rulings[:, ~_are_of(old.rulings, tied)], _rulings(corpus, old.keys, old.rulings)]
        content = replace(
            old,
            state=state_of(self.store),
            parts=tuple(parts),
            rulings=np.concatenate(rulings, axis=1),
            closings=np.concatenate(closings, axis=1),
        )
        return content, changes.groups

    def _segment(self, facts: NDArray[np.int64], texts: Sequence[str]) -> Segment:
        vectors, title_vectors = embedded(texts, self.encoder, self.cache, self.reporter)
        return Segment(
            facts=facts,
            texts=texts,
            vectors=vectors,
            title_vectors=title_vectors,
            words=Postings.of(texts),
            title_words=Postings.of(Titles(texts)),
        )


def by_another(
    searched: SearchedCorpus, encoder: Encoder, cache: Path | None, *, reporter: Reporter = QUIET
) -> SearchedCorpus:
    """Return a corpus with the vectors of another encoder."""
    vectors, title_vectors = embedded(searched.corpus.texts, encoder, cache, reporter)
    return replace(searched, vectors=Vectors.of(vectors), title_vectors=Vectors.of(title_vectors))


def embedded(
    texts: Sequence[str], encoder: Encoder, cache: Path | None, reporter: Reporter
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the vectors of texts and of their titles, of length 1."""
    titles = Titles(texts)
    distinct = list(dict.fromkeys((*texts, *titles)))
    row = {text: n for n, text in enumerate(distinct)}
    with EmbeddingCache(cache if encoder.reproducible else None, encoder.card.identity) as stored:
        vectors = unit(embed(encoder, distinct, stored, encoder.card.name, reporter).vectors)
    return vectors[[row[text] for text in texts]], vectors[[row[title] for title in titles]]


def _facts(corpus: Corpus, keys: Sequence[int]) -> NDArray[np.int64]:
    """Return the facts of a segment of all issues of a corpus."""
    return np.stack([np.array(keys, np.int64)[corpus.repository], corpus.number, corpus.created, corpus.author])


def _rulings(corpus: Corpus, keys: Sequence[int], others: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return the clusters of a corpus as an index keeps them, numbered on from others."""
    first = 0 if others is None else int(others[2].max(initial=-1)) + 1
    ruled = np.flatnonzero(corpus.cluster != NO_CLUSTER)
    facts = _facts(corpus, keys)[:2, ruled]
    return np.concatenate([facts, [corpus.cluster[ruled] + first], [corpus.canonical[ruled]]]).astype(np.int64)


def _closings(corpus: Corpus, keys: Sequence[int]) -> NDArray[np.int64]:
    """Return when the issues of a corpus were closed, as an index keeps it."""
    closed = np.flatnonzero(corpus.closed != NOT_CLOSED)
    return np.concatenate([_facts(corpus, keys)[:2, closed], [corpus.closed[closed]]])


def _are_of(rows: NDArray[np.int64], issues: Collection[Issue]) -> NDArray[np.bool_]:
    """Return which rows, with the key of the repository and the number first, are of some issues."""
    wanted = np.array([key * NUMBERS + number for key, number in issues], np.int64)
    return np.isin(rows[0] * NUMBERS + rows[1], wanted)


def _changed_rows(
    parts: Iterable[Part], facts: NDArray[np.int64], texts: Sequence[str], changed: Iterable[Issue]
) -> tuple[list[Part], NDArray[np.int64], list[str]]:
    """Return the parts without the rows of what has changed, and the facts and texts of what is new.

    Most changes leave the text as it is: a comment, a close, a ruling.
    """
    parts = list(parts)
    row_of = {issue: row for row, issue in enumerate(zip(*facts[:2].tolist(), strict=True))}
    new = []
    for issue in changed:
        row = row_of.get(issue)
        for n, part in enumerate(parts):
            old = part.segment.row(*issue)
            if old is None or old in part.dead:
                continue
            same = row is not None and texts[row] == part.segment.texts[old]
            if same and np.array_equal(facts[:, row], part.segment.facts[:, old]):
                break
            parts[n] = replace(part, dead=part.dead | {old})
        else:
            new += [] if row is None else [row]
    kept = [part for n, part in enumerate(parts) if n == 0 or len(part)]
    return kept, facts[:, new], [texts[row] for row in new]

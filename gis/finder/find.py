"""Find the duplicates of issues and of texts that are not issues yet."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import embed
from gis.collector.records import IssueText
from gis.collector.store import Store
from gis.console import QUIET
from gis.dataset.issues.references import reference_of, reference_pattern
from gis.dataset.issues.table import NOBODY, stamp
from gis.dataset.output.stored_texts import stored_texts
from gis.dataset.texts.cleaning import clean
from gis.errors import GisError, UsageError, unknown_name
from gis.finder.comparers import Comparer
from gis.finder.corpus import NO_CLUSTER, TEXTS, Corpus, author_code
from gis.finder.gate import gate
from gis.finder.index import Index
from gis.finder.parts import title_of
from gis.finder.ranker import Ranked
from gis.finder.reasons import Reasons, reasons
from gis.finder.rerank import rerank
from gis.finder.search import Queries
from gis.finder.skip import NOTHING, Skip
from gis.finder.state import revision_in, state_of
from gis.finder.stored import StoredIssue, StoredIssues
from gis.models.base import Encoder, LoadSettings

if TYPE_CHECKING:
    from gis.finder.certify import Certificate

FEWEST, MOST = 3, 5  # candidates that are shown
LOW_SCORE = 0.02  # the fourth and fifth are shown from here


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """An issue that may be what a query duplicates.

    Attributes:
        issue: OWNER/NAME#N.
        title: Its title.
        url: Its address.
        state: "open" or "closed", by the store.
        opened: When it was opened.
        score: The chance that people would rule so, as in the past, 0 to 1.
        similar: The issue whose text is similar, where ``issue`` is another one of its cluster.
        ruled: Whether people have ruled already that the query is its duplicate.
        reasons: What the query has in common with the similar issue.
    """

    issue: str
    title: str
    url: str
    state: str
    opened: str
    score: float
    similar: str
    ruled: bool
    reasons: Reasons


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found for one query.

    Attributes:
        query: OWNER/NAME#N, or the name of the text.
        title: Its title.
        opened: When it was opened; "" for a text.
        note: Why nothing is suggested, or "".
        suggestions: Candidates, the best first.
        certificate: The id of the certificate that the suggestion rests on; "" for a list of candidates.
        stopped: Why this is a list although a certificate was given; "" where none was, or it holds.
    """

    query: str
    title: str
    opened: str
    note: str
    suggestions: tuple[Suggestion, ...] = ()
    certificate: str = ""
    stopped: str = ""


class Finder:
    """Searches a store by its index.

    Args:
        store: The store, open.
        index: Its index.
        load: How the index's model is loaded, for texts that have no vector yet.
        cache: Folder of the embedding cache, or None.
        certificate: Suggest only what it covers, by its ranker; None for a list of candidates.
        skip: Issues that nothing is suggested for.

    Raises:
        GisError: The certificate is of other models.
    """

    def __init__(
        self,
        store: Store,
        index: Index,
        *,
        load: LoadSettings | None = None,
        cache: Path | None = None,
        certificate: "Certificate | None" = None,
        skip: Skip = NOTHING,
    ) -> None:
        if certificate is not None and certificate.identity != index.chain:
            raise GisError(
                f"the reviewed suggestions are of other models than {index.path}",
                remedy="make and review them again: gis find --backtest --review DIR",
            )
        self._store, self._index = store, index
        self._ranker = index.ranker if certificate is None else certificate.ranker
        self._certificate, self._skip = certificate, skip
        self._load, self._cache = load or LoadSettings(), cache
        self._issues = StoredIssues(store)

    def since(self, moment: int) -> list[str]:
        """Return the names of the issues that were opened since a time, in seconds since 1970, the oldest first."""
        return list(self._issues.since(moment))

    def issues(self, names: Iterable[str]) -> list[Finding]:
        """Find the duplicates of issues of the store.

        Args:
            names: OWNER/NAME#N of each, or its address; #N where the store has one repository.

        Raises:
            UsageError: A name is not one of an issue.
            GisError: An issue was not collected.
        """
        return [self._of_issue(self._checked(name)) for name in names]

    def text(self, text: str, *, name: str = "text", repository: str | None = None) -> Finding:
        """Find the duplicates of a text that is not an issue yet.

        Args:
            text: Its first line is the title, the rest the body, in Markdown.
            name: What it is called.
            repository: OWNER/NAME in which to look; None where the store has only one.

        Raises:
            UsageError: The repository is unknown, or it must be named.
        """
        number = self._repository(repository)
        title, _, body = text.strip().partition("\n")
        cleaned = self._clean(title.lstrip("# "), body, number)
        return self._find(name, cleaned, repository=number, created=int(time.time()), author=NOBODY, opened="")

    @cached_property
    def _encoder(self) -> Encoder:
        return self._index.encoder(self._load)

    @cached_property
    def _comparer(self) -> Comparer | None:
        return self._index.comparer(self._load, self._cache)

    @property
    def _corpus(self) -> Corpus:
        return self._index.searched.corpus

    def _checked(self, name: str) -> StoredIssue:
        """Return the issue of the store that a name means."""
        names = self._issues.names
        match = reference_pattern(names.host).fullmatch(name.strip())
        reference = None if match is None else reference_of(match)
        if reference is None or (reference.repository is None and len(names.repositories) > 1):
            raise UsageError(f"'{name}' is not the name of an issue", remedy="write OWNER/NAME#N, or its address")
        repository = reference.repository or names.repositories[0]
        issue = self._issues.find(repository, reference.number)
        if issue is None:
            if repository.lower() not in names.index_by_name:
                raise unknown_name("repository", repository, names.repositories)
            raise GisError(
                f"{name} is not in {self._store.path}",
                remedy=f"gis collect --repo {repository} --store {self._store.path}; a pull request is not an issue",
            )
        return issue

    def _of_issue(self, issue: StoredIssue) -> Finding:
        corpus, opened = self._corpus, stamp(issue.created)
        if reason := self._skip.reason(issue):
            return Finding(query=issue.name, title=self._stored(issue).title, opened=opened, note=reason)
        repository = corpus.index_by_name.get(issue.repository.lower())
        known = None if repository is None else corpus.position(repository, issue.number)
        if known is not None:
            queries = self._index.searched.queries(np.array([known], np.intp))
            return self._search(issue.name, queries, known, opened)
        if repository is None:
            raise GisError(
                f"the index does not hold {issue.repository}", remedy=f"gis index --store {self._store.path}"
            )
        text = self._stored(issue)
        title, body = text.first_title or text.title, text.first_body or text.body
        return self._find(
            issue.name,
            self._clean(title, body, repository),
            repository=repository,
            created=issue.created,
            author=author_code(issue.author),
            opened=opened,
        )

    def _stored(self, issue: StoredIssue) -> IssueText:
        (text,) = stored_texts(self._store, [(issue.repository, issue.number)])
        return text

    def _repository(self, name: str | None) -> int:
        known = self._corpus.index_by_name
        if name is None:
            if len(known) > 1:
                raise UsageError(f"the store holds {len(known)} repositories", remedy="name one: --repo OWNER/NAME")
            return next(iter(known.values()))
        if name.lower() not in known:
            raise unknown_name("repository", name, known)
        return known[name.lower()]

    def _clean(self, title: str, body: str, repository: int) -> str:
        corpus = self._corpus
        templates = corpus.templates.get(repository, frozenset())
        return clean(title, body, templates, lambda _: False, TEXTS.form, corpus.host).text

    def _find(self, name: str, text: str, *, repository: int, created: int, author: int, opened: str) -> Finding:
        title = title_of(text)
        if note := gate(title, text):
            return Finding(query=name, title=title, opened=opened, note=note)
        encoder = self._encoder
        texts = list(dict.fromkeys((text, title)))
        with EmbeddingCache(self._cache if encoder.reproducible else None, self._index.identity) as stored:
            vectors = embed(encoder, texts, stored, encoder.card.name, QUIET).vectors
        queries = Queries(
            texts=[text],
            titles=[title],
            vectors=vectors[:1],
            title_vectors=vectors[-1:],
            repository=np.array([repository], np.int32),
            created=np.array([created], np.int64),
            author=np.array([author], np.int64),
        )
        return self._search(name, queries, None, opened)

    def _search(self, name: str, queries: Queries, own: int | None, opened: str) -> Finding:
        title, text = queries.titles[0], queries.texts[0]
        if note := gate(title, text):
            return Finding(query=name, title=title, opened=opened, note=note)
        suggestions = tuple(self._suggestions(queries, self._ranked(queries), own))
        note = "" if suggestions else "no older issue was found"
        if self._certificate is not None and suggestions:
            threshold = self._certificate.threshold
            suggestions = tuple(each for each in suggestions[:1] if each.score >= threshold)
            note = "" if suggestions else f"no score is {threshold:.0%} or more"
        certificate = "" if self._certificate is None else self._certificate.id
        return Finding(
            query=name, title=title, opened=opened, note=note, suggestions=suggestions, certificate=certificate
        )

    def _ranked(self, queries: Queries) -> Ranked:
        """Return the candidates of a query, the best first."""
        searched, ranker, comparer = self._index.searched, self._ranker, self._comparer
        (candidates,) = searched.search(queries)
        ranked = ranker.rank(candidates)
        if comparer is None:
            return ranked
        (ranked,) = rerank(searched, [ranked], queries.texts, ranker, comparer)
        return ranked

    def _suggestions(self, queries: Queries, ranked: Ranked, own: int | None) -> Iterator[Suggestion]:
        """Yield the best candidates, each cluster of duplicates once, by the issue that a person would point to."""
        corpus, (candidates, scores) = self._corpus, ranked
        shown: set[int] = set()
        for place, similar in enumerate(candidates.positions.tolist()):
            target = self._target(similar, own)
            if target in shown or gate(corpus.titles[similar], corpus.texts[similar]):
                continue
            if len(shown) == MOST or (len(shown) >= FEWEST and scores[place] < LOW_SCORE):
                return
            shown.add(target)
            name = corpus.names[target]
            repository, _, number = name.partition("#")
            yield Suggestion(
                issue=name,
                title=corpus.titles[target],
                url=f"{self._issues.names.web_url}/{repository}/issues/{number}",
                state="open" if self._is_open(target) else "closed",
                opened=stamp(int(corpus.created[target])),
                score=float(scores[place]),
                similar=corpus.names[similar] if similar != target else "",
                ruled=own is not None and bool(corpus.cluster[own] == corpus.cluster[target] != NO_CLUSTER),
                reasons=reasons(self._index.searched, queries, candidates, place),
            )

    def _target(self, similar: int, own: int | None) -> int:
        """Return the issue that stands for a candidate's cluster: the canonical one if open, else the oldest open one.

        Where all are closed, the canonical one is returned, and never the query itself.
        """
        corpus = self._corpus
        cluster = corpus.cluster[similar]
        if cluster == NO_CLUSTER:
            return similar
        members = [int(n) for n in np.flatnonzero(corpus.cluster == cluster) if n != own]
        members.sort(key=lambda n: (not self._is_open(n), not corpus.canonical[n], corpus.created[n], n))
        return members[0]

    def _is_open(self, position: int) -> bool:
        """Return whether an issue is open by now; one that is gone from the store is not."""
        repository, _, number = self._corpus.names[position].rpartition("#")
        issue = self._issues.find(repository, int(number))
        return issue is not None and issue.is_open


def staleness(store: Store, index: Index) -> str:
    """Return what an index lacks of its store, in words; "" where it is up to date."""
    if state_of(store) == index.state:
        return ""
    revision = revision_in(index.state)
    changed = None if revision is None else store.changed_since(revision)
    how = "" if changed is None else f", which has {len(changed):,} new or changed issues"
    return f"{index.path} is older than the store{how}"

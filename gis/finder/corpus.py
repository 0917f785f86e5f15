"""The issues of a store as they are searched: texts, titles, who opened them when, and which are known duplicates."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.dataset.issues.table import NOBODY, Issues, load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.clusters import find_clusters
from gis.dataset.labels.evidence import Evidence
from gis.dataset.labels.policy import POLICY, label_of
from gis.dataset.settings import TextSettings
from gis.dataset.texts.texts import Templates, make_texts
from gis.errors import GisError
from gis.finder.parts import Titles

TEXTS = TextSettings(min_words=1, languages=())  # as written first, for that is what was searched for
NO_CLUSTER = -1
NUMBERS = 2**40  # more than a repository has


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """n issues that have a text, ordered by repository and number.

    Attributes:
        repositories: OWNER/NAME of each repository, in the order of their names.
        repository: (n,) index of each issue's repository.
        number: (n,) its number.
        created: (n,) when it was opened, in seconds since 1970.
        closed: (n,) when it was closed last; ``NOT_CLOSED`` while it is open.
        author: (n,) who opened it, as ``author_code`` gives it.
        texts: Title, blank line, body, without templates and rulings.
        cluster: (n,) equal numbers for issues that are ruled duplicates of each other; ``NO_CLUSTER`` for others.
        canonical: (n,) whether its cluster points to it.
        templates: Hashes of the template lines of each repository, by its index.
        host: Host name of the server that the issues are on.
    """

    repositories: tuple[str, ...]
    repository: NDArray[np.int32]
    number: NDArray[np.int64]
    created: NDArray[np.int64]
    closed: NDArray[np.int64]
    author: NDArray[np.int64]
    texts: Sequence[str]
    cluster: NDArray[np.int32]
    canonical: NDArray[np.bool_]
    templates: Templates
    host: str

    def __len__(self) -> int:
        return len(self.number)

    @property
    def titles(self) -> Sequence[str]:
        """The title of each issue."""
        return Titles(self.texts)

    @property
    def names(self) -> Sequence[str]:
        """OWNER/NAME#N of each issue."""
        return Names(self)

    @cached_property
    def index_by_name(self) -> dict[str, int]:
        """The index of each repository that has a text, by its name in lower case."""
        return {self.repositories[n].lower(): n for n in np.unique(self.repository).tolist()}

    def position(self, repository: int, number: int) -> int | None:
        """Return the position of an issue; None where it is not here."""
        wanted = repository * NUMBERS + number
        place = int(np.searchsorted(self._ids, wanted))
        return place if place < len(self) and self._ids[place] == wanted else None

    def position_of_name(self, name: str) -> int | None:
        """Return the position of OWNER/NAME#N; None where it is not here."""
        repository, _, number = name.rpartition("#")
        index = self.index_by_name.get(repository.lower())
        return None if index is None or not number.isdecimal() else self.position(index, int(number))

    @cached_property
    def _ids(self) -> NDArray[np.int64]:
        return self.repository * np.int64(NUMBERS) + self.number

    @cached_property
    def older_duplicates(self) -> dict[int, frozenset[int]]:
        """By position, the older members of its cluster; only issues that have some."""
        return older_duplicates(self.cluster, self.created)


@dataclass(frozen=True)
class Names(Sequence[str]):
    """The names of the issues of a corpus."""

    corpus: Corpus

    def __len__(self) -> int:
        return len(self.corpus)

    def __getitem__(self, position):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204 - as of Sequence
        """Return the name at a position, or those at several."""
        corpus = self.corpus
        if isinstance(position, slice):
            return [self[n] for n in range(*position.indices(len(self)))]
        return f"{corpus.repositories[corpus.repository[position]]}#{corpus.number[position]}"


def author_code(login: str | None) -> int:
    """Return a number that stands for a login: a hash; ``NOBODY`` where nobody is known."""
    return int.from_bytes(blake2b(login.encode(), digest_size=8).digest()) >> 1 if login else NOBODY


def older_duplicates(cluster: NDArray[np.int32], created: NDArray[np.int64]) -> dict[int, frozenset[int]]:
    """Return, by position, the older members of an issue's cluster; only for issues that have some."""
    members: dict[int, list[int]] = {}
    for position in np.flatnonzero(cluster != NO_CLUSTER).tolist():
        members.setdefault(int(cluster[position]), []).append(position)
    older = {}
    for group in members.values():
        for one in group:
            if before := frozenset(other for other in group if created[other] < created[one]):
                older[one] = before
    return older


@dataclass(frozen=True)
class ReadStore:
    """What is read of a store.

    Attributes:
        corpus: Its issues that have a text.
        ties: For each piece of evidence, the name of the issue that it speaks of, and of the one that it points to.
    """

    corpus: Corpus
    ties: Collection[tuple[str, str]]


def read_corpus(store: Store, *, templates: Templates | None = None, reporter: Reporter = QUIET) -> ReadStore:
    """Read the issues of a store that have a text; there may be none.

    Args:
        store: The store.
        templates: Hashes of template lines by repository index; None to learn them from the store.
        reporter: Shows progress.
    """
    issues = load_issues(store)
    evidence = find_evidence(store, issues)
    with make_texts(store, issues, {}, TEXTS, templates=templates, reporter=reporter) as made:
        rows = list(made.between(0, len(issues)))
        templates = made.templates
    positions = np.array([position for position, _ in rows], np.intp)
    codes = {code: author_code(login) for login, code in issues.people.items()} | {NOBODY: NOBODY}
    cluster, canonical = _clusters(evidence, issues)
    corpus = Corpus(
        repositories=issues.names.repositories,
        repository=issues.repository[positions],
        number=issues.number[positions],
        created=issues.created[positions],
        closed=issues.closed[positions],
        author=np.array([codes[code] for code in issues.author[positions].tolist()], np.int64),
        texts=tuple(text for _, text in rows),
        cluster=cluster[positions],
        canonical=canonical[positions],
        templates=templates,
        host=issues.names.host,
    )
    return ReadStore(corpus, set(_ties(evidence, issues)))


@dataclass(frozen=True, kw_only=True)
class Rulings:
    """What a store says was ruled of the issues of a corpus.

    Attributes:
        prompted: (n,) whether an issue was ruled a duplicate, and only after a machine had named the pair.
        cluster_before: Returns ``Corpus.cluster`` by what was ruled before a time, in seconds since 1970.
    """

    prompted: NDArray[np.bool_]
    cluster_before: Callable[[int], NDArray[np.int32]]


def read_rulings(store: Store, corpus: Corpus) -> Rulings:
    """Read what was ruled of the issues of a corpus.

    Raises:
        GisError: The store lacks an issue of the corpus.
    """
    issues = load_issues(store)
    evidence = find_evidence(store, issues)
    index = [issues.names.index_by_name.get(name.lower(), NOBODY) for name in corpus.repositories]
    found = [
        issues.position(index[repository], number)
        for repository, number in zip(corpus.repository.tolist(), corpus.number.tolist(), strict=True)
    ]
    if None in found:
        raise GisError("the index is older than the store", remedy=f"gis index --store {store.path}")
    positions = np.array(found, np.intp)

    def cluster_before(time: int) -> NDArray[np.int32]:
        return _clusters([each for each in evidence if each.created_at < time], issues)[0][positions]

    return Rulings(prompted=_prompted(evidence, len(issues))[positions], cluster_before=cluster_before)


def _prompted(evidence: Sequence[Evidence], count: int) -> NDArray[np.bool_]:
    """Return whether each issue has rulings that make it a duplicate, all of them prompted."""
    ruled, unprompted = np.zeros(count, np.bool_), np.zeros(count, np.bool_)
    for each in evidence:
        if each.target is not None and label_of(each, POLICY) in ("positive", "train"):
            pair = [each.issue, each.target]
            ruled[pair] = True
            unprompted[pair] |= each.tier != "prompted"
    return ruled & ~unprompted


def _clusters(evidence: Sequence[Evidence], issues: Issues) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return the cluster of each issue, and whether it is the canonical one of it."""
    number = np.full(len(issues), NO_CLUSTER, np.int32)
    canonical = np.zeros(len(issues), np.bool_)
    for n, cluster in enumerate(find_clusters(evidence, issues, POLICY).clusters):
        number[list(cluster.members)] = n
        canonical[cluster.canonical] = True
    return number, canonical


def _ties(evidence: Sequence[Evidence], issues: Issues) -> Iterator[tuple[str, str]]:
    for each in evidence:
        other = each.reference if each.target is None else issues.name(each.target)
        yield issues.name(each.issue).lower(), other.lower()

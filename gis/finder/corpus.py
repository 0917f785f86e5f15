"""The issues of a store as they are searched: texts, titles, who opened them when, and which are known duplicates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gis.collector.store import Store
from gis.console import QUIET, Reporter
from gis.dataset.issues.table import NOBODY, load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.clusters import find_clusters
from gis.dataset.labels.evidence import Evidence
from gis.dataset.labels.policy import POLICY
from gis.dataset.settings import TextSettings
from gis.dataset.texts.texts import make_texts
from gis.errors import GisError

TEXTS = TextSettings(min_words=1, languages=())  # as written first, for that is what was searched for
NO_CLUSTER = -1
Positions = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """n issues that have a text, ordered by repository and number.

    Attributes:
        names: OWNER/NAME#N of each.
        titles: Its title.
        texts: Title, blank line, body, without templates and rulings.
        repository: (n,) its repository, as a number.
        created: (n,) when it was opened, in seconds since 1970.
        authors: Who opened it; "" where unknown.
        cluster: (n,) equal numbers for issues that are ruled duplicates of each other; ``NO_CLUSTER`` for others.
        canonical: (n,) whether its cluster points to it.
        templates: Hashes of the template lines of each repository, by its name.
        host: Host name of the server that the issues are on.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    texts: tuple[str, ...]
    repository: NDArray[np.int32]
    created: NDArray[np.int64]
    authors: tuple[str, ...]
    cluster: NDArray[np.int32]
    canonical: NDArray[np.bool_]
    templates: dict[str, frozenset[bytes]]
    host: str

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def position(self) -> dict[str, int]:
        """The position of each issue by its name in lower case."""
        return {name.lower(): n for n, name in enumerate(self.names)}

    @cached_property
    def repositories(self) -> dict[str, int]:
        """The number of each repository by its name in lower case."""
        return {name.rpartition("#")[0].lower(): int(n) for name, n in zip(self.names, self.repository, strict=True)}

    @cached_property
    def code_of_author(self) -> dict[str, int]:
        """A number for each author, by login; ``NOBODY`` for an unknown one."""
        return {"": NOBODY} | {login: n for n, login in enumerate(sorted(set(self.authors) - {""}))}

    @cached_property
    def author_codes(self) -> NDArray[np.int64]:
        """(n,) The number of each issue's author."""
        return np.array([self.code_of_author[login] for login in self.authors], np.int64)

    @cached_property
    def older_duplicates(self) -> dict[int, frozenset[int]]:
        """By position, the older members of its cluster; only issues that have some."""
        return older_duplicates(self.cluster, self.created)


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
    """A corpus, and how its clusters looked at any time."""

    corpus: Corpus
    cluster_before: Callable[
        [int], NDArray[np.int32]
    ]  # seconds since 1970 -> ``Corpus.cluster`` by what was ruled then


def read_corpus(store: Store, *, reporter: Reporter = QUIET) -> ReadStore:
    """Read the issues of a store that have a text.

    Raises:
        GisError: It has none.
    """
    issues = load_issues(store)
    evidence = find_evidence(store, issues)
    with make_texts(store, issues, {}, TEXTS, reporter=reporter) as texts:
        rows = list(texts.between(0, len(issues)))
        templates = {issues.names.repositories[n]: lines for n, lines in texts.templates.items()}
    if not rows:
        raise GisError(
            f"{store.path} has no issue with a text", remedy=f"gis collect --repo OWNER/NAME --store {store.path}"
        )
    positions = np.array([position for position, _ in rows], np.intp)

    def clusters_by(known: Sequence[Evidence]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        number = np.full(len(issues), NO_CLUSTER, np.int32)
        canonical = np.zeros(len(issues), np.bool_)
        for n, cluster in enumerate(find_clusters(known, issues, POLICY).clusters):
            number[list(cluster.members)] = n
            canonical[cluster.canonical] = True
        return number[positions], canonical[positions]

    people = {code: login for login, code in issues.people.items()}
    cluster, canonical = clusters_by(evidence)
    corpus = Corpus(
        names=tuple(map(issues.name, positions.tolist())),
        titles=tuple(title_of(text) for _, text in rows),
        texts=tuple(text for _, text in rows),
        repository=issues.repository[positions],
        created=issues.created[positions],
        authors=tuple(people.get(code, "") for code in issues.author[positions].tolist()),
        cluster=cluster,
        canonical=canonical,
        templates=templates,
        host=issues.names.host,
    )
    return ReadStore(corpus, lambda time: clusters_by([each for each in evidence if each.created_at < time])[0])


def title_of(text: str) -> str:
    """Return the title of a text: what stands above its first blank line, where that is one line."""
    title, _, _ = text.partition("\n\n")
    return "" if "\n" in title else title

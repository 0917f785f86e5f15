"""Issues, texts, clusters and pairs for the tests of the stage ``pairs``, made in memory."""

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

import numpy as np

from gis.dataset.issues.names import RepositoryNames
from gis.dataset.issues.table import NOBODY, NOT_CLOSED, Issues
from gis.dataset.labels.clusters import Cluster, Clusters
from gis.dataset.labels.evidence import Evidence
from gis.dataset.pairs.positives import Pair
from gis.dataset.texts.texts import Texts
from gis.union_find import DisjointSets


def make_issues(
    count: int,
    *,
    repositories: Sequence[int] | None = None,
    authors: Sequence[int] | None = None,
    labels: Mapping[int, Sequence[str]] | None = None,
) -> Issues:
    """Issues 1 to ``count``, one opened a second after the other; all in one repository unless told otherwise."""
    labels = labels or {}
    names = sorted({name for of_issue in labels.values() for name in of_issue})
    codes = [[names.index(name) for name in labels.get(position, ())] for position in range(count)]
    home = np.array(repositories if repositories is not None else [0] * count, np.int32)
    written_by = np.array(authors if authors is not None else [NOBODY] * count, np.int32)
    owners = tuple(f"octo/widgets-{n}" for n in range(int(home.max()) + 1))
    return Issues(
        names=RepositoryNames(owners, {name: n for n, name in enumerate(owners)}),
        keys=tuple(range(1, len(owners) + 1)),
        repository=home,
        number=np.arange(1, count + 1),
        created=np.arange(count),
        closed=np.full(count, NOT_CLOSED),
        author=written_by,
        closer=np.full(count, NOBODY, np.int32),
        people={f"user-{n}": n for n in range(int(written_by.max()) + 1)},
        labels=np.array([code for of_issue in codes for code in of_issue], np.int32),
        label_starts=np.cumsum([0, *map(len, codes)]),
        label_names=tuple(names),
        pull_requests=np.zeros(0, np.int64),
        moved={},
    )


class TextsInMemory:
    """What the stage ``pairs`` uses of ``Texts``; an issue whose text is None was left out."""

    def __init__(self, texts: Sequence[str | None]) -> None:
        self._texts = texts
        self.chars = np.array([len(text or "") for text in texts], np.int32)
        self.kept = np.array([text is not None for text in texts])

    def __getitem__(self, position: int) -> str:
        text = self._texts[position]
        assert text is not None
        return text

    def between(self, start: int, end: int) -> Iterator[tuple[int, str]]:
        return ((n, text) for n, text in enumerate(self._texts[:end]) if n >= start and text is not None)

    def why(self, position: int) -> str:
        assert self._texts[position] is None
        return "short"


def make_texts(texts: Sequence[str | None]) -> Texts:
    return cast("Texts", TextsInMemory(texts))


def evidence(issue: int, target: int) -> Evidence:
    return Evidence(
        tier="whole_comment", issue=issue, target=target, reference=f"octo/widgets-0#{target + 1}", source="comment",
        source_id=f"C{issue}", actor="person", created_at=0, by_closer=False, seconds_to_close=None,
    )  # fmt: skip


def cluster(*edges: tuple[int, int], human_confirmed: bool = True) -> Cluster:
    """The cluster of rulings "the first is a duplicate of the second"; the lowest position is canonical."""
    members = tuple(sorted({issue for edge in edges for issue in edge}))
    direct = {(min(edge), max(edge)): evidence(*edge) for edge in edges}
    return Cluster(canonical=members[0], members=members, direct=direct, human_confirmed=human_confirmed)


def make_clusters(*clusters: Cluster, related: Sequence[tuple[int, int]] = ()) -> Clusters:
    """All clusters, with further evidence between issues that makes no cluster."""
    groups = DisjointSets()
    ties: dict[int, set[int]] = {}
    for one, other in [*related, *(edge for each in clusters for edge in each.direct)]:
        ties.setdefault(one, set()).add(other)
        ties.setdefault(other, set()).add(one)
    for each in clusters:
        for one, other in each.direct:
            groups.join(one, other)
    return Clusters(clusters=clusters, related=ties, groups=groups, held_back=(), uncollected=0)


def positive(first: int, second: int, *, of: int | None = None, human_confirmed: bool = True) -> Pair:
    """A positive pair of the cluster whose lowest position is ``of``, by default its own."""
    lowest = min(first, second) if of is None else of
    return Pair(
        first=first, second=second, label=1, stratum="direct", cluster=lowest, human_confirmed=human_confirmed
    )  # fmt: skip


def negative(first: int, second: int, stratum: str = "random") -> Pair:
    return Pair(first=first, second=second, label=0, stratum=stratum)


def joined(*groups: Sequence[int]) -> DisjointSets:
    sets = DisjointSets()
    for group in groups:
        for item in group:
            sets.join(group[0], item)
    return sets

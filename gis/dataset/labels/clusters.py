"""Clusters: issues that are duplicates of one another, by union-find over evidence."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from gis.dataset.issues.table import Issues
from gis.dataset.labels.evidence import TIERS, Evidence
from gis.dataset.labels.policy import Policy, label_of
from gis.union_find import DisjointSets

# Two groups of this many issues or more need two pairs to become one cluster: one wrong pair must not merge them.
LARGE_GROUP = 4
PairKey = tuple[int, int]  # two positions, the lower first


@dataclass(frozen=True)
class Cluster:
    """Issues that are duplicates of one another.

    Attributes:
        canonical: The issue that the others point to, else the oldest.
        members: Positions, ascending, the canonical issue among them.
        direct: The most trusted evidence of each pair that was ruled on.
        human_confirmed: Whether people's rulings alone hold it together; if not, it may only be in train.
    """

    canonical: int
    members: tuple[int, ...]
    direct: dict[PairKey, Evidence]
    human_confirmed: bool


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """All clusters, and what else the evidence says.

    Attributes:
        clusters: Ordered by their lowest member.
        related: By position, the issues that any evidence ties it to.
        groups: What accepted evidence joins, including pairs that were held back and links through an issue that was
            not collected. Two issues of one group are never a negative pair.
        held_back: Accepted pairs that alone would have joined two large groups.
        uncollected: Number of accepted pieces of evidence whose target was not collected or no longer exists.
    """

    clusters: tuple[Cluster, ...]
    related: dict[int, set[int]]
    groups: DisjointSets
    held_back: tuple[PairKey, ...]
    uncollected: int

    @cached_property
    def of(self) -> Mapping[int, Cluster]:
        """The cluster of each issue that is in one."""
        return {member: cluster for cluster in self.clusters for member in cluster.members}


def find_clusters(evidence: Iterable[Evidence], issues: Issues, policy: Policy) -> Clusters:
    """Group the issues by the evidence that ``policy`` accepts."""
    related: dict[int, set[int]] = defaultdict(set)
    best: dict[PairKey, Evidence] = {}
    confirmed: set[PairKey] = set()
    groups, uncollected = DisjointSets(), 0
    stand_ins: dict[str, int] = {}  # negative numbers for issues that were not collected
    for each in evidence:
        label = label_of(each, policy)
        accepted = label in ("positive", "train")
        if each.target is None:
            if accepted:
                uncollected += 1
                groups.join(each.issue, stand_ins.setdefault(each.reference.lower(), -1 - len(stand_ins)))
            continue
        if label == "ignore":
            continue
        related[each.issue].add(each.target)
        related[each.target].add(each.issue)
        if not accepted:
            continue
        pair = (min(each.issue, each.target), max(each.issue, each.target))
        groups.join(*pair)
        if label == "positive":
            confirmed.add(pair)
        if pair not in best or _trust(each) < _trust(best[pair]):
            best[pair] = each
    joined, held_back = _join(best)
    return Clusters(
        clusters=tuple(_clusters(joined, best, confirmed, issues)),
        related=dict(related),
        groups=groups,
        held_back=tuple(held_back),
        uncollected=uncollected,
    )


def canonical_of(members: Iterable[int], evidence: Iterable[Evidence], issues: Issues) -> int:
    """Return the only member that no evidence calls a duplicate; where not exactly one is left, the oldest member."""
    members = list(members)
    duplicates = {each.issue for each in evidence}
    originals = [member for member in members if member not in duplicates]
    if len(originals) == 1:
        return originals[0]
    return min(members, key=lambda position: (issues.created[position], position))


def _trust(evidence: Evidence) -> tuple[int, bool, int]:
    """Return a key that sorts the most trusted evidence first."""
    return (TIERS.index(evidence.tier), evidence.actor != "person", evidence.created_at)


def _clusters(
    joined: DisjointSets, best: Mapping[PairKey, Evidence], confirmed: Collection[PairKey], issues: Issues
) -> list[Cluster]:
    direct: dict[int, dict[PairKey, Evidence]] = defaultdict(dict)
    for pair, evidence in sorted(best.items()):
        root = joined.find(pair[0])
        if root == joined.find(pair[1]):  # not held back
            direct[root][pair] = evidence
    clusters = []
    for members in joined.groups({position for pair in best for position in pair}):
        pairs = direct.get(joined.find(members[0]), {})
        if pairs:
            canonical = canonical_of(members, pairs.values(), issues)
            human_confirmed = _is_connected(members, [pair for pair in pairs if pair in confirmed])
            clusters.append(Cluster(canonical, tuple(members), pairs, human_confirmed))
    return clusters


def _join(best: Mapping[PairKey, Evidence]) -> tuple[DisjointSets, list[PairKey]]:
    """Join the pairs, except those that alone would join two large groups.

    Only a bridge with a large group at either end can be such a pair. All others are joined first, then these, the
    most trusted first: one that still has a large group at either end is held back.
    """
    doubtful = {pair for pair, size in _bridges(best).items() if size >= LARGE_GROUP}
    joined = DisjointSets()
    held_back = []
    for pair in sorted(best, key=lambda pair: (pair in doubtful, _trust(best[pair]), pair)):
        if pair in doubtful and min(joined.size(joined.find(end)) for end in pair) >= LARGE_GROUP:
            held_back.append(pair)
        else:
            joined.join(*pair)
    return joined, sorted(held_back)


def _bridges(pairs: Iterable[PairKey]) -> dict[PairKey, int]:
    """Return the pairs without which a group would fall into two, and the size of the smaller of the two parts."""
    import networkx as nx

    graph = nx.Graph(sorted(pairs))
    bridges = {(min(bridge), max(bridge)) for bridge in nx.bridges(graph)}
    blocks, groups = DisjointSets(), DisjointSets()  # what stays connected without the bridges, and with them
    for one, other in graph.edges:
        groups.join(one, other)
        if (min(one, other), max(one, other)) not in bridges:
            blocks.join(one, other)
    forest = nx.Graph()
    for one, other in sorted(bridges):
        forest.add_edge(blocks.find(one), blocks.find(other), pair=(one, other))
    downwards = list(nx.dfs_edges(forest))
    below = {block: blocks.size(block) for block in forest}  # issues of a block and of all blocks below it
    for parent, child in reversed(downwards):
        below[parent] += below[child]
    smaller = {}
    for parent, child in downwards:
        pair = forest.edges[parent, child]["pair"]
        smaller[pair] = min(below[child], groups.size(groups.find(child)) - below[child])
    return smaller


def _is_connected(members: Collection[int], pairs: Iterable[PairKey]) -> bool:
    """Return whether the pairs join all members."""
    joined = DisjointSets()
    for pair in pairs:
        joined.join(*pair)
    return len({joined.find(member) for member in members}) == 1

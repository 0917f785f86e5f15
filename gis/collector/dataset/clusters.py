"""Issues that are duplicates of one another, by union-find over evidence; one wrong pair joins no two crowds."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from gis.collector.dataset.evidence import TIERS, Evidence
from gis.collector.dataset.issues import Issues
from gis.collector.dataset.policy import Policy, label_of

CROWD = 4  # issues: two groups of this size and more are one cluster by two pairs, or are not


@dataclass(frozen=True)
class Cluster:
    """Issues that are duplicates of one another.

    Attributes:
        canonical: The issue that the others point to, else the oldest.
        members: Positions, ascending, the canonical among them.
        direct: The best evidence of each pair that somebody ruled on, by positions, the lower first.
        people: Whether people's rulings alone hold it together; else it stays in train.
    """

    canonical: int
    members: tuple[int, ...]
    direct: dict[tuple[int, int], Evidence]
    people: bool


@dataclass(frozen=True)
class Clusters:
    """What the evidence comes to.

    Attributes:
        clusters: By their lowest member.
        related: By position, issues of its cluster, and those that any evidence ties it to.
        held_back: Accepted pairs that would have joined two crowds alone.
        uncollected: Accepted traces whose target is in a repository that was not collected, or is gone.
    """

    clusters: tuple[Cluster, ...]
    related: dict[int, set[int]]
    held_back: tuple[tuple[int, int], ...]
    uncollected: int


class Groups:
    """Union-find over positions."""

    def __init__(self) -> None:
        self._parent: dict[int, int] = {}
        self._size: dict[int, int] = {}

    def find(self, item: int) -> int:
        """The root of an item's group."""
        parent = self._parent
        while parent.get(item, item) != item:
            parent[item] = parent.get(parent[item], parent[item])
            item = parent[item]
        return item

    def size(self, root: int) -> int:
        """How many items a root's group has."""
        return self._size.get(root, 1)

    def join(self, one: int, other: int) -> None:
        """Make two groups one."""
        one, other = self.find(one), self.find(other)
        if one == other:
            return
        if self.size(one) < self.size(other):
            one, other = other, one
        self._parent[other] = one
        self._size[one] = self.size(one) + self.size(other)

    def groups(self, items: Iterable[int]) -> list[list[int]]:
        """The groups of ``items``, each ascending, by their lowest item."""
        found: dict[int, list[int]] = defaultdict(list)
        for item in sorted(items):
            found[self.find(item)].append(item)
        return list(found.values())


def find_clusters(evidence: list[Evidence], issues: Issues, policy: Policy) -> Clusters:
    """Group the issues by what ``policy`` accepts of ``evidence``."""
    related: dict[int, set[int]] = defaultdict(set)
    best: dict[tuple[int, int], Evidence] = {}
    by_people: set[tuple[int, int]] = set()
    uncollected = 0
    for each in evidence:
        label = label_of(each, policy)
        if label == "ignore":
            continue
        if each.target is None:
            uncollected += label != "related"
            continue
        related[each.issue].add(each.target)
        related[each.target].add(each.issue)
        if label == "related":
            continue
        pair = (min(each.issue, each.target), max(each.issue, each.target))
        if label == "positive":
            by_people.add(pair)
        if pair not in best or _trust(each) < _trust(best[pair]):
            best[pair] = each
    groups, held_back = _grouped(best.keys())
    members = groups.groups({position for pair in best for position in pair})
    inside: dict[int, dict[tuple[int, int], Evidence]] = defaultdict(dict)
    for pair, each in sorted(best.items()):
        if groups.find(pair[0]) == groups.find(pair[1]):
            inside[groups.find(pair[0])][pair] = each
    clusters = [
        Cluster(canonical_of(group, direct.values(), issues), tuple(group), direct, _held_by(group, direct, by_people))
        for group in members
        if len(group) > 1 and (direct := inside[groups.find(group[0])])
    ]
    for cluster in clusters:  # the ends of a long chain are duplicates, too
        for member in cluster.members:
            related[member] |= set(cluster.members)
    return Clusters(tuple(clusters), dict(related), tuple(held_back), uncollected)


def canonical_of(members: Iterable[int], evidence: Iterable[Evidence], issues: Issues) -> int:
    """The only member that points nowhere; where there is none or more than one, the oldest."""
    members = list(members)
    sources = {each.issue for each in evidence}
    sinks = [member for member in members if member not in sources]
    if len(sinks) == 1:
        return sinks[0]
    return min(members, key=lambda position: (issues.created[position], position))


def _trust(each: Evidence) -> tuple[int, bool, int]:
    return (TIERS.index(each.tier), each.actor != "person", each.made)


def _grouped(pairs: Collection[tuple[int, int]]) -> tuple[Groups, list[tuple[int, int]]]:
    """Join the pairs, but for those without which two crowds would fall apart."""
    import networkx as nx

    graph = nx.Graph(sorted(pairs))
    held_back: list[tuple[int, int]] = []
    for one, other in sorted(nx.bridges(graph)):
        if min(graph.degree[one], graph.degree[other]) == 1:
            continue  # a single issue beyond it is no crowd
        graph.remove_edge(one, other)
        sides = [len(nx.node_connected_component(graph, end)) for end in (one, other)]
        graph.add_edge(one, other)
        if min(sides) >= CROWD:
            held_back.append((min(one, other), max(one, other)))
    groups = Groups()
    for pair in set(pairs) - set(held_back):
        groups.join(*pair)
    return groups, sorted(held_back)


def _held_by(group: list[int], direct: dict[tuple[int, int], Evidence], people: set[tuple[int, int]]) -> bool:
    """Whether the pairs that people ruled on alone hold a group together."""
    groups = Groups()
    for pair in direct:
        if pair in people:
            groups.join(*pair)
    return len({groups.find(member) for member in group}) == 1

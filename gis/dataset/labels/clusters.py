"""Issues that are duplicates of one another, by union-find over evidence; one wrong pair joins no two crowds."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from gis.dataset.issues.table import Issues
from gis.dataset.labels.evidence import TIERS, Evidence
from gis.dataset.labels.policy import Policy, label_of
from gis.dataset.union_find import Groups

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
        related: By position, issues that any evidence ties it to.
        groups: What accepted evidence joins, also where it was held back or goes by way of an issue that was not
            collected: no two issues of a group are a negative.
        held_back: Accepted pairs that would have joined two crowds alone.
        uncollected: Accepted traces whose target is in a repository that was not collected, or is gone.
    """

    clusters: tuple[Cluster, ...]
    related: dict[int, set[int]]
    groups: Groups
    held_back: tuple[tuple[int, int], ...]
    uncollected: int

    @cached_property
    def of(self) -> Mapping[int, Cluster]:
        """The cluster of each issue that is in one."""
        return {member: cluster for cluster in self.clusters for member in cluster.members}


def find_clusters(evidence: list[Evidence], issues: Issues, policy: Policy) -> Clusters:
    """Group the issues by what ``policy`` accepts of ``evidence``."""
    related: dict[int, set[int]] = defaultdict(set)
    best: dict[tuple[int, int], Evidence] = {}
    by_people: set[tuple[int, int]] = set()
    uncollected: dict[str, int] = {}  # stand-ins for issues that are not here
    whole, missing = Groups(), 0
    for each in evidence:
        label = label_of(each, policy)
        accepted = label in ("positive", "train")
        if each.target is None and accepted:
            missing += 1
            whole.join(each.issue, uncollected.setdefault(each.reference.lower(), -1 - len(uncollected)))
        if each.target is None or label == "ignore":
            continue
        related[each.issue].add(each.target)
        related[each.target].add(each.issue)
        if not accepted:
            continue
        pair = (min(each.issue, each.target), max(each.issue, each.target))
        whole.join(*pair)
        if label == "positive":
            by_people.add(pair)
        if pair not in best or _trust(each) < _trust(best[pair]):
            best[pair] = each
    groups, held_back = _grouped(best)
    inside: dict[int, dict[tuple[int, int], Evidence]] = defaultdict(dict)
    for pair, each in sorted(best.items()):
        if groups.find(pair[0]) == groups.find(pair[1]):
            inside[groups.find(pair[0])][pair] = each
    clusters = [
        Cluster(canonical_of(group, direct.values(), issues), tuple(group), direct, _held_by(group, direct, by_people))
        for group in groups.groups({position for pair in best for position in pair})
        if len(group) > 1 and (direct := inside[groups.find(group[0])])
    ]
    return Clusters(tuple(clusters), dict(related), whole, tuple(held_back), missing)


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


def _grouped(best: Mapping[tuple[int, int], Evidence]) -> tuple[Groups, list[tuple[int, int]]]:
    """Join the pairs, but for those that alone would join two crowds.

    Only a bridge with a crowd at both ends can be such a pair. The others are joined first, then these, the most
    trusted first: one that still finds a crowd at both ends is held back.
    """
    doubtful = {pair for pair, sides in _bridges(best) if min(sides) >= CROWD}
    groups = Groups()
    held_back = []
    for pair in sorted(best, key=lambda pair: (pair in doubtful, _trust(best[pair]), pair)):
        if pair in doubtful and min(groups.size(groups.find(end)) for end in pair) >= CROWD:
            held_back.append(pair)
        else:
            groups.join(*pair)
    return groups, sorted(held_back)


def _bridges(pairs: Iterable[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Pairs without which a group would fall into two, and how many issues each part would have."""
    import networkx as nx

    graph = nx.Graph(sorted(pairs))
    bridges = sorted(nx.bridges(graph))
    graph.remove_edges_from(bridges)
    parts = list(nx.connected_components(graph))
    part_of = {issue: n for n, part in enumerate(parts) for issue in part}
    forest = nx.Graph([(part_of[one], part_of[other]) for one, other in bridges])
    below = {n: len(parts[n]) for n in forest}  # issues of a part and of what hangs on it
    above: dict[int, int] = {}
    whole: dict[int, int] = {}
    for tree in list(nx.connected_components(forest)):
        root = min(tree)
        above |= nx.dfs_predecessors(forest, root)
        for n in nx.dfs_postorder_nodes(forest, root):
            if n != root:
                below[above[n]] += below[n]
        whole |= dict.fromkeys(tree, below[root])
    for one, other in bridges:
        child = part_of[one] if above.get(part_of[one]) == part_of[other] else part_of[other]
        yield (min(one, other), max(one, other)), (below[child], whole[child] - below[child])


def _held_by(group: list[int], direct: dict[tuple[int, int], Evidence], people: set[tuple[int, int]]) -> bool:
    """Whether the pairs that people ruled on alone hold a group together."""
    groups = Groups()
    for pair in direct:
        if pair in people:
            groups.join(*pair)
    return len({groups.find(member) for member in group}) == 1

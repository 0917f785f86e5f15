"""Pairs of issues with a label, and where each comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from gis.dataset.labels.clusters import Cluster
from gis.dataset.labels.evidence import Evidence

NO_CLUSTER = -1


@dataclass(frozen=True)
class Pair:
    """Two issues by their positions.

    Attributes:
        first: What is asked about: of a duplicate, the issue that the ruling is on.
        second: The other.
        label: 1 for duplicates, 0 for others.
        stratum: "direct" or "closure" of duplicates; how the other issue was found of others.
        cluster: The duplicates' lowest position; ``NO_CLUSTER`` of others.
        evidence: What a direct pair rests on.
        people: Whether people ruled; else the pair stays in train.
    """

    first: int
    second: int
    label: int
    stratum: str
    cluster: int = NO_CLUSTER
    evidence: Evidence | None = None
    people: bool = True


def positive_pairs(clusters: tuple[Cluster, ...], closure: int) -> Iterator[Pair]:
    """The direct pairs of every cluster, and ``closure`` at the most of those that follow from them.

    Of the latter those with the canonical issue come first.
    """
    for cluster in clusters:
        name = cluster.members[0]
        for each in cluster.direct.values():
            assert each.target is not None
            yield Pair(each.issue, each.target, 1, "direct", name, each, cluster.human_confirmed)
        if not closure:
            continue
        others = [pair for pair in combinations(cluster.members, 2) if pair not in cluster.direct]
        others.sort(key=lambda pair: (cluster.canonical not in pair, pair))
        for one, other in others[:closure]:
            first, second = (other, one) if one == cluster.canonical else (one, other)
            yield Pair(first, second, 1, "closure", name, None, cluster.human_confirmed)

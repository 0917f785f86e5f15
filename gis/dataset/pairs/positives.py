"""Positive pairs: issues that were ruled duplicates of one another."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

from gis.dataset.labels.clusters import Cluster
from gis.dataset.labels.evidence import Evidence
from gis.dataset.texts.texts import Texts
from gis.errors import GisError

NO_CLUSTER = -1
POSITIVE_STRATA = ("direct", "closure")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two issues, by position, with a label.

    Attributes:
        first: The anchor; of a direct pair, the issue that the ruling is on.
        second: The other issue.
        label: 1 for a positive pair, 0 for a negative pair.
        stratum: "direct" or "closure" of a positive pair; how the second issue was found for a negative one.
        cluster: The lowest position in the cluster of a positive pair; ``NO_CLUSTER`` for a negative one.
        evidence: The evidence for a direct pair.
        human_confirmed: Whether rulings by people hold the cluster together; if not, the pair stays in train.
    """

    first: int
    second: int
    label: int
    stratum: str
    cluster: int = NO_CLUSTER
    evidence: Evidence | None = None
    human_confirmed: bool = True

    @property
    def issues(self) -> tuple[int, int]:
        """Both positions."""
        return self.first, self.second


class Positives(NamedTuple):
    """The positive pairs of a dataset.

    Attributes:
        pairs: Pairs both of whose issues have a text, and not the same one.
        left_out: How many others there were, by reason.
    """

    pairs: list[Pair]
    left_out: Counter[str]


def find_positives(clusters: Iterable[Cluster], texts: Texts, closure: int) -> Positives:
    """Return the pairs of the clusters that have two different texts.

    Args:
        clusters: The clusters of duplicates.
        texts: The texts of the issues.
        closure: Maximum transitive pairs per cluster.

    Raises:
        GisError: No pair is left.
    """
    positives = Positives([], Counter())
    for pair in positive_pairs(clusters, closure):
        without_text = [position for position in pair.issues if not texts.kept[position]]
        if without_text:
            positives.left_out[texts.why(without_text[0])] += 1
        elif texts[pair.first] == texts[pair.second]:
            positives.left_out["the same text"] += 1
        else:
            positives.pairs.append(pair)
    if not positives.pairs:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in positives.left_out.items())
        raise GisError(f"no positive pair is left; left out: {reasons}", remedy="see --min-words and --languages")
    return positives


def positive_pairs(clusters: Iterable[Cluster], closure: int) -> Iterator[Pair]:
    """Yield the direct pairs of every cluster, then at most ``closure`` of its transitive pairs.

    The transitive pairs that contain the canonical issue come first.
    """
    for cluster in clusters:
        name, confirmed = cluster.members[0], cluster.human_confirmed
        for evidence in cluster.direct.values():
            assert evidence.target is not None
            yield Pair(
                first=evidence.issue, second=evidence.target, label=1, stratum="direct", cluster=name,
                evidence=evidence, human_confirmed=confirmed,
            )  # fmt: skip
        if not closure:
            continue
        transitive = [pair for pair in combinations(cluster.members, 2) if pair not in cluster.direct]
        transitive.sort(key=lambda pair: (cluster.canonical not in pair, pair))
        for one, other in transitive[:closure]:
            first, second = (other, one) if one == cluster.canonical else (one, other)
            yield Pair(
                first=first, second=second, label=1, stratum="closure", cluster=name, human_confirmed=confirmed
            )  # fmt: skip

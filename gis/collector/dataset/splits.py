"""Which issues may be in which split: no issue, no cluster and no near-duplicate text is in two."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gis.collector.dataset.clusters import Cluster
from gis.collector.dataset.groups import Groups
from gis.collector.dataset.issues import Issues
from gis.collector.dataset.pairs import Pair

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
SHARES: Mapping[Split, float] = {"train": 0.8, "valid": 0.1, "test": 0.1}
UNRULED = "not ruled by people"  # they stay out of valid and test
Splits = Mapping[Split, Sequence[Pair]]


@dataclass
class Assignment:
    """Where each issue is, or may go.

    Attributes:
        bound: Split by position; None for issues that may go into no split.
        rule: The split of issues that are not bound; None where they may go into any, and are bound by the first pair
            that takes them.
        pairs: The positive pairs of each split.
        dropped: Positive pairs that fit into no split, by reason.
    """

    bound: dict[int, Split | None]
    rule: Callable[[int], Split | None] | None
    pairs: dict[Split, list[Pair]]
    dropped: dict[str, int] = field(default_factory=dict)

    def allows(self, position: int, split: Split) -> bool:
        """Whether an issue may be in a split."""
        if position in self.bound:
            return self.bound[position] == split
        return self.rule is None or self.rule(position) == split

    def bind(self, position: int, split: Split) -> None:
        """Note that an issue is in a split."""
        self.bound[position] = split


def by_cluster(
    positives: Sequence[Pair], clusters: Sequence[Cluster], near: Sequence[Sequence[int]], seed: int
) -> Assignment:
    """Clusters at random, those with near-duplicate texts together.

    Args:
        positives: All positive pairs.
        clusters: What they are of.
        near: Groups of issues of the positives whose texts are near-duplicates.
        seed: Of the order in which clusters are dealt out.
    """
    units = Groups()
    # clusters whole, also where an issue in the middle has no text
    for group in (*(cluster.members for cluster in clusters), *near):
        for member in group:
            units.join(group[0], member)
    split_of = _dealt(positives, lambda pair: units.find(pair.first), seed, keep_unruled=True)
    found = Assignment({}, None, {split: [] for split in SPLITS})
    for pair in positives:
        found.pairs[split_of[units.find(pair.first)]].append(pair)
    for cluster in clusters:
        split = split_of.get(units.find(cluster.members[0]))
        found.bound |= dict.fromkeys(cluster.members, split)
    return found


def by_repository(positives: Sequence[Pair], clusters: Sequence[Cluster], issues: Issues, seed: int) -> Assignment:
    """Whole repositories: what is tested is from others than what is trained on."""
    homes = issues.repository
    split_of = _dealt(positives, lambda pair: int(homes[pair.first]), seed, keep_unruled=False)

    def rule(position: int) -> Split | None:
        return split_of.get(int(homes[position]))

    return _ruled(positives, clusters, issues, rule, "in repositories of two splits")


def by_time(positives: Sequence[Pair], clusters: Sequence[Cluster], issues: Issues) -> Assignment:
    """By when issues were opened: valid and test begin where the one before ends.

    A cluster belongs to the period that its first issue was opened in; its pairs with later issues are left out.
    """
    first_of = {cluster.members[0]: _first(cluster, issues) for cluster in clusters}
    order = sorted(int(issues.created[first_of[pair.cluster]]) for pair in positives)
    shares = (SHARES["train"], SHARES["train"] + SHARES["valid"])
    cuts = [order[int(len(order) * share)] for share in shares]

    def rule(position: int) -> Split:
        return SPLITS[int(np.searchsorted(cuts, issues.created[position], side="right"))]

    return _ruled(positives, clusters, issues, rule, "across a cut")


def _ruled(
    positives: Sequence[Pair],
    clusters: Sequence[Cluster],
    issues: Issues,
    rule: Callable[[int], Split | None],
    reason: str,
) -> Assignment:
    """Splits by a rule for single issues: a cluster is in that of its first issue, its others are in none."""
    found = Assignment({}, rule, {split: [] for split in SPLITS}, {reason: 0, UNRULED: 0})
    for cluster in clusters:
        home = rule(_first(cluster, issues))
        found.bound |= {n: home if rule(n) == home else None for n in cluster.members}
    for pair in positives:
        split = found.bound[pair.first]
        if split is None or found.bound[pair.second] != split:
            found.dropped[reason] += 1
        elif split != "train" and not pair.people:
            found.dropped[UNRULED] += 1
        else:
            found.pairs[split].append(pair)
    return found


def _first(cluster: Cluster, issues: Issues) -> int:
    """The issue of a cluster that was opened first."""
    return min(cluster.members, key=lambda n: (int(issues.created[n]), n))


def _dealt(
    positives: Sequence[Pair], unit_of: Callable[[Pair], int], seed: int, *, keep_unruled: bool
) -> dict[int, Split]:
    """Deal units out, in random order, each to the split that lacks most of its share.

    With ``keep_unruled`` a unit that holds a pair which no person ruled goes to train.
    """
    units: dict[int, list[Pair]] = defaultdict(list)
    for pair in positives:
        units[unit_of(pair)].append(pair)
    keys = sorted(units)
    counts = dict.fromkeys(SPLITS, 0)
    split_of: dict[int, Split] = {}
    for place in np.random.default_rng(seed).permutation(len(keys)):
        unit = units[keys[place]]
        split: Split = "train"
        if not keep_unruled or all(pair.people for pair in unit):
            split = min(SPLITS, key=lambda name: (counts[name] + 1) / SHARES[name])
        counts[split] += len(unit)
        split_of[keys[place]] = split
    return split_of


@dataclass(frozen=True)
class Leaks:
    """What two splits share.

    Attributes:
        issues: Issues that are in more than one split.
        clusters: Clusters that are in more than one split, by positive pairs or by negatives.
        near_duplicates: Groups of near-duplicate texts that are in more than one split.
        test_pairs: Share, 0 to 1, of the test pairs one of whose issues is in train.
    """

    issues: int
    clusters: int
    near_duplicates: int
    test_pairs: float

    def __bool__(self) -> bool:
        """Whether anything is shared."""
        return bool(self.issues or self.clusters or self.near_duplicates)


def find_leaks(splits: Splits, near: Iterable[Sequence[int]], clusters: Mapping[int, Cluster]) -> Leaks:
    """Look for what splits share, whoever made them.

    Args:
        splits: Pairs by split.
        near: Groups of issues whose texts are near-duplicates.
        clusters: The cluster of each issue that is in one.
    """
    where: dict[int, set[Split]] = defaultdict(set)
    of_clusters: dict[int, set[Split]] = defaultdict(set)
    for split, pairs in splits.items():
        for pair in pairs:
            where[pair.first].add(split)
            where[pair.second].add(split)
    for position, found_in in where.items():
        if position in clusters:
            of_clusters[clusters[position].members[0]] |= found_in
    across = sum(len({split for n in group for split in where.get(n, ())}) > 1 for group in near)
    test = splits.get("test", ())
    shared = sum("train" in where[pair.first] | where[pair.second] for pair in test)
    return Leaks(
        sum(len(found) > 1 for found in where.values()),
        sum(len(found) > 1 for found in of_clusters.values()),
        across,
        shared / len(test) if test else 0.0,
    )


def random_pairs(pairs: Sequence[Pair], seed: int) -> dict[Split, list[Pair]]:
    """What most do: a split of the pairs, whatever their issues; to show what it leaks."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    cuts = [int(len(pairs) * 0.8), int(len(pairs) * 0.9)]
    parts = np.split(order, cuts)
    return {split: [pairs[n] for n in part] for split, part in zip(SPLITS, parts, strict=True)}


def without_near_duplicates(splits: Splits, near: Iterable[Sequence[int]]) -> tuple[dict[Split, list[Pair]], int]:
    """``splits`` without pairs whose text is nearly that of an issue in a later split, and how many those were."""
    where = {n: split for split, pairs in splits.items() for pair in pairs for n in (pair.first, pair.second)}
    doomed: set[int] = set()
    for group in near:
        last = max(SPLITS.index(where[n]) for n in group)
        doomed |= {n for n in group if SPLITS.index(where[n]) < last}
    kept = {
        split: [pair for pair in pairs if pair.first not in doomed and pair.second not in doomed]
        for split, pairs in splits.items()
    }
    return kept, sum(map(len, splits.values())) - sum(map(len, kept.values()))

"""Which issues may be in which split: no issue, no cluster and no near-duplicate text is in two."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from gis.dataset.issues.table import Issues
from gis.dataset.labels.clusters import Clusters
from gis.dataset.pairs.positives import Pair
from gis.dataset.union_find import DisjointSets

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
SHARES: Mapping[Split, float] = {"train": 0.8, "valid": 0.1, "test": 0.1}
UNRULED = "not ruled by people"  # they stay out of valid and test
Splits = Mapping[Split, Sequence[Pair]]


@dataclass
class Assignment:
    """Where each issue is, or may go.

    Attributes:
        units: Issues that must be in one split.
        bound: Split by the root of a unit; others are bound by the first pair that takes them.
        rule: The only split that an issue may be in, or None for none; without a rule it may be in any.
        pairs: The positive pairs of each split.
        dropped: Positive pairs that fit into no split, by reason.
    """

    units: DisjointSets
    bound: dict[int, Split]
    rule: Callable[[int], Split | None] | None
    pairs: dict[Split, list[Pair]]
    dropped: dict[str, int] = field(default_factory=dict)

    def allows(self, position: int, split: Split) -> bool:
        """Whether an issue may be in a split."""
        if self.bound.get(self.units.find(position), split) != split:
            return False
        return self.rule is None or self.rule(position) == split

    def bind(self, position: int, split: Split) -> None:
        """Note that an issue is in a split, and with it its unit."""
        self.bound[self.units.find(position)] = split


def units_of(clusters: Clusters, near: Iterable[Sequence[int]]) -> DisjointSets:
    """What accepted evidence joins, also where it makes no cluster, and near-duplicate texts: each in one split."""
    units = clusters.groups.copy()
    for group in near:
        for position in group:
            units.join(group[0], position)
    return units


def by_cluster(positives: Sequence[Pair], units: DisjointSets, seed: int) -> Assignment:
    """Units at random.

    Args:
        positives: All positive pairs.
        units: What must be in one split.
        seed: Of the order in which units are dealt out.
    """
    split_of = _dealt(positives, lambda pair: units.find(pair.first), seed, keep_unruled=True)
    found = Assignment(units, split_of, None, {split: [] for split in SPLITS})
    for pair in positives:
        found.pairs[split_of[units.find(pair.first)]].append(pair)
    return found


def by_repository(positives: Sequence[Pair], units: DisjointSets, issues: Issues, seed: int) -> Assignment:
    """Whole repositories: what is tested is from others than what is trained on."""
    homes = issues.repository
    split_of = _dealt(positives, lambda pair: int(homes[pair.first]), seed, keep_unruled=False)

    def rule(position: int) -> Split | None:
        return split_of.get(int(homes[position]))

    return _ruled(positives, units, issues, rule, "in repositories of two splits")


def by_time(positives: Sequence[Pair], units: DisjointSets, issues: Issues) -> Assignment:
    """By when issues were opened: valid and test begin where the one before ends.

    A unit belongs to the period that its first issue was opened in; its pairs with later issues are left out.
    """
    first_of = _firsts(positives, units, issues)
    order = sorted(int(issues.created[first_of[units.find(pair.first)]]) for pair in positives)
    shares = (SHARES["train"], SHARES["train"] + SHARES["valid"])
    cuts = [order[int(len(order) * share)] for share in shares]

    def rule(position: int) -> Split:
        return SPLITS[int(np.searchsorted(cuts, issues.created[position], side="right"))]

    return _ruled(positives, units, issues, rule, "across a cut")


def _ruled(
    positives: Sequence[Pair], units: DisjointSets, issues: Issues, rule: Callable[[int], Split | None], reason: str
) -> Assignment:
    """Splits by a rule for single issues: a unit is in that of its first issue, its others are in none."""
    found = Assignment(units, {}, rule, {split: [] for split in SPLITS}, {reason: 0, UNRULED: 0})
    for root, first in _firsts(positives, units, issues).items():
        home = rule(first)
        if home is not None:
            found.bound[root] = home
    for pair in positives:
        split = found.bound.get(units.find(pair.first))
        if split is None or not (found.allows(pair.first, split) and found.allows(pair.second, split)):
            found.dropped[reason] += 1
        elif split != "train" and not pair.people:
            found.dropped[UNRULED] += 1
        else:
            found.pairs[split].append(pair)
    return found


def _firsts(positives: Sequence[Pair], units: DisjointSets, issues: Issues) -> dict[int, int]:
    """By root, the issue of a unit's pairs that was opened first."""
    found: dict[int, int] = {}
    for pair in positives:
        for position in (pair.first, pair.second):
            root = units.find(position)
            found[root] = min(found.get(root, position), position, key=lambda n: (int(issues.created[n]), n))
    return found


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
        clusters: Groups of issues that accepted evidence joins which are in more than one split.
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


def find_leaks(splits: Splits, near: Iterable[Sequence[int]], groups: DisjointSets) -> Leaks:
    """Look for what splits share, whoever made them.

    Args:
        splits: Pairs by split.
        near: Groups of issues whose texts are near-duplicates.
        groups: What accepted evidence joins.
    """
    where: dict[int, set[Split]] = defaultdict(set)
    clusters: dict[int, set[Split]] = defaultdict(set)
    for split, pairs in splits.items():
        for pair in pairs:
            where[pair.first].add(split)
            where[pair.second].add(split)
    for position, found_in in where.items():
        if groups.size(root := groups.find(position)) > 1:
            clusters[root] |= found_in
    across = sum(len({split for n in group for split in where.get(n, ())}) > 1 for group in near)
    test = splits.get("test", ())
    shared = sum("train" in where[pair.first] | where[pair.second] for pair in test)
    return Leaks(
        sum(len(found) > 1 for found in where.values()),
        sum(len(found) > 1 for found in clusters.values()),
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
        places = {n: SPLITS.index(where[n]) for n in group if n in where}
        doomed |= {n for n, place in places.items() if place < max(places.values())}
    kept = {
        split: [pair for pair in pairs if pair.first not in doomed and pair.second not in doomed]
        for split, pairs in splits.items()
    }
    return kept, sum(map(len, splits.values())) - sum(map(len, kept.values()))

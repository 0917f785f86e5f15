"""Splits that share nothing: every issue, cluster and group of near-duplicate texts is in one split only."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from gis.dataset.labels.clusters import Clusters
from gis.dataset.pairs.positives import Pair
from gis.dataset.settings import Split
from gis.union_find import DisjointSets

Shares = Mapping[Split, float]  # of the positive pairs, 0 to 1, of each split that is made
Splits = Mapping[Split, Sequence[Pair]]

# Why a positive pair fits into no split
BETWEEN_REPOSITORIES = "in repositories of two splits"
BETWEEN_PERIODS = "across a cut"
NOT_HUMAN_CONFIRMED = "not ruled by people"  # such pairs stay out of valid and test


@dataclass(kw_only=True)
class Assignment:
    """Which issue is, or may be, in which split.

    Attributes:
        units: DisjointSets of issues that must be in one split.
        split_of_unit: Split by the root of a unit; any other unit is bound by the first pair that uses it.
        rule: Returns the only split that an issue may be in, or None if it may be in no split. Without a rule an
            issue may be in any split.
        pairs: The positive pairs of each split that is made.
        dropped: How many positive pairs fit into no split, by reason.
    """

    units: DisjointSets
    split_of_unit: dict[int, Split]
    rule: Callable[[int], Split | None] | None = None
    pairs: dict[Split, list[Pair]]
    dropped: dict[str, int] = field(default_factory=dict)

    def allows(self, issue: int, split: Split) -> bool:
        """Return whether an issue may be in a split."""
        if self.split_of_unit.get(self.units.find(issue), split) != split:
            return False
        return self.rule is None or self.rule(issue) == split

    def bind(self, issue: int, split: Split) -> None:
        """Bind an issue, and with it the rest of its unit, to a split."""
        self.split_of_unit[self.units.find(issue)] = split


def ends_of(shares: Shares) -> list[float]:
    """Return where each split but the last ends, as a share of everything, 0 to 1."""
    return [round(end, 6) for end in accumulate(shares.values())][:-1]


def units_of(clusters: Clusters, near: Iterable[Sequence[int]]) -> DisjointSets:
    """Return the groups of issues that must be in one split.

    They are joined by accepted evidence, even where it makes no cluster, and by near-duplicate texts.
    """
    units = clusters.groups.copy()
    for group in near:
        for issue in group:
            units.join(group[0], issue)
    return units


def by_cluster(positives: Sequence[Pair], units: DisjointSets, shares: Shares, seed: int) -> Assignment:
    """Assign whole units to splits at random; those that no person confirmed to train, or to none without train."""
    split_of = _deal(
        positives,
        lambda pair: units.find(pair.first),
        shares,
        np.random.default_rng(seed),
        may_leave_train=lambda unit: all(pair.human_confirmed for pair in unit),
    )
    assignment = Assignment(units=units, split_of_unit=split_of, pairs=_no_pairs(shares))
    for pair in positives:
        split = split_of.get(units.find(pair.first))
        if split is None:
            assignment.dropped[NOT_HUMAN_CONFIRMED] = assignment.dropped.get(NOT_HUMAN_CONFIRMED, 0) + 1
        else:
            assignment.pairs[split].append(pair)
    return assignment


def by_repository(
    positives: Sequence[Pair],
    units: DisjointSets,
    shares: Shares,
    seed: int,
    *,
    repository: NDArray[np.int32],
    created: NDArray[np.int64],
) -> Assignment:
    """Assign whole repositories to splits at random, so that a model is tested on repositories it has not seen.

    Args:
        positives: All positive pairs.
        units: DisjointSets of issues that must be in one split.
        shares: Share of each split.
        seed: Random seed for the order in which repositories are dealt.
        repository: (n,) repository index of each issue.
        created: (n,) when each issue was opened.
    """
    split_of = _deal(positives, lambda pair: int(repository[pair.first]), shares, np.random.default_rng(seed))

    def rule(issue: int) -> Split | None:
        return split_of.get(int(repository[issue]))

    return _by_rule(positives, units, shares, created, rule, BETWEEN_REPOSITORIES)


def by_time(
    positives: Sequence[Pair], units: DisjointSets, shares: Shares, *, created: NDArray[np.int64]
) -> Assignment:
    """Assign issues to splits by when they were opened: valid begins where train ends, and test where valid ends.

    A unit belongs to the period of its oldest issue; its pairs with issues of a later period are left out.

    Args:
        positives: All positive pairs.
        units: DisjointSets of issues that must be in one split.
        shares: Share of each split.
        created: (n,) when each issue was opened.
    """
    names = tuple(shares)
    oldest_of = _oldest_of_units(positives, units, created)
    times = sorted(int(created[oldest_of[units.find(pair.first)]]) for pair in positives)
    cuts = [times[min(int(len(times) * end), len(times) - 1)] for end in ends_of(shares)]

    def rule(issue: int) -> Split:
        return names[int(np.searchsorted(cuts, created[issue], side="right"))]

    return _by_rule(positives, units, shares, created, rule, BETWEEN_PERIODS)


def _by_rule(
    positives: Sequence[Pair],
    units: DisjointSets,
    shares: Shares,
    created: NDArray[np.int64],
    rule: Callable[[int], Split | None],
    reason: str,
) -> Assignment:
    """Assign each unit to the split of its oldest issue; its issues that the rule puts elsewhere are in no split."""
    split_of = {root: rule(oldest) for root, oldest in _oldest_of_units(positives, units, created).items()}
    assignment = Assignment(
        units=units,
        split_of_unit={root: split for root, split in split_of.items() if split is not None},
        rule=rule,
        pairs=_no_pairs(shares),
        dropped={reason: 0, NOT_HUMAN_CONFIRMED: 0},
    )
    for pair in positives:
        split = split_of[units.find(pair.first)]
        if split is None or not all(assignment.allows(issue, split) for issue in pair.issues):
            assignment.dropped[reason] += 1
        elif split != "train" and not pair.human_confirmed:
            assignment.dropped[NOT_HUMAN_CONFIRMED] += 1
        else:
            assignment.pairs[split].append(pair)
    return assignment


def _no_pairs(shares: Shares) -> dict[Split, list[Pair]]:
    return {split: [] for split in shares}


def _oldest_of_units(positives: Sequence[Pair], units: DisjointSets, created: NDArray[np.int64]) -> dict[int, int]:
    """Return the oldest of the issues in a unit's pairs, by the root of the unit."""
    oldest: dict[int, int] = {}
    for pair in positives:
        for issue in pair.issues:
            root = units.find(issue)
            oldest[root] = min(oldest.get(root, issue), issue, key=lambda n: (int(created[n]), n))
    return oldest


def _deal(
    positives: Sequence[Pair],
    unit_of: Callable[[Pair], int],
    shares: Shares,
    rng: np.random.Generator,
    may_leave_train: Callable[[Sequence[Pair]], bool] = lambda _: True,
) -> dict[int, Split]:
    """Deal the units of pairs in random order, each to the split that is furthest below its share.

    A unit that may not leave train goes to train, or to no split where train is not made.
    """
    units: dict[int, list[Pair]] = defaultdict(list)
    for pair in positives:
        units[unit_of(pair)].append(pair)
    names = sorted(units)
    sizes = dict.fromkeys(shares, 0)
    split_of: dict[int, Split] = {}
    for index in rng.permutation(len(names)):
        unit = units[names[index]]
        split: Split = "train"
        if may_leave_train(unit):
            split = min(shares, key=lambda name: (sizes[name] + 1) / shares[name])
        elif "train" not in shares:
            continue
        sizes[split] += len(unit)
        split_of[names[index]] = split
    return split_of

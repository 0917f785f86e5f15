"""What splits share although they must not, and what a split at random would share."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.splits import Shares, Splits, ends_of
from gis.dataset.settings import SPLITS, Split
from gis.union_find import DisjointSets


@dataclass(frozen=True)
class Leaks:
    """What several splits share.

    Attributes:
        issues: Number of issues in more than one split.
        clusters: Number of groups of issues, joined by accepted evidence, in more than one split.
        near_duplicates: Number of groups of near-duplicate texts in more than one split.
        test_pairs: Share, 0 to 1, of the test pairs with an issue that is also in train.
    """

    issues: int
    clusters: int
    near_duplicates: int
    test_pairs: float

    def __bool__(self) -> bool:
        """Return whether anything is shared."""
        return bool(self.issues or self.clusters or self.near_duplicates)


def find_leaks(splits: Splits, near: Iterable[Sequence[int]], groups: DisjointSets) -> Leaks:
    """Find what the splits share, however they were made.

    Args:
        splits: Pairs by split.
        near: DisjointSets of issues with near-duplicate texts.
        groups: DisjointSets of issues that accepted evidence joins.
    """
    splits_of_issue: dict[int, set[Split]] = defaultdict(set)
    splits_of_group: dict[int, set[Split]] = defaultdict(set)
    for split, pairs in splits.items():
        for pair in pairs:
            for issue in pair.issues:
                splits_of_issue[issue].add(split)
    for issue, its_splits in splits_of_issue.items():
        root = groups.find(issue)
        if groups.size(root) > 1:
            splits_of_group[root] |= its_splits
    splits_of_near = [{split for n in group for split in splits_of_issue.get(n, ())} for group in near]
    test = splits.get("test", ())
    seen = sum(any("train" in splits_of_issue[issue] for issue in pair.issues) for pair in test)
    return Leaks(
        issues=_in_several(splits_of_issue.values()),
        clusters=_in_several(splits_of_group.values()),
        near_duplicates=_in_several(splits_of_near),
        test_pairs=seen / len(test) if test else 0.0,
    )


def _in_several(splits: Iterable[set[Split]]) -> int:
    return sum(len(names) > 1 for names in splits)


def random_split(pairs: Sequence[Pair], shares: Shares, seed: int) -> dict[Split, list[Pair]]:
    """Split pairs at random whatever issues they share, as is common; only to show what that leaks."""
    order = np.random.default_rng(seed).permutation(len(pairs))
    parts = np.split(order, [int(len(pairs) * end) for end in ends_of(shares)])
    return {split: [pairs[index] for index in part] for split, part in zip(shares, parts, strict=True)}


def without_near_duplicates(splits: Splits, near: Iterable[Sequence[int]]) -> dict[Split, list[Pair]]:
    """Remove the pairs with an issue that has a near-duplicate in a later split: the test split keeps all of its own.

    Args:
        splits: Pairs by split.
        near: DisjointSets of issues with near-duplicate texts.
    """
    rank_of = {issue: SPLITS.index(split) for split, pairs in splits.items() for pair in pairs for issue in pair.issues}
    removed: set[int] = set()
    for group in near:
        ranks = {issue: rank_of[issue] for issue in group if issue in rank_of}
        removed |= {issue for issue, rank in ranks.items() if rank < max(ranks.values())}
    return {split: [pair for pair in pairs if removed.isdisjoint(pair.issues)] for split, pairs in splits.items()}

"""Negative pairs in named strata, from the same repository as the positives and of similar length."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.dataset.issues.table import NOBODY, Issues
from gis.dataset.labels.called import is_duplicate_label
from gis.dataset.labels.citations import Citations
from gis.dataset.labels.clusters import Clusters, PairKey
from gis.dataset.labels.evidence import Evidence
from gis.dataset.pairs.length_buckets import LengthBuckets
from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.splits import Assignment
from gis.dataset.settings import Split
from gis.dataset.texts.texts import Texts
from gis.near_duplicates import NEAR_JACCARD, Sketches, jaccard

MAX_CANDIDATES = 64  # that a negative is chosen from
MAX_COMPARED = 100  # issues of a group that a text is compared with

NO_ISSUES = np.zeros(0, np.int64)


@dataclass
class NegativeSampler:
    """Finds issues that may make a negative pair with a given one.

    Attributes:
        issues: All issues.
        texts: Their texts.
        usable: (n,) whether an issue may be in a negative pair.
        clusters: What accepted evidence joins.
        ties: By position, what evidence of any kind ties an issue to: see ``ties_of``.
        sketches: Sketches of the texts; a copy of a duplicate is a duplicate, whether anybody noticed it or not.
        citations: Which issues cite one another.
        neighbours: The neighbours of each anchor, by stratum.
        match: Prefer candidates whose length is close to that of the issue they stand in for.
    """

    issues: Issues
    texts: Texts
    usable: NDArray[np.bool_]
    clusters: Clusters
    ties: Mapping[int, Set[int]]
    sketches: Sketches
    citations: Citations
    neighbours: Mapping[str, Mapping[int, list[int]]]
    match: bool = True

    def candidates(self, stratum: str, anchor: int, chars: int, rng: np.random.Generator) -> list[int]:
        """Return issues for a negative of ``anchor``, those closest to ``chars`` characters first."""
        candidates = self._of_stratum(stratum, anchor, rng)
        if len(candidates) > MAX_CANDIDATES:
            candidates = candidates[rng.choice(len(candidates), MAX_CANDIDATES, replace=False)]
        candidates = candidates[self.usable[candidates]]
        if self.match:
            distance = np.abs(np.log1p(self.texts.chars[candidates]) - np.log1p(chars))
            candidates = candidates[np.argsort(distance, kind="stable")]
        return [int(position) for position in candidates]

    def related(self, one: int, other: int, *, by_citation: bool = True) -> bool:
        """Return whether two issues are, or for all that is known may be, duplicates or otherwise related.

        They are if evidence ties them together within two steps, accepted or not, and if one cites the other in words
        that may be a ruling.

        Args:
            one: A position.
            other: Another.
            by_citation: Whether it is enough that one cites the other.
        """
        groups, ties = self.clusters.groups, self.ties
        if one == other or groups.find(one) == groups.find(other):
            return True
        if _key(one, other) in self.citations.unsettled or (by_citation and other in self._cited_with.get(one, ())):
            return True
        near = ties.get(one, set())
        return other in near or any(other in ties.get(middle, ()) for middle in near)

    def count_unsettled(self) -> int:
        """Count the pairs that only their unsettled citations keep from being negatives."""
        settled = replace(self, citations=Citations(self.citations.pairs, frozenset()))
        return sum(
            self._are_usable(*pair) and not settled.related(*pair, by_citation=False)
            for pair in self.citations.unsettled
        )

    def citing_pairs(self) -> list[PairKey]:
        """Return the pairs of usable issues one of which cites the other, and that are not otherwise related."""
        return [
            pair
            for pair in self.citations.pairs
            if self._are_usable(*pair) and not self.related(*pair, by_citation=False)
        ]

    def _are_usable(self, one: int, other: int) -> bool:
        return bool(self.usable[one] and self.usable[other])

    def copies(self, one: int, other: int) -> bool:
        """Return whether the text of one is a near-duplicate of the other's or of one of the other's group."""
        for issue, copy in ((one, other), (other, one)):
            shingles = self.sketches[copy].shingles
            members = self._group_of.get(issue, (issue,))[:MAX_COMPARED]
            if any(
                self.texts.kept[n] and jaccard(self.sketches[n].shingles, shingles) >= NEAR_JACCARD for n in members
            ):
                return True
        return False

    def _of_stratum(self, stratum: str, anchor: int, rng: np.random.Generator) -> NDArray[np.int64]:
        if stratum == "random":
            return self._at_random(anchor, rng)
        if stratum == "same_label":
            return self._with_rarest_label_of(anchor)
        if stratum == "same_author":
            return self._by_author_of(anchor)
        return np.array(self.neighbours.get(stratum, {}).get(anchor, NO_ISSUES), np.int64)

    def _at_random(self, anchor: int, rng: np.random.Generator) -> NDArray[np.int64]:
        repository = self.issues.of_repository(int(self.issues.repository[anchor]))
        drawn = np.unique(rng.integers(repository.start, repository.stop, MAX_CANDIDATES))
        rng.shuffle(drawn)
        return drawn

    def _with_rarest_label_of(self, anchor: int) -> NDArray[np.int64]:
        """Return the issues with the label of the anchor that the fewest others have: it says the most."""
        issues = self.issues
        repository = int(issues.repository[anchor])
        labels = issues.labels[issues.label_starts[anchor] : issues.label_starts[anchor + 1]].tolist()
        groups = (self._labelled.get((repository, label), NO_ISSUES) for label in labels)
        return min((group for group in groups if len(group) > 1), key=len, default=NO_ISSUES)

    def _by_author_of(self, anchor: int) -> NDArray[np.int64]:
        if self.issues.author[anchor] == NOBODY:
            return NO_ISSUES
        order, keys = self._by_author
        start, end = np.searchsorted(keys, self._authorship(anchor) + np.array([0, 1]))
        return order[start:end]

    @cached_property
    def _group_of(self) -> Mapping[int, Sequence[int]]:
        """The issues that accepted evidence joins to an issue, also through one that was not collected."""
        groups = (group for group in self.clusters.groups.groups(range(len(self.issues))) if len(group) > 1)
        return {issue: group for group in groups for issue in group}

    @cached_property
    def _cited_with(self) -> Mapping[int, set[int]]:
        """Issues that an issue cites or that cite it, by position."""
        partners: dict[int, set[int]] = defaultdict(set)
        for one, other in self.citations.pairs:
            partners[one].add(other)
            partners[other].add(one)
        return partners

    @cached_property
    def _by_author(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions ordered by repository and author, and the keys that order them."""
        keys = self._authorship(slice(None))
        order = np.argsort(keys, kind="stable")
        return order, keys[order]

    def _authorship(self, which: slice | int) -> NDArray[np.int64]:
        """Return repository and author of issues as one number."""
        issues = self.issues
        return issues.repository[which].astype(np.int64) * (len(issues.people) + 1) + issues.author[which] - NOBODY

    @cached_property
    def _labelled(self) -> Mapping[tuple[int, int], NDArray[np.int64]]:
        """Positions by repository and label, without the labels that mean "duplicate"."""
        issues = self.issues
        count = max(len(issues.label_names), 1)
        owners = np.repeat(np.arange(len(issues)), np.diff(issues.label_starts))
        keys = issues.repository[owners].astype(np.int64) * count + issues.labels
        order = np.argsort(keys, kind="stable")
        distinct, starts = np.unique(keys[order], return_index=True)
        groups = {
            divmod(int(key), count): group
            for key, group in zip(distinct, np.split(owners[order], starts[1:]), strict=True)
        }
        ignored = {code for code, name in enumerate(issues.label_names) if is_duplicate_label(name)}
        return {key: group for key, group in groups.items() if key[1] not in ignored}


def ties_of(evidence: Iterable[Evidence]) -> dict[int, set[int]]:
    """Return, by position, what evidence ties an issue to, whatever a policy says about it.

    An issue that was not collected has a negative number: two issues that are said to be related to it may be related.
    """
    ties: dict[int, set[int]] = defaultdict(set)
    uncollected: dict[str, int] = {}
    for each in evidence:
        target = each.target
        if target is None:
            target = uncollected.setdefault(each.reference.lower(), -1 - len(uncollected))
        ties[each.issue].add(target)
        ties[target].add(each.issue)
    return dict(ties)


class NegativeCount(NamedTuple):
    """How many negatives of a stratum a split was to have, and how many were found."""

    split: Split
    stratum: str
    requested: int
    found: int


class Negatives(NamedTuple):
    """The negative pairs of each split, and how many there are of each stratum."""

    pairs: dict[Split, list[Pair]]
    counts: list[NegativeCount]


def draw_negatives(
    sampler: NegativeSampler, assignment: Assignment, shares: Mapping[str, float], ratio: float, seed: int
) -> Negatives:
    """Draw negatives for the positives of each split.

    Args:
        sampler: Finds candidates.
        assignment: The positives, and which issue may be in which split; issues that are drawn are bound.
        shares: Share of each stratum among the negatives of train; they sum to 1.
        ratio: Negatives per positive in train.
        seed: Random seed.
    """
    rng = np.random.default_rng(seed)
    negatives = Negatives({split: [] for split in assignment.pairs}, [])
    for split in reversed(assignment.pairs):  # test is drawn first: it is the smallest and matters most
        draw = _Draw(sampler, assignment, split, rng)
        count = len(draw.positives)
        # valid and test are scored stratum by stratum: as many of each as there are positives
        wanted = quotas(round(ratio * count), shares) if split == "train" else dict.fromkeys(shares, count)
        for stratum, quota in wanted.items():
            pairs = draw.cross_referenced(quota) if stratum == "cross_referenced" else draw.for_anchors(stratum, quota)
            negatives.pairs[split] += pairs
            negatives.counts.append(NegativeCount(split, stratum, quota, len(pairs)))
    return negatives


def quotas(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Return whole numbers in proportion to the shares that sum to ``total``, by the largest remainder."""
    exact = {name: total * share for name, share in shares.items()}
    rounded = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: rounded[name] - exact[name])[: total - sum(rounded.values())]:
        rounded[name] += 1
    return rounded


@dataclass
class _Draw:
    """The negatives of one split; each pair of issues is drawn once."""

    sampler: NegativeSampler
    assignment: Assignment
    split: Split
    rng: np.random.Generator
    used: set[tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        self.used = {_key(*pair.issues) for pair in self.positives}

    @property
    def positives(self) -> Sequence[Pair]:
        return self.assignment.pairs[self.split]

    def for_anchors(self, stratum: str, quota: int) -> list[Pair]:
        """Pair the issues of the positives with others, about as long as the partner that each of them has."""
        drawn: list[Pair] = []
        while True:
            before = len(drawn)
            for anchor, partner in self._anchors():
                if len(drawn) == quota:
                    return drawn
                other = self._negative_for(anchor, partner, stratum)
                if other is not None:
                    drawn.append(self._take(anchor, other, stratum))
            if len(drawn) == before:  # no anchor has a candidate left
                return drawn

    def cross_referenced(self, quota: int) -> list[Pair]:
        """Pair issues one of which cites the other, with about the lengths of a positive pair."""
        sampler = self.sampler
        cited = [pair for pair in sampler.citing_pairs() if self._is_open(*pair)]
        both_ways = [*cited, *((other, one) for one, other in cited)]
        buckets = LengthBuckets([self._lengths(*pair) for pair in both_ways], self.rng)

        def is_free(index: int) -> bool:
            return self._is_open(*both_ways[index]) and not sampler.copies(*both_ways[index])

        drawn: list[Pair] = []
        for positive in self._positives_in_turn():
            index = buckets.pop_nearest(self._lengths(*positive.issues), is_free) if len(drawn) < quota else None
            if index is None:
                break
            drawn.append(self._take(*both_ways[index], "cross_referenced"))
        return drawn

    def _anchors(self) -> Iterator[tuple[int, int]]:
        """Yield the issues of the positives with their partners, first the first ones, each time in random order."""
        for turned in (False, True):
            for index in self.rng.permutation(len(self.positives)):
                first, second = self.positives[index].issues
                yield (second, first) if turned else (first, second)

    def _positives_in_turn(self) -> Iterator[Pair]:
        """Yield the positives in random order, again and again."""
        while self.positives:
            for index in self.rng.permutation(len(self.positives)):
                yield self.positives[index]

    def _negative_for(self, anchor: int, partner: int, stratum: str) -> int | None:
        chars = int(self.sampler.texts.chars[partner])
        for other in self.sampler.candidates(stratum, anchor, chars, self.rng):
            if (
                self._is_open(anchor, other)
                and not self.sampler.related(anchor, other)
                and not self.sampler.copies(anchor, other)
            ):
                return other
        return None

    def _is_open(self, one: int, other: int) -> bool:
        """Return whether two issues may still be in the split, and not yet as this pair."""
        allows = self.assignment.allows
        return _key(one, other) not in self.used and allows(one, self.split) and allows(other, self.split)

    def _lengths(self, one: int, other: int) -> tuple[int, int]:
        chars = self.sampler.texts.chars
        return (int(chars[one]), int(chars[other])) if self.sampler.match else (0, 0)

    def _take(self, one: int, other: int, stratum: str) -> Pair:
        self.used.add(_key(one, other))
        self.assignment.bind(one, self.split)
        self.assignment.bind(other, self.split)
        return Pair(first=one, second=other, label=0, stratum=stratum)


def _key(one: int, other: int) -> tuple[int, int]:
    return (min(one, other), max(one, other))

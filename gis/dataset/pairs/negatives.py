"""Pairs of issues that are no duplicates, in named strata, alike the positives in length and repository."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gis.dataset.issues.table import NOBODY, Issues
from gis.dataset.labels.clusters import Clusters
from gis.dataset.labels.evidence import is_duplicate_label
from gis.dataset.pairs.length_buckets import Shelves
from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.splits import SPLITS, Assignment, Split
from gis.dataset.texts.near_duplicates import NEAR, Sketches, jaccard
from gis.dataset.texts.texts import Texts

SAMPLED = 64  # candidates that a negative is chosen from
COPIES = 100  # issues of a cluster that a text is compared with


@dataclass
class Pool:
    """What negatives are drawn from.

    Attributes:
        issues: What is there.
        texts: Their texts.
        usable: (n,) whether an issue may be in a negative.
        clusters: What evidence ties together.
        sketches: Of the texts: a copy of a duplicate is a duplicate, whether somebody noticed or not.
        cited: Pairs of positions one of which cites the other.
        neighbours: By stratum, the neighbours of each anchor.
        match: Choose the candidate whose length is nearest to that of the positive's other issue.
    """

    issues: Issues
    texts: Texts
    usable: NDArray[np.bool_]
    clusters: Clusters
    sketches: Sketches
    cited: Sequence[tuple[int, int]]
    neighbours: Mapping[str, Mapping[int, list[int]]]
    match: bool = True

    @cached_property
    def cited_by(self) -> Mapping[int, set[int]]:
        """By position, issues that it cites or that cite it."""
        found: dict[int, set[int]] = defaultdict(set)
        for one, other in self.cited:
            found[one].add(other)
            found[other].add(one)
        return found

    @cached_property
    def by_author(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions ordered by repository and author, and what they are ordered by."""
        keys = self._authorship(slice(None))
        order = np.argsort(keys, kind="stable")
        return order, keys[order]

    def _authorship(self, which: slice | int) -> NDArray[np.int64]:
        """Repository and author of issues, as one number."""
        issues = self.issues
        return issues.repository[which].astype(np.int64) * (len(issues.people) + 1) + issues.author[which] - NOBODY

    @cached_property
    def label_members(self) -> Mapping[tuple[int, int], NDArray[np.int64]]:
        """By repository and label, the positions that have it; labels that say "duplicate" left out."""
        issues = self.issues
        owners = np.repeat(np.arange(len(issues)), np.diff(issues.label_starts))
        said = {code for code, name in enumerate(issues.label_names) if is_duplicate_label(name)}
        keys = issues.repository[owners].astype(np.int64) * max(len(issues.label_names), 1) + issues.labels
        order = np.argsort(keys, kind="stable")
        names, starts = np.unique(keys[order], return_index=True)
        parts = np.split(owners[order], starts[1:])
        split = [divmod(int(name), max(len(issues.label_names), 1)) for name in names]
        return {key: part for key, part in zip(split, parts, strict=True) if key[1] not in said}

    def unrelated(self, one: int, other: int, *, cited: bool) -> bool:
        """Whether nothing ties two issues together within two steps; a citation may, where it is asked for."""
        groups, related = self.clusters.groups, self.clusters.related
        if one == other or groups.find(one) == groups.find(other):
            return False
        if not cited and other in self.cited_by.get(one, ()):
            return False
        near = related.get(one, set())
        return other not in near and not any(other in related.get(middle, ()) for middle in near)

    def copies(self, one: int, other: int) -> bool:
        """Whether the text of one is nearly that of the other, or of a duplicate of the other."""
        for here, there in ((one, other), (other, one)):
            shingles = self.sketches[there].shingles
            cluster = self.clusters.of.get(here)
            members = (here,) if cluster is None else cluster.members[:COPIES]
            if any(self.texts.kept[n] and jaccard(self.sketches[n].shingles, shingles) >= NEAR for n in members):
                return True
        return False

    def candidates(self, stratum: str, anchor: int, chars: int, rng: np.random.Generator) -> Sequence[int]:
        """Issues for a negative of ``anchor``, the best first."""
        if stratum == "random":
            here = self.issues.of_repository(int(self.issues.repository[anchor]))
            found = np.unique(rng.integers(here.start, here.stop, SAMPLED))
            rng.shuffle(found)
        else:
            found = self._candidates(stratum, anchor)
        if len(found) > SAMPLED:
            found = found[rng.choice(len(found), SAMPLED, replace=False)]
        found = found[self.usable[found]] if len(found) else found
        if self.match:
            far = np.abs(np.log1p(self.texts.chars[found]) - np.log1p(chars))
            found = found[np.argsort(far, kind="stable")]
        return [int(position) for position in found]

    def _candidates(self, stratum: str, anchor: int) -> NDArray[np.int64]:
        issues = self.issues
        home = int(issues.repository[anchor])
        none = np.zeros(0, np.int64)
        if stratum == "same_label":
            codes = issues.labels[issues.label_starts[anchor] : issues.label_starts[anchor + 1]].tolist()
            groups = [self.label_members[home, code] for code in codes if (home, code) in self.label_members]
            return min((group for group in groups if len(group) > 1), key=len, default=none)  # the rarest says most
        if stratum == "same_author":
            if issues.author[anchor] == NOBODY:
                return none
            order, keys = self.by_author
            start, end = np.searchsorted(keys, self._authorship(anchor) + np.array([0, 1]))
            return order[start:end]
        return np.array(self.neighbours.get(stratum, {}).get(anchor, []), np.int64)


def draw_negatives(
    pool: Pool, assignment: Assignment, shares: Mapping[str, float], ratio: float, seed: int
) -> tuple[dict[Split, list[Pair]], dict[tuple[Split, str], tuple[int, int]]]:
    """Negatives for the positives of each split.

    Args:
        pool: What they are drawn from.
        assignment: Positives, and which issue may be where; issues that are taken are bound.
        shares: Of each stratum, summing to 1.
        ratio: Negatives for each positive.
        seed: Of the draw.

    Returns:
        The pairs by split, and by split and stratum how many were asked for and how many there are.
    """
    rng = np.random.default_rng(seed)
    found: dict[Split, list[Pair]] = {split: [] for split in SPLITS}
    counts: dict[tuple[Split, str], tuple[int, int]] = {}
    for split in reversed(SPLITS):  # the test chooses first: it is the smallest and matters most
        positives = assignment.pairs[split]
        used = {_key(pair.first, pair.second) for pair in positives}
        for stratum, wanted in _quotas(round(ratio * len(positives)), shares).items():
            if stratum == "cross_referenced":
                drawn = _cited(pool, assignment, split, positives, wanted, used, rng)
            else:
                drawn = _drawn(pool, assignment, split, positives, stratum, wanted, used, rng)
            found[split] += drawn
            counts[split, stratum] = (wanted, len(drawn))
    return found, counts


def _drawn(
    pool: Pool,
    assignment: Assignment,
    split: Split,
    positives: Sequence[Pair],
    stratum: str,
    wanted: int,
    used: set[tuple[int, int]],
    rng: np.random.Generator,
) -> list[Pair]:
    """One negative for a positive after the other: its anchor, and an issue as long as the anchor's partner."""
    drawn: list[Pair] = []
    while True:
        before = len(drawn)
        for turned in (False, True):
            for place in rng.permutation(len(positives)):
                if len(drawn) == wanted:
                    return drawn
                pair = positives[place]
                anchor, partner = (pair.second, pair.first) if turned else (pair.first, pair.second)
                for other in pool.candidates(stratum, anchor, int(pool.texts.chars[partner]), rng):
                    if (
                        _key(anchor, other) not in used
                        and assignment.allows(other, split)
                        and pool.unrelated(anchor, other, cited=False)
                        and not pool.copies(anchor, other)
                    ):
                        used.add(_key(anchor, other))
                        assignment.bind(other, split)
                        drawn.append(Pair(anchor, other, 0, stratum))
                        break
        if len(drawn) == before:  # no pair has another
            return drawn


def _cited(
    pool: Pool,
    assignment: Assignment,
    split: Split,
    positives: Sequence[Pair],
    wanted: int,
    used: set[tuple[int, int]],
    rng: np.random.Generator,
) -> list[Pair]:
    """Issues one of which cites the other, each as long as those of some positive."""
    usable, chars = pool.usable, pool.texts.chars
    open_ = [
        pair
        for pair in pool.cited
        if usable[pair[0]] and usable[pair[1]] and _key(*pair) not in used and pool.unrelated(*pair, cited=True)
        and assignment.allows(pair[0], split) and assignment.allows(pair[1], split)
    ]  # fmt: skip
    both = [*open_, *((other, one) for one, other in open_)]
    shelves = Shelves([(int(chars[one]), int(chars[other])) if pool.match else (0, 0) for one, other in both], rng)

    def free(place: int) -> bool:
        one, other = both[place]
        allowed = assignment.allows(one, split) and assignment.allows(other, split)
        return allowed and _key(one, other) not in used and not pool.copies(one, other)

    drawn: list[Pair] = []
    while True:
        for turn in rng.permutation(len(positives)):
            pair = positives[turn]
            asked = (int(chars[pair.first]), int(chars[pair.second])) if pool.match else (0, 0)
            place = shelves.take(asked, free) if len(drawn) < wanted else None
            if place is None:
                return drawn
            one, other = both[place]
            used.add(_key(one, other))
            assignment.bind(one, split)
            assignment.bind(other, split)
            drawn.append(Pair(one, other, 0, "cross_referenced"))
    return drawn


def _quotas(total: int, shares: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers in proportion, that sum to ``total``."""
    exact = {name: total * share for name, share in shares.items()}
    quotas = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: quotas[name] - exact[name])[: total - sum(quotas.values())]:
        quotas[name] += 1
    return quotas


def _key(one: int, other: int) -> tuple[int, int]:
    return (min(one, other), max(one, other))

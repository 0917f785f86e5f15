"""The numbers of a build, from which its card is written."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.scoring import TaskScores
from gis.dataset.pairs.configs import ConfigReport
from gis.dataset.pairs.leaks import Leaks
from gis.dataset.pairs.positives import Pair
from gis.dataset.settings import Split


@dataclass(frozen=True)
class Lengths:
    """Lengths of the texts of a split and label, in characters.

    Attributes:
        mean: Mean length of a text.
        median: Median length of a text.
        difference: Median difference between the two texts of a pair.
    """

    mean: float
    median: float
    difference: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """The numbers of a build.

    Attributes:
        repositories: OWNER/NAME of each repository.
        issues: Issues in the store.
        texts: Issues by the reason that they were left out, or "kept".
        traces: Pieces of evidence by tier, actor, and what the policy counts them as.
        withdrawn: Pieces of evidence that no longer hold, by reason.
        uncollected: Accepted evidence whose target was not collected.
        held_back: Accepted pairs that alone would have joined two large clusters.
        unsettled: Pairs that are neither duplicates nor negatives, because one issue cites the other in words that may
            be a ruling.
        direct: Pairs with accepted evidence of their own.
        clusters: Number of clusters by size.
        positives: Positive pairs.
        positives_left_out: Positive pairs that were left out, by reason.
        judged: Positive pairs whose best evidence is a comment that models read as a ruling.
        judged_by: These models; empty where none were asked.
        redacted: Placeholders by kind.
        sentences: Sentences removed because they state a ruling or cite a partner.
        template_lines: Lines of issue templates that were removed.
        configs: The numbers of each config of labelled pairs, by name.
        related_across_splits: Pairs of issues in different splits that `related` evidence links, by config.
        random_split: What a random split of the positive pairs would share.
        lengths: Lengths of texts by split and label.
        baselines: Scores on the test split, by model.
        as_written: Issues whose text is as it was first written.
        archives: A sentence for each archive of events that repositories are from, with what is missing from it.
    """

    repositories: tuple[str, ...]
    issues: int
    texts: Mapping[str, int]
    traces: Counter[tuple[str, str, str]]
    withdrawn: Counter[str]
    uncollected: int
    held_back: int
    unsettled: int
    direct: int
    clusters: Counter[int]
    positives: int
    positives_left_out: Counter[str]
    judged: int
    judged_by: tuple[str, ...]
    redacted: Counter[str]
    sentences: int
    template_lines: int
    configs: Mapping[str, ConfigReport]
    related_across_splits: Mapping[str, int]
    random_split: Leaks
    lengths: Mapping[tuple[Split, int], Lengths]
    baselines: Mapping[str, TaskScores]
    as_written: int
    archives: tuple[str, ...] = ()

    @property
    def pairs(self) -> int:
        """The number of pairs in the config "default"."""
        return self.configs["default"].count()


def lengths(splits: Mapping[Split, Sequence[Pair]], chars: NDArray[np.int32]) -> dict[tuple[Split, int], Lengths]:
    """Measure the texts of each split and label that has pairs.

    Args:
        splits: Pairs by split.
        chars: (n,) characters of each issue's text.
    """
    measured = {}
    for split, pairs in splits.items():
        for label in (1, 0):
            sides = np.array([[chars[p.first], chars[p.second]] for p in pairs if p.label == label])
            if len(sides):
                differences = np.abs(sides[:, 0] - sides[:, 1])
                measured[split, label] = Lengths(
                    float(sides.mean()), float(np.median(sides)), float(np.median(differences))
                )
    return measured


def links_across_splits(splits: Mapping[Split, Sequence[Pair]], related: Mapping[int, Collection[int]]) -> int:
    """Count the pairs of issues that evidence links and that are in different splits.

    Args:
        splits: Pairs by split.
        related: The positions that evidence of any kind links to each position, in both directions.
    """
    split_of = {n: split for split, pairs in splits.items() for pair in pairs for n in (pair.first, pair.second)}
    return sum(
        one < other and split_of[one] != split_of.get(other, split_of[one])
        for one in split_of
        for other in related.get(one, ())
    )

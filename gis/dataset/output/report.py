"""The numbers of a build, from which its card is written."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.scoring import TaskScores
from gis.dataset.pairs.configs import ConfigReport
from gis.dataset.pairs.leaks import Leaks
from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.splits import Split


@dataclass(frozen=True)
class Lengths:
    """Characters of the pairs of a split and label.

    Attributes:
        mean: Of a text.
        median: Of a text.
        difference: Median of the difference between the two.
    """

    mean: float
    median: float
    difference: float


@dataclass(frozen=True)
class Report:
    """What a build did.

    Attributes:
        repositories: OWNER/NAME.
        issues: In the store.
        texts: Issues by the reason that they were left out, or "kept".
        traces: Evidence by tier, actor and what the policy makes of it.
        withdrawn: Evidence by why it no longer holds.
        uncollected: Accepted evidence whose target was not collected.
        held_back: Accepted pairs that would have joined two crowds alone.
        direct: Pairs that accepted evidence is of.
        clusters: How many of each size.
        positives: Positive pairs.
        positives_left_out: Positive pairs by why they were left out.
        redacted: Replacements by kind.
        sentences: Taken out as they state a ruling or cite a partner.
        template_lines: Lines of issue templates taken out.
        configs: By name.
        random_split: What a random split of the positive pairs would share.
        lengths: By split and label.
        baselines: Scores on the test split by model.
        as_written: Issues whose body is as it was first written.
    """

    repositories: tuple[str, ...]
    issues: int
    texts: Mapping[str, int]
    traces: Counter[tuple[str, str, str]]
    withdrawn: Counter[str]
    uncollected: int
    held_back: int
    direct: int
    clusters: Counter[int]
    positives: int
    positives_left_out: Counter[str]
    redacted: Counter[str]
    sentences: int
    template_lines: int
    configs: Mapping[str, ConfigReport]
    random_split: Leaks
    lengths: Mapping[tuple[Split, int], Lengths]
    baselines: Mapping[str, TaskScores]
    as_written: int

    @property
    def pairs(self) -> int:
        """The number of pairs in the config "default"."""
        return self.configs["default"].count()


def lengths(splits: Mapping[Split, Sequence[Pair]], chars: NDArray[np.int32]) -> dict[tuple[Split, int], Lengths]:
    """How long texts are, by split and label."""
    found = {}
    for split, pairs in splits.items():
        for label in (1, 0):
            both = np.array([[chars[p.first], chars[p.second]] for p in pairs if p.label == label])
            if len(both):
                difference = np.abs(both[:, 0] - both[:, 1])
                found[split, label] = Lengths(float(both.mean()), float(np.median(both)), float(np.median(difference)))
    return found

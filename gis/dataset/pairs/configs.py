"""The configs of labelled pairs: each is a way of splitting, with its negatives, and proven to be free of leaks."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gis.console import QUIET, Reporter
from gis.dataset.pairs.leaks import Leaks, find_leaks, without_near_duplicates
from gis.dataset.pairs.negatives import NegativeCount, NegativeSampler, draw_negatives
from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.splits import (
    SPLITS,
    Assignment,
    Split,
    Splits,
    by_cluster,
    by_repository,
    by_time,
    units_of,
)
from gis.dataset.settings import BuildSettings
from gis.errors import GisError
from gis.near_duplicates import near_duplicates


class PairCount(NamedTuple):
    """How many pairs of a stratum a split has."""

    split: Split
    stratum: str
    pairs: int


@dataclass(frozen=True, kw_only=True)
class ConfigReport:
    """The numbers of a config.

    Attributes:
        pairs: Pairs by split and stratum.
        negatives: How many negatives were requested and found, by split and stratum.
        near: Pairs that were removed because of a near-duplicate text in a later split.
        dropped: Positive pairs that fit into no split, by reason.
        leaks: What the splits share: nothing.
    """

    pairs: tuple[PairCount, ...]
    negatives: tuple[NegativeCount, ...]
    near: int
    dropped: Mapping[str, int]
    leaks: Leaks

    def count(self, *strata: str, split: Split | None = None) -> int:
        """Return the number of pairs of these strata, or of all, in one split or in all."""
        return sum(
            count.pairs
            for count in self.pairs
            if (not strata or count.stratum in strata) and split in (None, count.split)
        )


@dataclass(frozen=True)
class Config:
    """A config of labelled pairs.

    Attributes:
        splits: The pairs of each split, in the order in which they are written.
        near: Groups of issues with near-duplicate texts.
        report: Its numbers.
    """

    splits: Mapping[Split, Sequence[Pair]]
    near: list[list[int]]
    report: ConfigReport


def make_configs(
    positives: Sequence[Pair], sampler: NegativeSampler, settings: BuildSettings, *, reporter: Reporter = QUIET
) -> dict[str, Config]:
    """Return the configs that leave no split empty: "default" by cluster, and "repository" and "time" if they do.

    Args:
        positives: All positive pairs.
        sampler: Finds negatives for them.
        settings: Shares and ratio of the negatives, and the random seed.
        reporter: Says which configs are skipped and which strata are short of negatives.

    Raises:
        GisError: There are too few clusters for three splits.
    """
    issues, seed = sampler.issues, settings.seed
    clustered = [issue for issue in sampler.clusters.of if sampler.texts.kept[issue]]
    units = units_of(sampler.clusters, near_duplicates(clustered, sampler.sketches))
    assignments: dict[str, Callable[[], Assignment]] = {
        "default": lambda: by_cluster(positives, units, seed),
        "repository": lambda: by_repository(
            positives, units, seed, repository=issues.repository, created=issues.created
        ),
        "time": lambda: by_time(positives, units, created=issues.created),
    }
    configs: dict[str, Config] = {}
    for name, assign in assignments.items():
        config = _config(assign(), clustered, sampler, settings)
        if config is not None:
            configs[name] = config
            _check(name, config.report, reporter)
        elif name == "default":
            clusters = len({pair.cluster for pair in positives})
            raise GisError(
                f"one of the splits would be empty: {clusters} clusters are too few for three splits",
                remedy="collect more issues",
            )
        else:
            reporter.say(f"skipping config '{name}': one of its splits would be empty")
    return configs


def _config(
    assignment: Assignment, clustered: Sequence[int], sampler: NegativeSampler, settings: BuildSettings
) -> Config | None:
    """Draw negatives and remove near-duplicates across splits; return None if a split is left without a positive."""
    if not all(assignment.pairs.values()):
        return None
    negatives = draw_negatives(sampler, assignment, settings.shares, settings.ratio, settings.seed)
    drawn = {split: [*assignment.pairs[split], *negatives.pairs[split]] for split in SPLITS}
    used = {issue for pairs in drawn.values() for pair in pairs for issue in pair.issues}
    near = near_duplicates(used.union(clustered), sampler.sketches)
    splits = _shuffled(without_near_duplicates(drawn, near), settings.seed)
    if not all(any(pair.label for pair in splits[split]) for split in SPLITS):
        return None
    report = ConfigReport(
        pairs=_count(splits),
        negatives=tuple(negatives.counts),
        near=sum(map(len, drawn.values())) - sum(map(len, splits.values())),
        dropped=assignment.dropped,
        leaks=find_leaks(splits, near, sampler.clusters.groups),
    )
    return Config(splits, near, report)


def _shuffled(splits: Splits, seed: int) -> dict[Split, list[Pair]]:
    rng = np.random.default_rng(seed)
    return {split: [splits[split][index] for index in rng.permutation(len(splits[split]))] for split in SPLITS}


def _count(splits: Splits) -> tuple[PairCount, ...]:
    return tuple(
        PairCount(split, stratum, count)
        for split in SPLITS
        for stratum, count in sorted(Counter(pair.stratum for pair in splits[split]).items())
    )


def _check(name: str, report: ConfigReport, reporter: Reporter) -> None:
    """Refuse a config with leaks, and warn where there are fewer negatives than requested."""
    if report.leaks:
        raise GisError(f"config '{name}': its splits are not disjoint: {report.leaks}; please report this bug")
    requested, found = Counter[str](), Counter[str]()
    for count in report.negatives:
        requested[count.stratum] += count.requested
        found[count.stratum] += count.found
    for stratum in requested:
        if found[stratum] < requested[stratum]:
            reporter.warn(
                f"config '{name}': only {found[stratum]:,} of the {requested[stratum]:,} requested negatives were "
                f"found for stratum {stratum}"
            )

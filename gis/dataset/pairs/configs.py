"""The configs of labelled pairs: each is a way of splitting, with its negatives, and proven to be free of leaks."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gis.console import QUIET, Reporter
from gis.dataset.pairs.leaks import Leaks, find_leaks, without_near_duplicates
from gis.dataset.pairs.negatives import NegativeCount, NegativeSampler, draw_negatives
from gis.dataset.pairs.positives import POSITIVE_STRATA, Pair
from gis.dataset.pairs.splits import (
    Assignment,
    Splits,
    by_cluster,
    by_repository,
    by_time,
    units_of,
)
from gis.dataset.settings import BuildSettings, Split
from gis.errors import GisError
from gis.near_duplicates import near_duplicates
from gis.statistics.intervals import chance_interval, chance_looks_good


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
        GisError: There are too few clusters for the splits.
    """
    issues, shares, seed = sampler.issues, settings.share_of_split, settings.seed
    clustered = [issue for issue in sampler.clusters.of if sampler.texts.kept[issue]]
    units = units_of(sampler.clusters, near_duplicates(clustered, sampler.sketches))
    assignments: dict[str, Callable[[], Assignment]] = {
        "default": lambda: by_cluster(positives, units, shares, seed),
        "repository": lambda: by_repository(
            positives, units, shares, seed, repository=issues.repository, created=issues.created
        ),
        "time": lambda: by_time(positives, units, shares, created=issues.created),
    }
    if len(shares) == 1:  # a way of splitting makes no difference
        assignments = {"default": assignments["default"]}
    configs: dict[str, Config] = {}
    for name, assign in assignments.items():
        config = _config(assign(), clustered, sampler, settings)
        if config is not None:
            configs[name] = config
            _check(name, config.report, reporter)
            _warn_of_chance(name, config.report, reporter)
        elif name == "default":
            clusters = len({pair.cluster for pair in positives})
            if len(shares) == 1:
                raise GisError("there are no duplicate pairs that people ruled on", remedy="collect more issues")
            raise GisError(
                f"one of the splits would be empty: {clusters} clusters are too few for {len(shares)} splits",
                remedy="collect more issues, or evaluate only: --split 0/0/100",
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
    drawn = {split: [*pairs, *negatives.pairs[split]] for split, pairs in assignment.pairs.items()}
    used = {issue for pairs in drawn.values() for pair in pairs for issue in pair.issues}
    near = near_duplicates(used.union(clustered), sampler.sketches)
    splits = _shuffled(without_near_duplicates(drawn, near), settings.seed)
    if not all(any(pair.label for pair in pairs) for pairs in splits.values()):
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
    return {split: [pairs[index] for index in rng.permutation(len(pairs))] for split, pairs in splits.items()}


def _count(splits: Splits) -> tuple[PairCount, ...]:
    return tuple(
        PairCount(split, stratum, count)
        for split, pairs in splits.items()
        for stratum, count in sorted(Counter(pair.stratum for pair in pairs).items())
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


def _warn_of_chance(name: str, report: ConfigReport, reporter: Reporter) -> None:
    """Warn of a test split that is too small to tell a model from a guess, at its smallest stratum."""
    duplicates = report.count(*POSITIVE_STRATA, split="test")
    strata = {count.stratum: count.pairs for count in report.pairs if count.split == "test"}
    strata = {stratum: strata.get(stratum, 0) for stratum in dict.fromkeys(each.stratum for each in report.negatives)}
    small = [stratum for stratum, negatives in strata.items() if negatives and chance_looks_good(duplicates, negatives)]
    if duplicates and small:
        smallest = min(small, key=lambda stratum: strata[stratum])
        low, high = chance_interval(duplicates, strata[smallest])
        reporter.warn(
            f"config '{name}': the test split is too small to measure with: on {duplicates} duplicate "
            f"and {strata[smallest]} negative pairs of stratum {smallest}, a model that guesses has an AUROC of "
            f"{low:.2f} to {high:.2f}; collect more issues, or keep more for testing with --split"
        )

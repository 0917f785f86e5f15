"""The cells of a grid summed up: mean, deviation and significance of each variant, as tables."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gis.markdown import csv_text, escape, table
from gis.statistics.differences import Difference, holm, paired_difference
from gis.statistics.intervals import Interval
from gis.terminal_table import Column, TerminalTable

MEAN_OF_OTHERS = "mean of others"
LEVEL = 0.05
STAR = r"\*"  # as Markdown writes it
LEGEND = (
    "Spearman × 100, mean ± standard deviation over the seeds, and the 95 % interval over the pairs of the test set. "
    f"* marks a difference from the first row (paired t-test over seeds, Holm's correction, p < {LEVEL:g})."
)


@dataclass(frozen=True)
class GridCell:
    """One training of the grid.

    Attributes:
        variant: What was varied.
        seed: Its seed.
        scores: Spearman by test set, -1 to 1.
        intervals: The 95 % interval of each over the pairs of the test set.
    """

    variant: str
    seed: int
    scores: Mapping[str, float]
    intervals: Mapping[str, Sequence[float] | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class VariantSummary:
    """A variant over all its seeds, by test set; after two or more further sets comes their mean.

    Attributes:
        variant: What was varied.
        seeds: The number of seeds.
        means: Mean Spearman over the seeds.
        deviations: Standard deviation over the seeds; None for one seed.
        intervals: The 95 % interval over the pairs of the test set, None where there is none: the mean of the ends of
            the seeds' intervals, as all are scored on the same pairs.
        differences: Difference from the first variant, seed by seed; None for the first variant, and for one seed.
        p_values: p value of each difference, corrected for the number of variants.
    """

    variant: str
    seeds: int
    means: Mapping[str, float]
    deviations: Mapping[str, float | None]
    intervals: Mapping[str, Interval | None]
    differences: Mapping[str, Difference | None]
    p_values: Mapping[str, float]

    def score(self, test_set: str) -> str:
        """Return mean ± deviation × 100, with * where the difference from the first variant is significant."""
        star = "*" if self.p_values.get(test_set, 1.0) < LEVEL else ""
        deviation = self.deviations[test_set]
        spread = "" if deviation is None else f" ± {100 * deviation:.2f}"
        return f"{100 * self.means[test_set]:.2f}{spread}{star}"

    def score_with_interval(self, test_set: str) -> str:
        """Return the score as Markdown with its interval: "82.45 ± 0.06 [80.86, 83.93]"."""
        interval = self.intervals[test_set]
        ends = "" if interval is None else f" [{100 * interval.low:.2f}, {100 * interval.high:.2f}]"
        return self.score(test_set).replace("*", STAR) + ends


def summarise(cells: Sequence[GridCell]) -> list[VariantSummary]:
    """Return a summary for each variant, in the order of the grid; the first is what the others are compared with."""
    by_variant: dict[str, dict[int, Mapping[str, float]]] = {}
    for cell in cells:
        by_variant.setdefault(cell.variant, {})[cell.seed] = _with_mean(cell.scores)
    reference = next(iter(by_variant.values()))
    intervals = {variant: [cell.intervals for cell in cells if cell.variant == variant] for variant in by_variant}
    summaries = [_summary(variant, seeds, reference, intervals[variant]) for variant, seeds in by_variant.items()]
    return _corrected(summaries)


def markdown_table(summaries: Sequence[VariantSummary]) -> str:
    """Return the table as Markdown, with a legend."""
    sets = list(summaries[0].means)
    rows = [
        [escape(summary.variant), str(summary.seeds), *(summary.score_with_interval(name) for name in sets)]
        for summary in summaries
    ]
    return f"{table(['variant', 'seeds', *sets], rows)}\n{LEGEND.replace('*', STAR)}\n"


def differences_table(summaries: Sequence[VariantSummary]) -> str:
    """Return each variant's difference from the first, with its 95 % interval, as Markdown; empty without any."""
    sets = list(summaries[0].means)
    rows = [
        [escape(summary.variant), *(_interval(summary.differences[name]) for name in sets)]
        for summary in summaries
        if any(summary.differences.values())
    ]
    heads = ["variant", *(f"{name}, difference" for name in sets)]
    return f"{table(heads, rows)}\nDifference from the first row [95 % interval], seed by seed.\n" if rows else ""


def _interval(difference: Difference | None) -> str:
    if difference is None:
        return "–"
    return f"{100 * difference.mean:+.2f} [{100 * difference.low:+.2f}, {100 * difference.high:+.2f}]"


def terminal_table(summaries: Sequence[VariantSummary]) -> TerminalTable:
    """Return the table for a terminal."""
    sets = list(summaries[0].means)
    columns = [Column(title="variant", align="left"), Column(title="seeds", priority=1)]
    result = TerminalTable([*columns, *(Column(title=name) for name in sets)], transposable=True)
    for summary in summaries:
        result.add_row(summary.variant, str(summary.seeds), *(summary.score(name) for name in sets))
    return result


def csv_table(summaries: Sequence[VariantSummary]) -> str:
    """Return everything that was computed, unrounded, as CSV: a row for each variant and test set."""
    compared_with_first = ("difference", "low", "high", "p_holm")
    head = ("variant", "seeds", "set", "mean", "deviation", *compared_with_first, "pairs_low", "pairs_high")
    rows = []
    for summary in summaries:
        for name, mean in summary.means.items():
            difference = summary.differences[name]
            compared: tuple[object, ...] = ("", "", "", "")
            if difference is not None:
                compared = (difference.mean, difference.low, difference.high, summary.p_values[name])
            deviation = summary.deviations[name]
            figures = (mean, "" if deviation is None else deviation, *compared, *(summary.intervals[name] or ("", "")))
            rows.append((summary.variant, summary.seeds, name, *figures))
    return csv_text(head, rows)


def _with_mean(scores: Mapping[str, float]) -> Mapping[str, float]:
    """Return the scores, and the mean over all sets but the first, which is the one trained for."""
    others = list(scores.values())[1:]
    return {**scores, MEAN_OF_OTHERS: statistics.mean(others)} if len(others) > 1 else dict(scores)


def _summary(
    variant: str,
    seeds: Mapping[int, Mapping[str, float]],
    reference: Mapping[int, Mapping[str, float]],
    intervals: Sequence[Mapping[str, Sequence[float] | None]],
) -> VariantSummary:
    """Sum up one variant; its p values are added when those of all variants are known."""
    means: dict[str, float] = {}
    deviations: dict[str, float | None] = {}
    differences: dict[str, Difference | None] = {}
    shared = [seed for seed in seeds if seed in reference]
    for name in next(iter(reference.values())):
        scores = [by_set[name] for by_set in seeds.values()]
        means[name] = statistics.mean(scores)
        deviations[name] = statistics.stdev(scores) if len(scores) > 1 else None
        own, other = [seeds[seed][name] for seed in shared], [reference[seed][name] for seed in shared]
        differences[name] = None if seeds is reference else paired_difference(own, other)
    return VariantSummary(
        variant=variant,
        seeds=len(seeds),
        means=means,
        deviations=deviations,
        intervals={name: _mean_interval([by_set.get(name) for by_set in intervals]) for name in means},
        differences=differences,
        p_values={},
    )


def _mean_interval(intervals: Sequence[Sequence[float] | None]) -> Interval | None:
    ends = [interval for interval in intervals if interval is not None]
    return Interval(*map(statistics.mean, zip(*ends, strict=True))) if len(ends) == len(intervals) else None


def _corrected(summaries: Sequence[VariantSummary]) -> list[VariantSummary]:
    """Return the summaries with p values, corrected test set by test set."""
    p_values: list[dict[str, float]] = [{} for _ in summaries]
    for name in summaries[0].means:
        compared = [(n, d.p) for n, summary in enumerate(summaries) if (d := summary.differences[name]) is not None]
        for (n, _), p in zip(compared, holm(np.array([p for _, p in compared])), strict=True):
            p_values[n][name] = float(p)
    return [replace(summary, p_values=values) for summary, values in zip(summaries, p_values, strict=True)]

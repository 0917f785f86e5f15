"""Scores by the length of the texts, with the share of pairs that a model did not read whole."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gis.errors import GisError, unknown_name
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.lengths import LengthBucket, LengthCurves, LengthScore, length_curves
from gis.leaderboard.plots.labels import LONGEST_LABEL
from gis.leaderboard.plots.parts import (
    Kind,
    add_note,
    metric_title,
    new_figure,
)
from gis.leaderboard.plots.style import COLOURS, FAINT, INK, PAPER, RULE, SHAPES, short_name, shown, style
from gis.leaderboard.rows import ModelRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEGEND_ROW = 0.18  # inches
MOST_CURVES = 6  # that have a colour; baselines come on top


def length_figure(board: Leaderboard, pairs: str | None = None) -> "Figure":
    """Draw the score of each model by the length of the texts, and below it how many pairs it did not read whole.

    Binary labels are scored by AUROC, which does not depend on how many pairs of a bucket are positive.

    Args:
        board: The leaderboard.
        pairs: The task, by the name of its pairs; when None, the one with texts of the most lengths.

    Raises:
        GisError: No model counted the lengths of these texts; or matplotlib is not installed.
    """
    return curves_figure(board, _curves(board, pairs))


def curves_figure(board: Leaderboard, curves: LengthCurves) -> "Figure":
    """Draw curves that ``length_curves`` made, as ``length_figure`` does."""
    rows = [row for row in board.rows if row.identity in curves.scores]
    strong = [row for row in rows if not row.baseline][:MOST_CURVES]
    others = [row for row in rows if not row.baseline][MOST_CURVES:]
    with style():
        height = 4.2 + LEGEND_ROW * ((len(rows) - len(others) + 1) // 2)
        figure = new_figure(height, f"{metric_title(curves.metric)} on {curves.pairs} by the length of the texts")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.6, 1))
        for row in others:
            _curve(above, below, curves.buckets, curves.scores[row.identity], Kind("", "", RULE, filled=True), "-")
        for n, row in enumerate(strong):
            limit = _limit(row, curves)
            name = short_name(row.model, LONGEST_LABEL) + ("" if limit is None else f" (limit {limit:,})")
            kind = Kind(name, SHAPES[n], COLOURS[n], filled=True)
            _curve(above, below, curves.buckets, curves.scores[row.identity], kind, "-")
        for n, row in enumerate(row for row in rows if row.baseline):
            kind = Kind(short_name(row.model, LONGEST_LABEL), SHAPES[n % len(SHAPES)], FAINT, filled=False)
            _curve(above, below, curves.buckets, curves.scores[row.identity], kind, ":")
        _draw_limits(above, below, strong, curves)
        _label_lengths(above, below, curves)
        handles, names = above.get_legend_handles_labels()
        figure.legend(handles, names, loc="outside upper left", ncols=2, fontsize=8)
        add_note(
            figure,
            "Bands: 95 % intervals; no score where pairs are few.",
            f"Thin grey lines: {len(others)} more." if others else "",
            f"Lengths are {curves.unit}." if len(rows) > 1 else "",
        )
    return figure


def _curves(board: Leaderboard, pairs: str | None) -> LengthCurves:
    all_curves = length_curves(board)
    if not all_curves:
        remedy = "gis bench with an encoder records them; results of an older gis need --force"
        raise GisError("no result says how long the texts are", remedy=remedy)
    if pairs is None:
        return max(all_curves, key=lambda curves: len(curves.buckets))
    chosen = next((curves for curves in all_curves if curves.pairs == pairs), None)
    if chosen is None:
        raise unknown_name("task with lengths", pairs, [curves.pairs for curves in all_curves])
    return chosen


def _curve(
    above: "Axes",
    below: "Axes",
    buckets: Sequence[LengthBucket],
    scores: Sequence[LengthScore],
    kind: Kind,
    line: str,
) -> None:
    """Draw one model; without a shape as one of many, thin and without a band."""
    x = np.array([_middle(bucket) for bucket in buckets])
    values = _floats([score.value for score in scores])
    low = _floats([None if score.interval is None else score.interval.low for score in scores])
    high = _floats([None if score.interval is None else score.interval.high for score in scores])
    look: dict[str, Any] = {"color": kind.colour, "linestyle": line, "linewidth": 1.4 if kind.shape else 0.7}
    if kind.shape:
        look |= {"marker": kind.shape, "markersize": 4.5, "markerfacecolor": kind.colour if kind.filled else PAPER}
        if kind.filled:
            above.fill_between(x, low, high, color=kind.colour, alpha=0.13, linewidth=0)
    above.plot(x, values, label=kind.name, **look)
    cut = _floats([score.cut for score in scores])
    if np.nansum(cut) > 0:
        below.plot(x, cut, **look)


def _middle(bucket: LengthBucket) -> float:
    """Return the middle of a bucket on the axis, which is logarithmic: buckets double."""
    return float(np.log2(bucket.high) - 0.5 if bucket.high is not None else np.log2(bucket.low - 1) + 0.5)


def _draw_limits(above: "Axes", below: "Axes", rows: Sequence[ModelRow], curves: LengthCurves) -> None:
    """Draw the longest text that each of some models reads, where that is within the lengths of the task."""
    first, *_, last = (_middle(bucket) for bucket in curves.buckets)
    limits = {limit for row in rows if (limit := _limit(row, curves)) is not None}
    written = -math.inf
    for limit in sorted(limits):
        place = math.log2(limit)
        if not first - 0.5 <= place <= last + 0.5:
            continue
        for axes in (above, below):
            axes.axvline(place, color=INK, linewidth=0.8, linestyle=(0, (1, 2)))
        if place - written > 0.5:
            written = place
            above.annotate(
                f"limit {limit:,}",
                (place, 1),
                xycoords=above.get_xaxis_transform(),
                xytext=(0, 2),
                textcoords="offset points",
                ha="center",
                fontsize=7,
                color=FAINT,
            )


def _limit(row: ModelRow, curves: LengthCurves) -> int | None:
    """Return the longest text that a model reads, where it counts lengths in the unit of the axis."""
    model = row.members[0].scored[curves.pairs].result.model  # seeds of one training read texts of one length
    return model.max_tokens if model.length_unit == curves.unit.split()[0] else None


def _label_lengths(above: "Axes", below: "Axes", curves: LengthCurves) -> None:
    labels = [f"{bucket}\n{bucket.pairs:,}".replace("-", "–") for bucket in curves.buckets]
    below.set_xticks([_middle(bucket) for bucket in curves.buckets], labels)
    below.set_xlabel(f"{curves.unit.split()[0]} of the longer text; below: pairs")
    above.set_ylabel(f"{metric_title(curves.metric)} on {shown(curves.pairs)}")
    below.set_ylabel("pairs cut, %")
    below.set_ylim(-4, 104)
    for axes in (above, below):
        axes.grid(axis="y")


def _floats(values: Sequence[float | None]) -> np.ndarray:
    """Return values × 100 as an array, NaN where there is none."""
    return np.array([np.nan if value is None else 100 * value for value in values])

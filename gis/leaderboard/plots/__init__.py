"""Plots of a leaderboard, each as a matplotlib figure, and the files that hold them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, get_args

from gis.errors import UsageError, unknown_name
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.fronts import CostKind
from gis.leaderboard.plots.costs import cost_figure
from gis.leaderboard.plots.heatmap import heatmap_figure
from gis.leaderboard.plots.intervals import intervals_figure
from gis.leaderboard.plots.lengths import length_figure
from gis.leaderboard.plots.scatter import scatter_figure
from gis.leaderboard.plots.style import check_ending, save_figure, svg_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "PlotKind",
    "check_ending",
    "cost_figure",
    "draw",
    "heatmap_figure",
    "intervals_figure",
    "length_figure",
    "save_figure",
    "scatter_figure",
    "svg_text",
]

PlotKind = Literal["intervals", "length", "cost", "scatter", "heatmap"]


def draw(board: Leaderboard, kind: str, columns: Sequence[str] = (), *, cost: CostKind | None = None) -> "Figure":
    """Draw one kind of plot.

    Args:
        board: The leaderboard.
        kind: "intervals", "length", "cost", "scatter" or "heatmap".
        columns: Titles of the columns to draw, two for a scatter plot; for lengths the name of a task. When empty,
            those that each kind takes by itself.
        cost: "speed" or "parameters", for costs only.

    Raises:
        UsageError: There is no such kind, there are too many columns for it, or it shows no cost.
        GisError: There is nothing to draw, or matplotlib is not installed.
    """
    if kind not in get_args(PlotKind):
        raise unknown_name("kind of plot", kind, get_args(PlotKind))
    if cost is not None and kind != "cost":
        raise UsageError(
            f"a cost was given for {kind}, which shows none", remedy="leave out --cost, or draw --kind cost"
        )
    most = 2 if kind == "scatter" else 1
    if len(columns) > most:
        raise UsageError(f"{kind} takes {most} column{'s' if most > 1 else ''}, not {len(columns)}")
    if kind == "scatter":
        return scatter_figure(board, *columns)
    if kind == "cost":
        return cost_figure(board, *columns, cost=cost)
    return {"intervals": intervals_figure, "length": length_figure, "heatmap": heatmap_figure}[kind](board, *columns)

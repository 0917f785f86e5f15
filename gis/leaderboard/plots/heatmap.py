"""Which of every two models is certainly the better one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gis.errors import GisError
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.plots.parts import (
    add_note,
    column_of,
    models_of,
    new_figure,
    number,
    quantity,
)
from gis.leaderboard.plots.style import COLOURS, INK, PAPER, short_name, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

MOST_CELLS_WITH_TEXT = 12  # models
LIKELY = 0.2  # p value below which a difference is shaded though it is not certain
CERTAINTY = {  # what is known of the model of a row and that of a column
    2: ("row better, certain", COLOURS[0]),
    1: (f"row better, p < {LIKELY}", "#9ecae9"),
    0: ("cannot be told apart", "#efefef"),
    -1: (f"row worse, p < {LIKELY}", "#fbe3c0"),
    -2: ("row worse, certain", "#f2a93b"),
}
OF_ITSELF = 9
WIDE_CELL, CELL = 0.42, 0.19  # inches
LETTER_WIDTH, LEGEND_WIDTH = 0.075, 2.0  # inches


def heatmap_figure(board: Leaderboard, column: str | None = None) -> "Figure":
    """Draw for every two models how certain it is that the one of the row is better than the one of the column.

    Args:
        board: The leaderboard.
        column: The title of the column to draw; the first one when None.

    Raises:
        GisError: There is no such column, or fewer than two of its models have ranks; or matplotlib is not installed.
    """
    chosen = column_of(board, column)
    ranked = board.rankings.get(chosen)
    if ranked is None or len(ranked.models) < 2:
        count = "only one model has a rank" if ranked else "no model has a rank"
        remedy = "score another model on the same pairs" if ranked else "gis leaderboard says why"
        raise GisError(f"{count} on {chosen.title}, and a heatmap compares two or more", remedy=remedy)
    models = [model for model in models_of(board, chosen) if model.row.identity in ranked.models]
    order = [ranked.models.index(model.row.identity) for model in models]
    better = ranked.ranking.better[np.ix_(order, order)]
    p = ranked.ranking.p[np.ix_(order, order)]
    values = np.array([model.value for model in models])
    with style():
        names = [short_name(model.name) for model in models]
        cell = WIDE_CELL if len(models) <= MOST_CELLS_WITH_TEXT else CELL
        label_width = LETTER_WIDTH * max(map(len, names))
        label = f"Which models differ for certain: {quantity(chosen)}"
        figure = new_figure(cell * len(models) + 0.7, label, width=cell * len(models) + label_width + LEGEND_WIDTH)
        axes = figure.subplots()
        _fill_cells(figure, axes, values, better, p)
        axes.set_xticks(range(len(models)), [str(n) for n in range(1, len(models) + 1)])
        numbered = [f"{name}  {n}" for n, name in enumerate(names, 1)]
        axes.set_yticks(range(len(models)), numbered, parse_math=False)
        axes.xaxis.tick_top()
        axes.tick_params(length=0, labelsize=8 if len(models) <= MOST_CELLS_WITH_TEXT else 7)
        for spine in axes.spines.values():
            spine.set_visible(False)
        numbers = "Numbers: row minus column, in points." if len(models) <= MOST_CELLS_WITH_TEXT else ""
        add_note(figure, f"{quantity(chosen)}.", "All that is certain holds at once with 95 % confidence.", numbers)
    return figure


def _fill_cells(figure: "Figure", axes: "Axes", values: np.ndarray, better: np.ndarray, p: np.ndarray) -> None:
    """Fill the cell of every two models: dark where the difference is certain, light where it is likely."""
    from matplotlib.patches import Patch, PathPatch

    certain = better.astype(int) - better.T
    likely = np.sign(values[:, None] - values[None, :]) * (p < LIKELY)
    states = np.where(certain != 0, 2 * certain, likely).astype(int)
    np.fill_diagonal(states, OF_ITSELF)
    for state, (_, colour) in CERTAINTY.items():
        runs = _runs(states == state)
        if runs:
            axes.add_patch(PathPatch(_rectangles(runs), facecolor=colour, linewidth=0))
    for line in np.arange(1, len(values)) - 0.5:
        axes.axhline(line, color=PAPER, linewidth=1)
        axes.axvline(line, color=PAPER, linewidth=1)
    if len(values) <= MOST_CELLS_WITH_TEXT:
        for row, column in np.argwhere(states != OF_ITSELF):
            difference = number(values[row] - values[column], 1, signed=True)
            colour = PAPER if states[row, column] == 2 else INK
            axes.text(column, row, difference, ha="center", va="center", fontsize=7, color=colour)
    axes.set_xlim(-0.5, len(values) - 0.5)
    axes.set_ylim(len(values) - 0.5, -0.5)
    handles = [Patch(label=name, facecolor=colour, linewidth=0) for name, colour in CERTAINTY.values()]
    figure.legend(handles=handles, loc="outside right upper", fontsize=8)


def _runs(cells: np.ndarray) -> list[tuple[int, int, int]]:
    """Return the row, the first column and the length of each run of cells in a row: fewer shapes than cells."""
    runs = []
    for row, filled in enumerate(cells):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], filled, [False]]).astype(int)))
        runs += [(row, int(first), int(end - first)) for first, end in zip(edges[::2], edges[1::2], strict=True)]
    return runs


def _rectangles(runs: Sequence[tuple[int, int, int]]) -> "Path":
    from matplotlib.path import Path

    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    points = [(column - 0.5 + x * length, row - 0.5 + y) for row, column, length in runs for x, y in corners]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(runs)
    return Path(points, codes)

"""The forest plot: each score with its interval, the ranks that a model can have, and ties."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gis.leaderboard.board import Leaderboard
from gis.leaderboard.plots.parts import (
    Scored,
    add_kinds,
    add_note,
    column_of,
    look_of,
    models_of,
    new_figure,
    number,
    quantity,
    range_of,
)
from gis.leaderboard.plots.style import BAND, FAINT, INK, short_name, style
from gis.leaderboard.rows import ScoreColumn

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_HEIGHT = 0.22  # inches
UNTIED = "Shaded: no model is certainly worse than the first of its shaded group."
FAR_BELOW = "Triangles at the edge: scores below the axis."


def intervals_figure(board: Leaderboard, column: str | None = None) -> "Figure":
    """Draw the score of each model with its 95 % interval and the ranks that it can have; ties are shaded.

    Args:
        board: The leaderboard.
        column: The title of the column to draw; the first one when None.

    Raises:
        GisError: There is no such column, or it is empty; or matplotlib is not installed.
    """
    chosen = column_of(board, column)
    models = models_of(board, chosen)
    with style():
        figure = new_figure(0.9 + ROW_HEIGHT * len(models), f"{quantity(chosen)} of each model with its 95 % interval")
        axes = figure.subplots()
        low, high = range_of(models)
        axes.set_xlim(low, high)
        for n, model in enumerate(models):
            _draw_interval(axes, model, n, low)
        axes.set_yticks(range(len(models)), [short_name(model.name) for model in models], parse_math=False)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.set_ylim(len(models) - 0.4, -1.4)
        axes.grid(axis="x")
        axes.set_xlabel(f"{quantity(chosen)}, 95 % interval")
        _write_scores(axes, models)
        tied = _shade_ties(axes, board, chosen, models)
        add_kinds(figure, axes, models)
        add_note(figure, UNTIED if tied else "", FAR_BELOW if any(model.value < low for model in models) else "")
    return figure


def _draw_interval(axes: "Axes", model: Scored, place: int, edge: float) -> None:
    """Draw a score with its interval; a triangle at the edge where it is below the axis."""
    if model.value < edge:
        axes.plot(0.012, place, marker="<", color=model.kind.colour, markersize=5, transform=axes.get_yaxis_transform())
        return
    axes.errorbar(model.value, place, xerr=np.array([model.reach]).T, capsize=2.5, **look_of(model.kind))


def _write_scores(axes: "Axes", models: Sequence[Scored]) -> None:
    """Write the rank, the score and the interval of each model to the right of the axes."""
    cells = [("rank", "score", "95 % interval")]
    for model in models:
        interval = model.score.interval
        ends = "–" if interval is None else f"{number(100 * interval.low, 1)} to {number(100 * interval.high, 1)}"
        cells.append((str(model.score.rank or "–").replace("-", "–"), number(model.value, 2), ends))
    offset = 4.0
    for texts in zip(*cells, strict=True):
        offset += 10 + 4.4 * max(map(len, texts))
        for n, text in enumerate(texts):
            axes.annotate(
                text,
                (1, n - 1),
                xycoords=axes.get_yaxis_transform(),
                xytext=(offset, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=8,
                color=INK if n else FAINT,
                annotation_clip=False,
            )


def _shade_ties(axes: "Axes", board: Leaderboard, column: ScoreColumn, models: Sequence[Scored]) -> bool:
    """Shade each run of models of one tie group; return whether there is any."""
    ranked = board.rankings.get(column)
    groups = {} if ranked is None else dict(zip(ranked.models, ranked.ranking.groups, strict=True))
    members: dict[int, list[int]] = {}
    for n, model in enumerate(models):
        if model.row.identity in groups:
            members.setdefault(groups[model.row.identity], []).append(n)
    tied = [rows for rows in members.values() if len(rows) > 1]
    for rows in tied:
        axes.axhspan(rows[0] - 0.42, rows[-1] + 0.42, color=BAND, zorder=0, linewidth=0)
    return bool(tied)

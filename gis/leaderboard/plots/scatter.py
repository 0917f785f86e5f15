"""The scores of two columns against each other."""

from typing import TYPE_CHECKING

import numpy as np

from gis.errors import GisError
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.plots.labels import Label, Line
from gis.leaderboard.plots.parts import (
    add_kinds,
    add_note,
    column_of,
    look_of,
    models_of,
    name_points,
    new_figure,
    quantity,
    range_of,
)
from gis.leaderboard.plots.style import short_name, style
from gis.leaderboard.rows import ScoreColumn

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def scatter_figure(board: Leaderboard, x: str | None = None, y: str | None = None) -> "Figure":
    """Draw the scores of two columns against each other, with their 95 % intervals.

    Args:
        board: The leaderboard.
        x: The title of the column across; the first one when None.
        y: The title of the column upwards; when None, the first that is not part of the other.

    Raises:
        GisError: There are no such columns, or no model has scores in both; or matplotlib is not installed.
    """
    across = column_of(board, x)
    upwards = _other_column(board, across) if y is None else column_of(board, y)
    in_y = {(model.row.identity, model.name): model for model in models_of(board, upwards)}
    in_x = {(model.row.identity, model.name): model for model in models_of(board, across)}
    both = [(model, in_y[row]) for row, model in in_x.items() if row in in_y]
    if not both:
        raise GisError(f"no model has a score on both {across.title} and {upwards.title}")
    with style():
        figure = new_figure(5.2, f"{quantity(upwards)} against {quantity(across)}")
        axes = figure.subplots()
        axes.set_xlim(range_of([one for one, _ in both]))
        axes.set_ylim(range_of([other for _, other in both]))
        left, bottom = axes.get_xlim()[0], axes.get_ylim()[0]
        within = [(one, other) for one, other in both if one.value >= left and other.value >= bottom]
        arms: list[Line] = []
        for one, other in within:
            x_reach, y_reach = one.reach, other.reach
            arms.append(((one.value - x_reach[0], other.value), (one.value + x_reach[1], other.value)))
            arms.append(((one.value, other.value - y_reach[0]), (one.value, other.value + y_reach[1])))
            axes.errorbar(
                one.value,
                other.value,
                xerr=np.array([x_reach]).T,
                yerr=np.array([y_reach]).T,
                **look_of(one.kind),
            )
        axes.set_xlabel(quantity(across))
        axes.set_ylabel(quantity(upwards))
        axes.grid(axis="both")
        add_kinds(figure, axes, [one for one, _ in within])
        outside = [short_name(one.name) for one, other in both if (one, other) not in within]
        add_note(figure, "Crosses: 95 % intervals.", f"Outside: {', '.join(outside)}." if outside else "")
        labels = [Label(one.value, other.value, one.name) for one, other in within]
        name_points(figure, axes, labels, lines=arms)
    return figure


def _other_column(board: Leaderboard, first: ScoreColumn) -> ScoreColumn:
    covered = {first.pairs, *first.averages}
    others = [column for column in board.columns if column != first]
    apart = [column for column in others if column.pairs not in covered and not column.averages]
    if not others:
        raise GisError("a scatter plot needs two columns", remedy="name more tasks, or more results")
    return (apart or others)[0]

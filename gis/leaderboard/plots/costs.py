"""Quality against cost, with the models that no other beats in both."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gis.errors import GisError
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.fronts import CostKind, amount_of, device_of, undominated
from gis.leaderboard.plots.labels import Label, Line
from gis.leaderboard.plots.parts import (
    Scored,
    add_note,
    below_the_axis,
    column_of,
    models_of,
    name_points,
    new_figure,
    quantity,
    range_of,
)
from gis.leaderboard.plots.style import COLOURS, FAINT, SHAPES, short_name, shown, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW_DECADES = 1_000  # a wider axis has fewer marks in each decade
NEAR = 0.03  # of the axis: baselines that are closer share a line of text


def cost_figure(board: Leaderboard, column: str | None = None, *, cost: CostKind | None = None) -> "Figure":
    """Draw quality against cost, and the models that no other beats in both: the Pareto front.

    Args:
        board: The leaderboard.
        column: The title of the column that shows quality; the first one when None.
        cost: "speed" for the tokens that a model reads a second, each device for itself; "parameters" for its size;
            when None, the speed where it is known of two models, else the size.

    Raises:
        GisError: There is no such column, or the cost of no model is known; or matplotlib is not installed.
    """
    chosen = column_of(board, column)
    models = models_of(board, chosen)
    if cost is None:
        cost = "speed" if sum(model.row.cost.tokens_per_second is not None for model in models) > 1 else "parameters"
    known = [(model, amount) for model in models if (amount := amount_of(model.row, cost)) is not None]
    if not known:
        what = "how fast the models read" if cost == "speed" else "how large the models are"
        raise GisError(f"no result says {what}", remedy="gis bench with an encoder records it")
    with style():
        figure = new_figure(4.4, f"{quantity(chosen)} against {'speed' if cost == 'speed' else 'size'}")
        axes = figure.subplots()
        axes.set_xscale("log")
        low, high = range_of(models)
        axes.set_ylim(low, high)
        axes.set_ylabel(quantity(chosen))
        axes.grid(axis="both")
        _mark_amounts(axes, [amount for _, amount in known])
        fronts = _draw_devices(figure, axes, known, cost)
        unpriced = [model for model in models if model.row.baseline and amount_of(model.row, cost) is None]
        dotted = [model for model in unpriced if model.value >= low]
        _draw_without_cost(axes, dotted)
        add_note(
            figure,
            "Line: the models that no other beats in both.",
            "Dotted: baselines without such a cost." if dotted else "",
            below_the_axis(models, low),
        )
        within = [(model, amount) for model, amount in known if model.value >= low]
        labels = [Label(amount, model.value, model.name) for model, amount in within]
        arms = [((amount, m.value - m.reach[0]), (amount, m.value + m.reach[1])) for m, amount in within]
        name_points(figure, axes, labels, lines=[*arms, *fronts])
    return figure


def _draw_devices(figure: "Figure", axes: "Axes", known: Sequence[tuple[Scored, float]], cost: CostKind) -> list[Line]:
    """Draw the models of each device with a front of their own; return the lines of the fronts."""
    by_device: dict[str, list[tuple[Scored, float]]] = {}
    for model, amount in known:
        by_device.setdefault(device_of(model.row) if cost == "speed" else "", []).append((model, amount))
    fronts: list[Line] = []
    for n, (device, points) in enumerate(sorted(by_device.items())):
        fronts += pairwise(_draw_costs(axes, points, device, n, faster=cost == "speed"))
    on = f" on {shown(next(iter(by_device)))}" if len(by_device) == 1 else ""
    axes.set_xlabel(f"tokens a second{on}" if cost == "speed" else "parameters")
    if len(by_device) > 1:
        figure.legend(loc="outside upper left", ncols=len(by_device), fontsize=8)
    return fronts


def _draw_costs(
    axes: "Axes", points: Sequence[tuple[Scored, float]], device: str, number: int, *, faster: bool
) -> list[tuple[float, float]]:
    """Draw the models of one device and their Pareto front; return the corners of this."""
    colour, shape = COLOURS[number % len(COLOURS)], SHAPES[number % len(SHAPES)]
    best = undominated([(-amount if faster else amount, model.value) for model, amount in points])
    front = sorted({(amount, model.value) for (model, amount), on_front in zip(points, best, strict=True) if on_front})
    axes.plot(*zip(*front, strict=True), color=colour, linewidth=1, zorder=1)
    reach = np.array([model.reach for model, _ in points]).T
    axes.errorbar(
        [amount for _, amount in points],
        [model.value for model, _ in points],
        yerr=reach,
        fmt=shape,
        color=colour,
        markersize=5,
        elinewidth=0.8,
        label=shown(device),
    )
    return front


def _mark_amounts(axes: "Axes", amounts: Sequence[float]) -> None:
    """Mark a logarithmic axis of amounts with few round numbers: 500, 1 k, 20 M."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = min(amounts), max(amounts)
    room = max(high / low, 2.0) ** 0.15
    axes.set_xlim(low / room, high * room)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high < FEW_DECADES * low else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda amount, _: _compact(amount)))
    axes.xaxis.set_minor_locator(NullLocator())


def _compact(amount: float) -> str:
    for unit, size in (("B", 1e9), ("M", 1e6), ("k", 1e3)):
        if amount >= size:
            return f"{amount / size:g} {unit}"
    return f"{amount:g}"


def _draw_without_cost(axes: "Axes", models: Sequence[Scored]) -> None:
    """Draw the baselines of which no cost is known as lines at their scores, for comparison."""
    bottom, top = axes.get_ylim()
    groups: list[list[Scored]] = []
    for model in models:
        axes.axhline(model.value, color=FAINT, linewidth=0.8, linestyle=":", zorder=0)
        if groups and groups[-1][-1].value - model.value < NEAR * (top - bottom):
            groups[-1].append(model)
        else:
            groups.append([model])
    for group in groups:
        axes.annotate(
            ", ".join(short_name(model.name) for model in group),
            (1, float(np.mean([model.value for model in group]))),
            xycoords=axes.get_yaxis_transform(),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
            color=FAINT,
            annotation_clip=False,
        )

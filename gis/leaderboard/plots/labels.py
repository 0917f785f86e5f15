"""Names beside the points of a plot, so that none covers another."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gis.leaderboard.plots.style import FAINT, INK, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

DISTANCES = (5, 12, 20, 30)  # points between a point and its name, tried in this order
FAR = 12  # from which on a line leads to the name
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (0.8, 0.8), (-0.8, 0.8), (0.8, -0.8), (-0.8, -0.8))
POINT_RADIUS = 4.0
GAP = 1.5
LONGEST_LABEL = 30  # characters
STEP = 4  # pixels between the boxes along a line
ALIGNED = {1: "left", 0: "center", -1: "right"}
RAISED = {1: "bottom", 0: "center", -1: "top"}


class Label(NamedTuple):
    """The name of a point, in the coordinates of the data."""

    x: float
    y: float
    name: str


Line = tuple[tuple[float, float], tuple[float, float]]  # from and to, in the coordinates of the data


class Box(NamedTuple):
    """A rectangle in pixels."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: "Box") -> bool:
        """Whether two rectangles have an inner point in common."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def holds(self, other: "Box") -> bool:
        """Whether the other rectangle lies in this one."""
        return (
            self.left <= other.left
            and self.bottom <= other.bottom
            and other.right <= self.right
            and other.top <= self.top
        )


class Place(NamedTuple):
    """Where a label goes.

    Attributes:
        offset: From the point, in points.
        side: The direction in which it lies.
        box: The room that it takes.
        leader: That of the line that leads to it; nothing where it is near.
    """

    offset: tuple[float, float]
    side: tuple[float, float]
    box: Box
    leader: Sequence[Box]

    def meets(self, others: Sequence[Box], names: Sequence[Box]) -> bool:
        """Whether it overlaps one of the others, or its line one of the names."""
        return any(map(self.box.overlaps, others)) or any(part.overlaps(name) for part in self.leader for name in names)


def add_labels(
    figure: "Figure", axes: "Axes", labels: Sequence[Label], *, lines: Sequence[Line] = (), size: float = 7.5
) -> list[str]:
    """Write names beside points, the first with the first choice of a place.

    Args:
        figure: The figure, complete but for the labels.
        axes: Those that hold the points.
        labels: The names, the most important first.
        lines: What names should not cross where there is room elsewhere.
        size: Of the letters, in points.

    Returns:
        The names for which there was no room.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    figure.draw_without_rendering()  # fixes the layout
    scale = figure.dpi / 72
    frame = Box(*axes.get_window_extent(renderer).extents)
    centres = [tuple(map(float, axes.transData.transform((label.x, label.y)))) for label in labels]
    taken = [_around(x, y, 2 * POINT_RADIUS * scale, 2 * POINT_RADIUS * scale) for x, y in centres]
    crossed = [box for line in lines for box in _along(axes.transData.transform(line))]
    names: list[Box] = []
    left_out = []
    for label, (x, y) in zip(labels, centres, strict=True):
        name = short_name(label.name, LONGEST_LABEL)
        annotation = axes.annotate(name, (label.x, label.y), fontsize=size, color=INK, annotation_clip=False)
        annotation.set_in_layout(False)
        extent = annotation.get_window_extent(renderer)
        annotation.remove()
        places = _places(x, y, extent.width + 2 * GAP, extent.height + 2 * GAP, scale)
        free = [place for place in places if frame.holds(place.box) and not place.meets(taken, names)]
        clear = (place for place in free if not place.meets(crossed, ()))
        place = next(clear, next(iter(free), None))
        if place is None:
            left_out.append(label.name)
            continue
        names.append(place.box)
        taken += [place.box, *place.leader]
        _annotate(axes, label, name, place, size)
    return left_out


def _annotate(axes: "Axes", label: Label, name: str, place: Place, size: float) -> None:
    horizontal, vertical = _sign(place.side[0]), _sign(place.side[1])
    leader = {"arrowstyle": "-", "color": FAINT, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 3}
    nearest = {"relpos": ((1 - horizontal) / 2, (1 - vertical) / 2)}
    annotation = axes.annotate(
        name,
        (label.x, label.y),
        xytext=place.offset,
        textcoords="offset points",
        ha=ALIGNED[horizontal],
        va=RAISED[vertical],
        fontsize=size,
        color=INK,
        arrowprops={**leader, **nearest} if place.leader else None,
    )
    annotation.set_in_layout(False)


def _places(x: float, y: float, width: float, height: float, scale: float) -> Iterator[Place]:
    for distance in DISTANCES:
        for side in SIDES:
            offset = (side[0] * distance, side[1] * distance)
            centre_x = x + offset[0] * scale + _sign(side[0]) * width / 2
            centre_y = y + offset[1] * scale + _sign(side[1]) * height / 2
            far = np.array([(x, y), (x + offset[0] * scale, y + offset[1] * scale)]) if distance >= FAR else None
            box = _around(centre_x, centre_y, width, height)
            yield Place(offset, side, box, () if far is None else tuple(_along(far)))


def _along(ends: "NDArray[np.float64]") -> Iterator[Box]:
    """Yield small boxes along a line between two points in pixels."""
    steps = int(np.abs(ends[1] - ends[0]).max() / STEP) + 1
    for share in np.linspace(0, 1, steps + 1):
        x, y = ends[0] + share * (ends[1] - ends[0])
        yield _around(x, y, 1, 1)


def _around(x: float, y: float, width: float, height: float) -> Box:
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)

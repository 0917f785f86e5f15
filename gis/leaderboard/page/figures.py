"""The figures of the page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from markupsafe import Markup

from gis.errors import GisError
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.lengths import LengthCurves
from gis.leaderboard.page.svg import Styles, inline_svg
from gis.leaderboard.plots.costs import cost_figure
from gis.leaderboard.plots.intervals import intervals_figure
from gis.leaderboard.plots.lengths import curves_figure
from gis.leaderboard.plots.style import svg_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NO_MATPLOTLIB = "The plots are left out: they need the extra 'plot' (pip install 'gis-similarity[plot]')."
MOST_DRAWN, MOST_CURVES = 30, 12  # models of a figure; baselines come on top
MANY_BUCKETS = 4  # of lengths, from which a task's curve is drawn
MOST_TASKS = 2  # with a drawn curve


@dataclass(frozen=True)
class InlineFigure:
    """A figure of the page.

    Attributes:
        caption: What it shows.
        svg: The drawing.
    """

    caption: str
    svg: Markup


class Artist:
    """Draws the figures of a leaderboard.

    Args:
        board: The leaderboard.
        styles: Takes the styles of the drawings.
    """

    def __init__(self, board: Leaderboard, styles: Styles) -> None:
        self._board, self._styles = board, styles
        self._title = board.columns[0].title

    @property
    def can_draw(self) -> bool:
        """Whether matplotlib is installed."""
        return find_spec("matplotlib") is not None

    def intervals(self) -> list[InlineFigure]:
        """Return the scores of the first column with their intervals."""
        board, which = self._first(MOST_DRAWN)
        return self._draw(
            "intervals", f"{self._title}: {which} with its 95 % interval", lambda: intervals_figure(board)
        )

    def costs(self) -> list[InlineFigure]:
        """Return quality against speed and against size, each where it is known."""
        board, which = self._first(MOST_DRAWN)
        return [
            *self._draw(
                "s", f"{self._title} against tokens a second, {which}", lambda: cost_figure(board, cost="speed")
            ),
            *self._draw(
                "p", f"{self._title} against parameters, {which}", lambda: cost_figure(board, cost="parameters")
            ),
        ]

    def lengths(self, curves: Sequence[LengthCurves]) -> list[InlineFigure]:
        """Return the scores by length on the tasks whose texts fall into the most buckets."""
        board, which = self._first(MOST_CURVES)
        many = sorted(curves, key=lambda curve: -len(curve.buckets))[:MOST_TASKS]
        return [
            figure
            for n, curve in enumerate(many)
            if len(curve.buckets) >= MANY_BUCKETS
            for figure in self._draw(
                f"l{n}-",
                f"{curve.pairs} by the length of the texts, {which}",
                lambda curve=curve: curves_figure(board, curve),  # type: ignore[misc]
            )
        ]

    def _first(self, most: int) -> tuple[Leaderboard, str]:
        """Return the leaderboard with its first models and all baselines, and what to call these."""
        rows = [row for n, row in enumerate(self._board.rows) if n < most or row.baseline]
        if len(rows) == len(self._board.rows):
            return self._board, "each model"
        return replace(self._board, rows=tuple(rows)), f"each of the first {most} models and the baselines"

    def _draw(self, key: str, caption: str, draw: "Callable[[], Figure]") -> list[InlineFigure]:
        """Return the figure; none without matplotlib, or where the scores or costs to draw are not known."""
        if not self.can_draw:
            return []
        try:
            svg = svg_text(draw())
        except GisError:
            return []
        return [InlineFigure(caption, inline_svg(svg, key, caption, self._styles))]

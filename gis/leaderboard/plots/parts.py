"""What the plots of a leaderboard have in common: which models they show, how these look, axes and notes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gis.errors import GisError, unknown_name
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.plots.labels import Label, Line, add_labels
from gis.leaderboard.plots.style import COLOURS, FAINT, PAPER, WIDTH, short_name, shown
from gis.leaderboard.rows import METRIC_TITLES, ModelRow, Score, ScoreColumn
from gis.text import wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NOTE = "note"  # what marks the text below a figure
NOTE_WIDTH = 132  # characters
ROOM = 0.35  # of the span of the models' scores, within which baselines widen the axis
LEAST_SPAN = 5.0  # points


class Kind(NamedTuple):
    """How models of one kind are drawn, and what the legend calls them."""

    name: str
    shape: str
    colour: str
    filled: bool


MEASURED = Kind("model", "o", COLOURS[0], filled=True)
BASELINE = Kind("baseline that reads no meaning", "s", FAINT, filled=False)
REPORTED = Kind("reported by others, not measured", "^", COLOURS[1], filled=False)


class Scored(NamedTuple):
    """A model with its score in the column that is drawn."""

    row: ModelRow
    score: Score
    value: float  # × 100

    @property
    def name(self) -> str:
        """Return what it is called; for reported scores with their source."""
        return self.row.title if self.row.reported_in else self.row.model

    @property
    def kind(self) -> Kind:
        """Return how it is drawn."""
        return REPORTED if self.row.reported_in else BASELINE if self.row.baseline else MEASURED

    @property
    def reach(self) -> tuple[float, float]:
        """Return how far the interval × 100 goes below and above the score; 0 without one."""
        if self.score.interval is None:
            return 0.0, 0.0
        low, high = self.score.interval
        return max(self.value - 100 * low, 0.0), max(100 * high - self.value, 0.0)


def column_of(board: Leaderboard, title: str | None) -> ScoreColumn:
    """Return the column of a title; the first one for None."""
    if title is None:
        return board.columns[0]
    chosen = next((column for column in board.columns if column.title == title), None)
    if chosen is None:
        raise unknown_name("column", title, [column.title for column in board.columns])
    return chosen


def models_of(board: Leaderboard, column: ScoreColumn) -> list[Scored]:
    """Return the models with a score in a column, the best first."""
    place = board.columns.index(column)
    scores = [(row, row.scores[place]) for row in board.rows]
    models = [Scored(row, score, 100 * score.value) for row, score in scores if score.value is not None]
    if not models:
        raise GisError(f"no model has a score on {column.title}")
    return sorted(models, key=lambda model: (-model.value, model.name))


def metric_title(metric: Literal["spearman", "auroc"]) -> str:
    """Return what an axis of a metric is called: "Spearman × 100"."""
    return f"{METRIC_TITLES[metric]} × 100"


def quantity(column: ScoreColumn) -> str:
    """Return what a column measures, with its unit: "Spearman × 100, sts mean"."""
    return f"{metric_title(column.metric)}, {shown(column.title.removesuffix(f': {METRIC_TITLES[column.metric]}'))}"


def new_figure(height: float, label: str, *, width: float = WIDTH) -> "Figure":
    """Return an empty figure of a size in inches; the label says what it shows."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", label=label)


def look_of(kind: Kind) -> dict[str, Any]:  # arguments of matplotlib
    """Return how the points and the intervals of models of one kind are drawn."""
    return {
        "fmt": kind.shape,
        "color": kind.colour,
        "markersize": 5,
        "markerfacecolor": kind.colour if kind.filled else PAPER,
        "elinewidth": 1,
    }


def add_kinds(figure: "Figure", axes: "Axes", models: Sequence[Scored]) -> None:
    """Add a legend of the kinds of models, where there are several."""
    kinds = [kind for kind in (MEASURED, BASELINE, REPORTED) if any(model.kind == kind for model in models)]
    if len(kinds) > 1:
        handles = [axes.errorbar([], [], xerr=[], label=kind.name, **look_of(kind)) for kind in kinds]
        figure.legend(handles=handles, loc="outside upper left", ncols=len(kinds), fontsize=8)


def range_of(models: Sequence[Scored]) -> tuple[float, float]:
    """Return the ends of an axis for scores; baselines far below the models would leave these no room."""
    low = min(model.value - model.reach[0] for model in [m for m in models if not m.row.baseline] or models)
    high = max(model.value + model.reach[1] for model in models)
    far = low - ROOM * max(high - low, LEAST_SPAN)
    low = min(end for model in models if (end := model.value - model.reach[0]) >= far)
    margin = 0.06 * max(high - low, LEAST_SPAN)
    return low - margin, high + margin


def below_the_axis(models: Sequence[Scored], low: float) -> str:
    """Return a sentence on the models below an axis; empty where there are none."""
    below = [f"{short_name(model.name)} {number(model.value, 1)}" for model in models if model.value < low]
    return f"Below the axis: {', '.join(below)}." if below else ""


def name_points(figure: "Figure", axes: "Axes", labels: Sequence[Label], *, lines: Sequence[Line]) -> None:
    """Write the names of points, and in the note how many found no room."""
    left_out = add_labels(figure, axes, labels, lines=lines)
    if left_out:
        note = next(text for text in figure.texts if text.get_gid() == NOTE)
        note.set_text(f"{note.get_text()} {len(left_out)} without room for their names.")


def number(value: float, decimals: int, *, signed: bool = False) -> str:
    """Return a number with a minus as wide as a plus, and no minus before nothing."""
    text = f"{round(value, decimals) + 0.0:{'+' if signed else ''}.{decimals}f}"
    return text.replace("-", "−")


def add_note(figure: "Figure", *sentences: str) -> None:
    """Write what a reader must know below the figure."""
    text = " ".join(filter(None, sentences))
    if text:
        figure.supxlabel(wrapped(text, NOTE_WIDTH), x=0.01, ha="left", fontsize=7, color=FAINT, gid=NOTE)

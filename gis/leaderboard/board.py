"""A leaderboard and its forms: terminal, Markdown, LaTeX, HTML, CSV, data frame."""

import html
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from rich.text import Text

from gis import latex
from gis.benchmark.results import Result
from gis.benchmark.runner import ScoredTask
from gis.markdown import csv_text, escape
from gis.markdown import table as markdown_table
from gis.masking import masked
from gis.statistics.intervals import Interval
from gis.statistics.ranks import Ranking, RankInterval
from gis.terminal_table import Column, TerminalTable
from gis.text import visible, wrapped

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
NO_TERMINAL = (10_000, 24)  # a file or a pipe has no edge
METRIC_TITLES = {"spearman": "Spearman", "auroc": "AUROC"}
# In a narrow terminal the strata give way first, then AUROC, then the tasks; means and the first task stay longest.
TASK_PRIORITY, AUROC_PRIORITY, STRATUM_PRIORITY = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class ScoreColumn:
    """A column of scores.

    Attributes:
        title: Its heading.
        pairs: The pairs that were scored, by the name that ``name_pair_sets`` gives them: in most cases that of the
            task. Empty for a mean over tasks.
        view: The stratum; None for the task as a whole.
        metric: What is shown of it.
        averages: The tasks that a mean is over; empty for a task's own column.
    """

    title: str
    pairs: str = ""
    view: str | None = None
    metric: Literal["spearman", "auroc"] = "spearman"
    averages: tuple[str, ...] = ()

    @property
    def title_in_task(self) -> str:
        """Return the heading below that of the task: a stratum or a metric."""
        return self.view or METRIC_TITLES[self.metric]

    @property
    def priority(self) -> int:
        """Return how early a narrow terminal leaves it out: a higher number goes first."""
        if self.averages:
            return 0
        if self.view is not None:
            return STRATUM_PRIORITY
        return TASK_PRIORITY if self.metric == "spearman" else AUROC_PRIORITY


@dataclass(frozen=True)
class Score:
    """A score, or why there is none.

    Attributes:
        value: The unrounded score, -1 to 1; None where there is none.
        note: Why there is none: "3 of 7", "undefined: …".
        sample: The sample of pairs it is of, such as "20 pairs, seed 0"; empty for all pairs.
        best: Whether no score in the column is higher.
        interval: Its 95 % interval; None where no error could be estimated.
        rank: The ranks that its model can have in this column; None where the column has no ranking.
        tied: Whether the model is not certainly worse than the best of the column, and is not the best.
        deviation: Standard deviation over the seeds of a training; None for a single model.
    """

    value: float | None = None
    note: str = ""
    sample: str = ""
    best: bool = False
    interval: Interval | None = None
    rank: RankInterval | None = None
    tied: bool = False
    deviation: float | None = None

    @property
    def marks(self) -> str:
        """Return ≈ for a score that is not certainly below the best, * for a sample."""
        return ("≈" if self.tied else "") + ("*" if self.sample else "")

    @property
    def half_width(self) -> str:
        """Return half of the interval × 100: "±0.62"; empty without an interval."""
        return "" if self.interval is None else f"±{50 * (self.interval.high - self.interval.low):.2f}"

    def __str__(self) -> str:
        """Return the score × 100 with two decimals and its marks; else "n of N" or a dash."""
        if self.value is None:
            return self.note if self.note and not self.note.startswith("undefined") else "–"
        return f"{round(100 * self.value, 2) + 0.0:.2f}{self.marks}"  # + 0.0: no "-0.00"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a model costs.

    Attributes:
        parameters: Number of weights.
        dimension: Width of the vectors.
        max_tokens: Longest text that it reads.
        tokens_per_second: Tokens read a second while the shown tasks were embedded; None for models that count none.
        hardware: What that was measured on, and in which number format.
    """

    parameters: int | None = None
    dimension: int | None = None
    max_tokens: int | None = None
    tokens_per_second: float | None = None
    hardware: str = ""


@dataclass(frozen=True, kw_only=True)
class ModelRow:
    """A model and its scores.

    Attributes:
        model: Its name on the leaderboard.
        identity: Its identity; that of none where the scores are reported.
        scores: One for each column.
        scored: What the scores were read from, by the name of the pairs; nothing for reported scores and for the mean
            of several seeds.
        cost: What it costs.
        baseline: Whether it reads no meaning: random numbers, lengths or words.
        reported_in: Where the scores are quoted from; empty for scores that gis measured.
        seeds: The rows of the models whose mean this is, which differ only in the seed of their training.
    """

    model: str
    identity: str
    scores: tuple[Score, ...]
    scored: Mapping[str, ScoredTask] = field(default_factory=dict)
    cost: Cost = Cost()
    baseline: bool = False
    reported_in: str = ""
    seeds: tuple["ModelRow", ...] = ()

    @property
    def title(self) -> str:
        """Return its name in tables that people read: with the source of its scores, or their deviation over seeds."""
        if self.reported_in:
            return f"{self.model} (reported: {self.reported_in})"
        deviation = self.scores[0].deviation
        return self.model if deviation is None else f"{self.model}, deviation {100 * deviation:.2f}"

    @property
    def members(self) -> tuple["ModelRow", ...]:
        """Return the rows of the single models behind it: those of the seeds, or itself."""
        return self.seeds or (self,)

    @property
    def results(self) -> tuple[Result, ...]:
        """Return the results that the scores come from; none for reported scores."""
        return tuple(scored.result for member in self.members for scored in member.scored.values())

    @property
    def order(self) -> tuple[bool, float, str, str]:
        """Return what rows are sorted by: the first score, the highest first."""
        first = self.scores[0].value
        return first is None, -(first or 0.0), self.model, self.reported_in

    @property
    def rank_cells(self) -> tuple[str, str]:
        """Return the rank by the first column, and ± half of the interval of its score."""
        first = self.scores[0]
        return str(first.rank or "–"), first.half_width


@dataclass(frozen=True)
class ColumnRanking:
    """The ranking of the models of a column that have scores of its pairs.

    Attributes:
        models: The identity of each model.
        ranking: What can be said of their order.
        intervals: The 95 % interval of each score.
        effective: The number of independent units of equal size that the errors were estimated from.
    """

    models: tuple[str, ...]
    ranking: Ranking
    intervals: tuple[Interval | None, ...]
    effective: float


@dataclass(frozen=True, repr=False)
class Leaderboard:
    """Models by rows, the best first; it draws itself in a notebook.

    Attributes:
        columns: What was scored.
        rows: The models.
        notes: Sentences that a reader of the numbers must know.
        rankings: The ranking of each column that has one.
    """

    columns: tuple[ScoreColumn, ...]
    rows: tuple[ModelRow, ...]
    notes: tuple[str, ...]
    rankings: Mapping[ScoreColumn, ColumnRanking] = field(default_factory=dict)

    @property
    def is_ranked(self) -> bool:
        """Whether the first column, by which models are sorted, has a ranking."""
        return self.columns[0] in self.rankings

    def terminal_table(self, *, hint: str = "") -> TerminalTable:
        """Return the table for a terminal of any width.

        Args:
            hint: What shows the columns that are left out in a narrow one, such as "--csv FILE".
        """
        columns_of = Counter(column.pairs for column in self.columns)
        score_columns = [
            Column(title=column.title_in_task, group=column.pairs, priority=column.priority)
            if columns_of[column.pairs] > 1 and column.pairs
            else Column(title=column.title, priority=column.priority)
            for column in self.columns
        ]
        ranked = [Column(title="rank"), Column(title="±", group=score_columns[0].group)]
        table = TerminalTable(
            [Column(title="model", align="left"), *self._with_rank(ranked, score_columns)],
            hint=hint,
            transposable=True,
        )
        widths = [max(len(row.scores[n].marks) for row in self.rows) for n in range(len(self.columns))]
        for row in self.rows:
            cells = [_in_terminal(score, marks) for score, marks in zip(row.scores, widths, strict=True)]
            table.add_row(row.title, *self._with_rank([*map(Text, row.rank_cells)], cells))
        return table

    def _with_rank(self, ranked: Sequence[T], cells: Sequence[T]) -> list[T]:
        """Put the rank before the first score and its half width behind it, on a ranked leaderboard."""
        return [ranked[0], cells[0], ranked[1], *cells[1:]] if self.is_ranked else list(cells)

    def to_markdown(self) -> str:
        """Return the table in Markdown with the notes below it; whatever a name holds, it is text."""
        rows = [
            [escape(row.title), *self._with_rank(row.rank_cells, [*map(_in_markdown, row.scores)])] for row in self.rows
        ]
        lines = [f"{escape(note)}  " for note in self.notes]
        return "\n".join([markdown_table(self._heads(), rows), *lines]).rstrip() + "\n"

    def to_latex(self) -> str:
        """Return the table in LaTeX with booktabs, and the notes as comments; whatever a name holds, it is text."""
        rows = [
            [
                latex.escape(row.title),
                *self._with_rank([*map(latex.escape, row.rank_cells)], [*map(_in_latex, row.scores)]),
            ]
            for row in self.rows
        ]
        return latex.table(self._heads(), rows, comments=self.notes)

    def _heads(self) -> list[str]:
        """Return the titles of the columns of a printed table."""
        return ["model", *self._with_rank(["rank", "±"], [column.title for column in self.columns])]

    def to_csv(self) -> str:
        """Return the table as CSV: unrounded scores, 0 to 1, empty where there is none.

        Where there are any, samples, the deviation of the first score over seeds, and the sources of reported scores
        have a column each at the end.
        """
        columns: dict[str, list[str | float]] = {
            "of a sample": ["; ".join(self._samples(row)) for row in self.rows],
            "deviation over seeds": ["" if (d := row.scores[0].deviation) is None else d for row in self.rows],
            "reported in": [row.reported_in for row in self.rows],
        }
        last = {title: cells for title, cells in columns.items() if any(cell != "" for cell in cells)}
        head = ["model", "identity", *(column.title for column in self.columns), *last]
        rows = [
            [
                row.model,
                row.identity,
                *("" if score.value is None else score.value for score in row.scores),
                *(cells[n] for cells in last.values()),
            ]
            for n, row in enumerate(self.rows)
        ]
        return csv_text(head, rows)

    def _samples(self, row: ModelRow) -> list[str]:
        """Return the sample of each task that the model was not scored on as a whole: "stsb: 20 pairs, seed 0"."""
        pairs = zip(self.columns, row.scores, strict=True)
        samples = {column.pairs: score.sample for column, score in pairs if column.pairs and score.sample}
        return [f"{task}: {sample}" for task, sample in samples.items()]

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with a row for each model and unrounded scores from 0 to 1, NaN where there is none.

        ``reported_in`` is where the scores are quoted from; empty for measured ones.
        """
        import pandas as pd

        records = [
            {
                "identity": row.identity,
                "reported_in": row.reported_in,
                **{column.title: score.value for column, score in zip(self.columns, row.scores, strict=True)},
            }
            for row in self.rows
        ]
        return pd.DataFrame(records, index=pd.Index([row.model for row in self.rows], name="model"))

    def _repr_html_(self) -> str:
        """Return the table as notebooks show it; whatever a name holds, it is text."""
        titles = "".join(f"<th>{_html(title)}</th>" for title in ("model", *(column.title for column in self.columns)))
        rows = "".join(
            f"<tr><th>{_html(row.title)}</th>"
            + "".join(f"<td>{f'<b>{score}</b>' if score.best else score}</td>" for score in row.scores)
            + "</tr>"
            for row in self.rows
        )
        notes = "".join(f"<p>{_html(note)}</p>" for note in self.notes)
        return f"<table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>{notes}"

    def __str__(self) -> str:
        """Return the table and its notes in the width of the terminal, where there is one."""
        width = shutil.get_terminal_size(NO_TERMINAL).columns
        lines = [line.plain for line in self.terminal_table().lines(width)]
        return "\n".join([*lines, *(wrapped(note, width) for note in self.notes)])

    __repr__ = __str__


def _in_terminal(score: Score, marks: int) -> Text:
    """Return a cell; blanks take the place of marks that others of the column have, so that digits are in line."""
    return Text(f"{score}{' ' * (marks - len(score.marks))}", style="bold" if score.best else "")


def _in_markdown(score: Score) -> str:
    return f"**{score}**" if score.best else str(score).replace("*", r"\*")


def _in_latex(score: Score) -> str:
    text = latex.escape(str(score).replace("-", "\N{MINUS SIGN}"))  # wider than a hyphen
    return rf"\textbf{{{text}}}" if score.best else text


def _html(text: str) -> str:
    return html.escape(visible(masked(text)))

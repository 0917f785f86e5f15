"""A leaderboard and its forms: terminal, Markdown, HTML, CSV, data frame."""

import html
import shutil
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rich.text import Text

from gis.markdown import csv_text, escape
from gis.markdown import table as markdown_table
from gis.masking import masked
from gis.terminal_table import Column, TerminalTable
from gis.text import visible, wrapped

if TYPE_CHECKING:
    import pandas as pd

NO_TERMINAL = (10_000, 24)  # a file or a pipe has no edge
METRIC_TITLES = {"spearman": "Spearman", "auroc": "AUROC"}
# In a narrow terminal the strata give way first, then AUROC, then the tasks; means and the first task stay longest.
TASK_PRIORITY, AUROC_PRIORITY, STRATUM_PRIORITY = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class ScoreColumn:
    """A column of scores.

    Attributes:
        title: Its heading.
        task: The task; empty for a mean over tasks.
        view: The stratum; None for the task as a whole.
        metric: What is shown of it.
        averages: The tasks that a mean is over; empty for a task's own column.
    """

    title: str
    task: str = ""
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
        value: The unrounded score, 0 to 1; None where there is none.
        note: Why there is none: "3 of 7", "undefined: …".
        sample: The sample of pairs it is of, such as "20 pairs, seed 0"; empty for all pairs.
        best: Whether no score on all pairs in the column is higher.
    """

    value: float | None = None
    note: str = ""
    sample: str = ""
    best: bool = False

    def __str__(self) -> str:
        """Return the score × 100 with two decimals, * for a sample; else "n of N" or a dash."""
        if self.value is None:
            return self.note if self.note and not self.note.startswith("undefined") else "–"
        return f"{round(100 * self.value, 2) + 0.0:.2f}{'*' if self.sample else ''}"  # + 0.0: no "-0.00"


@dataclass(frozen=True)
class ModelRow:
    """A model and its scores, one for each column."""

    model: str
    identity: str
    scores: tuple[Score, ...]


@dataclass(frozen=True, repr=False)
class Leaderboard:
    """Models by rows, the best first; it draws itself in a notebook.

    Attributes:
        columns: What was scored.
        rows: The models.
        notes: Sentences that a reader of the numbers must know.
    """

    columns: tuple[ScoreColumn, ...]
    rows: tuple[ModelRow, ...]
    notes: tuple[str, ...]

    def terminal_table(self, *, hint: str = "") -> TerminalTable:
        """Return the table for a terminal of any width.

        Args:
            hint: What shows the columns that are left out in a narrow one, such as "--csv FILE".
        """
        columns_of = Counter(column.task for column in self.columns)
        table = TerminalTable(
            [
                Column(title="model", align="left"),
                *(
                    Column(title=column.title_in_task, group=column.task, priority=column.priority)
                    if columns_of[column.task] > 1 and column.task
                    else Column(title=column.title, priority=column.priority)
                    for column in self.columns
                ),
            ],
            hint=hint,
            transposable=True,
        )
        with_star = [any(row.scores[n].sample for row in self.rows) for n in range(len(self.columns))]
        for row in self.rows:
            cells = [_in_terminal(score, with_star=star) for score, star in zip(row.scores, with_star, strict=True)]
            table.add_row(row.model, *cells)
        return table

    def to_markdown(self) -> str:
        """Return the table in Markdown with the notes below it; whatever a name holds, it is text."""
        rows = [
            [
                escape(row.model),
                *(f"**{score}**" if score.best else str(score).replace("*", r"\*") for score in row.scores),
            ]
            for row in self.rows
        ]
        lines = [f"{escape(note)}  " for note in self.notes]
        text = markdown_table(["model", *(column.title for column in self.columns)], rows)
        return "\n".join([text, *lines]).rstrip() + "\n"

    def to_csv(self) -> str:
        """Return the table as CSV: unrounded scores, 0 to 1, empty where there is none; samples in a last column."""
        samples = ["; ".join(self._samples(row)) for row in self.rows]
        last = ["of a sample"] if any(samples) else []
        head = ["model", "identity", *(column.title for column in self.columns), *last]
        rows = [
            [
                row.model,
                row.identity,
                *("" if s.value is None else s.value for s in row.scores),
                *([sample] if last else []),
            ]
            for row, sample in zip(self.rows, samples, strict=True)
        ]
        return csv_text(head, rows)

    def _samples(self, row: ModelRow) -> list[str]:
        """Return the sample of each task that the model was not scored on as a whole: "stsb: 20 pairs, seed 0"."""
        pairs = zip(self.columns, row.scores, strict=True)
        samples = {column.task: score.sample for column, score in pairs if column.task and score.sample}
        return [f"{task}: {sample}" for task, sample in samples.items()]

    def to_frame(self) -> "pd.DataFrame":
        """Return a data frame with a row for each model and unrounded scores from 0 to 1, NaN where there is none."""
        import pandas as pd

        records = [
            {
                "identity": row.identity,
                **{column.title: score.value for column, score in zip(self.columns, row.scores, strict=True)},
            }
            for row in self.rows
        ]
        return pd.DataFrame(records, index=pd.Index([row.model for row in self.rows], name="model"))

    def _repr_html_(self) -> str:
        """Return the table as notebooks show it; whatever a name holds, it is text."""
        titles = "".join(f"<th>{_html(title)}</th>" for title in ("model", *(column.title for column in self.columns)))
        rows = "".join(
            f"<tr><th>{_html(row.model)}</th>"
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


def _in_terminal(score: Score, *, with_star: bool) -> Text:
    """Return a cell; a blank takes the place of the star in a column that has any, so that digits are in line."""
    blank = " " if with_star and not score.sample else ""
    return Text(f"{score}{blank}", style="bold" if score.best else "")


def _html(text: str) -> str:
    return html.escape(visible(masked(text)))

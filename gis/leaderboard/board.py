"""A leaderboard and its forms: terminal, Markdown, LaTeX, HTML, CSV, data frame."""

import html
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from rich.text import Text

from gis import latex
from gis.benchmark.runner import ScoredTask
from gis.leaderboard.reported import Reported
from gis.leaderboard.rows import ColumnRanking, ModelRow, Score, ScoreColumn
from gis.markdown import csv_text, escape
from gis.markdown import table as markdown_table
from gis.masking import masked
from gis.terminal_table import Column, TerminalTable
from gis.text import visible, wrapped

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
NO_TERMINAL = (10_000, 24)  # a file or a pipe has no edge


@dataclass(frozen=True, repr=False)
class Leaderboard:
    """Models by rows, the best first; it draws itself in a notebook.

    Attributes:
        columns: What was scored.
        rows: The models.
        notes: Sentences that a reader of the numbers must know.
        rankings: The ranking of each column that has one.
        reported: The published scores that it shows, or that are of models which it shows.
    """

    columns: tuple[ScoreColumn, ...]
    rows: tuple[ModelRow, ...]
    notes: tuple[str, ...]
    rankings: Mapping[ScoreColumn, ColumnRanking] = field(default_factory=dict)
    reported: tuple[Reported, ...] = ()

    @property
    def is_ranked(self) -> bool:
        """Whether the first column, by which models are sorted, has a ranking."""
        return self.columns[0] in self.rankings

    def scored_on(self, pairs: str) -> dict[str, ScoredTask]:
        """Return the result of each single model, by its identity, on the pairs of a column."""
        members = (member for row in self.rows for member in row.members)
        return {member.identity: member.scored[pairs] for member in members if pairs in member.scored}

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

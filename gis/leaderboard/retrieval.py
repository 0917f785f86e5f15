"""The leaderboard of retrieval: for each task a table of models, the best by nDCG@10 first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.text import Text

from gis import latex
from gis.benchmark.retrieval.results import RankedTask, RetrievalRecord, read_all_retrieval
from gis.hashes import SHORT_HASH
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.reported import Reported
from gis.leaderboard.table import load_table
from gis.markdown import csv_text, escape
from gis.markdown import table as markdown_table
from gis.statistics.dependence import Dependence
from gis.statistics.ranks import RankInterval, rank_models
from gis.statistics.retrieval import METRICS, NDCG
from gis.terminal_table import Column, TerminalTable

HEAD = ("model", "rank", METRICS[0], "±", *METRICS[1:])
SCALE = "Scores × 100."
PROTOCOLS = {"all": "any other document may be found", "earlier": "only older documents may be found"}


@dataclass(frozen=True, kw_only=True)
class RetrievalTable:
    """The models of one task.

    Attributes:
        title: The task.
        caption: What was searched, in words.
        rows: The results, the best first.
        ranks: The rank that each model can have by nDCG@10, by queries and with allowance for those that depend on each
            other; None where it is not known.
        notes: What a reader must know of single rows.
    """

    title: str
    caption: str
    rows: tuple[RankedTask, ...]
    ranks: tuple[RankInterval | None, ...]
    notes: tuple[str, ...]

    def terminal_table(self) -> TerminalTable:
        """Return the table for a terminal of any width."""
        table = TerminalTable(
            [Column(title=name, align="right" if n else "left", priority=n) for n, name in enumerate(HEAD)]
        )
        for cells, best in self.cells():
            table.add_row(*(Text(cell, style="bold" if n in best else "") for n, cell in enumerate(cells)))
        return table

    def to_markdown(self) -> str:
        """Return the table in Markdown with the caption above and the notes below it."""
        rows = [
            [f"**{escape(cell)}**" if n in best else escape(cell) for n, cell in enumerate(cells)]
            for cells, best in self.cells()
        ]
        lines = [f"**{escape(self.title)}**: {escape(self.caption)}\n", markdown_table(HEAD, rows)]
        return "\n".join([*lines, *(f"{escape(note)}  " for note in self.notes)]).rstrip() + "\n"

    def to_latex(self) -> str:
        """Return the table in LaTeX with booktabs; the title, the caption and the notes are comments."""
        rows = [
            [rf"\textbf{{{latex.escape(cell)}}}" if n in best else latex.escape(cell) for n, cell in enumerate(cells)]
            for cells, best in self.cells()
        ]
        return latex.table(HEAD, rows, comments=[f"{self.title}: {self.caption}", *self.notes])

    def cells(self) -> list[tuple[list[str], set[int]]]:
        """Return the cells of each row below ``HEAD``, and which of them hold the best score of their column."""
        printed = [{name: _percent(mean.value) for name, mean in row.result.scores.items()} for row in self.rows]
        highest = {name: max((float(row[name]) for row in printed), default=0.0) for name in METRICS}
        rows = []
        for row, values, rank in zip(self.rows, printed, self.ranks, strict=True):
            interval = row.result.scores[NDCG].interval
            half = "" if interval is None else f"±{50 * (interval.high - interval.low):.2f}"
            cells = [row.result.model.name, str(rank or "–"), values[NDCG], half, *(values[n] for n in METRICS[1:])]
            best = {HEAD.index(name) for name in METRICS if float(values[name]) == highest[name]}
            rows.append((cells, best))
        return rows


def with_retrieval(board: Leaderboard | None, tables: Sequence[RetrievalTable]) -> str:
    """Return a leaderboard, where there is one, and the tables of retrieval below it in Markdown."""
    boards = [] if board is None else [board.to_markdown()]
    return "\n".join([*boards, *(table.to_markdown() for table in tables)])


def latex_of(board: Leaderboard | None, tables: Sequence[RetrievalTable]) -> str:
    """Return a leaderboard, where there is one, and the tables of retrieval below it in LaTeX."""
    boards = [] if board is None else [board.to_latex()]
    return "\n".join([*boards, *(table.to_latex() for table in tables)])


def retrieval_csv(tables: Sequence[RetrievalTable]) -> str:
    """Return the tables of retrieval as one of CSV: unrounded scores, 0 to 1."""
    rows = [
        [
            table.title,
            row.result.task.protocol,
            row.result.model.name,
            row.result.model.identity,
            *(row.result.scores[name].value for name in METRICS),
        ]
        for table in tables
        for row in table.rows
    ]
    return csv_text(["task", "protocol", "model", "identity", *METRICS], rows)


def load_boards(
    folder: Path, tasks: Sequence[str] = (), *, reported: Sequence[Reported] = ()
) -> tuple[Leaderboard | None, list[RetrievalTable]]:
    """Read all results below a folder: those on pairs, None where there are only others, and those of retrieval.

    Args:
        folder: What ``gis bench --output`` wrote.
        tasks: Names of the tasks and suites to show, in this order; all when empty.
        reported: Published scores to show beside those on pairs.

    Raises:
        GisError: There are no results, none of the tasks asked for, or a file is damaged.
    """
    tables = retrieval_tables(read_all_retrieval(folder), tasks)
    searched = {table.rows[0].result.task.name for table in tables}
    compared = [name for name in tasks if name not in searched]
    alone = tables and not (compared if tasks else any(folder.glob("*/*/*.json")))
    return None if alone else load_table(folder, compared, reported=reported), tables


def retrieval_tables(ranked: Iterable[RankedTask], tasks: Sequence[str] = ()) -> list[RetrievalTable]:
    """Make a table for each set of queries and documents that models were scored on.

    Args:
        ranked: Results of any models and tasks; of several of one model on the same queries the newest is shown.
        tasks: Names of the tasks to show, in this order; all when empty.
    """
    by_task: dict[RetrievalRecord, dict[str, RankedTask]] = {}
    for each in sorted(ranked, key=lambda each: each.result.run.date):
        record = each.result.task
        same = next((known for known in by_task if _same(known, record)), record)
        by_task.setdefault(same, {})[each.result.model.identity] = each
    order = list(tasks) or sorted(record.name for record in by_task)
    shown = sorted((record for record in by_task if record.name in order), key=lambda record: order.index(record.name))
    names = [record.name for record in shown]
    return [
        _table(
            record,
            list(by_task[record].values()),
            apart=names.count(record.name) > 1,
        )
        for record in shown
    ]


def _same(one: RetrievalRecord, other: RetrievalRecord) -> bool:
    """Return whether results of two records compare."""
    return (one.name, one.sha256, one.protocol, one.limit, one.seed) == (
        other.name,
        other.sha256,
        other.protocol,
        other.limit,
        other.seed,
    )


def _table(record: RetrievalRecord, ranked: Sequence[RankedTask], *, apart: bool) -> RetrievalTable:
    rows = sorted(ranked, key=lambda each: (-each.result.scores[NDCG].value, each.result.model.name))
    sample = "" if record.limit is None else f" (a sample, seed {record.seed})"
    return RetrievalTable(
        title=f"{record.name} (data {record.sha256[:SHORT_HASH]})" if apart else record.name,
        caption=(
            f"{record.queries:,} queries{sample}, {record.documents:,} documents; {PROTOCOLS[record.protocol]}. {SCALE}"
        ),
        rows=tuple(rows),
        ranks=tuple(_ranks(rows)),
        notes=tuple(f"{row.result.model.name}: {note}." for row in rows for note in row.result.notes),
    )


def _ranks(rows: Sequence[RankedTask]) -> list[RankInterval | None]:
    """Rank the models by nDCG@10, query by query."""
    groups = rows[0].groups()
    dependence = Dependence(groups, groups)
    if len(rows) < 2 or not dependence.enough:
        return [None] * len(rows)
    values = np.stack([row.by_query()[NDCG] for row in rows], axis=1)
    covariance = dependence.covariance(values - values.mean(axis=0))
    if not np.diag(covariance).any():
        return [None] * len(rows)
    return list(rank_models(values.mean(axis=0), covariance, dependence.effective).ranks)


def _percent(value: float) -> str:
    return f"{100 * value:.2f}"

"""The leaderboard of retrieval: for each task a table of models, the best by nDCG@10 first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.text import Text

from gis.benchmark.retrieval.results import RankedTask, RetrievalRecord
from gis.files import SHORT_HASH
from gis.markdown import escape
from gis.markdown import table as markdown_table
from gis.statistics.dependence import Dependence
from gis.statistics.ranks import RankInterval, rank_models
from gis.statistics.retrieval import METRICS, NDCG
from gis.terminal_table import Column, TerminalTable

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
        columns = [Column(title=name, priority=2 * n) for n, name in enumerate(METRICS)]
        table = TerminalTable(
            [Column(title="model", align="left"), Column(title="rank"), columns[0], Column(title="±"), *columns[1:]]
        )
        for cells, best in self._cells():
            table.add_row(*(Text(cell, style="bold" if n in best else "") for n, cell in enumerate(cells)))
        return table

    def to_markdown(self) -> str:
        """Return the table in Markdown with the caption above and the notes below it."""
        rows = [
            [f"**{escape(cell)}**" if n in best else escape(cell) for n, cell in enumerate(cells)]
            for cells, best in self._cells()
        ]
        head = ["model", "rank", METRICS[0], "±", *METRICS[1:]]
        lines = [f"**{escape(self.title)}**: {escape(self.caption)}\n", markdown_table(head, rows)]
        return "\n".join([*lines, *(f"{escape(note)}  " for note in self.notes)]).rstrip() + "\n"

    def _cells(self) -> list[tuple[list[str], set[int]]]:
        """Return the cells of each row, and which of them hold the best score of their column."""
        printed = [{name: _percent(mean.value) for name, mean in row.result.scores.items()} for row in self.rows]
        highest = {name: max((float(row[name]) for row in printed), default=0.0) for name in METRICS}
        rows = []
        for row, values, rank in zip(self.rows, printed, self.ranks, strict=True):
            interval = row.result.scores[NDCG].interval
            half = "" if interval is None else f"±{50 * (interval.high - interval.low):.2f}"
            cells = [row.result.model.name, str(rank or "–"), values[NDCG], half, *(values[n] for n in METRICS[1:])]
            best = {n + (2 if n == 0 else 3) for n, name in enumerate(METRICS) if float(values[name]) == highest[name]}
            rows.append((cells, best))
        return rows


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
            f"{record.queries:,} queries{sample}, {record.documents:,} documents; {PROTOCOLS[record.protocol]}. "
            "Scores × 100."
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

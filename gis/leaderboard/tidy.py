"""A leaderboard in long form: a row for each model, task, view and metric, with interval, ranks and provenance."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from gis.benchmark.scoring import ALL
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.retrieval import RetrievalTable
from gis.leaderboard.rows import ModelRow, Score, ScoreColumn
from gis.leaderboard.scores import strata_of
from gis.leaderboard.views import MEAN_VIEW, METRICS, NONE, view_records
from gis.markdown import csv_text
from gis.statistics.retrieval import NDCG

if TYPE_CHECKING:
    import pandas as pd

MEAN_OF_TASKS = "mean of tasks"
COLUMNS = (
    *("model", "identity", "task", "label", "view", "metric", "main", "value", "low", "high"),
    *("rank_best", "rank_worst", "pairs", "sample", "result_sha256", "command", "date", "reported_in"),
)


def tidy_frame(board: Leaderboard) -> "pd.DataFrame":
    """Return a row for each model, task, view and metric.

    ``value`` is unrounded, ``low`` and ``high`` are the ends of its 95 % interval, ``rank_best`` and ``rank_worst`` the
    ranks that the model can have; missing where there is none. ``main`` marks the Spearman that the leaderboard shows
    of a task. ``result_sha256`` and ``command`` say which result file a score is from and how to get it again;
    ``reported_in`` where a score is quoted from, which gis did not measure. The mean of several seeds has rows, and
    each of its seeds has rows of its own without ranks.
    """
    import pandas as pd

    frame = pd.DataFrame(list(_records(board)), columns=list(COLUMNS))
    return frame.astype({"rank_best": "Int64", "rank_worst": "Int64", "pairs": "Int64"})


def tidy_csv(board: Leaderboard | None, retrieval: Sequence[RetrievalTable] = ()) -> str:
    """Return the same rows as CSV, empty where there is nothing.

    Args:
        board: The leaderboard; None where there are only results of retrieval.
        retrieval: Tables of retrieval, whose rows follow: the view is the protocol, and ``pairs`` counts the queries.
    """
    records = chain(() if board is None else _records(board), *map(_of_retrieval, retrieval))
    return csv_text(COLUMNS, ([_cell(record.get(name)) for name in COLUMNS] for record in records))


def _of_retrieval(table: RetrievalTable) -> Iterator[dict[str, object]]:
    for row, rank in zip(table.rows, table.ranks, strict=True):
        result, task = row.result, row.result.task
        for metric, mean in result.scores.items():
            yield {
                "model": result.model.name,
                "identity": result.model.identity,
                "task": task.name,
                "view": task.protocol,
                "metric": metric,
                "main": metric == NDCG,
                "value": mean.value,
                "pairs": task.queries,
                "sample": "" if task.limit is None else f"{task.limit} queries, seed {task.seed}",
                "result_sha256": result.sha256,
                "command": result.run.command,
                "date": result.run.date,
                **_measured(Score(interval=mean.interval, rank=rank if metric == NDCG else None)),
            }


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


def _records(board: Leaderboard) -> Iterator[dict[str, object]]:
    for row in board.rows:
        for column, score in zip(board.columns, row.scores, strict=True):
            if (column.averages or not row.scored) and score.value is not None:
                yield _of_column(row, column, score)
        shown = {_key(column): score for column, score in zip(board.columns, row.scores, strict=True)}
        for member in row.members:
            yield from _of_results(member, shown if member is row else {})


def _of_results(row: ModelRow, shown: Mapping[tuple[str, str | None, str], Score]) -> Iterator[dict[str, object]]:
    """Yield the records of a model's results, with the intervals and ranks of the scores that a leaderboard shows."""
    for pairs, scored in row.scored.items():
        result = scored.result
        provenance = {
            "sample": result.task.sample,
            "result_sha256": result.sha256,
            "command": result.run.command,
            "date": result.run.date,
        }
        for view in view_records(result):
            shown_as = None if view["main"] else str(view["view"])
            for metric in METRICS:
                if not math.isnan(float(str(view[metric]))):
                    yield {
                        **_about(row, pairs, result.task.label, str(view["view"]), metric),
                        "main": view["main"] and metric == "spearman",
                        "value": view[metric],
                        "low": view.get(f"{metric}_low", NONE),
                        "high": view.get(f"{metric}_high", NONE),
                        "pairs": view["pairs"],
                        **provenance,
                        **_measured(shown.get((pairs, shown_as, metric), Score())),
                    }


def _key(column: ScoreColumn) -> tuple[str, str | None, str]:
    return column.pairs, column.view, column.metric


def _of_column(row: ModelRow, column: ScoreColumn, score: Score) -> dict[str, object]:
    """Return the record of a score that no single result holds: of several tasks or seeds, or a published one."""
    view = MEAN_OF_TASKS if column.averages else column.view or _main_view(row, column)
    return {
        **_about(row, column.title if column.averages else column.pairs, "", view, column.metric),
        "main": column.view is None and column.metric == "spearman",
        "value": score.value,
        "sample": score.sample,
        **_measured(score),
    }


def _main_view(row: ModelRow, column: ScoreColumn) -> str:
    """Return the name of the view that a task's own column shows."""
    scored = next((member.scored[column.pairs] for member in row.members if column.pairs in member.scored), None)
    return MEAN_VIEW if scored is not None and strata_of(scored.result) else ALL


def _about(row: ModelRow, task: str, label: str, view: str, metric: str) -> dict[str, object]:
    return {
        "model": row.model,
        "identity": row.identity,
        "task": task,
        "label": label,
        "view": view,
        "metric": metric,
        "reported_in": row.reported_in,
    }


def _measured(score: Score) -> dict[str, object]:
    """Return the interval and the ranks of a score, those that there are."""
    found: dict[str, object] = {}
    if score.interval is not None:
        found |= score.interval._asdict()
    if score.rank is not None:
        found |= {"rank_best": score.rank.best, "rank_worst": score.rank.worst}
    return found

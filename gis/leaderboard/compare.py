"""Is one model better than another? Asked of the pairs of each task and of each mean, and apart from that of tasks."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gis.benchmark.runner import ScoredTask
from gis.errors import GisError
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.columns import shown_tasks
from gis.leaderboard.comparison import Comparison, OverTasks, ScoreDifference
from gis.leaderboard.models import NamedModel
from gis.leaderboard.pair_scores import aligned
from gis.leaderboard.rows import Score, ScoreColumn
from gis.leaderboard.table import make_table
from gis.statistics.differences import difference_from_error, holm, paired_difference

FEWEST_TASKS = 3  # that can say something of another task
BENCH_BOTH = "gis bench with both models on one task"
NO_INTERVAL = "too few pairs are independent of each other"
NO_ERROR = "no pair moves the scores"  # which is not certainty


def compare_models(
    scored: Sequence[ScoredTask], models: tuple[NamedModel, NamedModel], tasks: Sequence[str] = ()
) -> Comparison:
    """Compare two models on the tasks that both have results of the same pairs for.

    Args:
        scored: The results of both.
        models: The models; the mean of several seeds counts as one.
        tasks: Names of the tasks and suites to compare them on; all when empty.

    Raises:
        GisError: They have no such task in common.
    """
    names = models[0].name, models[1].name
    having = [_tasks_of(model, scored) for model in models]
    shown_names = shown_tasks({each.result.task.name: each.result.task.label for each in scored}, tasks)
    common = [task for task in shown_names if all(task in of_one for of_one in having)]
    if not common:
        raise GisError(f"{names[0]} and {names[1]} have no task in common", remedy=BENCH_BOTH)
    board = make_table(scored, common, models=models)
    shown = [column for column in board.columns if column.view is None and column.metric == "spearman"]
    both = {column: (_score(board, column, models[0]), _score(board, column, models[1])) for column in shown}
    compared = {
        column: _difference(board, column, models, (one.value, other.value))
        for column, (one, other) in both.items()
        if one.value is not None and other.value is not None
    }
    by_pairs = {column.pairs: row for column, row in compared.items() if column.pairs}
    if not by_pairs:
        reasons = "; ".join(_why_left_out(board, column, models) for column in shown[:1])
        raise GisError(f"{names[0]} and {names[1]} cannot be compared: {reasons}", remedy=BENCH_BOTH)
    means = [column for column in compared if column.averages]
    return Comparison(
        first=names[0],
        second=names[1],
        means_of_seeds=tuple(model.name for model in models if model.is_mean),
        means=tuple(compared[column] for column in means),
        tasks=tuple(_corrected(list(by_pairs.values()))),
        over_tasks=tuple(_over_tasks(column, [by_pairs[task] for task in column.averages]) for column in means),
        left_out={
            **{
                column.title: _why_left_out(board, column, models)
                for column in shown
                if column.pairs and column.pairs not in by_pairs
            },
            **{
                task: _who_has_a_result(names, [task in of_one for of_one in having])
                for task in shown_names
                if task not in common
            },
        },
    )


def _who_has_a_result(names: Sequence[str], have: Sequence[bool]) -> str:
    one = next((name for name, has in zip(names, have, strict=True) if has), None)
    return "not all seeds have a result" if one is None else f"only {one} has a result"


def _tasks_of(model: NamedModel, scored: Sequence[ScoredTask]) -> set[str]:
    """Return the tasks that a model, or each of those whose mean it is, has results for."""
    by_member = [
        {each.result.task.name for each in scored if each.result.model.identity == member} for member in model.members
    ]
    return set.intersection(*by_member)


def _score(board: Leaderboard, column: ScoreColumn, model: NamedModel) -> Score:
    row = next(row for row in board.rows if row.identity == model.identity)
    return row.scores[board.columns.index(column)]


def _difference(
    board: Leaderboard, column: ScoreColumn, models: tuple[NamedModel, NamedModel], values: tuple[float, float]
) -> ScoreDifference:
    """Compare two scores of a column by the error that its ranking has for their difference."""
    first, second = values
    ranked = board.rankings.get(column)
    difference, reason = None, ""
    if ranked is None or not {model.identity for model in models} <= set(ranked.models):
        reason = _why_unranked(board, column)
    else:
        one, other = (ranked.models.index(model.identity) for model in models)
        error = float(ranked.ranking.errors[one, other])
        if error == 0 and first != second:
            reason = NO_ERROR
        else:
            difference = difference_from_error(first - second, error, ranked.effective - 1)
    return ScoreDifference(
        title=column.title,
        tasks=len(column.averages) or 1,
        first=first,
        second=second,
        difference=difference,
        reason=reason,
    )


def _why_unranked(board: Leaderboard, column: ScoreColumn) -> str:
    """Return why the scores of a column have no error."""
    if column.averages:
        unknown = [pairs for pairs in column.averages if not any(pairs == each.pairs for each in board.rankings)]
        return f"there is none on {', '.join(unknown)}" if unknown else NO_INTERVAL
    left_out = aligned(board.scored_on(column.pairs)).left_out
    return next(iter(left_out.values()), NO_INTERVAL)


def _corrected(rows: Sequence[ScoreDifference]) -> list[ScoreDifference]:
    """Return the differences of the tasks with their p values corrected for their number."""
    corrected = iter(holm(np.array([row.difference.p for row in rows if row.difference is not None])))
    return [row if row.difference is None else replace(row, p_holm=float(next(corrected))) for row in rows]


def _over_tasks(column: ScoreColumn, tasks: Sequence[ScoreDifference]) -> OverTasks:
    first, second = [task.first for task in tasks], [task.second for task in tasks]
    return OverTasks(
        title=column.title,
        wins=sum(one > other for one, other in zip(first, second, strict=True)),
        losses=sum(one < other for one, other in zip(first, second, strict=True)),
        tasks=len(tasks),
        difference=paired_difference(first, second) if len(tasks) >= FEWEST_TASKS else None,
    )


def _why_left_out(board: Leaderboard, column: ScoreColumn, models: tuple[NamedModel, NamedModel]) -> str:
    """Return why two models cannot be compared on the pairs of a column."""
    scored = board.scored_on(column.pairs)
    if all(member in scored for model in models for member in model.members):
        undefined = [model.name for model in models if _score(board, column, model).value is None]
        return f"the score of {' and '.join(undefined)} is undefined"
    return "the models were scored on different pairs"

"""From results to a leaderboard."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gis.benchmark.results import Result, read_result, result_files
from gis.benchmark.runner import ScoredTask
from gis.leaderboard.agreement import with_reported
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.columns import columns, shown_tasks
from gis.leaderboard.models import NamedModel, merged_models, single_models, with_trainings
from gis.leaderboard.notes import notes
from gis.leaderboard.pair_sets import name_pair_sets
from gis.leaderboard.published import shipped
from gis.leaderboard.ranking import rank_columns
from gis.leaderboard.reported import Reported
from gis.leaderboard.rows import ColumnRanking, Cost, ModelRow, Score, ScoreColumn
from gis.leaderboard.scores import auroc_interval_of, auroc_of, rank_among_same, sample_of
from gis.leaderboard.seeds import mean_row
from gis.models.lexical import baseline_of
from gis.statistics.intervals import Interval
from gis.statistics.metrics import Undefined

Scored = Mapping[tuple[str, str], ScoredTask]  # by (identity, name of the pairs)


def load_table(folder: Path, tasks: Sequence[str] = (), *, reported: Sequence[Reported] = ()) -> Leaderboard:
    """Read the results below ``folder`` and rank their models.

    Args:
        folder: What ``gis bench --output`` wrote.
        tasks: Names of the tasks and suites to show, in this order; all when empty.
        reported: Published scores to show beside them.

    Raises:
        GisError: There are no results, or none of the tasks asked for.
    """
    return make_table(
        [ScoredTask(read_result(path, pairs_may_be_missing=True), path) for path in result_files(folder)],
        tasks,
        reported=reported,
    )


def make_table(
    scored: Iterable[ScoredTask],
    tasks: Sequence[str] = (),
    *,
    reported: Sequence[Reported] = (),
    models: Sequence[NamedModel] = (),
) -> Leaderboard:
    """Rank the models of results by the first column.

    Args:
        scored: Results of any models and tasks. Of several results of one model on one task, that of all pairs is
            shown, or else that of the largest sample; of several of these the newest, and a note says so. Results of
            different pairs are never in one column.
        tasks: Names of the tasks and suites to show, in this order; all when empty.
        reported: Published scores to show beside them, without a rank.
        models: The rows; when empty, one for each model that has a score on any of the tasks, and one for all models
            that differ only in the seed of their training.

    Raises:
        GisError: There are no results for any of ``tasks``.
    """
    ordered = with_trainings(sorted(scored, key=lambda each: rank_among_same(each.result)))
    best = {(each.result.model.identity, each.result.task.name): each for each in ordered}
    labels = {task: each.result.task.label for (_, task), each in best.items()}
    shown = shown_tasks(labels, tasks)
    chosen = [each for (_, task), each in best.items() if task in shown]
    results = [each.result for each in chosen]
    pair_sets = name_pair_sets(results)
    cells: Scored = {
        (result.model.identity, pair_sets[result.model.identity, result.task.name]): each
        for result, each in zip(results, chosen, strict=True)
    }
    by_pairs: dict[str, list[Result]] = {}
    for (_, pairs), each in cells.items():
        by_pairs.setdefault(pairs, []).append(each.result)
    score_columns = columns(shown, labels, by_pairs)
    single_rows = {model.identity: _row(model, score_columns, cells) for model in single_models(results).values()}
    rows = [
        mean_row(model.name, model.identity, [single_rows[member] for member in model.members])
        if model.is_mean
        else replace(single_rows[model.identity], model=model.name)
        for model in models or merged_models(results)
    ]
    rows.sort(key=lambda row: row.order)
    values = {(row.identity, column): row.scores[n].value for row in rows for n, column in enumerate(score_columns)}
    members = {row.identity: [member.identity for member in row.members] for row in rows}
    rankings = rank_columns(score_columns, cells, values, members)
    hidden = [each.result for each in ordered if each is not best[each.result.model.identity, each.result.task.name]]
    board = Leaderboard(
        columns=tuple(score_columns),
        rows=tuple(_marked(rows, score_columns)),
        notes=(),
        rankings=rankings.by_column,
    )
    board = _with_ranks(board)
    all_notes = notes(board, [result for result in hidden if result.task.name in shown], rankings.unranked)
    return with_reported(replace(board, notes=tuple(all_notes)), reported, shipped())


def _row(model: NamedModel, score_columns: Sequence[ScoreColumn], cells: Scored) -> ModelRow:
    scored = {pairs: each for (of, pairs), each in cells.items() if of == model.identity}
    results = {pairs: each.result for pairs, each in scored.items()}
    return ModelRow(
        model=model.name,
        identity=model.identity,
        scores=tuple(_score(column, results) for column in score_columns),
        scored=scored,
        cost=_cost(list(results.values())),
        baseline=any(baseline_of(result.model) is not None for result in results.values()),
    )


def _cost(results: Sequence[Result]) -> Cost:
    """Sum up what a model cost on the shown tasks."""
    read = sum(result.texts.tokens_kept or 0 for result in results)
    seconds = sum(result.run.seconds for result in results if result.texts.tokens_kept)
    devices = sorted({device for result in results for device in result.run.hardware})
    card = results[0].model
    return Cost(
        parameters=card.parameters,
        dimension=card.dimension,
        max_tokens=card.max_tokens,
        tokens_per_second=read / seconds if read and seconds else None,
        hardware="; ".join([*devices, results[0].run.precision]),
    )


def _score(column: ScoreColumn, results: Mapping[str, Result]) -> Score:
    if column.averages:
        return _mean(column.averages, results)
    result = results.get(column.pairs)
    if result is None:
        return Score()
    interval: Interval | None
    if column.view is not None:
        view = next((view for view in result.scores.views if view.view == column.view), None)
        metric, interval = (None, None) if view is None else (view.spearman, view.interval)
    elif column.metric == "spearman":
        metric, interval = result.scores.main, result.scores.main_interval
    else:
        metric, interval = auroc_of(result), auroc_interval_of(result)
    if metric is None:
        return Score()
    if isinstance(metric, Undefined):
        return Score(note=f"undefined: {metric.undefined}")
    return Score(metric, sample=sample_of(result), interval=interval)


def _mean(tasks: Sequence[str], results: Mapping[str, Result]) -> Score:
    """Return the unrounded mean of the tasks' main scores; "n of N" where some are missing: fewer would not compare."""
    values = [results[task].scores.main for task in tasks if task in results]
    scores = [value for value in values if not isinstance(value, Undefined)]
    if len(scores) < len(tasks):
        return Score(note=f"{len(scores)} of {len(tasks)}")
    samples = dict.fromkeys(filter(None, (sample_of(results[task]) for task in tasks)))
    return Score(sum(scores) / len(scores), sample=", ".join(samples))


def _marked(rows: Sequence[ModelRow], score_columns: Sequence[ScoreColumn]) -> list[ModelRow]:
    """Mark the highest score of each column, as it is printed: equal to two decimals is equally best."""
    highest = []
    for position in range(len(score_columns)):
        printed = [round(100 * v, 2) for row in rows if (v := row.scores[position].value) is not None]
        highest.append(max(printed, default=None))
    return [
        replace(
            row,
            scores=tuple(
                replace(score, best=score.value is not None and round(100 * score.value, 2) == top)
                for score, top in zip(row.scores, highest, strict=True)
            ),
        )
        for row in rows
    ]


def _with_ranks(board: Leaderboard) -> Leaderboard:
    """Return the leaderboard with the rank of each score that has one, and the intervals of means."""
    ranked_columns = [board.rankings.get(column) for column in board.columns]
    best_ranked = [
        ranked is not None and any(row.scores[n].best and row.identity in ranked.models for row in board.rows)
        for n, ranked in enumerate(ranked_columns)
    ]
    rows = [
        replace(
            row,
            scores=tuple(
                score if ranked is None else _ranked(score, ranked, row.identity, best_is_ranked=best)
                for score, ranked, best in zip(row.scores, ranked_columns, best_ranked, strict=True)
            ),
        )
        for row in board.rows
    ]
    return replace(board, rows=tuple(rows))


def _ranked(score: Score, column: ColumnRanking, identity: str, *, best_is_ranked: bool) -> Score:
    if identity not in column.models:
        return score
    row = column.models.index(identity)
    return replace(
        score,
        interval=score.interval or column.intervals[row],
        rank=column.ranking.ranks[row],
        tied=best_is_ranked and column.ranking.groups[row] == 1 and not score.best,
    )

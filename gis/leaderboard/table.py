"""From results to a leaderboard."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from gis.benchmark.results import Result, read_results
from gis.leaderboard.board import Leaderboard, ModelRow, Score, ScoreColumn
from gis.leaderboard.columns import columns, shown_tasks
from gis.leaderboard.notes import notes
from gis.leaderboard.scores import auroc_of, rank_among_same, sample_of
from gis.models.base import LABEL_DIGITS, distinguishing_settings
from gis.statistics.metrics import Undefined


def load_table(folder: Path, tasks: Sequence[str] = ()) -> Leaderboard:
    """Read the results below ``folder`` and rank their models.

    Args:
        folder: What ``gis bench --output`` wrote.
        tasks: Names of the tasks and suites to show, in this order; all when empty.

    Raises:
        GisError: There are no results, or none of the tasks asked for.
    """
    return make_table(read_results(folder), tasks)


def make_table(results: Iterable[Result], tasks: Sequence[str] = ()) -> Leaderboard:
    """Rank the models of ``results`` by the first column.

    Args:
        results: Results of any models and tasks. Of several results of one model on one task, that of all pairs is
            shown, or else that of the largest sample; of several of these the newest, and a note says so.
        tasks: Names of the tasks and suites to show, in this order; all when empty.

    Returns:
        The leaderboard: a row for each model that has a result on any of the tasks.

    Raises:
        GisError: There are no results for any of ``tasks``.
    """
    ordered = sorted(results, key=rank_among_same)
    best = {(result.model.identity, result.task.name): result for result in ordered}
    labels = {task: result.task.label for (_, task), result in best.items()}
    shown = shown_tasks(labels, tasks)
    shown_results = [result for (_, task), result in best.items() if task in shown]
    by_model: dict[str, dict[str, Result]] = {}
    for result in shown_results:
        by_model.setdefault(result.model.identity, {})[result.task.name] = result
    score_columns = columns(shown, labels, shown_results)
    names = display_names(shown_results)
    rows = [
        ModelRow(names[identity], identity, tuple(_score(column, of_task) for column in score_columns))
        for identity, of_task in by_model.items()
    ]
    rows.sort(key=lambda row: (row.scores[0].value is None, -(row.scores[0].value or 0.0), row.model))
    hidden = [result for result in ordered if result is not best[result.model.identity, result.task.name]]
    all_notes = notes(shown_results, [result for result in hidden if result.task.name in shown], names)
    return Leaderboard(tuple(score_columns), tuple(_with_best(rows)), tuple(all_notes))


def display_names(results: Iterable[Result]) -> dict[str, str]:
    """Return a name for each model's identity; models of one name also say in what they differ: "minilm (bf16)"."""
    cards = {result.model.identity: result.model for result in sorted(results, key=rank_among_same)}
    names = {}
    for card in cards.values():
        namesakes = [other for other in cards.values() if other.name == card.name]
        differences = distinguishing_settings(namesakes) if len(namesakes) > 1 else [""]
        difference = differences[namesakes.index(card)]
        names[card.identity] = f"{card.name} ({difference})" if difference else card.name
    times = Counter(names.values())  # a model may be called as another with its settings
    return {key: f"{name} ({key[:LABEL_DIGITS]})" if times[name] > 1 else name for key, name in names.items()}


def _score(column: ScoreColumn, results: Mapping[str, Result]) -> Score:
    if column.averages:
        return _mean(column.averages, results)
    result = results.get(column.task)
    if result is None:
        return Score()
    if column.view is not None:
        metric = next((view.spearman for view in result.scores.views if view.view == column.view), None)
    else:
        metric = result.scores.main if column.metric == "spearman" else auroc_of(result)
    if metric is None:
        return Score()
    if isinstance(metric, Undefined):
        return Score(note=f"undefined: {metric.undefined}")
    return Score(metric, sample=sample_of(result))


def _mean(tasks: Sequence[str], results: Mapping[str, Result]) -> Score:
    """Return the unrounded mean of the tasks' main scores; "n of N" where some are missing: fewer would not compare."""
    values = [results[task].scores.main for task in tasks if task in results]
    scores = [value for value in values if not isinstance(value, Undefined)]
    if len(scores) < len(tasks):
        return Score(note=f"{len(scores)} of {len(tasks)}")
    samples = dict.fromkeys(filter(None, (sample_of(results[task]) for task in tasks)))
    return Score(sum(scores) / len(scores), sample=", ".join(samples))


def _with_best(rows: Sequence[ModelRow]) -> list[ModelRow]:
    """Mark the highest full score of each column, as it is printed: equal to two decimals is equally best."""
    marked = [list(row.scores) for row in rows]
    for position in range(len(rows[0].scores)):
        printed = [
            round(100 * score.value, 2)
            for score in (row.scores[position] for row in rows)
            if score.value is not None and not score.sample
        ]
        for scores in marked:
            score = scores[position]
            if printed and score.value is not None and not score.sample and round(100 * score.value, 2) == max(printed):
                scores[position] = replace(score, best=True)
    return [ModelRow(row.model, row.identity, tuple(scores)) for row, scores in zip(rows, marked, strict=True)]

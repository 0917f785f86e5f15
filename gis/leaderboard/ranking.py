"""Which models of a column differ for certain: from the scores of the pairs to ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from gis.benchmark.runner import ScoredTask
from gis.benchmark.scoring import ALL, Influence, Rows, main_influence
from gis.leaderboard.pair_scores import PairScores, aligned
from gis.leaderboard.rows import ColumnRanking, ScoreColumn
from gis.leaderboard.seeds import averages
from gis.statistics.dependence import Dependence
from gis.statistics.differences import freedom_of_sum
from gis.statistics.influence import auroc_influence, spearman_influence
from gis.statistics.intervals import auroc_interval_from_error, correlation_interval_from_error
from gis.statistics.metrics import Array
from gis.statistics.ranks import rank_models


@dataclass(frozen=True)
class Errors:
    """The joint errors of the scores of some models.

    Attributes:
        models: The identity of each of the m models.
        covariance: (m, m).
        effective: The number of independent units of equal size behind it.
    """

    models: tuple[str, ...]
    covariance: Array
    effective: float

    def of(self, models: Sequence[str]) -> Array:
        """Return the covariance of some of the models, in their order."""
        rows = [self.models.index(model) for model in models]
        return self.covariance[np.ix_(rows, rows)]


@dataclass(frozen=True)
class Rankings:
    """The rankings of a leaderboard.

    Attributes:
        by_column: The ranking of each column that has one.
        unranked: Why a model has no rank on a task, by (identity, task).
    """

    by_column: Mapping[ScoreColumn, ColumnRanking]
    unranked: Mapping[tuple[str, str], str]


def rank_columns(
    columns: Sequence[ScoreColumn],
    scored: Mapping[tuple[str, str], ScoredTask],
    values: Mapping[tuple[str, ScoreColumn], float | None],
    members: Mapping[str, Sequence[str]],
) -> Rankings:
    """Rank the rows of each column, which are models or the means of some.

    Args:
        columns: The columns of the leaderboard.
        scored: The result of each model in each set of pairs: (identity, ``ScoreColumn.pairs``).
        values: The score of each row, by identity, in each column.
        members: The identities of the models of each row, by its identity.

    Returns:
        The rankings, task by task read and forgotten, so that memory holds the pairs of one task at a time.
    """
    by_column: dict[ScoreColumn, ColumnRanking] = {}
    unranked: dict[tuple[str, str], str] = {}
    of_tasks: dict[str, Errors] = {}
    for key in dict.fromkeys(column.pairs for column in columns if column.pairs):
        pairs, left_out = aligned({identity: task for (identity, name), task in scored.items() if name == key})
        unranked |= {(identity, key): reason for identity, reason in left_out.items()}
        if pairs is None:
            continue
        for column in (column for column in columns if column.pairs == key):
            errors = _errors(pairs, column, members)
            if errors is not None:
                if column.view is None and column.metric == "spearman":
                    of_tasks[key] = errors
                _add(by_column, column, errors, values)
    for column in (column for column in columns if column.averages):
        errors = _errors_of_mean([of_tasks[key] for key in column.averages if key in of_tasks], len(column.averages))
        if errors is not None:
            _add(by_column, column, errors, values)
    return Rankings(by_column, unranked)


def _add(
    rankings: dict[ScoreColumn, ColumnRanking],
    column: ScoreColumn,
    errors: Errors,
    values: Mapping[tuple[str, ScoreColumn], float | None],
) -> None:
    """Rank those of the models that have a score in the column."""
    scores = {model: score for model in errors.models if (score := values.get((model, column))) is not None}
    if scores:
        covariance = errors.of(list(scores))
        interval_of = auroc_interval_from_error if column.metric == "auroc" else correlation_interval_from_error
        rankings[column] = ColumnRanking(
            tuple(scores),
            rank_models(np.array(list(scores.values())), covariance, errors.effective),
            tuple(map(interval_of, scores.values(), np.sqrt(np.diag(covariance)), repeat(errors.effective))),
            errors.effective,
        )


def _errors(pairs: PairScores, column: ScoreColumn, members: Mapping[str, Sequence[str]]) -> Errors | None:
    """Return the errors of the rows' scores in a column; None where too few pairs are independent of each other."""
    influence_of: Influence = spearman_influence if column.metric == "spearman" else auroc_influence
    if column.view is None:
        rows = np.ones(len(pairs.gold), dtype=bool)
        views = pairs.views
    elif column.view in pairs.views:
        rows = pairs.views[column.view]
        views = {ALL: np.ones(int(rows.sum()), dtype=bool)}
    else:
        return None
    dependence = Dependence(*pairs.text_ids[:, rows])
    if not dependence.enough:
        return None
    gold, scores = pairs.gold[rows], pairs.scores[rows]
    varied = [n for n in range(scores.shape[1]) if _is_defined(scores[:, n], gold, views)]
    if not varied:
        return None
    influence = np.stack([main_influence(influence_of, scores[:, n], gold, views) for n in varied], axis=1)
    rows_of_board, weights = averages(members, [pairs.models[n] for n in varied])
    if not rows_of_board:
        return None
    return Errors(rows_of_board, dependence.covariance(influence @ weights), dependence.effective)


def _is_defined(scores: Array, gold: Array, views: Mapping[str, Rows]) -> bool:
    return all(np.ptp(scores[rows]) > 0 and np.ptp(gold[rows]) > 0 for rows in views.values())


def _errors_of_mean(tasks: Sequence[Errors], expected: int) -> Errors | None:
    """Return the errors of the mean over tasks, which are independent of each other; None where some are missing."""
    if len(tasks) < expected or not tasks:
        return None
    models = [model for model in tasks[0].models if all(model in task.models for task in tasks)]
    if not models:
        return None
    covariances = [task.of(models) for task in tasks]
    variances = [float(np.trace(covariance)) for covariance in covariances]
    freedom = [task.effective - 1 for task in tasks]
    effective = 1 + freedom_of_sum(variances, freedom) if any(variances) else tasks[0].effective
    return Errors(tuple(models), sum(covariances, np.zeros_like(covariances[0])) / len(tasks) ** 2, effective)

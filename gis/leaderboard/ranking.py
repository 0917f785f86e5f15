"""Which models of a column differ for certain: from the scores of the pairs to ranks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.runner import ScoredTask
from gis.benchmark.scoring import ALL, Influence, Rows, main_influence, views_of
from gis.errors import GisError
from gis.leaderboard.board import ColumnRanking, ScoreColumn
from gis.leaderboard.seeds import averages
from gis.statistics.dependence import Dependence
from gis.statistics.differences import freedom_of_sum
from gis.statistics.influence import auroc_influence, spearman_influence
from gis.statistics.intervals import auroc_interval_from_error, correlation_interval_from_error
from gis.statistics.metrics import Array
from gis.statistics.ranks import rank_models

if TYPE_CHECKING:
    import pandas as pd

TEXT_IDS = ("text_id1", "text_id2")
GROUPINGS: tuple[Literal["subset", "stratum"], ...] = ("subset", "stratum")
NO_PAIRS = "the scores of the pairs are missing; the same gis bench with --force makes them"
OLD_PAIRS = "an older gis scored it, without numbers of the texts; the same gis bench with --force adds them"
OTHER_PAIRS = "its scores are of other pairs than those of most models, or in another order"


@dataclass(frozen=True, kw_only=True)
class PairScores:
    """The pairs of one task with the scores of m models, in one order.

    Attributes:
        models: The identity of each model.
        scores: (n, m) its score of each pair.
        gold: (n,) labels.
        text_ids: (2, n) numbers of the texts.
        views: The rows of each view.
        binary: Whether the labels are 0 and 1.
    """

    models: tuple[str, ...]
    scores: Array
    gold: Array
    text_ids: NDArray[np.intp]
    views: Mapping[str, Rows]
    binary: bool


class Aligned(NamedTuple):
    """The scores that compare, None where there are none, and why the others do not, by identity."""

    pairs: PairScores | None
    left_out: Mapping[str, str]


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


def aligned(scored: Mapping[str, ScoredTask]) -> Aligned:
    """Put the scores of the pairs of one task by several models side by side.

    Args:
        scored: The result of each model, by its identity.
    """
    left_out: dict[str, str] = {}
    alike: list[dict[str, pd.DataFrame]] = []  # tables of the same pairs
    for identity, task in scored.items():
        table = _table(task)
        if isinstance(table, str):
            left_out[identity] = table
            continue
        same = next((tables for tables in alike if _same_pairs(next(iter(tables.values())), table)), None)
        if same is None:
            alike.append({identity: table})
        else:
            same[identity] = table
    tables = max(alike, key=len, default={})
    left_out |= dict.fromkeys((identity for each in alike if each is not tables for identity in each), OTHER_PAIRS)
    if not tables:
        return Aligned(None, left_out)
    first = next(iter(tables.values()))
    gold = first["gold"].to_numpy(dtype=np.float64)
    grouped_by = next((name for name in GROUPINGS if name in first.columns), None)
    binary = scored[next(iter(tables))].result.task.label == "binary"
    pairs = PairScores(
        models=tuple(tables),
        scores=np.stack([table["score"].to_numpy(dtype=np.float64) for table in tables.values()], axis=1),
        gold=gold,
        text_ids=np.stack([first[name].to_numpy(dtype=np.intp) for name in TEXT_IDS]),
        views=views_of(gold, None if grouped_by is None else list(first[grouped_by]), grouped_by, binary=binary),
        binary=binary,
    )
    return Aligned(pairs, left_out)


def _table(scored: ScoredTask) -> "pd.DataFrame | str":
    """Return the scores of the pairs of a result, or why they cannot be compared."""
    try:
        table = scored.pairs()
    except GisError:
        return NO_PAIRS
    if table.empty:
        return NO_PAIRS
    return table if {"id", "gold", "score", *TEXT_IDS} <= set(table.columns) else OLD_PAIRS


def _same_pairs(one: "pd.DataFrame", other: "pd.DataFrame") -> bool:
    """Return whether two tables are of the same pairs in the same order."""
    names = ("id", "gold", *TEXT_IDS)
    return len(one) == len(other) and all(np.array_equal(one[name], other[name]) for name in names)

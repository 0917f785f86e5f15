"""Results as a whole: a data frame, the scores of each pair, a leaderboard."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gis.benchmark.results import Result, read_result, result_files
from gis.benchmark.retrieval.results import RankedTask, read_all_retrieval
from gis.benchmark.runner import ModelFailure, ScoredTask
from gis.errors import GisError, UsageError, unknown_name
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.models import NamedModel, merged_models, single_models, with_trainings
from gis.leaderboard.pair_scores import mean_pairs
from gis.leaderboard.reported import Reported
from gis.leaderboard.scores import rank_among_same
from gis.leaderboard.table import make_table
from gis.leaderboard.views import view_records
from gis.models.base import LABEL_DIGITS

if TYPE_CHECKING:
    import pandas as pd

    from gis.leaderboard.comparison import Comparison
    from gis.leaderboard.retrieval import RetrievalTable

DIGITS = re.compile(rf"[0-9a-f]{{1,{LABEL_DIGITS - 1}}}")  # of an identity, too few to name a model
TOO_FEW = f"Of an identity, give {LABEL_DIGITS} digits or more."


def load_results(folder: str | Path) -> "ResultSet":
    """Read every result below ``folder``; the scores of the pairs are read when they are asked for.

    Args:
        folder: What ``gis.bench`` or ``gis bench --output`` wrote.

    Raises:
        GisError: There are no results, or a file is damaged.
    """
    folder = Path(folder)
    ranked = tuple(read_all_retrieval(folder))
    paths = result_files(folder) if not ranked or any(folder.glob("*/*/*.json")) else []
    return ResultSet([ScoredTask(read_result(path, pairs_may_be_missing=True), path) for path in paths], ranked=ranked)


class ResultSet:
    """Results of models on tasks; iterating gives each ``Result``, and a notebook shows their leaderboard.

    Args:
        scored: The results, in any order, each with the scores of its pairs or the file that holds them.
        failures: The models that could not be scored.
        ranked: Results of retrieval, each with its ranks.
    """

    def __init__(
        self,
        scored: Sequence[ScoredTask],
        failures: Sequence[ModelFailure] = (),
        ranked: Sequence[RankedTask] = (),
    ) -> None:
        self.failures = tuple(failures)
        self.ranked = tuple(ranked)
        self._scored = tuple(scored)
        self._results = tuple(each.result for each in scored)
        known = [each.result for each in with_trainings(self._scored)]
        singles = single_models(known)
        self._names = {identity: model.name for identity, model in singles.items()}
        self._models = [*singles.values(), *(model for model in merged_models(known) if model.is_mean)]
        self._best = {
            (each.result.model.identity, each.result.task.name): each
            for each in sorted(scored, key=lambda each: rank_among_same(each.result))
        }

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return repr(self.leaderboard()) if self._results else "no results"

    def _repr_html_(self) -> str:
        return self.leaderboard()._repr_html_() if self._results else "no results"

    def retrieval(self, tasks: Sequence[str] = ()) -> "list[RetrievalTable]":
        """Return a table for each retrieval task: see ``gis.leaderboard.retrieval``.

        Args:
            tasks: Names of the tasks to show, in this order; all when empty.
        """
        from gis.leaderboard.retrieval import retrieval_tables

        return retrieval_tables(self.ranked, tasks)

    def leaderboard(self, tasks: Sequence[str] = (), *, reported: Sequence[Reported] = ()) -> Leaderboard:
        """Rank the models by the first column.

        Args:
            tasks: Names of the tasks and suites to show, in this order; all when empty.
            reported: Published scores to show beside them, without a rank.

        Raises:
            GisError: There are no results for any of ``tasks``.
        """
        return make_table(self._scored, tasks, reported=reported)

    def to_frame(self) -> "pd.DataFrame":
        """Return a row for each model, task and view of its pairs: all, a sub-set or a stratum.

        Scores are unrounded, 0 to 1, and NaN where there is none; ``undefined`` gives the reason for Spearman. ``main``
        marks the view whose Spearman the leaderboard shows: for stratified negatives the mean over the strata. AUROC,
        average precision and the ceiling of Spearman exist for binary labels. ``spearman_low`` and the like are ends of
        95 % intervals, NaN where there is none, as in results of an older gis. The columns ``settings.…`` hold the
        models' settings. ``verified`` is False for results of an older gis, which carry no hashes.
        """
        import pandas as pd

        records = [
            {**self._about(result), **view, **_settings(result)}
            for result in self._results
            for view in view_records(result)
        ]
        return pd.DataFrame(records)

    def to_tidy_frame(self, tasks: Sequence[str] = ()) -> "pd.DataFrame":
        """Return a row for each model, task, view and metric, with its interval and ranks: see ``tidy_frame``.

        Args:
            tasks: Names of the tasks and suites to show, in this order; all when empty.

        Raises:
            GisError: There are no results for any of ``tasks``.
        """
        from gis.leaderboard.tidy import tidy_frame

        return tidy_frame(self.leaderboard(tasks))

    def pairs(self, model: str, task: str) -> "pd.DataFrame":
        """Return the scores of the pairs of one task: one row for each pair, with its label and the model's score.

        Of a row of several seeds it is the mean of their scores.

        Args:
            model: The name in the leaderboard, or the identity or its first six digits or more.
            task: The name of the task.

        Raises:
            GisError: There is no such result, or its table of pairs is missing.
        """
        return mean_pairs(self._of_model(model, task))

    def errors(self, model: str, task: str | None = None, n: int = 20) -> "pd.DataFrame":
        """Return the pairs that a model scores worst: see ``gis.leaderboard.worst_pairs``.

        Of a row of several seeds the mean of their scores of a pair counts.

        Args:
            model: The name in the leaderboard, or the identity or its first six digits or more.
            task: The name of the task; None where the model has one only.
            n: How many pairs.

        Raises:
            GisError: There is no such result, or its table of pairs is missing.
        """
        from gis.leaderboard.worst_pairs import worst_pairs

        return worst_pairs(self._of_model(model, task), n)

    def compare(self, first: str, second: str, tasks: Sequence[str] = ()) -> "Comparison":
        """Say whether one model is better than another.

        Args:
            first: The name in the leaderboard, or the identity or its first six digits or more.
            second: That of the other model.
            tasks: Names of the tasks and suites to compare them on; all when empty.

        Raises:
            GisError: There is no such model, both are the same, or they have no task in common.
        """
        from gis.leaderboard.compare import compare_models

        models = self._called(first), self._called(second)
        if models[0] == models[1]:
            raise UsageError(f"{first} and {second} are the same model", remedy="name two models")
        of_both = [each for each in self._scored if any(each.result.model.identity in m.members for m in models)]
        return compare_models(of_both, models, tasks)

    def _of_model(self, model: str, task: str | None) -> list[ScoredTask]:
        """Return the result of a model on a task, by names; of the mean of several seeds that of each."""
        candidates = self._candidates(model)
        tasks = sorted({name for each in candidates for name in self._tasks(each)})
        if task is None and len(tasks) > 1:
            raise UsageError(f"{model} has results for {len(tasks)} tasks", remedy=f"name one: {', '.join(tasks)}")
        task = task or "".join(tasks)
        having = [each for each in candidates if task in self._tasks(each)]
        if not having:
            raise unknown_name("task", task, tasks)
        return [self._best[member, task] for member in _only(model, having).members]

    def _tasks(self, model: NamedModel) -> set[str]:
        """Return the tasks that a model, or each of several seeds, has results for."""
        return set.intersection(*({task for of, task in self._best if of == member} for member in model.members))

    def _candidates(self, name: str) -> list[NamedModel]:
        """Return the models that a name may mean."""
        candidates = [model for model in self._models if model.is_called(name)]
        if not candidates:
            names = {name for model in self._models for name in (model.name, *model.aliases)}
            raise unknown_name("model", name, names, TOO_FEW if DIGITS.fullmatch(name) else "")
        return candidates

    def _called(self, name: str) -> NamedModel:
        return _only(name, self._candidates(name))

    def _about(self, result: Result) -> dict[str, object]:
        return {
            "model": self._names[result.model.identity],
            "identity": result.model.identity,
            "task": result.task.name,
            "label": result.task.label,
            "limit": result.task.limit,
            "seed": result.task.seed,
            "verified": result.verified,
        }


def _only(name: str, models: Sequence[NamedModel]) -> NamedModel:
    """Return the one model of a name.

    Raises:
        GisError: There are several.
    """
    if len(models) > 1:
        raise GisError(f"several models are called {name}: {', '.join(sorted(model.name for model in models))}")
    return models[0]


def _settings(result: Result) -> dict[str, object]:
    settings = {**result.model.settings, "max_tokens": result.model.max_tokens}
    return {f"settings.{name}": value for name, value in settings.items()}

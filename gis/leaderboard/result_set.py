"""Results as a whole: a data frame, the scores of each pair, a leaderboard."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gis.benchmark.results import Result, read_result, result_files
from gis.benchmark.runner import ModelFailure, ScoredTask
from gis.errors import GisError, UsageError, unknown_name
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.reported import Reported
from gis.leaderboard.scores import rank_among_same
from gis.leaderboard.table import display_names, make_table
from gis.leaderboard.views import view_records

if TYPE_CHECKING:
    import pandas as pd

    from gis.leaderboard.comparison import Comparison


def load_results(folder: str | Path) -> "ResultSet":
    """Read every result below ``folder``; the scores of the pairs are read when they are asked for.

    Args:
        folder: What ``gis.bench`` or ``gis bench --output`` wrote.

    Raises:
        GisError: There are no results, or a file is damaged.
    """
    return ResultSet(
        [ScoredTask(read_result(path, pairs_may_be_missing=True), path) for path in result_files(Path(folder))]
    )


class ResultSet:
    """Results of models on tasks; iterating gives each ``Result``, and a notebook shows their leaderboard.

    Args:
        scored: The results, in any order, each with the scores of its pairs or the file that holds them.
        failures: The models that could not be scored.
    """

    def __init__(self, scored: Sequence[ScoredTask], failures: Sequence[ModelFailure] = ()) -> None:
        self.failures = tuple(failures)
        self._scored = tuple(scored)
        self._results = tuple(each.result for each in scored)
        self._names = display_names(self._results)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return repr(self.leaderboard()) if self._results else "no results"

    def _repr_html_(self) -> str:
        return self.leaderboard()._repr_html_() if self._results else "no results"

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

        Args:
            model: The name in the leaderboard, or the identity or its first digits.
            task: The name of the task.

        Raises:
            GisError: There is no such result, or its table of pairs is missing.
        """
        return self._result(model, task).pairs()

    def errors(self, model: str, task: str | None = None, n: int = 20) -> "pd.DataFrame":
        """Return the pairs that a model scores worst: see ``gis.leaderboard.worst_pairs``.

        Args:
            model: The name in the leaderboard, or the identity or its first digits.
            task: The name of the task; None where the model has one only.
            n: How many pairs.

        Raises:
            GisError: There is no such result, or its table of pairs is missing.
        """
        from gis.leaderboard.worst_pairs import worst_pairs

        return worst_pairs(self._result(model, task), n)

    def compare(self, first: str, second: str, tasks: Sequence[str] = ()) -> "Comparison":
        """Say whether one model is better than another.

        Args:
            first: The name in the leaderboard, or the identity or its first digits.
            second: That of the other model.
            tasks: Names of the tasks and suites to compare them on; all when empty.

        Raises:
            GisError: There is no such model, both are the same, or they have no task in common.
        """
        from gis.leaderboard.compare import compare_models

        identities = [self._identity(model, self._called(model)) for model in (first, second)]
        if identities[0] == identities[1]:
            raise UsageError(f"{first} and {second} are the same model", remedy="name two models")
        of_both = [each for each in self._scored if each.result.model.identity in identities]
        names = [self._names[identity] for identity in identities]
        return compare_models(of_both, (identities[0], identities[1]), (names[0], names[1]), tasks)

    def _result(self, model: str, task: str | None) -> ScoredTask:
        """Return the result of a model on a task, by names."""
        of_model = self._called(model)
        tasks = sorted({each.result.task.name for each in of_model})
        if task is None and len(tasks) > 1:
            raise UsageError(f"{model} has results for {len(tasks)} tasks", remedy=f"name one: {', '.join(tasks)}")
        matches = [each for each in of_model if task in (None, each.result.task.name)]
        if not matches:
            raise unknown_name("task", str(task), tasks)
        self._identity(model, matches)
        return max(matches, key=lambda each: rank_among_same(each.result))

    def _called(self, model: str) -> list[ScoredTask]:
        """Return the results of the models that a name may mean."""
        of_model = [each for each in self._scored if self._is_called(each.result, model)]
        if not of_model:
            names = {*self._names.values(), *(result.model.name for result in self._results)}
            raise unknown_name("model", model, names)
        return of_model

    def _identity(self, model: str, scored: Sequence[ScoredTask]) -> str:
        """Return the identity that results of one name have in common."""
        identities = {each.result.model.identity for each in scored}
        if len(identities) > 1:
            names = sorted(self._names[identity] for identity in identities)
            raise GisError(f"several models are called {model}: {', '.join(names)}")
        return identities.pop()

    def _is_called(self, result: Result, model: str) -> bool:
        identity = result.model.identity
        return model in (result.model.name, self._names[identity]) or (len(model) >= 6 and identity.startswith(model))

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


def _settings(result: Result) -> dict[str, object]:
    settings = {**result.model.settings, "max_tokens": result.model.max_tokens}
    return {f"settings.{name}": value for name, value in settings.items()}

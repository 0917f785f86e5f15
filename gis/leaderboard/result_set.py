"""Results as a whole: a data frame, the scores of each pair, a leaderboard."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gis.benchmark.results import Result, read_result, result_files
from gis.benchmark.runner import ModelFailure, ScoredTask
from gis.benchmark.scoring import ViewScores
from gis.errors import GisError, unknown_name
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.reported import Reported
from gis.leaderboard.scores import auroc_of, ceiling_of, rank_among_same, strata_of
from gis.leaderboard.table import display_names, make_table
from gis.statistics.metrics import Metric, Undefined

if TYPE_CHECKING:
    import pandas as pd

MEAN_VIEW = "mean of strata"


def load_results(folder: str | Path) -> "ResultSet":
    """Read every result below ``folder``; the scores of the pairs are read when they are asked for.

    Args:
        folder: What ``gis.bench`` or ``gis bench --output`` wrote.

    Raises:
        GisError: There are no results, or a file is damaged.
    """
    return ResultSet([ScoredTask(read_result(path), path) for path in result_files(Path(folder))])


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
        average precision and the ceiling of Spearman exist for binary labels. The columns ``settings.…`` hold the
        models' settings. ``verified`` is False for results of an older gis, which carry no hashes.
        """
        import pandas as pd

        records = [
            {**self._about(result), **view, **_settings(result)} for result in self._results for view in _views(result)
        ]
        return pd.DataFrame(records)

    def pairs(self, model: str, task: str) -> "pd.DataFrame":
        """Return the scores of the pairs of one task: one row for each pair, with its label and the model's score.

        Args:
            model: The name in the leaderboard, or the identity or its first digits.
            task: The name of the task.

        Raises:
            GisError: There is no such result, or its table of pairs is missing.
        """
        models = {*self._names.values(), *(result.model.name for result in self._results)}
        of_model = [n for n, result in enumerate(self._results) if self._is_called(result, model)]
        if not of_model:
            raise unknown_name("model", model, models)
        matches = [n for n in of_model if self._results[n].task.name == task]
        if not matches:
            raise unknown_name("task", task, {self._results[n].task.name for n in of_model})
        if len({self._results[n].model.identity for n in matches}) > 1:
            names = sorted({self._names[self._results[n].model.identity] for n in matches})
            raise GisError(f"several models are called {model}: {', '.join(names)}")
        shown = max(matches, key=lambda n: rank_among_same(self._results[n]))
        return self._scored[shown].pairs()

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


def _views(result: Result) -> Iterator[dict[str, object]]:
    stratified = bool(strata_of(result))
    if stratified:
        yield _record(
            MEAN_VIEW,
            main=True,
            pairs=result.texts.pairs,
            spearman=result.scores.main,
            auroc=auroc_of(result),
            ceiling=ceiling_of(result),
        )
    for n, view in enumerate(result.scores.views):
        yield _view_record(view, main=n == 0 and not stratified)


def _view_record(view: ViewScores, *, main: bool) -> dict[str, object]:
    binary = view.binary
    return _record(
        view.view,
        main=main,
        pairs=view.pairs,
        spearman=view.spearman,
        pearson=view.pearson,
        kendall=view.kendall,
        auroc=None if binary is None else binary.auroc,
        average_precision=None if binary is None else binary.average_precision,
        ceiling=None if binary is None else binary.spearman_ceiling,
    )


def _record(
    view: str,
    *,
    main: bool,
    pairs: int,
    spearman: Metric,
    pearson: Metric | None = None,
    kendall: Metric | None = None,
    auroc: Metric | None = None,
    average_precision: Metric | None = None,
    ceiling: Metric | None = None,
) -> dict[str, object]:
    metrics = {
        "spearman": spearman,
        "pearson": pearson,
        "kendall": kendall,
        "auroc": auroc,
        "average_precision": average_precision,
        "ceiling": ceiling,
    }
    return {
        "view": view,
        "main": main,
        "pairs": pairs,
        **{name: value if isinstance(value, float) else float("nan") for name, value in metrics.items()},
        "undefined": spearman.undefined if isinstance(spearman, Undefined) else "",
    }


def _settings(result: Result) -> dict[str, object]:
    settings = {**result.model.settings, "max_tokens": result.model.max_tokens}
    return {f"settings.{name}": value for name, value in settings.items()}

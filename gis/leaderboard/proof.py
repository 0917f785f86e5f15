"""Do the scores of a result follow from the scores of its pairs?

Hashes show that a file was changed, but not that numbers and hashes were made up together.
"""

from collections.abc import Mapping
from pathlib import Path

from gis.benchmark.results import Result
from gis.benchmark.scoring import MEAN_OVER_STRATA, Rows
from gis.errors import GisError
from gis.statistics.metrics import Array, Metric, Undefined, auroc, spearman

TOLERANCE = 1e-6  # of a score: other versions of the libraries round otherwise


def check_scores(path: Path, result: Result, scores: Array, gold: Array, views: Mapping[str, Rows]) -> None:
    """Raise if the main score of a result, or the Spearman or AUROC of a view, is not what its pairs give.

    Args:
        path: The result file.
        result: The result.
        scores: (n,) the score of each of its pairs.
        gold: (n,) their labels.
        views: The rows of each view, as ``gis.benchmark.scoring.views_of`` gives them.

    Raises:
        GisError: A score is another one.
    """
    of_views = {name: spearman(scores[rows], gold[rows]) for name, rows in views.items()}
    if result.scores.main_definition == MEAN_OVER_STRATA:
        _compare(path, "main score", result.scores.main, _mean(list(of_views.values())))
    else:
        _compare(path, "main score", result.scores.main, spearman(scores, gold))
    for view in result.scores.views:
        if view.view not in views:  # an older gis had others
            continue
        _compare(path, f"Spearman of {view.view}", view.spearman, of_views[view.view])
        if view.binary is not None:
            rows = views[view.view]
            _compare(path, f"AUROC of {view.view}", view.binary.auroc, auroc(scores[rows], gold[rows]))


def _compare(path: Path, what: str, written: Metric, computed: Metric) -> None:
    if isinstance(written, Undefined) or isinstance(computed, Undefined):
        same = isinstance(written, Undefined) and isinstance(computed, Undefined)
    else:
        same = abs(written - computed) <= TOLERANCE
    if not same:
        raise GisError(
            f"{path}: the {what} is written as {_in_words(written)}, but the scores of its pairs give "
            f"{_in_words(computed)}",
            remedy="the same gis bench with --force makes both anew; or move the file out of the folder of results",
        )


def _in_words(metric: Metric) -> str:
    return "undefined" if isinstance(metric, Undefined) else f"{metric:.6f}"


def _mean(metrics: list[Metric]) -> Metric:
    values = [metric for metric in metrics if isinstance(metric, float)]
    return sum(values) / len(values) if len(values) == len(metrics) else Undefined("that of a stratum is")

"""What a result says of its task as a whole, beside the main score."""

from collections.abc import Callable, Iterable

from gis.benchmark.results import Result
from gis.benchmark.scoring import ALL, BinaryScores
from gis.statistics.intervals import Interval
from gis.statistics.metrics import Metric, Undefined


def strata_of(result: Result) -> tuple[str, ...]:
    """Return the kinds of negatives that a result has scores for; empty where its negatives are of one kind."""
    names = tuple(view.view for view in result.scores.views)
    return names if len(names) > 1 and ALL not in names else ()


def sample_of(result: Result) -> str:
    """Return which sample of the pairs was scored, such as "20 pairs, seed 0"; empty for all pairs."""
    return "" if result.task.limit is None else f"{result.texts.pairs:,} pairs, seed {result.task.seed}"


def rank_among_same(result: Result) -> tuple[bool, int, str, str]:
    """Return what decides between results of one model on one task: all pairs, the larger sample, the newer one."""
    return result.task.limit is None, result.task.limit or 0, result.run.date, result.sha256 or ""


def agreement_of(results: Iterable[Result]) -> str:
    """Say how far a model in less than full precision agrees with fp32: "int8 0.99930 on 250 pairs"; empty for fp32."""
    runs = [result.run for result in results if result.run.agreement is not None]
    return ", ".join(dict.fromkeys(f"{run.precision} {run.agreement}" for run in runs))


def auroc_of(result: Result) -> Metric | None:
    """Return the AUROC, for stratified negatives the mean over the strata; None for graded labels."""
    return _of_task(result, lambda binary: binary.auroc)


def auroc_interval_of(result: Result) -> Interval | None:
    """Return the interval of the AUROC; None for graded labels and for a mean over strata, which a ranking gives."""
    view = result.scores.views[0]
    return None if view.binary is None or strata_of(result) else view.binary.auroc_interval


def ceiling_of(result: Result) -> Metric | None:
    """Return the highest Spearman without ties, for stratified negatives the mean over the strata; None for graded."""
    return _of_task(result, lambda binary: binary.spearman_ceiling)


def _of_task(result: Result, metric: Callable[[BinaryScores], Metric]) -> Metric | None:
    views = result.scores.views if strata_of(result) else result.scores.views[:1]
    values = []
    for view in views:
        if view.binary is None:
            return None
        value = metric(view.binary)
        if isinstance(value, Undefined):
            return value
        values.append(value)
    return sum(values) / len(values)

"""The scores of each view of a result as plain records, for data frames."""

from collections.abc import Iterator, Mapping

from gis.benchmark.results import Result
from gis.benchmark.scoring import ViewScores
from gis.leaderboard.scores import auroc_interval_of, auroc_of, ceiling_of, strata_of
from gis.statistics.intervals import Interval
from gis.statistics.metrics import Metric, Undefined

MEAN_VIEW = "mean of strata"
METRICS = ("spearman", "pearson", "kendall", "auroc", "average_precision", "ceiling")
NONE = float("nan")


def view_records(result: Result) -> Iterator[dict[str, object]]:
    """Yield a record for each view: its name, pairs, metrics with the ends of their intervals, and what is undefined.

    The view that the leaderboard shows is marked as ``main``; for stratified negatives it is the mean over the strata.
    """
    stratified = bool(strata_of(result))
    if stratified:
        yield _record(
            MEAN_VIEW,
            result.texts.pairs,
            {"spearman": result.scores.main, "auroc": auroc_of(result), "ceiling": ceiling_of(result)},
            {"spearman": result.scores.main_interval, "auroc": auroc_interval_of(result)},
            main=True,
        )
    for n, view in enumerate(result.scores.views):
        yield _view_record(view, main=n == 0 and not stratified)


def _view_record(view: ViewScores, *, main: bool) -> dict[str, object]:
    metrics: dict[str, Metric | None] = {
        "spearman": view.spearman,
        "pearson": view.pearson,
        "kendall": view.kendall,
    }
    intervals = {"spearman": view.interval}
    if view.binary is not None:
        metrics["auroc"] = view.binary.auroc
        metrics["average_precision"] = view.binary.average_precision
        metrics["ceiling"] = view.binary.spearman_ceiling
        intervals["auroc"] = view.binary.auroc_interval
    return _record(view.view, view.pairs, metrics, intervals, main=main)


def _record(
    view: str,
    pairs: int,
    metrics: Mapping[str, Metric | None],
    intervals: Mapping[str, Interval | None],
    *,
    main: bool,
) -> dict[str, object]:
    spearman = metrics["spearman"]
    values = {name: metrics.get(name) for name in METRICS}
    ends = {name: intervals.get(name) or Interval(NONE, NONE) for name in ("spearman", "auroc")}
    return {
        "view": view,
        "main": main,
        "pairs": pairs,
        **{name: value if isinstance(value, float) else NONE for name, value in values.items()},
        **{f"{name}_{end}": value for name, interval in ends.items() for end, value in interval._asdict().items()},
        "undefined": spearman.undefined if isinstance(spearman, Undefined) else "",
    }

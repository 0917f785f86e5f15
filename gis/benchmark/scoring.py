"""From one similarity a pair to the scores of a task, as its protocol says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import LoadedTask
from gis.models.similarity import Vectors, cosine, euclidean, manhattan
from gis.statistics.dependence import FEWEST_UNITS, Dependence
from gis.statistics.influence import auroc_influence, spearman_influence
from gis.statistics.intervals import (
    Interval,
    auroc_interval,
    auroc_interval_of_counts,
    correlation_interval,
    spearman_interval_of_counts,
)
from gis.statistics.metrics import (
    Array,
    Metric,
    Undefined,
    auroc,
    average_precision,
    best_accuracy,
    kendall,
    pearson,
    spearman,
    spearman_ceiling,
)

ALL = "all"
OVER_ALL_PAIRS, MEAN_OVER_STRATA = "Spearman over all pairs", "mean over strata of Spearman"  # definitions of main
Rows = NDArray[np.bool_]
Influence = Callable[[Array, Array], Array]  # (n,) scores and gold -> (n,) influence of each pair on a metric
# What a result file may hold; the limits leave room for the last digit of a sum.
Correlation = Annotated[float, Field(strict=True, ge=-1 - 1e-9, le=1 + 1e-9, allow_inf_nan=False)] | Undefined
Share = Annotated[float, Field(strict=True, ge=0, le=1 + 1e-9, allow_inf_nan=False)]
Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]


@dataclass(frozen=True, kw_only=True)
class BinaryScores:
    """What binary labels allow beyond a correlation.

    Attributes:
        positives: Pairs labelled 1.
        auroc: Chance that a positive scores above a negative.
        auroc_interval: Its 95 % interval.
        average_precision: Area under the precision-recall steps.
        best_accuracy: Highest accuracy of any threshold on these pairs.
        best_threshold: That threshold; None when calling every pair negative is best.
        spearman_ceiling: Highest Spearman without ties at this positive rate.
        share_of_ceiling: Spearman divided by it.
    """

    positives: int
    auroc: Share | Undefined
    auroc_interval: Interval | None = None
    average_precision: Share | Undefined
    best_accuracy: Share
    best_threshold: Finite | None
    spearman_ceiling: Share | Undefined
    share_of_ceiling: Finite | Undefined


@dataclass(frozen=True, kw_only=True)
class ViewScores:
    """Scores of some of a task's pairs.

    Attributes:
        view: "all", a subset's name, or the stratum of negatives that all positives were set against.
        pairs: How many.
        spearman: The main metric.
        interval: Its 95 % interval; None where no error can be estimated, and in results of an older gis.
        pearson: Pearson's correlation.
        kendall: Kendall's tau-b.
        binary: Present for binary labels.
    """

    view: str
    pairs: int
    spearman: Correlation
    pearson: Correlation
    kendall: Correlation
    interval: Interval | None = None
    binary: BinaryScores | None = None


@dataclass(frozen=True, kw_only=True)
class TaskScores:
    """All scores of one model on one task.

    Attributes:
        main: The number of the leaderboard.
        main_definition: Its definition in words; result files call it ``main_is``.
        main_interval: Its 95 % interval, as that of a view.
        views: The scores of all pairs first, then of each subset; of each stratum for stratified negatives.
        subset_mean: Mean of the subsets' Spearman, where there are subsets.
        subset_weighted_mean: The same, weighted by pairs.
        other_similarities: Spearman and Pearson over all pairs by other similarities of the same vectors.
    """

    main: Correlation
    main_definition: Annotated[str, Field(alias="main_is")]
    views: tuple[ViewScores, ...]
    main_interval: Interval | None = None
    subset_mean: Correlation | None = None
    subset_weighted_mean: Correlation | None = None
    other_similarities: Mapping[str, Mapping[str, Correlation]] | None = None


def score_vectors(task: LoadedTask, first: Vectors, second: Vectors) -> TaskScores:
    """Score a model's embeddings of a task's texts: the one definition of a model's score on a task.

    ``gis bench``, the validation that chooses a checkpoint and ``gis ablate`` all report ``main`` of what this returns.

    Args:
        task: The task; its n pairs carry the gold labels.
        first: (n, dim) embeddings of the pairs' first texts, in the order of the pairs.
        second: (n, dim) embeddings of their second texts.

    Returns:
        The scores by cosine, with Manhattan and Euclidean distance beside them. A correlation lies between -1 and 1,
        or is ``Undefined`` with a reason.
    """
    others = {"manhattan": manhattan(first, second), "euclidean": euclidean(first, second)}
    return score_similarities(task, cosine(first, second), others=others)


def score_similarities(
    task: LoadedTask, similarities: Array, *, others: Mapping[str, Array] | None = None
) -> TaskScores:
    """Score a model's similarities of a task's pairs, for models that have no vectors.

    Args:
        task: The task with its n pairs.
        similarities: (n,) a number for each pair, higher for more similar.
        others: More (n,) similarities by name, reported but never ranked by.
    """
    return score_pairs(task.pairs, similarities, binary=task.label == "binary", others=others)


def score_pairs(pairs: Pairs, scores: Array, *, binary: bool, others: Mapping[str, Array] | None = None) -> TaskScores:
    """Score similarities against the gold labels of ``pairs``.

    Subsets are parts of one test set: the main score is one Spearman over all of them ("all" in the terms of SentEval
    and SimCSE). Strata are kinds of negatives: all positives are scored against each stratum, and the main score is the
    mean over the strata, because a pooled score would depend on how many negatives of each kind were drawn.

    Args:
        pairs: n pairs with gold labels and, where the data has them, subsets or strata.
        scores: (n,) similarities, higher for more similar.
        binary: Whether the labels are 0 and 1, so that AUROC and the like are defined.
        others: More (n,) similarities by name, reported over all pairs but never ranked by.
    """
    other = {
        name: {"spearman": spearman(values, pairs.gold), "pearson": pearson(values, pairs.gold)}
        for name, values in (others or {}).items()
    } or None
    rows_by_view = views_of(pairs.gold, pairs.groups, pairs.grouped_by, binary=binary)
    views = tuple(_view(name, rows, pairs, scores, binary=binary) for name, rows in rows_by_view.items())
    if views[0].view != ALL:
        return TaskScores(
            main=_mean(views),
            main_definition=MEAN_OVER_STRATA,
            main_interval=_interval_of_mean(views, rows_by_view, pairs, scores),
            views=views,
            other_similarities=other,
        )
    whole, *subsets = views
    return TaskScores(
        main=whole.spearman,
        main_definition=OVER_ALL_PAIRS,
        main_interval=whole.interval,
        views=views,
        subset_mean=_mean(subsets) if subsets else None,
        subset_weighted_mean=_mean(subsets, weighted=True) if subsets else None,
        other_similarities=other,
    )


def views_of(
    gold: Array, groups: Sequence[str] | None, grouped_by: Literal["subset", "stratum"] | None, *, binary: bool
) -> dict[str, Rows]:
    """Return the views of a task: the name of each, in order, with the (n,) rows that belong to it.

    They are "all" and each subset; or, for binary labels with strata of negatives, all positives with each stratum.

    Args:
        gold: (n,) labels.
        groups: The subset or the stratum of each pair.
        grouped_by: What ``groups`` are.
        binary: Whether the labels are 0 and 1.
    """
    everything = np.ones(len(gold), dtype=bool)
    if groups is None:
        return {ALL: everything}
    group = np.array(groups)
    if grouped_by == "subset":
        return {ALL: everything, **{str(name): group == name for name in dict.fromkeys(group)}}
    if not binary:
        return {ALL: everything}
    positive = gold == 1
    return {str(name): positive | (group == name) for name in dict.fromkeys(group[~positive])}


def main_influence(metric_influence: Influence, scores: Array, gold: Array, views: Mapping[str, Rows]) -> Array:
    """Return the (n,) influence of each pair on a task's main score: over all pairs, or the mean over its strata.

    Args:
        metric_influence: The influence function of the metric.
        scores: (n,) similarities.
        gold: (n,) labels.
        views: As ``views_of`` gives them.
    """
    averaged = [views[ALL]] if ALL in views else list(views.values())
    influence = np.zeros(len(gold))
    for rows in averaged:
        influence[rows] += metric_influence(scores[rows], gold[rows]) * (len(gold) / rows.sum())
    return influence / len(averaged)


def _view(name: str, rows: Rows, pairs: Pairs, all_scores: Array, *, binary: bool) -> ViewScores:
    scores, gold = all_scores[rows], pairs.gold[rows]
    dependence = Dependence(pairs.text_ids.first[rows], pairs.text_ids.second[rows])
    rho = spearman(scores, gold)
    interval = None
    if not isinstance(rho, Undefined):
        interval = correlation_interval(rho, spearman_influence(scores, gold), dependence)
    found = _binary(scores, gold, rho, dependence) if binary else None
    if found is not None and isinstance(found.auroc, float) and (interval is None or _is_small(gold)):
        positives = found.positives
        low, high = spearman_interval_of_counts(found.auroc, positives, len(gold) - positives)
        interval = Interval(min(low, rho), max(high, rho)) if isinstance(rho, float) else None  # ties pass the ceiling
    return ViewScores(
        view=name,
        pairs=len(gold),
        spearman=rho,
        interval=interval,
        pearson=pearson(scores, gold),
        kendall=kendall(scores, gold),
        binary=found,
    )


def _is_small(gold: Array) -> bool:
    """Return whether the pairs of one label are so few that only their number tells how exact a score is."""
    positives = int(gold.sum())
    return min(positives, len(gold) - positives) < FEWEST_UNITS


def _binary(scores: Array, gold: Array, rho: Metric, dependence: Dependence) -> BinaryScores:
    ceiling = spearman_ceiling(gold)
    share: Metric
    if isinstance(rho, Undefined):
        share = rho
    elif isinstance(ceiling, Undefined):
        share = ceiling
    else:
        share = rho / ceiling
    accuracy, threshold = best_accuracy(scores, gold)
    area, interval, positives = auroc(scores, gold), None, int(gold.sum())
    if isinstance(area, float):
        if not _is_small(gold):
            interval = auroc_interval(area, auroc_influence(scores, gold), dependence)
        interval = interval or auroc_interval_of_counts(area, positives, len(gold) - positives)
    return BinaryScores(
        positives=positives,
        auroc=area,
        auroc_interval=interval,
        average_precision=average_precision(scores, gold),
        best_accuracy=accuracy,
        best_threshold=threshold,
        spearman_ceiling=ceiling,
        share_of_ceiling=share,
    )


def _mean(views: Sequence[ViewScores], *, weighted: bool = False) -> Metric:
    values = []
    for view in views:
        if isinstance(view.spearman, Undefined):
            return Undefined(f"{view.view}: {view.spearman.undefined}")
        values.append(view.spearman)
    return float(np.average(values, weights=[view.pairs for view in views] if weighted else None))


def _interval_of_mean(
    views: Sequence[ViewScores], rows: Mapping[str, Rows], pairs: Pairs, scores: Array
) -> Interval | None:
    """Return the interval of the mean over strata.

    Where one of them has too few pairs for an error, it is the mean of their ends, as if all strata erred together.
    """
    mean = _mean(views)
    ends = [view.interval for view in views if view.interval is not None]
    if isinstance(mean, Undefined) or len(ends) < len(views):
        return None
    if not any(_is_small(pairs.gold[of_view]) for of_view in rows.values()):
        influence = main_influence(spearman_influence, scores, pairs.gold, rows)
        if interval := correlation_interval(mean, influence, Dependence(*pairs.text_ids)):
            return interval
    return Interval(*(float(end) for end in np.mean(ends, axis=0)))

"""From one similarity a pair to the scores of a task, as its protocol says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from gis.benchmark.metrics import (
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
from gis.benchmark.similarity import Vectors, cosine, euclidean, manhattan
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import LoadedTask

ALL = "all"
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
        average_precision: Area under the precision-recall steps.
        best_accuracy: Highest accuracy of any threshold on these pairs.
        best_threshold: That threshold; None when calling every pair negative is best.
        spearman_ceiling: Highest Spearman without ties at this positive rate.
        share_of_ceiling: Spearman divided by it.
    """

    positives: int
    auroc: Share | Undefined
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
        pearson: Pearson's correlation.
        kendall: Kendall's tau-b.
        binary: Present for binary labels.
    """

    view: str
    pairs: int
    spearman: Correlation
    pearson: Correlation
    kendall: Correlation
    binary: BinaryScores | None = None


@dataclass(frozen=True, kw_only=True)
class TaskScores:
    """All scores of one model on one task.

    Attributes:
        main: The number of the leaderboard.
        main_definition: Its definition in words; result files call it ``main_is``.
        views: The scores of all pairs first, then of each subset; of each stratum for stratified negatives.
        subset_mean: Mean of the subsets' Spearman, where there are subsets.
        subset_weighted_mean: The same, weighted by pairs.
        other_similarities: Spearman and Pearson over all pairs by other similarities of the same vectors.
    """

    main: Correlation
    main_definition: Annotated[str, Field(alias="main_is")]
    views: tuple[ViewScores, ...]
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
    views = tuple(
        _view(name, scores[rows], pairs.gold[rows], binary=binary)
        for name, rows in views_of(pairs, binary=binary).items()
    )
    if views[0].view != ALL:
        return TaskScores(
            main=_mean(views), main_definition="mean over strata of Spearman", views=views, other_similarities=other
        )
    whole, *subsets = views
    return TaskScores(
        main=whole.spearman,
        main_definition="Spearman over all pairs",
        views=views,
        subset_mean=_mean(subsets) if subsets else None,
        subset_weighted_mean=_mean(subsets, weighted=True) if subsets else None,
        other_similarities=other,
    )


def views_of(pairs: Pairs, *, binary: bool) -> dict[str, NDArray[np.bool_]]:
    """Return the views of a task: the name of each, in order, with the (n,) rows that belong to it.

    They are "all" and each subset; or, for binary labels with strata of negatives, all positives with each stratum.
    """
    everything = np.ones(len(pairs), dtype=bool)
    if pairs.groups is None:
        return {ALL: everything}
    groups = np.array(pairs.groups)
    if pairs.grouped_by == "subset":
        return {ALL: everything, **{str(name): groups == name for name in dict.fromkeys(groups)}}
    if not binary:
        return {ALL: everything}
    positive = pairs.gold == 1
    return {str(name): positive | (groups == name) for name in dict.fromkeys(groups[~positive])}


def _view(name: str, scores: Array, gold: Array, *, binary: bool) -> ViewScores:
    rho = spearman(scores, gold)
    return ViewScores(
        view=name,
        pairs=len(gold),
        spearman=rho,
        pearson=pearson(scores, gold),
        kendall=kendall(scores, gold),
        binary=_binary(scores, gold, rho) if binary else None,
    )


def _binary(scores: Array, gold: Array, rho: Metric) -> BinaryScores:
    ceiling = spearman_ceiling(gold)
    share: Metric
    if isinstance(rho, Undefined):
        share = rho
    elif isinstance(ceiling, Undefined):
        share = ceiling
    else:
        share = rho / ceiling
    accuracy, threshold = best_accuracy(scores, gold)
    return BinaryScores(
        positives=int(gold.sum()),
        auroc=auroc(scores, gold),
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

"""What the length of the texts does to the scores: each task in buckets of length, the same for all models."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis.benchmark.runner import ScoredTask
from gis.leaderboard.board import Leaderboard
from gis.leaderboard.pair_scores import PairScores, aligned
from gis.statistics.dependence import FEWEST_UNITS, Dependence
from gis.statistics.influence import auroc_influence, spearman_influence
from gis.statistics.intervals import Interval, auroc_interval, correlation_interval
from gis.statistics.metrics import Array, Undefined, auroc, spearman

EDGES = (32, 64, 128, 256, 512, 1024)  # the longest length of each bucket but the last

Rows = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class LengthBucket:
    """The pairs whose longer text has a length in one range.

    Attributes:
        low: Shortest length.
        high: Longest length; None without limit.
        pairs: How many pairs.
        positives: How many of them are labelled 1, for binary labels.
    """

    low: int
    high: int | None
    pairs: int
    positives: int | None

    def __str__(self) -> str:
        """Return the range: "33-64", "over 1,024"."""
        return f"over {self.low - 1:,}" if self.high is None else f"{self.low:,}-{self.high:,}"


@dataclass(frozen=True, kw_only=True)
class LengthScore:
    """A model's score on the pairs of one bucket.

    Attributes:
        value: The score; None where the bucket has too few pairs or labels of one kind.
        interval: Its 95 % interval.
        cut: Share of the pairs of which the model did not read a text to its end; None where it does not count.
    """

    value: float | None
    interval: Interval | None
    cut: float | None


@dataclass(frozen=True, kw_only=True)
class LengthCurves:
    """The scores of the models of one task by the length of the texts.

    Attributes:
        pairs: The pairs, by the name of their set.
        metric: AUROC for binary labels, of all positive and all negative pairs of a bucket; else Spearman.
        unit: What lengths are counted in: "tokens of minilm".
        buckets: The ranges, the shortest first.
        scores: By identity, a score for each bucket.
    """

    pairs: str
    metric: Literal["spearman", "auroc"]
    unit: str
    buckets: tuple[LengthBucket, ...]
    scores: Mapping[str, tuple[LengthScore, ...]]


def length_curves(board: Leaderboard) -> tuple[LengthCurves, ...]:
    """Score every model on the pairs of each length.

    Returns:
        The scores on each task of which some model counted lengths, in tokens where one did.
    """
    curves = []
    for pairs in dict.fromkeys(column.pairs for column in board.columns if column.pairs):
        scored = board.scored_on(pairs)
        table = aligned(scored).pairs
        reference = _reference(scored, table)
        if table is not None and reference is not None:
            curves.append(_curves(board, pairs, scored, table, reference))
    return tuple(curve for curve in curves if len(curve.buckets) > 1)


def _reference(scored: Mapping[str, ScoredTask], table: PairScores | None) -> str | None:
    """Return the model whose lengths sort the pairs: one that counts tokens, the first by identity."""
    if table is None:
        return None
    counted = [model for model in table.models if scored[model].result.texts.unit is not None]
    return min(counted, key=lambda model: (scored[model].result.texts.unit != "tokens", model), default=None)


def _curves(
    board: Leaderboard, pairs: str, scored: Mapping[str, ScoredTask], table: PairScores, reference: str
) -> LengthCurves:
    lengths = scored[reference].pairs()[["tokens1", "tokens2"]].max(axis=1).to_numpy()
    buckets, rows = _buckets(lengths, table)
    dependences = [Dependence(*table.text_ids[:, of_bucket]) for of_bucket in rows]
    cuts = {model: _cut(scored[model].pairs()) for model in table.models}
    members = {row.identity: [member.identity for member in row.members] for row in board.rows}
    name = next(member.model for row in board.rows for member in row.members if member.identity == reference)
    return LengthCurves(
        pairs=pairs,
        metric="auroc" if table.binary else "spearman",
        unit=f"{scored[reference].result.texts.unit} of {name}",
        buckets=buckets,
        scores={
            row: tuple(
                _score(table, models, of_bucket, dependence, [cuts[model] for model in models])
                for of_bucket, dependence in zip(rows, dependences, strict=True)
            )
            for row, models in members.items()
            if set(models) <= cuts.keys()
        },
    )


def _buckets(lengths: NDArray[np.int64], table: PairScores) -> tuple[tuple[LengthBucket, ...], list[Rows]]:
    """Return the buckets that hold any pairs, and the rows of each."""
    buckets, rows = [], []
    for low, high in zip((0, *EDGES), (*EDGES, None), strict=True):
        of_bucket = (lengths > low) | (low == 0)
        if high is not None:
            of_bucket &= lengths <= high
        if of_bucket.any():
            positives = int(table.gold[of_bucket].sum()) if table.binary else None
            count = int(of_bucket.sum())
            buckets.append(LengthBucket(low=low + 1, high=high, pairs=count, positives=positives))
            rows.append(of_bucket)
    return tuple(buckets), rows


def _cut(table: pd.DataFrame) -> Rows | None:
    """Return the pairs of which a text was not read to its end; None for models that do not count."""
    if "kept1" not in table.columns:
        return None
    return ((table["kept1"] < table["tokens1"]) | (table["kept2"] < table["tokens2"])).to_numpy()


def _score(
    table: PairScores, models: Sequence[str], rows: Rows, dependence: Dependence, cuts: Sequence[Rows | None]
) -> LengthScore:
    """Return the score of a model on some pairs, or the mean of several models."""
    gold = table.gold[rows]
    scores = [table.scores[rows, table.models.index(model)] for model in models]
    shares = [None if cut is None else float(cut[rows].mean()) for cut in cuts]
    share = _mean(shares)
    smallest = min(int(gold.sum()), int((gold == 0).sum())) if table.binary else len(gold) // 2
    value = _mean([_value(of_one, gold, binary=table.binary) for of_one in scores])
    if smallest < FEWEST_UNITS or value is None:
        return LengthScore(value=None, interval=None, cut=share)
    influence_of, interval_of = (
        (auroc_influence, auroc_interval) if table.binary else (spearman_influence, correlation_interval)
    )
    influence = np.mean([influence_of(of_one, gold) for of_one in scores], axis=0)
    return LengthScore(value=value, interval=interval_of(value, influence, dependence), cut=share)


def _value(scores: Array, gold: Array, *, binary: bool) -> float | None:
    value = auroc(scores, gold) if binary else spearman(scores, gold)
    return None if isinstance(value, Undefined) else value


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean; None where a value is missing."""
    known = [value for value in values if value is not None]
    return statistics.fmean(known) if len(known) == len(values) else None

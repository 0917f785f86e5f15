"""The scores of the pairs of one task by several models, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.runner import ScoredTask
from gis.benchmark.scoring import Rows, views_of
from gis.errors import GisError
from gis.leaderboard.proof import check_scores
from gis.statistics.metrics import Array

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
    binary = scored[next(iter(tables))].result.task.label == "binary"
    pairs = PairScores(
        models=tuple(tables),
        scores=np.stack([table["score"].to_numpy(dtype=np.float64) for table in tables.values()], axis=1),
        gold=gold,
        text_ids=np.stack([first[name].to_numpy(dtype=np.intp) for name in TEXT_IDS]),
        views=_views(first, gold, binary=binary),
        binary=binary,
    )
    return Aligned(pairs, left_out)


def mean_pairs(scored: Sequence[ScoredTask]) -> "pd.DataFrame":
    """Return the pairs of a task with the mean of the scores that some models give them.

    Args:
        scored: The results of the models on the task; lengths are those that the first one counted.

    Raises:
        GisError: The scores of the pairs of a model are missing, or the models were scored on different pairs.
    """
    if len(scored) == 1:
        return scored[0].pairs()
    tables = []
    for each in scored:
        table = _table(each)
        if isinstance(table, str):
            raise GisError(f"{each.result.model.name}: {table}")
        tables.append(table)
    if not all(_same_pairs(tables[0], table) for table in tables[1:]):
        raise GisError(f"the {len(scored)} models were scored on different pairs", remedy="name one of them")
    return tables[0].assign(score=np.mean([table["score"] for table in tables], axis=0))


def _table(scored: ScoredTask) -> "pd.DataFrame | str":
    """Return the scores of the pairs of a result, or why they cannot be compared.

    Raises:
        GisError: The scores of the result are not those that its pairs give.
    """
    try:
        table = scored.pairs()
    except GisError:
        return NO_PAIRS
    if table.empty:
        return NO_PAIRS
    if scored.path is not None and {"gold", "score"} <= set(table.columns):
        gold, scores = (table[name].to_numpy(dtype=np.float64) for name in ("gold", "score"))
        views = _views(table, gold, binary=scored.result.task.label == "binary")
        check_scores(scored.path, scored.result, scores, gold, views)
    return table if {"id", "gold", "score", *TEXT_IDS} <= set(table.columns) else OLD_PAIRS


def _views(table: "pd.DataFrame", gold: Array, *, binary: bool) -> dict[str, Rows]:
    grouped_by = next((name for name in GROUPINGS if name in table.columns), None)
    return views_of(gold, None if grouped_by is None else list(table[grouped_by]), grouped_by, binary=binary)


def _same_pairs(one: "pd.DataFrame", other: "pd.DataFrame") -> bool:
    """Return whether two tables are of the same pairs in the same order."""
    names = ("id", "gold", *TEXT_IDS)
    return len(one) == len(other) and all(np.array_equal(one[name], other[name]) for name in names)

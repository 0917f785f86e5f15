"""The pairs that a model gets most wrong, with what explains it: labels, ranks, lengths, what was cut, addresses."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gis.benchmark.results import Result
from gis.benchmark.runner import ScoredTask
from gis.benchmark.tasks.catalogue import catalogue
from gis.errors import GisError, check_number
from gis.leaderboard.pair_scores import mean_pairs
from gis.statistics.order import mean_ranks

if TYPE_CHECKING:
    import pandas as pd

SERVER = "https://github.com"
HIGH, LOW = "too high", "too low"
REPOSITORY = r"[\w.-]{1,100}/[\w.-]{1,100}"
ISSUES = re.compile(rf"(?P<first>{REPOSITORY})#(?P<one>\d{{1,10}})~(?P<second>{REPOSITORY})?#(?P<other>\d{{1,10}})")


def worst_pairs(scored: Sequence[ScoredTask], n: int = 20) -> "pd.DataFrame":
    """Return the pairs that a model scores worst, the worst first.

    Of graded labels these are the pairs whose rank by score is furthest from the rank by label. Of binary labels they
    are the negative pairs with the highest scores and the positive pairs with the lowest ones, half of each.

    Args:
        scored: The result of a model on a task; of several models, the mean of their scores of a pair counts.
        n: How many pairs.

    Returns:
        A row for each pair. ``error`` is "too high" or "too low"; ranks count from the most similar pair, equal ones
        sharing the mean of theirs. ``cut1`` and ``cut2`` are how much of a text the model did not read, for models that
        count; ``issue1`` and ``issue2`` are addresses, where the ids of the pairs name issues: on github.com, for
        results do not say which server issues were collected from.

    Raises:
        GisError: The scores of the pairs are missing.
    """
    import pandas as pd

    check_number("the number of pairs", n, 1, remedy="choose another --n")
    table = mean_pairs(scored)
    if table.empty or not {"id", "gold", "score"} <= set(table.columns):
        raise GisError("the scores of the pairs are missing", remedy="the same gis bench with --force makes them")
    by_score, by_label = (mean_ranks(-table[column].to_numpy(np.float64)) for column in ("score", "gold"))
    binary = scored[0].result.task.label == "binary"
    worst = _worst_of_binary(table, n) if binary else np.argsort(-np.abs(by_score - by_label), kind="stable")[:n]
    chosen = table.iloc[worst].reset_index(drop=True)
    frame = pd.DataFrame(
        {
            "id": chosen["id"].astype(str),
            "error": np.where(by_score[worst] < by_label[worst], HIGH, LOW),
            "label": chosen["gold"],
            "score": chosen["score"],
            "rank_by_score": by_score[worst],
            "rank_by_label": by_label[worst],
        }
    )
    for name in ("subset", "stratum", "tokens1", "tokens2"):
        if name in chosen:
            frame[name] = chosen[name]
    for side in ("1", "2"):
        if f"kept{side}" in chosen:
            frame[f"cut{side}"] = chosen[f"tokens{side}"] - chosen[f"kept{side}"]
    repository = _repository(scored[0].result)
    addresses = [_addresses(name, repository) for name in frame["id"]]
    if any(addresses):
        frame["issue1"] = [pair[0] if pair else "" for pair in addresses]
        frame["issue2"] = [pair[1] if pair else "" for pair in addresses]
    return frame


def _worst_of_binary(table: "pd.DataFrame", n: int) -> np.ndarray:
    """Return the rows of the negatives that score highest, then of the positives that score lowest."""
    score, positive = table["score"].to_numpy(), (table["gold"] == 1).to_numpy()
    negatives, positives = np.flatnonzero(~positive), np.flatnonzero(positive)
    high = negatives[np.argsort(-score[negatives], kind="stable")]
    low = positives[np.argsort(score[positives], kind="stable")]
    of_high = max(n - n // 2, n - len(low))
    return np.concatenate([high[:of_high], low[: n - min(of_high, len(high))]])


def _repository(result: Result) -> str | None:
    """Return the repository whose issues the pairs of a published task are of; None where nothing says it."""
    task = catalogue().get(result.task.name)
    return task.repository if task is not None and task.sha256 == result.task.sha256 else None


def _addresses(pair: str, repository: str | None = None) -> tuple[str, str] | None:
    """Return the addresses of both issues of a pair; None for other names.

    Args:
        pair: OWNER/NAME#1~#2, or for a known repository NAME-1-2.
        repository: OWNER/NAME.
    """
    if repository is not None:
        name = re.escape(repository.partition("/")[2])
        pair = re.sub(rf"{name}-(\d{{1,10}})-(\d{{1,10}})", rf"{repository}#\1~#\2", pair)
    named = ISSUES.fullmatch(pair)
    if named is None:
        return None
    first, second = named["first"], named["second"] or named["first"]
    return f"{SERVER}/{first}/issues/{named['one']}", f"{SERVER}/{second}/issues/{named['other']}"

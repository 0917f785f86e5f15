"""Which results compare: those of the same pairs. Others of the same task get a column of their own."""

from collections.abc import Iterable
from typing import NamedTuple

from gis.benchmark.results import Result
from gis.hashes import SHORT_HASH
from gis.leaderboard.scores import sample_of


class _Pairs(NamedTuple):
    """What two results of one task must share to be compared."""

    sha256: str
    label: str
    text: str
    limit: int | None
    seed: int


def name_pair_sets(results: Iterable[Result]) -> dict[tuple[str, str], str]:
    """Name the pairs that each result is of.

    Args:
        results: One result for each model and task.

    Returns:
        By (identity, task) the name of the pairs: that of the task, or "stsb (20 pairs, seed 0)", "stsb (data 1a2b3c)"
        for a set of pairs that fewer models of the task were scored on.
    """
    by_task: dict[str, dict[_Pairs, list[Result]]] = {}
    for result in results:
        by_task.setdefault(result.task.name, {}).setdefault(_pairs_of(result), []).append(result)
    names: dict[tuple[str, str], str] = {}
    for task, sets in by_task.items():
        usual = max(sets, key=lambda pairs: (pairs.limit is None, len(sets[pairs]), pairs.limit or 0, pairs.sha256))
        for pairs, of_set in sets.items():
            name = task if pairs == usual else f"{task} ({_difference(pairs, usual, of_set[0])})"
            names |= {(result.model.identity, task): name for result in of_set}
    return names


def _pairs_of(result: Result) -> _Pairs:
    task = result.task
    return _Pairs(task.sha256, task.label, task.text, task.limit, 0 if task.limit is None else task.seed)


def _difference(pairs: _Pairs, usual: _Pairs, result: Result) -> str:
    """Return in what a set of pairs differs from that of the most models."""
    differences = [
        f"data {pairs.sha256[:SHORT_HASH]}" if pairs.sha256 != usual.sha256 else "",
        f"{pairs.label} labels" if pairs.label != usual.label else "",
        f"{pairs.text} texts" if pairs.text != usual.text else "",
        (sample_of(result) or "all pairs") if (pairs.limit, pairs.seed) != (usual.limit, usual.seed) else "",
    ]
    return ", ".join(filter(None, differences))

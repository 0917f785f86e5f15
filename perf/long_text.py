"""Tables of docs/long-text.md: what each policy for long texts scores, as a whole and by length.

    perf/long_text.py RESULTS

RESULTS holds results of gis bench of models named "MODEL POLICY".
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import gis
from gis.benchmark.results import Result
from gis.leaderboard.lengths import LengthCurves, LengthScore, length_curves
from gis.markdown import table
from gis.models.base import LongPolicy
from gis.statistics.metrics import Undefined

POLICIES: Sequence[str] = get_args(LongPolicy)


def main() -> None:
    """Run the command line."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    results = gis.load_results(Path(sys.argv[1]))
    found = {(*_split(result.model.name), result.task.name): result for result in results}
    models = list(dict.fromkeys(model for model, _, _ in found))
    tasks = list(dict.fromkeys(task for _, _, task in found))
    for task in tasks:
        sys.stdout.write(f"### {task}\n\n{_whole(found, models, task)}\n")
    board = results.leaderboard()
    names = {row.identity: row.model for row in board.rows}
    for curves in length_curves(board):
        sys.stdout.write(f"### {curves.pairs} by length\n\n{_by_length(curves, names, models)}\n")


def _split(name: str) -> tuple[str, str]:
    """Return the model and the policy of a row's name."""
    model, _, policy = name.rpartition(" ")
    return model, policy


def _whole(found: dict[tuple[str, str, str], Result], models: Sequence[str], task: str) -> str:
    """Return a table with a row for each policy, a column for each model, and what was read."""
    rows = []
    for policy in POLICIES:
        of_policy = [found.get((model, policy, task)) for model in models]
        if any(of_policy):
            rows.append([policy, *(_score(result) for result in of_policy), *(_read(result) for result in of_policy)])
    head = ["policy", *models, *(f"{model} reads" for model in models)]
    return str(table(head, rows))


def _score(result: Result | None) -> str:
    """Write a task's main score with its interval."""
    if result is None or isinstance(result.scores.main, Undefined):
        return ""
    interval = result.scores.main_interval
    limits = "" if interval is None else f" ({100 * interval.low:.1f} to {100 * interval.high:.1f})"
    return f"{100 * result.scores.main:.2f}{limits}"


def _read(result: Result | None) -> str:
    if result is None or not result.texts.tokens:
        return ""
    return f"{(result.texts.tokens_kept or 0) / result.texts.tokens:.0%}"


def _by_length(curves: LengthCurves, names: dict[str, str], models: Sequence[str]) -> str:
    """Return a table with a row for each model and policy and a column for each bucket of lengths."""
    by_name = {names[identity]: scores for identity, scores in curves.scores.items()}
    head = ["model", *(f"{bucket} ({bucket.pairs:,} pairs)" for bucket in curves.buckets)]
    rows = [
        [name, *(_cell(score) for score in by_name[name])]
        for name in (f"{model} {policy}" for model in models for policy in POLICIES)
        if name in by_name
    ]
    return f"{curves.metric.upper()}, lengths in {curves.unit}.\n\n{table(head, rows)}"


def _cell(score: LengthScore) -> str:
    if score.value is None or score.interval is None:
        return ""
    return f"{100 * score.value:.1f} ({100 * score.interval.low:.1f} to {100 * score.interval.high:.1f})"


if __name__ == "__main__":
    main()

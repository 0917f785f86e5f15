"""Trained models as a table: a row a seed, then mean and deviation."""

import statistics
from collections.abc import Mapping
from pathlib import Path

from rich.table import Table

from gis.training.manifest import Outcome


def terminal_table(trained: Mapping[Path, Outcome]) -> Table:
    """Spearman x 100 on the validation pairs before and after, for each model; several also as mean ± deviation."""
    table = Table("model", "seed", "before", "best", "at step", "of", "rows/s", box=None, pad_edge=False)
    for folder, outcome in trained.items():
        table.add_row(
            str(folder),
            str(outcome.seed),
            _score(outcome.before),
            _score(outcome.best),
            f"{outcome.best_step:,}",
            f"{outcome.steps:,}",
            f"{outcome.pairs / outcome.seconds:,.0f}" if outcome.seconds else "–",
        )
    scores = [outcome.best for outcome in trained.values() if outcome.best is not None]
    if len(scores) > 1:
        spread = statistics.stdev(scores)
        table.add_row(
            f"mean ± deviation of {len(scores)}", "", "", f"{_score(statistics.mean(scores))} ± {100 * spread:.2f}"
        )
    return table


def _score(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f}"

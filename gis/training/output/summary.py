"""Trained models as a table: a row for each seed, then mean and deviation."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from gis.terminal_table import Column, TerminalTable
from gis.training.output.report import TrainingReport


def summary_table(trained: Sequence[tuple[Path, TrainingReport]]) -> TerminalTable:
    """Return the validation scores × 100 before and after each training, its loss and speed.

    Several models get a last row with mean ± standard deviation.
    """
    table = TerminalTable(
        [
            Column(title="model", align="left"),
            Column(title="seed"),
            Column(title="before", priority=1),
            Column(title="best"),
            Column(title="at step", priority=2),
            Column(title="steps", priority=3),
            Column(title="loss", priority=1),
            Column(title="rows/s", priority=4),
        ],
        transposable=True,
    )
    for folder, report in trained:
        table.add_row(
            str(folder),
            str(report.seed),
            _score(report.before),
            _score(report.best),
            f"{report.best_step:,}",
            f"{report.steps:,}",
            "–" if report.final_loss is None else f"{report.final_loss:.4g}",
            f"{report.pairs / report.seconds:,.0f}" if report.seconds else "–",
        )
    scores = [report.best for _, report in trained if report.best is not None]
    if len(scores) > 1:
        mean = f"{_score(statistics.mean(scores))} ± {100 * statistics.stdev(scores):.2f}"
        table.add_row(f"mean ± deviation of {len(scores)}", "", "", mean, "", "", "", "")
    return table


def _score(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f}"

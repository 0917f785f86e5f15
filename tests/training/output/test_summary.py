"""Trained models as a table."""

from dataclasses import replace
from pathlib import Path

from gis.training.output.report import TrainingReport
from gis.training.output.summary import summary_table
from tests.training.output.test_manifest import OUTCOME

REPORT = TrainingReport.from_json(OUTCOME)


def lines(*reports: TrainingReport, width: int = 80) -> list[str]:
    table = summary_table([(Path(f"seed-{report.seed}"), report) for report in reports])
    return [line.plain for line in table.lines(width)]


def test_one_model_is_one_row() -> None:
    head, _, row = lines(REPORT)
    assert head.split() == ["model", "seed", "before", "best", "at", "step", "steps", "loss", "rows/s"]
    assert row.split() == ["seed-7", "7", "10.00", "20.00", "3", "3", "2.5", "32"]


def test_several_models_have_mean_and_deviation() -> None:
    *_, last = lines(REPORT, replace(REPORT, seed=8, best=0.4))
    assert last.split("  ")[0] == "mean ± deviation of 2"
    assert last.endswith("30.00 ± 14.14")


def test_without_validation_and_steps_there_is_nothing_to_show() -> None:
    *_, row = lines(replace(REPORT, before=None, best=None, losses=(), seconds=0.0))
    assert row.split() == ["seed-7", "7", "–", "–", "3", "3", "–", "–"]


def test_in_a_narrow_terminal_no_number_is_broken() -> None:
    text = "\n".join(lines(REPORT, width=40))
    assert "20.00" in text
    assert max(map(len, text.splitlines())) <= 40

"""gis ablate as it is typed."""

from pathlib import Path

import pytest

from tests.command_line import Gis
from tests.training.helpers import dataset, graded_rows, write_rows


@pytest.mark.slow
def test_ablate_prints_a_table_and_writes_it_as_markdown_and_csv(gis: Gis, tiny_bert: Path, tmp_path: Path) -> None:
    data, output = dataset(tmp_path / "data", validation=0), tmp_path / "out"
    for name, seed in (("one", 8), ("two", 9)):
        write_rows(tmp_path / name / "test.jsonl", graded_rows(30, seed=seed))
    command = ["ablate", "--model", str(tiny_bert), "--task", str(data), "--objective", "cosent", "--objective", "acl"]
    command += ["--score", f"{tmp_path / 'one'},{tmp_path / 'two'}", "--output", str(output), "--device", "cpu"]
    done = gis(*command, "--seeds", "2")
    assert done.status == 0, done.err
    assert "|" not in done.out
    assert "* marks a difference from the first row" in done.out
    markdown = (output / "ablation.md").read_text(encoding="utf-8")
    assert markdown.startswith("| variant | seeds | one | two |")
    assert "marks a difference from the first row" in markdown
    assert (output / "ablation.csv").is_file()


@pytest.mark.parametrize(("option", "value"), [("--temperature", "x"), ("--batch-size", "0")])
def test_numbers_above_0_are_asked_for(gis: Gis, tiny_bert: Path, tmp_path: Path, option: str, value: str) -> None:
    data = dataset(tmp_path / "data")
    command = ["ablate", "--model", str(tiny_bert), "--task", str(data), "--score", str(data), "--objective", "gis"]
    done = gis(*command, "--output", str(tmp_path / "out"), option, value)
    assert (done.status, f"{option} takes numbers" in done.err) == (2, True)

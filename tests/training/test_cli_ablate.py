"""gis ablate as it is typed."""

from pathlib import Path

import pytest

from gis.training.ablation.scored import ScoreOnTest
from gis.training.settings import TrainSettings
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


def test_the_table_is_printed_when_a_cell_fails(gis: Gis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def scored(settings: TrainSettings, *_: object, **__: object) -> dict[str, ScoreOnTest]:
        if settings.objective.name == "acl" and settings.seed == 43:
            raise RuntimeError("out of memory")
        return {"data": ScoreOnTest(0.5, None)}

    monkeypatch.setattr("gis.training.ablation.grid.train_and_score", scored)
    data = write_rows(dataset(tmp_path / "data") / "test.jsonl", graded_rows(10, seed=8)).parent
    command = ["ablate", "--model", str(tmp_path), "--task", str(data), "--score", str(data), "--objective", "cosent"]
    done = gis(*command, "--objective", "acl", "--output", str(tmp_path / "out"), "--seeds", "2", "--device", "cpu")
    assert done.status == 1
    assert "acl, seed 43: RuntimeError: out of memory" in done.err
    assert [line.split()[:2] for line in done.out.splitlines() if line[:3] in ("cos", "acl")] == [
        ["cosent", "2"],
        ["acl", "1"],
    ]


@pytest.mark.parametrize(("option", "value"), [("--temperature", "x"), ("--batch-size", "0")])
def test_numbers_above_0_are_asked_for(gis: Gis, tiny_bert: Path, tmp_path: Path, option: str, value: str) -> None:
    data = dataset(tmp_path / "data")
    command = ["ablate", "--model", str(tiny_bert), "--task", str(data), "--score", str(data), "--objective", "gis"]
    done = gis(*command, "--output", str(tmp_path / "out"), option, value)
    assert (done.status, f"{option} takes numbers" in done.err) == (2, True)

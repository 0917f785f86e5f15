"""A grid: every combination, continued where it stopped, summed up with deviation and significance."""

from pathlib import Path
from typing import Any

import pytest

from gis.benchmark.tasks.catalogue import resolve_tasks
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.console import Reporter
from gis.errors import GisError
from gis.spec import Spec
from gis.training import ablation
from gis.training.ablation import Cell, Grid, comma_separated, markdown, run_grid, summarise
from gis.training.run import train
from tests.training.helpers import LOAD, dataset, graded_rows, loaded, settings, write_rows


def scored_on(folder: Path) -> list[LoadedTask]:
    found = []
    for seed, name in enumerate(("one", "two", "three"), start=10):
        file = write_rows(folder / name / "test.jsonl", graded_rows(30, seed=seed))
        found.append(load_task(resolve_tasks([Spec(str(file.parent))], None)[0], SourceSettings()))
    return found


def test_every_combination_once_and_again_nothing(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = Grid((Spec("cosent"), Spec("acl")), ("cls", "mean"), (16, 24), (0.1,), (1, 2))
    data, tests = loaded(dataset(tmp_path / "data", validation=0)).train, scored_on(tmp_path / "tests")
    base = settings(tiny_bert, epochs=0.5)
    walk: Any = run_grid(grid, base, data, tests, LOAD, tmp_path / "out", Reporter(quiet=True))
    first = [next(walk) for _ in range(5)]
    walk.close()  # stopped
    trainings = 0
    original = train

    def counted(*args: object, **kwargs: object) -> object:
        nonlocal trainings
        trainings += 1
        return original(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(ablation, "train", counted)
    cells = list(run_grid(grid, base, data, tests, LOAD, tmp_path / "out", Reporter(quiet=True)))
    assert cells[:5] == first
    assert len(cells) == 16
    assert trainings == 11
    assert {cell.variant for cell in cells} == {
        f"{objective} pooling={pooling} batch={batch}"
        for objective in ("cosent", "acl")
        for pooling in ("cls", "mean")
        for batch in (16, 24)
    }
    assert list(cells[0].scores) == ["one", "two", "three"]
    assert not list((tmp_path / "out" / "models").glob("*/model.safetensors"))
    again = list(run_grid(grid, base, data, tests[:2], LOAD, tmp_path / "out", Reporter(quiet=True)))
    assert trainings == 27  # other test sets are other cells
    assert list(again[0].scores) == ["one", "two"]


def test_a_broken_cell_is_named(tiny_bert: Path, tmp_path: Path) -> None:
    grid = Grid((Spec("cosent"),), (), (16,), (), (1,))
    data, tests = loaded(dataset(tmp_path / "data", validation=0)).train, scored_on(tmp_path / "tests")
    list(run_grid(grid, settings(tiny_bert), data, tests, LOAD, tmp_path / "out", Reporter(quiet=True)))
    (cell,) = (tmp_path / "out" / "cells").glob("*.json")
    cell.write_text("{", encoding="utf-8")
    with pytest.raises(GisError, match=f"{cell.name}.*delete it"):
        list(run_grid(grid, settings(tiny_bert), data, tests, LOAD, tmp_path / "out", Reporter(quiet=True)))


def test_the_summary_compares_seed_by_seed() -> None:
    cells = [
        Cell(variant, seed, {"main": main, "a": main - 0.1, "b": main - 0.3})
        for variant, scores in {
            "first": (0.80, 0.82, 0.81),
            "better": (0.85, 0.88, 0.86),
            "alike": (0.81, 0.81, 0.81),
        }.items()
        for seed, main in enumerate(scores)
    ]
    rows = summarise(cells)
    assert [row.variant for row in rows] == ["first", "better", "alike"]
    assert rows[0].means == pytest.approx({"main": 0.81, "a": 0.71, "b": 0.51, "mean of others": 0.61})
    assert rows[0].deviations["main"] == pytest.approx(0.01)
    difference = rows[1].differences["main"]
    assert difference is not None
    assert difference.mean == pytest.approx(0.16 / 3)
    assert rows[1].p_values["main"] < 0.05 < rows[2].p_values["main"]
    table = markdown(rows).splitlines()
    assert table[2] == "| first | 3 | 81.00 ± 1.00 | 71.00 ± 1.00 | 51.00 ± 1.00 | 61.00 ± 1.00 |"
    assert "86.33 ± 1.53*" in table[3]
    assert "*" not in table[4]
    assert len(comma_separated(rows).splitlines()) == 1 + 3 * 4

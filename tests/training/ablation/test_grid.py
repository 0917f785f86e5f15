"""A grid: every combination, continued where it stopped, scored as gis bench scores."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from gis.benchmark.tasks.catalogue import resolve_tasks
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.console import Reporter
from gis.errors import GisError
from gis.models.losses import objective_of
from gis.spec import Spec
from gis.training.ablation import scored
from gis.training.ablation.grid import Grid, GridError, run_grid
from gis.training.ablation.tables import VariantSummary
from gis.training.output.report import TrainingReport
from gis.training.run import TrainedModel
from gis.training.settings import TrainSettings
from tests.training.helpers import dataset, graded_rows, loaded, settings, write_rows
from tests.training.output.test_manifest import OUTCOME

pytestmark = pytest.mark.slow


def grid_of(*objectives: str, **others: Any) -> Grid:  # noqa: ANN401
    return Grid(objectives=tuple(map(objective_of, objectives)), **others)


def scored_on(folder: Path) -> list[LoadedTask]:
    found = []
    for seed, name in enumerate(("one", "two", "three"), start=10):
        file = write_rows(folder / name / "test.jsonl", graded_rows(30, seed=seed))
        found.append(load_task(resolve_tasks([Spec(str(file.parent))], None)[0], SourceSettings()))
    return found


def test_every_combination_is_trained_once_and_a_stopped_grid_continues(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = grid_of("cosent", "acl", poolings=("cls", "mean"), batch_sizes=(16, 24), temperatures=(0.1,), seeds=(1, 2))
    data, tests = loaded(dataset(tmp_path / "data", validation=0)).train, scored_on(tmp_path / "tests")
    report = TrainingReport.from_json({**OUTCOME, "seed": 1})
    trained: list[TrainSettings] = []

    def untrained(settings: TrainSettings, _: object, output: Path, **__: object) -> TrainedModel:
        trained.append(settings)
        if len(trained) == 6:
            raise KeyboardInterrupt
        return TrainedModel(Path(shutil.copytree(tiny_bert, output)), report)

    def run(tests: list[LoadedTask]) -> list[VariantSummary]:
        return run_grid(grid, settings(tiny_bert), data, tests, tmp_path / "out", device="cpu")

    monkeypatch.setattr(scored, "train", untrained)
    with pytest.raises(KeyboardInterrupt):
        run(tests)
    summaries = run(tests)
    assert len(trained) == 6 + 11
    assert len({str(settings) for settings in trained}) == 16
    assert {summary.variant for summary in summaries} == {
        f"{objective} pooling={pooling} batch={batch}"
        for objective in ("cosent", "acl")
        for pooling in ("cls", "mean")
        for batch in (16, 24)
    }
    assert {summary.seeds for summary in summaries} == {2}
    assert list(summaries[0].means) == ["one", "two", "three", "mean of others"]
    assert not list((tmp_path / "out" / "models").glob("*/model.safetensors"))
    again = run(tests[:2])
    assert len(trained) == 17 + 16  # other test sets are other cells
    assert list(again[0].means) == ["one", "two"]


def test_what_all_cells_share_is_said_once(tiny_bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, tests = loaded(dataset(tmp_path / "data", validation=0)).train, scored_on(tmp_path / "tests")
    run_grid(grid_of("cosent", "acl"), settings(tiny_bert), data, tests, tmp_path, device="cpu", reporter=Reporter())
    told = capsys.readouterr().err
    assert told.count("48 labelled pairs") == 1
    assert "no validation split" not in told
    assert "2 of 2: acl, seed 42" in told


def test_a_broken_cell_is_named(tiny_bert: Path, tmp_path: Path) -> None:
    data, tests = loaded(dataset(tmp_path / "data", validation=0)).train, scored_on(tmp_path / "tests")

    def run() -> object:
        return run_grid(grid_of("cosent"), settings(tiny_bert), data, tests, tmp_path / "out", device="cpu")

    run()
    (cell,) = (tmp_path / "out" / "cells").glob("*.json")
    cell.write_text("{", encoding="utf-8")
    with pytest.raises(GisError, match=f"{cell.name}.*delete it"):
        run()


def test_a_cell_that_fails_does_not_stop_the_others(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it is the first, with which the others are compared; the same call then tries it again."""
    data, tests = loaded(dataset(tmp_path / "data", validation=0)).train, scored_on(tmp_path / "tests")
    broken = {("cosent", 1)}

    def untrained(settings: TrainSettings, _: object, output: Path, **__: object) -> TrainedModel:
        if (str(settings.objective), settings.seed) in broken:
            raise RuntimeError("out of memory\nand more")
        return TrainedModel(Path(shutil.copytree(tiny_bert, output)), TrainingReport.from_json({**OUTCOME, "seed": 1}))

    def run() -> list[VariantSummary]:
        grid = grid_of("cosent", "acl", seeds=(1, 2))
        return run_grid(grid, settings(tiny_bert), data, tests, tmp_path / "out", device="cpu")

    monkeypatch.setattr(scored, "train", untrained)
    with pytest.raises(GridError, match=r"^cosent, seed 1: RuntimeError: out of memory$") as caught:
        run()
    assert [(summary.variant, summary.seeds) for summary in caught.value.summaries] == [("cosent", 1), ("acl", 2)]
    broken.clear()
    assert [(summary.variant, summary.seeds) for summary in run()] == [("cosent", 2), ("acl", 2)]


def test_a_variant_is_named_by_what_varies(tiny_bert: Path) -> None:
    grid = grid_of("gis", "acl,angle=2", temperatures=(0.1, 0.2))
    variants = grid.variants(settings(tiny_bert))
    assert list(variants) == [
        "gis temperature=0.1",
        "gis temperature=0.2",
        "acl,angle=2 temperature=0.1",
        "acl,angle=2 temperature=0.2",
    ]
    chosen = variants["acl,angle=2 temperature=0.1"].objective.settings
    assert (chosen.angle, chosen.cosine_temperature, chosen.angle_temperature) == (2, 0.1, 0.1)

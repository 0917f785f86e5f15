import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gis.benchmark.runner import RunSettings, run_models
from gis.benchmark.shards import Shard, grid_of, unfinished_runs
from gis.benchmark.tasks.catalogue import Task, catalogue, suites
from gis.errors import GisError, UsageError
from gis.spec import Spec
from tests.benchmark.helpers import ROWS, FakeEncoder, write_jsonl
from tests.benchmark.retrieval.test_collection import lay_out
from tests.command_line import run_gis
from tests.tiny_models import save_bert

NAMES = ("one", "two", "three")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three tasks of a few pairs."""
    for place, name in enumerate(NAMES):
        write_jsonl(tmp_path / "data" / name / "test.jsonl", [*ROWS[place:], *ROWS[:place]][: 4 + place])
    return tmp_path / "data"


def sts() -> list[Task]:
    return [catalogue()[name] for name in suites()["sts"]]


@pytest.mark.parametrize("text", ["0/4", "5/4", "x", "3", "3/", "/4", "1/0", "-1/4", "1/4/2", "1.0/4", "", "³/4"])
def test_what_is_not_a_shard_is_refused_in_one_line(text: str, data: Path) -> None:
    with pytest.raises(UsageError, match="3/16"):
        Shard.parse(text)
    done = run_gis("bench", "-m", "length", "-t", data / "one", "--shard", text)
    assert (done.status, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert f"not '{text}'" in done.err


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 16, 1000])
@pytest.mark.parametrize(("models", "tasks"), [(1, 1), (1, 7), (5, 1), (4, 7), (23, 5)])
def test_every_cell_is_in_exactly_one_shard(shards: int, models: int, tasks: int) -> None:
    names = [f"./model-{number}" for number in range(models)]
    cells = grid_of(names, sts()[:tasks], shards)
    assert [(cell.model, cell.task) for cell in cells] == [
        (name, task.name) for name in names for task in sts()[:tasks]
    ]
    assert all(1 <= cell.shard <= shards for cell in cells)
    assert cells == grid_of(names, sts()[:tasks], shards)


def test_no_shard_costs_more_than_its_share_and_one_cell() -> None:
    tasks, names, shards = sts(), [f"./model-{number}" for number in range(9)], 8
    cells = grid_of(names, tasks, shards)
    pairs = {task.name: task.rows or 0 for task in tasks}
    costs = Counter[int]()
    for cell in cells:
        costs[cell.shard] += pairs[cell.task]
    assert max(costs.values()) <= costs.total() / shards + max(pairs.values())
    assert min(costs.values()) >= costs.total() / shards - max(pairs.values())


def test_models_without_weights_count_little() -> None:
    cells = grid_of(["tfidf", "bm25", "./one", "./two"], sts(), 2)
    assert {cell.model for cell in cells if cell.shard == 1} == {"tfidf", "bm25", "./one"}


def test_neighbouring_cells_share_a_model() -> None:
    cells = grid_of([f"./model-{number}" for number in range(8)], sts(), 4)
    assert [len({cell.model for cell in cells if cell.shard == shard}) for shard in (1, 2, 3, 4)] == [2, 2, 2, 2]


def test_a_model_named_twice_is_scored_once() -> None:
    cells = grid_of(["tfidf", "tfidf", Spec("tfidf"), "length,bm25"], sts()[:1], 2)
    assert [cell.model for cell in cells] == ["tfidf", "length", "bm25"]


def test_objects_in_memory_are_not_divided(data: Path) -> None:
    with pytest.raises(UsageError, match="no name"):
        run_models([FakeEncoder()], [str(data / "one")], RunSettings(shard=Shard(1, 2)))


def comparable(folder: Path) -> dict[str, Any]:
    """The files of a folder of results, without what tells one run from another."""
    files: dict[str, Any] = {}
    for path in sorted(folder.glob("*/*/*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".json":
            content = json.loads(path.read_text(encoding="utf-8"))
            del content["sha256"]
            for key in ("command", "date", "seconds", "from_cache"):
                del content["run"][key]
            files[name] = content
        else:
            files[name] = path.read_bytes()
    return files


@pytest.mark.slow
def test_shards_at_once_fill_one_folder_as_one_run_does(tmp_path: Path, data: Path) -> None:
    save_bert(tmp_path / "tiny")
    grid = ["-m", f"tfidf,length,{tmp_path / 'tiny'}", *(f"--task={name}" for name in NAMES), "--data", str(data)]
    assert run_gis("bench", *grid, "--output", tmp_path / "alone", "--no-cache", "--quiet").status == 0
    command = [sys.executable, "-m", "gis", "bench", *grid, "--output", str(tmp_path / "shared"), "--no-cache"]
    jobs = [
        subprocess.Popen(
            [*command, "--shard", f"{number}/2"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in (1, 2)
    ]
    outputs = [job.communicate() for job in jobs]
    assert [job.returncode for job in jobs] == [0, 0], outputs
    assert comparable(tmp_path / "shared") == comparable(tmp_path / "alone")
    assert len(comparable(tmp_path / "shared")) == 18
    assert not any("was scored on" in errors for _, errors in outputs)
    assert unfinished_runs(tmp_path / "shared") == []
    assert "missing" not in run_gis("leaderboard", tmp_path / "shared").err


@pytest.mark.usefixtures("data")
def test_the_leaderboard_names_what_is_missing_and_how_to_score_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    grid = ("bench", "-m", "tfidf,length", "-t", "one,two,three", "--data", "data", "--shard")
    assert run_gis(*grid, "2/3").status == 0
    done = run_gis("leaderboard", "results")
    assert "4 of 6 cells of a run in shards are missing: tfidf on one, tfidf on two, length on two" in done.err
    assert "(and with --shard 3/3)" in done.err
    (line,) = [line for line in done.err.splitlines() if line.startswith("    gis bench")]
    assert line.endswith("--shard 1/3")
    assert run_gis(*line.split()[1:]).status == 0
    assert "2 of 6 cells" in run_gis("leaderboard", "results").err
    assert run_gis(*grid, "3/3").status == 0
    assert "missing" not in run_gis("leaderboard", "results").err
    next((tmp_path / "results" / "tfidf").glob("*/one.json")).unlink()
    assert "1 of 6 cells of a run in shards are missing: tfidf on one" in run_gis("leaderboard", "results").err


@pytest.mark.usefixtures("data")
def test_a_shard_that_is_repeated_keeps_its_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    grid = ("bench", "-m", "tfidf,length", "-t", "one,two", "--data", "data", "--shard", "1/2")
    run_gis(*grid)
    before = {path: path.stat().st_mtime_ns for path in Path("results").glob("*/*/*.json")}
    again = run_gis(*grid)
    assert "was scored on" in again.err
    assert {path: path.stat().st_mtime_ns for path in Path("results").glob("*/*/*.json")} == before


def test_a_run_may_be_divided_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: Path) -> None:  # noqa: ARG001
    monkeypatch.chdir(tmp_path)
    grid = ("bench", "-m", "tfidf,length", "-t", "one,two,three", "--data", "data", "--shard")
    assert run_gis(*grid, "1/2").status == 0
    assert [run_gis(*grid, f"{number}/3").status for number in (2, 3)] == [0, 0]
    assert unfinished_runs(tmp_path / "results") == []


def test_a_shard_without_cells_says_so_and_succeeds(tmp_path: Path, data: Path) -> None:
    done = run_gis("bench", "-m", "length", "-t", data / "one", "--output", tmp_path / "results", "--shard", "1/9")
    assert done.status == 0
    assert "shard 1/9: 0 of 1 cells" in done.err
    assert run_gis("bench", "-m", "length", "-t", data / "one", "--output", tmp_path / "results", "--shard", "5/9").out


def test_a_model_that_fails_leaves_its_cells_missing(tmp_path: Path, data: Path) -> None:
    (tmp_path / "broken").mkdir()
    models = f"length,{tmp_path / 'broken'}"
    done = run_gis("bench", "-m", models, "-t", data / "one", "--output", tmp_path / "results", "--shard", "1/1")
    assert done.status == 1
    (run,) = unfinished_runs(tmp_path / "results")
    assert [cell.model for cell in run.missing] == [str(tmp_path / "broken")]


def test_retrieval_is_divided_with_the_pairs(tmp_path: Path, data: Path) -> None:
    found = lay_out(tmp_path / "found")
    grid = ("bench", "-m", "tfidf,bm25", "-t", f"{found},{data / 'one'}", "--output", tmp_path / "results", "--shard")
    assert run_gis(*grid, "1/2").status == 0
    (run,) = unfinished_runs(tmp_path / "results")
    assert [(cell.model, cell.task) for cell in run.missing] == [("bm25", "found-retrieval"), ("bm25", "one")]
    assert run_gis(*grid, "2/2").status == 0
    assert unfinished_runs(tmp_path / "results") == []


@pytest.mark.usefixtures("data")
def test_samples_are_runs_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    grid = ("bench", "-m", "tfidf", "-t", "one,two", "--data", "data")
    assert run_gis(*grid, "--shard", "1/1").status == 0
    assert run_gis(*grid, "--limit", "3", "--shard", "1/2").status == 0
    (run,) = unfinished_runs(tmp_path / "results")
    assert "--limit 3" in run.command
    assert [cell.task for cell in run.missing] == ["two"]


def test_a_damaged_record_is_named_with_its_remedy(tmp_path: Path, data: Path) -> None:
    run_gis("bench", "-m", "length", "-t", data / "one", "--output", tmp_path / "results", "--shard", "1/1")
    (path,) = (tmp_path / "results" / "shards").iterdir()
    for content in ("", "[]", '{"command": "x", "shard": "9/1", "cells": [], "results": []}'):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(GisError, match="does not say what a shard has scored") as caught:
            unfinished_runs(tmp_path / "results")
        assert "run the shard again" in caught.value.remedy


def test_a_changed_letter_of_a_record_is_noticed(tmp_path: Path, data: Path) -> None:
    run_gis("bench", "-m", "length", "-t", data / "one", "--output", tmp_path / "results", "--shard", "1/1")
    (path,) = (tmp_path / "results" / "shards").iterdir()
    path.write_text(path.read_text(encoding="utf-8").replace("length", "lengthy", 1), encoding="utf-8")
    with pytest.raises(GisError, match="was changed since a shard wrote it"):
        unfinished_runs(tmp_path / "results")


def test_results_that_cannot_be_written_end_a_shard(tmp_path: Path, data: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "shards").write_text("")
    done = run_gis("bench", "-m", "length", "-t", data / "one", "--output", tmp_path / "results", "--shard", "1/1")
    assert done.status == 1
    assert "is not a folder" in done.err

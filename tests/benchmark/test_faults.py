"""Runs that are killed at any call, and files in which any bit is flipped: no wrong number, no traceback."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gis.benchmark.mteb_export import export
from gis.benchmark.results import Result, read_pairs, read_results, result_path
from gis.benchmark.runner import RunSettings
from gis.benchmark.scoring import TaskScores
from gis.benchmark.tasks.catalogue import Task
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.errors import GisError
from gis.leaderboard.documents import write_or_check
from gis.leaderboard.table import load_table
from tests.benchmark.helpers import ROWS, FakeEncoder, make_task, run, settings, sign_dataset, write_jsonl
from tests.faults.damage import COUNTS, Verdict, flips, verdicts
from tests.faults.kills import can_fork, killed_at_each_call, killed_at_some_calls

pytestmark = can_fork

OTHER_ROWS = tuple({**row, "score": 5 - row["score"]} for row in ROWS)


def leftovers(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".*") if path.name.startswith(".")]


@pytest.mark.slow
def test_a_bench_killed_at_any_call_is_finished_by_the_same_one(tmp_path: Path) -> None:
    task, folder = make_task(tmp_path, "mine"), tmp_path / "run"
    (expected,) = run(FakeEncoder(), [task], RunSettings())
    kills = killed_at_some_calls(
        lambda: run(FakeEncoder(), [task], settings(folder)), lambda: shutil.rmtree(folder, ignore_errors=True)
    )
    for _ in kills:
        (result,) = run(FakeEncoder(), [task], settings(folder))
        assert result.scores == expected.scores
        assert [result] == list(read_results(folder / "results"))
        assert not leftovers(folder)


@pytest.mark.slow
def test_a_result_replaced_by_a_killed_run_is_the_old_the_new_or_named(tmp_path: Path) -> None:
    old, new = make_task(tmp_path / "old", "mine"), make_task(tmp_path / "new", "mine", OTHER_ROWS)
    scores = {run(FakeEncoder(), [task], RunSettings())[0].scores.main for task in (old, new)}
    kills = killed_at_each_call(lambda: run(FakeEncoder(), [new], settings(tmp_path)))
    run(FakeEncoder(), [old], settings(tmp_path))
    for _ in kills:
        try:
            (result,) = read_results(tmp_path / "results")
            assert result.scores.main in scores
        except GisError as error:
            assert "mine.pairs.parquet" in str(error)  # noqa: PT017
        (result,) = run(FakeEncoder(), [new], settings(tmp_path))
        assert [result] == list(read_results(tmp_path / "results"))
        assert not leftovers(tmp_path)
        run(FakeEncoder(), [old], settings(tmp_path))


@pytest.mark.slow
def test_pages_and_exports_killed_at_any_call_are_the_old_or_the_new(tmp_path: Path) -> None:
    (result,) = run(FakeEncoder(), [make_task(tmp_path, "mine")], RunSettings())
    result = replace(result, task=replace(result.task, mteb="Mine"))
    page = tmp_path / "out" / "board.csv"
    write_or_check(page, "old", check=False)

    def work() -> None:
        write_or_check(page, "new", check=False)
        export([result], tmp_path / "out")

    for _ in killed_at_each_call(work):
        assert page.read_text() in ("old", "new")
        work()
        assert page.read_text() == "new"
        assert len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) == 3
        write_or_check(page, "old", check=False)


class Bench:
    """A bench of a built dataset, and the files that a flipped bit may be in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "issues"
        write_jsonl(self.data / "data" / "test.jsonl")
        (self.data / "README.md").write_text("---\nlicense: other\n---\n# Issues\n", encoding="utf-8")
        sign_dataset(self.data, settings={"text": {"form": "markdown"}})
        self.settings = settings(folder)
        (self.result,) = run(FakeEncoder(), [self.load()], self.settings)
        self.path = result_path(folder / "results", FakeEncoder().card, "mine")

    def load(self) -> LoadedTask:
        return load_task(Task(name="mine", folder=str(self.data)), SourceSettings())

    def again(self) -> TaskScores:
        """Score with what the cache holds, and no result."""
        return run(FakeEncoder(), [self.load()], replace(self.settings, output=None))[0].scores

    def read(self) -> TaskScores:
        """Read result and pairs as a leaderboard does."""
        load_table(self.folder / "results")
        read_pairs(self.path)
        (result,) = read_results(self.folder / "results")
        return result.scores

    def resumed(self) -> Result:
        """Run the same bench again, which repairs what is damaged."""
        return run(FakeEncoder(), [self.load()], self.settings)[0]


def check_flips(bench: Bench, path: Path, count: int, work: Callable[[], TaskScores]) -> int:
    """Return how many of the flips were named; the scores are right after all others."""

    def use() -> Verdict:
        assert work() == bench.result.scores
        return "same"

    return verdicts(path, count, use, [path.name, bench.path.name, bench.data.name])["named"]


@pytest.mark.parametrize("count", COUNTS)
def test_a_flipped_bit_in_a_result_is_named_and_repaired(tmp_path: Path, count: int) -> None:
    bench = Bench(tmp_path)
    named = check_flips(bench, bench.path, count, bench.read)
    assert named > count * 0.8  # the others are in white space between the values
    for _ in flips(bench.path, 10, seed=8):
        try:
            assert bench.resumed().scores == bench.result.scores
        except GisError as error:
            assert "newer gis" in str(error)  # noqa: PT017 - the bit that makes version 2 version 3


@pytest.mark.parametrize("count", COUNTS)
def test_a_flipped_bit_in_the_pair_scores_is_named_and_repaired(tmp_path: Path, count: int) -> None:
    bench = Bench(tmp_path)
    table = bench.path.with_name("mine.pairs.parquet")
    assert check_flips(bench, table, count, bench.read) == count
    for _ in flips(table, 10, seed=8):
        assert bench.resumed().scores == bench.result.scores
        assert bench.read() == bench.result.scores


@pytest.mark.parametrize("count", COUNTS)
def test_a_flipped_bit_in_the_cache_changes_no_score(tmp_path: Path, count: int) -> None:
    bench = Bench(tmp_path)
    (path,) = (tmp_path / "cache").rglob("*.sqlite")
    check_flips(bench, path, count, bench.again)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", ["data/test.jsonl", "gis_manifest.json", "README.md"])
def test_a_flipped_bit_in_a_dataset_folder_is_named_or_changes_no_score(tmp_path: Path, name: str, count: int) -> None:
    bench, count = Bench(tmp_path), count // 3
    named = check_flips(bench, bench.data / name, count, bench.again)
    assert named == (count if name.endswith(("jsonl", "json")) else 0)

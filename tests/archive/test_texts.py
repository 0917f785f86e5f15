"""Datasets of ids get their texts back from an archive."""

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from gis.archive.collect import collect_archive
from gis.archive.texts import archive_texts
from gis.archive.work import work_beside
from gis.collector.records import IssueText
from gis.console import Reporter
from tests.archive.helpers import world
from tests.archive.hours import write_hours
from tests.collector.world import World
from tests.command_line import Gis


def texts(folder: Path, *issues: tuple[str, int]) -> list[IssueText]:
    with work_beside(folder / "out") as work:
        return list(archive_texts(issues, str(folder / "hours"), work))


@pytest.fixture
def repository() -> World:
    repository = world(40, duplicates=20)
    for number, row in repository.issues.items():
        row["body"] = f"The part {number} of the machine of {number * 7} fails with the error {number * 31}."
    return repository


def test_every_pair_of_a_dataset_of_ids_gets_its_texts_back(gis: Gis, tmp_path: Path, repository: World) -> None:
    write_hours(tmp_path / "hours", [repository], files=4)
    collect_archive(str(tmp_path / "hours"), tmp_path / "store.db")
    done = gis("build", "--store", tmp_path / "store.db", "--output", tmp_path / "built", "--quiet")
    assert done.status == 0, done.err
    done = gis("hydrate", tmp_path / "built", "--archive", tmp_path / "hours", "--output", tmp_path / "restored")
    assert done.status == 0, done.err
    assert re.search(r"issues: [1-9]\d* as built, 0 changed, 0 gone", done.out), done.out
    for split in ("train", "valid", "test"):
        (built,) = (tmp_path / "built").glob(f"ids/*{split}*.parquet")
        (restored,) = (tmp_path / "restored").rglob(f"*{split}*.parquet")
        assert pq.read_table(built).num_rows == pq.read_table(restored).num_rows


@pytest.mark.slow
def test_another_engine_gives_the_same_texts_back(gis: Gis, tmp_path: Path, repository: World) -> None:
    pytest.importorskip("chdb", reason="needs chdb: pip install chdb")
    write_hours(tmp_path / "hours", [repository], files=4, faults=["malformed", "odd texts"])
    collect_archive(str(tmp_path / "hours"), tmp_path / "store.db")
    assert gis("build", "--store", tmp_path / "store.db", "--output", tmp_path / "built", "--quiet").status == 0
    restored: dict[str, list[bytes]] = {}
    for engine in ("duckdb", "clickhouse"):
        output = tmp_path / engine
        done = gis(
            "hydrate", tmp_path / "built", "--archive", tmp_path / "hours", "--engine", engine, "--output", output
        )
        assert done.status == 0, done.err
        restored[engine] = [path.read_bytes() for path in sorted(output.rglob("*.parquet"))]
    assert restored["duckdb"] == restored["clickhouse"]
    assert len(restored["duckdb"]) > 2


def test_a_text_is_that_at_the_opening_and_the_last_one(tmp_path: Path, repository: World) -> None:
    repository.first_bodies[1] = "As it was first."
    write_hours(tmp_path / "hours", [repository], files=3)
    (text,) = texts(tmp_path, ("Octo/Widgets", 1), ("octo/gears", 1), ("octo/widgets", 9999))
    assert (text.repository, text.number) == ("Octo/Widgets", 1)
    assert text.first_body == "As it was first."
    assert text.body == repository.issues[1]["body"]
    assert text.first_title is None


def test_lines_that_cannot_be_read_are_told(
    tmp_path: Path, repository: World, capsys: pytest.CaptureFixture[str]
) -> None:
    write_hours(tmp_path / "hours", [repository], files=4, faults=["malformed", "truncated"])
    with work_beside(tmp_path / "out") as work:
        list(archive_texts([("octo/widgets", 1)], str(tmp_path / "hours"), work, reporter=Reporter()))
    assert re.search(r"could not be read, and may be of issues: \d+ malformed, 1 cut off", capsys.readouterr().err)


def test_a_renamed_repository_is_found_by_both_names(tmp_path: Path, repository: World) -> None:
    write_hours(tmp_path / "hours", [repository], files=3, renamed=("2020-01-01T12:00:00Z", "octo/gadgets"))
    found = texts(tmp_path, ("octo/gadgets", 1), ("octo/widgets", 1))
    assert sorted(text.repository for text in found) == ["octo/gadgets", "octo/widgets"]
    assert found[0].body == found[1].body


def test_what_does_not_go_together_is_told(gis: Gis, tmp_path: Path) -> None:
    both = gis("hydrate", "rust_issues", "--archive", "x", "--store", "y", "--output", tmp_path / "z")
    assert (both.status, "give --store or --archive" in both.err) == (2, True)
    days = gis("hydrate", "rust_issues", "--from", "2024-01-01", "--output", tmp_path / "z")
    assert (days.status, "add --archive PATH" in days.err) == (2, True)
    engine = gis("hydrate", "rust_issues", "--engine", "duckdb", "--output", tmp_path / "z")
    assert (engine.status, "--engine are for archives; add --archive PATH" in " ".join(engine.err.split())) == (2, True)
    nothing = gis("hydrate", "rust_issues", "--archive", tmp_path / "none", "--output", tmp_path / "z")
    assert (nothing.status, "matches no file" in nothing.err) == (1, True)


def test_an_engine_that_is_not_one_is_named_as_by_collect(gis: Gis, tmp_path: Path, repository: World) -> None:
    write_hours(tmp_path / "hours", [repository], files=1)
    out = tmp_path / "z"
    done = gis("hydrate", "rust_issues", "--archive", tmp_path / "hours", "--engine", "mysql", "--output", out)
    assert (done.status, out.exists()) == (2, False)
    assert "'mysql' is not an engine; choose duckdb, clickhouse, spark://HOST:PORT" in " ".join(done.err.split())


def test_one_process_works_in_a_folder(gis: Gis, tmp_path: Path, repository: World) -> None:
    write_hours(tmp_path / "hours", [repository], files=1)
    with work_beside(tmp_path / "out"):
        done = gis("hydrate", "rust_issues", "--archive", tmp_path / "hours", "--output", tmp_path / "out")
    assert (done.status, "another process works in" in done.err) == (1, True)

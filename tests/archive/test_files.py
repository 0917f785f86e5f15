"""Which files an archive has: of a folder, a glob, or a range of addresses."""

from pathlib import Path

import pytest

from gis.archive.files import GHARCHIVE_URL, find_hours, hours_in
from gis.errors import GisError, UsageError


def folder_of(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).write_bytes(b"")
    return path


def test_hours_are_in_their_order_and_not_in_that_of_their_names(tmp_path: Path) -> None:
    folder_of(tmp_path, "2024-01-01-10.json.gz", "2024-01-01-9.json.gz", "README.md")
    hours = find_hours(str(tmp_path))
    assert [file.name for file in hours.files] == ["2024-01-01-9.json.gz", "2024-01-01-10.json.gz"]
    assert hours.missing == hours.doubled == ()
    assert hours.days == ("2024-01-01", "2024-01-01")
    assert sorted(file.key for file in hours.files) == [file.key for file in hours.files]


def test_missing_and_doubled_hours_are_named(tmp_path: Path) -> None:
    folder_of(tmp_path, "2024-01-01-1.json.gz", "2024-01-01-1.json", "2024-01-01-3.json.gz")
    hours = find_hours(str(tmp_path))
    assert [hour.hour for hour in hours.missing] == [2]
    assert [hour.hour for hour in hours.doubled] == [1]


def test_a_range_says_how_much_of_it_is_missing(tmp_path: Path) -> None:
    folder_of(tmp_path, "2023-12-31-23.json.gz", "2024-01-01-1.json.gz", "other.json")
    hours = find_hours(str(tmp_path), "2024-01-01", "2024-01-01")
    assert len(hours.files) == 1
    assert len(hours.missing) == 23
    assert hours.outside == 2


def test_a_glob_names_files_of_several_folders(tmp_path: Path) -> None:
    for day in ("a", "b"):
        (tmp_path / day).mkdir()
        folder_of(tmp_path / day, "2024-01-01-1.json.gz")
    hours = find_hours(str(tmp_path / "*" / "*.gz"))
    assert len({file.key for file in hours.files}) == 2


def test_an_address_is_made_for_every_hour() -> None:
    hours = find_hours("gharchive", "2024-02-28", "2024-03-01")
    assert len(hours.files) == 72
    assert hours.files[0].place == GHARCHIVE_URL.format(day="2024-02-28", hour=0)
    assert hours.files[-1].name == "2024-03-01-23.json.gz"
    assert hours.files[0].is_remote


def test_what_is_made_of_a_file_has_another_name_when_the_file_changes(tmp_path: Path) -> None:
    folder_of(tmp_path, "2024-01-01-1.json.gz")
    (before,) = find_hours(str(tmp_path)).files
    key = before.key
    (tmp_path / before.name).write_bytes(b"more")
    assert before.key != key


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2024-02-01", "2024-01-01", "ends on 2024-01-01, before it begins on 2024-02-01"),
        ("2999-01-01", None, "begins on 2999-01-01, which is in the future"),
        ("yesterday", None, "'yesterday' is not a day; write it as 2024-01-31"),
    ],
)
def test_a_range_that_is_none_is_refused(first: str, last: str | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_hours("gharchive", first, last)


@pytest.mark.parametrize("archive", ["https://localhost/{day}.json.gz", "gharchive"])
def test_an_address_needs_hours_and_a_range(archive: str) -> None:
    with pytest.raises(UsageError, match=r"names no hour|needs a range"):
        find_hours(archive)


def test_a_pattern_that_matches_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="matches no file"):
        find_hours(str(tmp_path / "*.gz"))
    folder_of(tmp_path, "2024-01-01-1.json.gz")
    with pytest.raises(GisError, match="has 1 files, and none of an hour in the range"):
        find_hours(str(tmp_path), last="2020-01-01")


def test_hours_are_recorded_as_stretches(tmp_path: Path) -> None:
    for name in ("2024-01-01-22", "2024-01-01-23", "2024-01-02-0", "2024-01-02-5", "other"):
        (tmp_path / f"{name}.json.gz").write_bytes(b"")
    hours = find_hours(str(tmp_path))
    assert hours.ranges == [("2024-01-01T22", "2024-01-02T00"), ("2024-01-02T05", "2024-01-02T05")]
    assert hours_in(hours.ranges) == {file.hour for file in hours.files if file.hour is not None}

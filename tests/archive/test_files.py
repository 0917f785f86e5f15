"""Which files an archive has: of a folder, a glob, or a range of addresses."""

from datetime import UTC, datetime, timedelta
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
    (after,) = find_hours(str(tmp_path)).files
    assert before.key == key != after.key  # one that grows while it is read is read again next time


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


@pytest.mark.parametrize(
    ("archive", "message"),
    [
        ("", "no archive is named"),
        ("https://localhost/{day}.json.gz", "names no hour"),
        ("gharchive", "needs a range"),
        ("https://localhost/{day}-{hour}-{zone}.json.gz", r"has \{zone\} in it"),
        ("https://localhost/{day}-{hour:zz}.json.gz", r"has \{hour:zz\} in it"),
        ("https://localhost/{day}-{hour}.json.gz}", r"has \} in it"),
        ("file:///hours/{day}-{hour}.json.gz", "file:// is not a way to an archive"),
        ("ftp://localhost/{day}-{hour}.json.gz", "ftp:// is not a way to an archive"),
    ],
)
def test_an_address_needs_hours_and_a_range(archive: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_hours(archive)


def test_an_hour_of_an_address_may_have_two_digits_and_its_query_is_not_a_name() -> None:
    hours = find_hours("https://localhost/{day}/{hour:02}.json.gz?sig=abcdefgh", "2024-01-01", "2024-01-01")
    assert hours.files[5].place == "https://localhost/2024-01-01/05.json.gz?sig=abcdefgh"
    assert hours.files[5].name == "05.json.gz"


def test_hours_to_come_are_neither_asked_for_nor_missing(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    hours = find_hours("gharchive", f"{now:%Y-%m-%d}", "2999-12-31")
    assert hours.files[-1].hour is not None
    assert hours.files[-1].hour <= datetime.now(UTC) < hours.files[-1].hour + timedelta(hours=2)
    folder_of(tmp_path, f"{now:%Y-%m-%d}-0.json.gz")
    assert len(find_hours(str(tmp_path), f"{now:%Y-%m-%d}", "2999-12-31").missing) <= 23


def test_names_may_be_written_in_other_ways(tmp_path: Path) -> None:
    folder_of(tmp_path, "2024-01-01-05.JSON.GZ", "2024-01-01-6.ndjson", "2024-01-01-7.ndjson.gz")
    assert [file.hour and file.hour.hour for file in find_hours(str(tmp_path)).files] == [5, 6, 7]


def test_a_file_under_two_names_of_one_hour_is_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    folder_of(tmp_path / "a", "2024-01-01-5.json.gz")
    (tmp_path / "2024-01-01-05.json.gz").symlink_to(tmp_path / "a" / "2024-01-01-5.json.gz")
    (tmp_path / "2024-01-01-6.json.gz").symlink_to(tmp_path / "none")
    hours = find_hours(str(tmp_path / "**" / "*.gz"))
    assert (len(hours.files), hours.doubled) == (1, ())


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

"""What a reader finds in each line of an archive, whatever is wrong with it."""

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from gis.archive.counts import LineCounts, count_lines
from gis.archive.files import find_hours
from gis.archive.reading import events_of, read_files, read_json
from gis.archive.tables import COMMENT, EVENTS, USED
from gis.errors import GisError
from gis.full_disk import FullDiskError
from tests.archive.helpers import engine, in_place, world
from tests.archive.hours import FAULTS, Fault, Truth, write_hours
from tests.archive.shapes import ERAS


def counted(folder: Path) -> LineCounts:
    """Read the hours of a folder, and count their lines."""
    hours, work = find_hours(str(folder / "hours")), folder / "events"
    assert not read_files(hours.files, work, read_json, [engine()], in_place)
    files = {events_of(file, work): file for file in hours.files}
    return count_lines(engine().parquet(list(files)), engine(), files)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The events of a folder that was read, each once, in order."""
    rows: dict[str, dict[str, Any]] = {}
    for path in sorted((folder / "events").glob("*/*.parquet")):
        for row in pq.read_table(path).to_pylist():
            if row["line"] in USED:
                rows.setdefault(row["id"], row)
    return list(rows.values())


def assert_true(folder: Path, truth: Truth) -> None:
    """Compare what is read with what was written, line by line and event by event."""
    counts = counted(folder)
    by_name = {file.name: count for file, count in counts.by_file.items()}
    assert sorted(by_name) == sorted(truth.files)
    for name, count in by_name.items():
        expected = truth.files[name].lines
        assert count.total() == expected.total(), name
        assert count["malformed"] + count["cut off"] == expected["malformed"], name
    total, expected = counts.total, truth.lines
    assert {line: total[line] for line in USED} == {line: expected[line] for line in USED}
    # Of events of other kinds it is not counted whether they are repeated; a line of 17 MB can be read.
    others = ("other kind", "pull request", "repeated", "overlong")
    assert sum(total[line] for line in others) == sum(expected[line] for line in others)
    read = {(row["id"], row["kind"], row["number"], row["at"], row["actor"]) for row in rows_of(folder)}
    assert read == {(event.id, event.kind, event.number, event.time, event.actor) for event in truth.events}
    texts = {
        row["id"]: (row["comment_body"],) if row["line"] == COMMENT else (row["title"], row["body"] or "")
        for row in rows_of(folder)
    }
    assert texts == {
        event.id: tuple(text.replace("\ud83d", "\ufffd") for text in event.text or ()) for event in truth.events
    }


@pytest.mark.parametrize("fault", FAULTS)
def test_every_line_counts_and_every_event_is_read_whatever_is_wrong(tmp_path: Path, fault: Fault) -> None:
    assert_true(tmp_path, write_hours(tmp_path / "hours", [world(12)], files=4, era="2018", faults=[fault]))


def test_every_line_counts_where_everything_is_wrong(tmp_path: Path) -> None:
    truth = write_hours(tmp_path / "hours", [world(12)], files=5, era="2018", faults=FAULTS)
    assert_true(tmp_path, truth)
    counts = counted(tmp_path)
    assert {file.name for file in counts.unknown} == {name for name, file in truth.files.items() if not file.layout}
    assert len(counts.empty) == 2


@pytest.mark.parametrize("era", ERAS)
def test_every_era_is_read_and_those_without_texts_are_counted(tmp_path: Path, era: str) -> None:
    truth = write_hours(tmp_path / "hours", [world(12)], files=2, era=era)
    if truth.lines["no text"]:
        assert counted(tmp_path).total == +truth.lines
    else:
        assert_true(tmp_path, truth)


def test_the_files_have_the_columns_of_the_table(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=1)
    counted(tmp_path)
    (path,) = (tmp_path / "events").glob("*/*.parquet")
    assert pq.read_schema(path).names == list(EVENTS)


def test_what_was_read_is_not_read_again(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=4)
    counted(tmp_path)
    read: Counter[str] = Counter()

    def count(path: Path, *others: Any) -> None:  # noqa: ANN401
        read[path.name] += 1
        read_json(path, *others)

    changed = sorted((tmp_path / "hours").iterdir())[2]
    changed.write_bytes(changed.read_bytes() + b"\n")
    hours = find_hours(str(tmp_path / "hours"))
    read_files(hours.files, tmp_path / "events", count, [engine()], in_place)
    assert read == {changed.name: 1}


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=3)
    hours = find_hours(str(tmp_path / "hours"))
    gone = hours.files[1]
    key = events_of(gone, tmp_path / "events")
    broken = gone._replace(place="https://localhost/gone")

    def refuse(file: Any) -> Any:  # noqa: ANN401
        if file == broken:
            raise GisError("no such host")
        return in_place(file)

    files = [file if file != gone else broken for file in hours.files]
    (unread,) = read_files(files, tmp_path / "events", read_json, [engine()], refuse)
    assert (unread.file, unread.reason) == (broken, "no such host")
    assert len(list((tmp_path / "events").glob("*/*.parquet"))) == 2
    assert not key.exists()


def test_a_full_disk_stops_the_run_and_keeps_what_was_read(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(12)], files=3)
    hours = find_hours(str(tmp_path / "hours"))
    read_files(hours.files[:1], tmp_path / "events", read_json, [engine()], in_place)

    def full(*_: Any) -> None:  # noqa: ANN401
        raise FullDiskError(tmp_path)

    with pytest.raises(FullDiskError):
        read_files(hours.files, tmp_path / "events", full, [engine()], in_place)
    assert len(list((tmp_path / "events").glob("*/*.parquet"))) == 1

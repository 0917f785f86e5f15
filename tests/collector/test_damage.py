"""A damaged store is named as such, wherever it is read; what can be read of it is saved."""

import shutil
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gis.collector.collect import collect
from gis.collector.damage import LATER_TABLES, SOUND_ROWS, DamagedStoreError, damage_named, opening_named
from gis.collector.dump import DumpSource
from gis.collector.salvage import salvage
from gis.collector.status import status_notes, status_table
from gis.collector.store import Store
from gis.collector.store_file import connect
from gis.collector.store_schema import COLUMNS, columns_of, definition_of
from gis.collector.store_writer import StoreWriter
from gis.console import Reporter
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.output.stored_texts import stored_texts
from gis.errors import GisError
from tests.collector.test_dump import write_dump
from tests.command_line import run_gis
from tests.faults.damage import COUNTS, Verdict, verdicts

COUNT = 30
SAVED = [table for table in SOUND_ROWS if table not in ("repositories", *LATER_TABLES)]  # what salvage keeps as it is


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dump(tmp_path_factory.mktemp("dump") / "octo_widgets", COUNT)


@pytest.fixture(scope="module")
def whole(dump: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "store.db"
    with StoreWriter.open(path) as store:
        collect(store, DumpSource(dump, reporter=Reporter(quiet=True)))
    return path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "store.db"))


def show(path: Path, _dump: Path) -> object:
    with Store(path) as store:
        statuses = store.status()
        return status_table(statuses).lines(100), status_notes(statuses, store.left_out()), store.runs()


def read(path: Path, _dump: Path) -> object:
    """As a build does, and all the rest."""
    with Store(path) as store:
        issues = load_issues(store)
        evidence = find_evidence(store, issues)
        texts = list(stored_texts(store, [("octo/widgets", number) for number in range(1, 60)]))
        return evidence, texts, rows_of(store, COLUMNS)


def fill(path: Path, dump: Path) -> object:
    with StoreWriter.open(path) as store:
        collect(store, DumpSource(dump, reporter=Reporter(quiet=True)))
        return rows_of(store, ["issues", "comments", "events", "users", "pull_requests"])


def rows_of(store: Store, tables: Iterable[str]) -> dict[str, list[tuple[Any, ...]]]:
    return {table: store.rows(f"SELECT {', '.join(columns_of(table))} FROM {table}") for table in tables}


@pytest.mark.parametrize("use", [show, read, fill])
@pytest.mark.parametrize("count", COUNTS)
def test_a_flipped_bit_is_named_or_without_consequence(
    copy: Path, dump: Path, use: Callable[[Path, Path], object], count: int
) -> None:
    before = use(Path(shutil.copy(copy, copy.with_name("whole.db"))), dump)

    def used() -> Verdict:
        assert use(copy, dump) == before
        return "same"

    assert verdicts(copy, count, used, [f"gis collect --salvage {copy} --store NEW"]).total() == count


@pytest.mark.parametrize("count", COUNTS)
def test_beside_a_flipped_bit_every_row_with_the_right_sum_is_saved(copy: Path, count: int) -> None:
    """One row is lost, or, with a page that cannot be read, as many as were in it; none is another."""
    new = copy.with_name("new.db")
    with Store(copy) as store:
        before = rows_of(store, SAVED)

    def used() -> Verdict:
        for path in copy.parent.glob("new.db*"):
            path.unlink()
        report = salvage(copy, new)
        with Store(new) as store:
            saved = rows_of(store, SAVED)
        assert all(set(saved[table]) <= set(before[table]) for table in SAVED)
        missing = {table: len(before[table]) - len(saved[table]) for table in SAVED}
        assert all(table in report.unreadable or lost == report.lost[table] for table, lost in missing.items())
        assert report.unreadable or sum(missing.values()) <= 1
        return "repaired" if report.unreadable or any(report.lost.values()) else "same"

    counts = verdicts(copy, count, used, ["nothing of"])
    assert counts["named"] <= count // 20  # the head of the file, or that of the only page with issues
    assert counts["same"]


def change(query: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with closing(connect(path)) as connection:
            connection.execute(query)

    return damage


def replace_in_file(old: str, new: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        data = path.read_bytes()
        assert data.count(old.encode())
        path.write_bytes(data.replace(old.encode(), new.encode()))

    return damage


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


FIVE = "table issues, repository 1, number 5"
DAMAGE = {
    "half of the file": (cut, "is damaged: "),
    "a time": (change("UPDATE issues SET created_at = '2020-02-30T00:00:00Z' WHERE number = 5"), FIVE),
    "labels": (change("UPDATE issues SET labels = '[' WHERE number = 5"), FIVE),
    "a state": (change("UPDATE issues SET state = 'opem' WHERE number = 5"), FIVE),
    "a repository": (change("UPDATE issues SET repository = 9 WHERE number = 5"), "issues, repository 9, number 5"),
    "a comment's time": (change("UPDATE comments SET created_at = 7 WHERE number = 1"), "comments, repository 1"),
    "a label": (change("UPDATE issues SET labels = '[1]' WHERE number = 5"), FIVE),
    "a kind of event": (change("UPDATE events SET kind = 'clozed'"), "table events, repository 1, number 1"),
    "a number": (change("UPDATE pull_requests SET number = 'three'"), "pull_requests, repository 1, number 'three'"),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_named_with_its_place_and_the_way_out(copy: Path, dump: Path, name: str) -> None:
    damage, place = DAMAGE[name]
    damage(copy)
    for use in (read, fill):
        with pytest.raises(DamagedStoreError) as caught:
            use(copy, dump)
        assert f"{copy} is damaged: " in str(caught.value)
        assert place in str(caught.value)
        assert f"gis collect --salvage {copy} --store NEW" in caught.value.remedy


def test_a_text_that_is_not_utf8_is_named(copy: Path, dump: Path) -> None:
    change("UPDATE issues SET body = CAST(x'ff41ff' AS TEXT) WHERE number = 4")(copy)
    with pytest.raises(DamagedStoreError, match="table issues: Could not decode to UTF-8"):
        read(copy, dump)


def test_a_letter_that_changed_is_named_wherever_the_store_is_read(copy: Path, tmp_path: Path) -> None:
    replace_in_file("Comment 0 of 5", "Comment 8 of 5")(copy)
    for arguments in (
        ("collect", "--status", "--store", copy),
        ("collect", "--manifest", "--store", copy),
        ("hydrate", "rust_issues", "--store", copy, "--output", tmp_path / "hydrated"),
    ):
        done = run_gis(*arguments)
        assert done.status == 1, arguments
        assert "is damaged: table comments, repository 1, number 5; gis collect --salvage" in done.err
        assert "Comment" not in done.out + done.err


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("UPDATE meta SET schema = 1", "is damaged: table meta: version 1 with checksums"),
        ("UPDATE meta SET schema = 0", "is not a store of gis (its version is 0)"),
        ("ALTER TABLE issues RENAME title TO tit", "is damaged: the definition of table issues"),
        ("DROP TABLE users", "is damaged: the definition of table users"),
    ],
)
def test_a_version_and_tables_that_do_not_agree_are_named(copy: Path, query: str, problem: str) -> None:
    change(query)(copy)
    with pytest.raises(GisError) as caught:
        Store(copy)
    assert str(caught.value) == f"{copy} {problem}"
    assert f"gis collect --salvage {copy} --store NEW" in caught.value.remedy


def test_a_store_with_a_damaged_definition_is_saved_whole(copy: Path, dump: Path, tmp_path: Path) -> None:
    with Store(copy) as store:
        before = rows_of(store, SAVED)
    replace_in_file(definition_of("issues"), definition_of("issues").replace("CAST(title", "CAST(titlf"))(copy)
    for use in (read, fill):
        with pytest.raises(DamagedStoreError):
            use(copy, dump)
    report = salvage(copy, tmp_path / "new.db")
    assert (report.unreadable, sum(report.lost.values())) == ([], 0)
    with Store(tmp_path / "new.db") as store:
        assert rows_of(store, SAVED) == before


def test_what_can_be_read_is_saved_and_collecting_continues(copy: Path, dump: Path, tmp_path: Path) -> None:
    change("UPDATE issues SET created_at = 'never' WHERE number = 5")(copy)
    change("UPDATE issues SET body = CAST(x'ff41ff' AS TEXT) WHERE number = 4")(copy)
    done = run_gis("collect", "--salvage", copy, "--store", tmp_path / "new.db")
    assert done.status == 0, done.err
    assert f"issues: {COUNT - 2} rows saved, 2 lost\n" in done.out
    assert "pull_requests: 1 rows saved\n" in done.out
    read(tmp_path / "new.db", dump)
    fill(tmp_path / "new.db", dump)
    with Store(tmp_path / "new.db") as store:
        (status,) = store.status()
    assert (status.issues, status.complete) == (COUNT, True)
    again = run_gis("collect", "--salvage", copy, "--store", tmp_path / "new.db")
    assert again.status == 1
    assert "new.db exists; choose a different --store" in again.err


def test_beyond_a_broken_page_rows_are_read_from_the_end(tmp_path: Path) -> None:
    large = write_dump(tmp_path / "large", 900)
    path = tmp_path / "store.db"
    fill(path, large)
    with closing(sqlite3.connect(path)) as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    data = bytearray(path.read_bytes())
    middle = pages // 2 * 4096
    data[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(data)
    with pytest.raises(DamagedStoreError):
        read(path, large)
    report = salvage(path, tmp_path / "new.db")
    assert report.unreadable
    assert sum(report.saved.values()) > 1000
    fill(tmp_path / "new.db", large)
    read(tmp_path / "new.db", large)
    with Store(tmp_path / "new.db") as store:
        assert store.status()[0].issues == 900


def test_nothing_is_saved_of_what_is_not_a_store(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a store " * 100, encoding="utf-8")
    with pytest.raises(GisError, match=r"nothing of .*text\.db can be read"):
        salvage(tmp_path / "text.db", tmp_path / "new.db")
    with pytest.raises(GisError, match="there is no store at"):
        salvage(tmp_path / "none.db", tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("named", [opening_named, partial(damage_named, query="SELECT 1 FROM issues")])
def test_a_store_on_a_full_disk_is_not_called_damaged(named: Callable[[Path], Any], tmp_path: Path) -> None:
    """SQLite says "disk I/O error" where it cannot enlarge the file beside the store that it needs to read it."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = sqlite3.SQLITE_IOERR_SHMSIZE
    with pytest.raises(GisError, match=r"^no space left on the disk for "), named(tmp_path / "issues.db"):
        raise error

"""A damaged store is named as such, wherever it is read; what can be read of it is saved."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gis.collector.collect import collect
from gis.collector.damage import DamagedStoreError
from gis.collector.dump import DumpSource
from gis.collector.salvage import salvage
from gis.collector.status import status_notes, status_table
from gis.collector.store import Store
from gis.console import Reporter
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.evidence import find_evidence
from gis.dataset.output.stored_texts import stored_texts
from gis.errors import GisError
from tests.collector.test_dump import write_dump
from tests.command_line import run_gis
from tests.faults.damage import COUNTS, Verdict, verdicts

COUNT = 30


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dump(tmp_path_factory.mktemp("dump") / "octo_widgets", COUNT)


@pytest.fixture(scope="module")
def whole(dump: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "store.db"
    with Store.writing(path) as store:
        collect(store, DumpSource(dump, reporter=Reporter(quiet=True)))
    return path


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "store.db"))


def show(path: Path, _dump: Path) -> None:
    with Store(path) as store:
        statuses = store.status()
        status_table(statuses).lines(100)
        status_notes(statuses, store.left_out())
        store.runs()


def read(path: Path, _dump: Path) -> None:
    """As a build does."""
    with Store(path) as store:
        issues = load_issues(store)
        find_evidence(store, issues)
        list(stored_texts(store, [("octo/widgets", number) for number in range(1, 60)]))
        store.rows("SELECT title, body FROM issues")


def fill(path: Path, dump: Path) -> None:
    with Store.writing(path) as store:
        collect(store, DumpSource(dump, reporter=Reporter(quiet=True)))


@pytest.mark.parametrize("use", [show, read, fill])
@pytest.mark.parametrize("count", COUNTS)
def test_a_flipped_bit_is_named_or_without_consequence(
    copy: Path, dump: Path, use: Callable[[Path, Path], None], count: int
) -> None:
    def used() -> Verdict:
        use(copy, dump)
        return "same"

    words = ["is damaged", "is not a store", "newer gis", "cannot be"]
    assert verdicts(copy, count, used, words).total() == count


def change(query: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")
            connection.execute(query)
            connection.commit()

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

"""Stores of older versions are read as they are, and brought up to date when they are filled.

Version 1 has no checksums, version 2 no changes, version 3 no reactions and suggestions.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gis.collector.damage import LATER_TABLES, DamagedStoreError
from gis.collector.salvage import salvage
from gis.collector.store import Store
from gis.collector.store_file import connect
from gis.collector.store_schema import (
    COLUMNS,
    WITHOUT_CHANGES,
    WITHOUT_RESPONSES,
    WITHOUT_SUMS,
    columns_of,
    definition_of,
    tables_of,
    upgrade,
)
from gis.collector.store_writer import StoreWriter
from gis.errors import GisError
from tests.dataset.stores import by_chance, fill
from tests.faults.kills import can_fork, check_kills

TABLES = [table for table in COLUMNS if table != "meta" and table not in LATER_TABLES]


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("new") / "store.db", by_chance(40, 1))


@pytest.fixture
def old(new: Path, tmp_path: Path) -> Path:
    """The same issues in a store of version 1, from before there was a quarantine."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("ATTACH ? AS new", (str(new),))
        for table in ("meta", *TABLES):
            in_one_tree = "" if table == "names" or "WITHOUT" not in definition_of(table) else "WITHOUT ROWID"
            connection.execute(f"CREATE TABLE {table} (\n{COLUMNS[table]}\n) {in_one_tree}")
            connection.execute(f"INSERT INTO {table} SELECT {', '.join(columns_of(table))} FROM new.{table}")
        connection.execute("UPDATE meta SET schema = 1")
    return path


@pytest.fixture(params=[WITHOUT_CHANGES, WITHOUT_RESPONSES])
def older(request: pytest.FixtureRequest, new: Path, tmp_path: Path) -> Path:
    """The same issues in a store of a version that has checksums, but not all tables."""
    path = tmp_path / "older.db"
    shutil.copy(new, path)
    for table in COLUMNS.keys() - set(tables_of(request.param)):
        change(path, f"DROP TABLE {table}")
    change(path, f"UPDATE meta SET schema = {request.param}")
    return path


def rows_of(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with Store(path) as store:
        return {table: store.rows(f"SELECT {', '.join(columns_of(table))} FROM {table}") for table in TABLES}


def definitions_of(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY rowid").fetchall()


def change(path: Path, query: str) -> None:
    with closing(connect(path)) as connection:
        connection.execute(query)


def test_a_store_of_version_1_is_read_and_stays_as_it_is(old: Path, new: Path) -> None:
    before = old.read_bytes()
    assert rows_of(old) == rows_of(new)
    with Store(old) as store:
        assert store.left_out() == {}
    assert old.read_bytes() == before


def test_a_store_of_version_1_that_is_filled_gets_checksums(old: Path, new: Path) -> None:
    with StoreWriter.open(old):
        pass
    assert rows_of(old) == rows_of(new)
    assert definitions_of(old) == definitions_of(new)
    change(old, "PRAGMA journal_mode=DELETE")
    data = old.read_bytes()
    old.write_bytes(data.replace(b"octo/widgets", b"octo/widgetz", 1))
    with pytest.raises(DamagedStoreError):
        Store(old)


def test_an_older_store_is_read_as_it_is_and_gets_the_other_tables_when_it_is_filled(older: Path, new: Path) -> None:
    before = older.read_bytes()
    assert rows_of(older) == rows_of(new)
    with Store(older) as store:
        assert not store.has_responses
    assert older.read_bytes() == before
    with StoreWriter.open(older) as store:
        assert store.has_responses
    assert rows_of(older) == rows_of(new)
    assert definitions_of(older) == definitions_of(new)


def test_a_store_that_lacks_a_table_of_its_version_is_damaged(older: Path) -> None:
    change(older, "UPDATE meta SET schema = 4")
    with pytest.raises(DamagedStoreError, match=r"the definition of table (changes|reactions)"):
        Store(older)


def test_an_older_store_can_be_saved(older: Path, tmp_path: Path, new: Path) -> None:
    report = salvage(older, tmp_path / "saved.db")
    assert (report.unreadable, sum(report.lost.values())) == ([], 0)
    assert rows_of(tmp_path / "saved.db") == rows_of(new)


@pytest.mark.slow
@can_fork
def test_a_store_whose_upgrade_is_killed_is_old_or_new(old: Path, tmp_path: Path) -> None:
    path = tmp_path / "killed.db"

    def upgrade() -> None:
        with StoreWriter.open(path):
            pass

    def prepare() -> None:
        for beside in tmp_path.glob("killed.db*"):
            beside.unlink()
        shutil.copy(old, path)

    check_kills(upgrade, prepare=prepare, state=lambda: (definitions_of(path), rows_of(path)))


def test_a_full_disk_leaves_the_old_store(old: Path, new: Path) -> None:
    with closing(connect(old)) as connection:
        connection.execute("PRAGMA max_page_count = 1")  # which means as many as there are
        connection.execute("BEGIN")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            upgrade(connection, WITHOUT_SUMS)
    assert rows_of(old) == rows_of(new)


def test_a_version_below_1_or_one_that_lacks_checksums_is_refused(old: Path) -> None:
    for version, problem in ((0, "not a store of gis (its version is 0)"), (2, "version 2 without checksums")):
        change(old, f"UPDATE meta SET schema = {version}")
        with pytest.raises(GisError) as caught:
            Store(old)
        assert problem in str(caught.value)
        assert "--salvage" in caught.value.remedy


def test_the_rows_of_version_1_are_checked_as_far_as_they_can_be(old: Path, new: Path, tmp_path: Path) -> None:
    change(old, "UPDATE issues SET created_at = 'never' WHERE number = 5")
    with pytest.raises(DamagedStoreError, match="table issues, repository 1, number 5"):
        Store(old)
    with pytest.raises(DamagedStoreError), StoreWriter.open(old):
        pass
    report = salvage(old, tmp_path / "saved.db")
    assert report.lost == dict.fromkeys(report.lost, 0) | {"issues": 1}
    saved, whole = rows_of(tmp_path / "saved.db"), rows_of(new)
    assert saved["comments"] == whole["comments"]
    assert definitions_of(tmp_path / "saved.db") == definitions_of(new)


def test_a_store_of_version_2_is_read_and_records_changes_once_it_is_filled(new: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.db"
    shutil.copy(new, path)
    for table in COLUMNS.keys() - set(tables_of(WITHOUT_CHANGES)):
        change(path, f"DROP TABLE {table}")
    change(path, "UPDATE meta SET schema = 2")
    with Store(path) as store:
        assert store.revision is None
        assert store.changed_since(7) is None
    fill(path, by_chance(41, 1)[40:])
    assert definitions_of(path) == definitions_of(new)
    with Store(path) as store:
        assert store.revision is not None
        assert store.rows("SELECT number FROM changes") == [(41,)]

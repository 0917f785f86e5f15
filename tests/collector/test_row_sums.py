"""The checksum of a row: the same everywhere, and another for every other row."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gis.collector.row_sums import SUM, define_row_sum, row_sum, sum_of

ROWS = [
    (1, 2, "text"),
    (12, None, "text"),
    (1, None, "2text"),
    (1, 2, ""),
    (1, 2, None),
    (1, 2, "None"),
    (1, 2, "te\x00xt"),
    (-1, 2**62, "zażółć 🦀 \x85\ufeff\U000e0001"),
]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tmp_path / "rows.db", isolation_level=None)) as connection:
        define_row_sum(connection)
        connection.execute(
            f"CREATE TABLE t (crc INTEGER AS ({sum_of('abc')}) STORED, a INTEGER PRIMARY KEY, b INTEGER, c TEXT)"
        )
        yield connection


def test_a_sum_is_that_of_the_values_as_text(connection: sqlite3.Connection) -> None:
    """The constants were computed with crc32 of gzip; no version of Python or SQLite may give others."""
    for values, expected in zip(ROWS[:2], (661315403, 1974343985), strict=True):
        connection.execute("DELETE FROM t")
        connection.execute("INSERT INTO t VALUES (?, ?, ?)", values)
        assert connection.execute(f"SELECT {SUM} FROM t").fetchone() == (expected,)
    assert row_sum(b"1", b"2", b"text") == 661315403
    assert row_sum(b"12", None, b"text") == 1974343985


def test_rows_that_differ_have_different_sums(connection: sqlite3.Connection) -> None:
    sums = [connection.execute(f"SELECT {sum_of(('?1', '?2', '?3'))}", row).fetchone() for row in ROWS]
    assert len(set(sums)) == len(ROWS)


def test_whoever_writes_a_row_renews_its_sum(connection: sqlite3.Connection) -> None:
    for query in (
        "INSERT INTO t (b, c) VALUES (7, 'x')",
        "INSERT INTO t VALUES (5, 7, 'x')",
        "UPDATE t SET c = c || 'y' WHERE b = 7",
        "INSERT OR REPLACE INTO t VALUES (5, '8', 9)",
        "INSERT INTO t VALUES (5, 1, 'z') ON CONFLICT DO UPDATE SET b = excluded.b, c = NULL",
        "UPDATE t SET a = 9 WHERE a = 5",
    ):
        before = connection.execute(f"SELECT a, {SUM} FROM t").fetchall()
        connection.execute(query)
        assert connection.execute(f"SELECT a, {SUM} FROM t").fetchall() != before
        assert connection.execute(f"SELECT count(*) FROM t WHERE {SUM} IS NOT {sum_of('abc')}").fetchone() == (0,)


def test_a_text_that_is_not_utf8_has_a_sum(connection: sqlite3.Connection) -> None:
    query = f"SELECT {sum_of(['CAST(x AS TEXT)'])} FROM (SELECT x'ff41fe' AS x)"
    assert connection.execute(query).fetchone() == (row_sum(b"\xff\x41\xfe"),)


def test_a_table_is_read_without_the_function_and_not_written(connection: sqlite3.Connection, tmp_path: Path) -> None:
    connection.execute("INSERT INTO t VALUES (1, 2, 'x')")
    with closing(sqlite3.connect(tmp_path / "rows.db")) as other:
        assert other.execute("SELECT a, b, c FROM t").fetchall() == [(1, 2, "x")]
        with pytest.raises(sqlite3.OperationalError, match="row_sum"):
            other.execute("UPDATE t SET c = 'y'")

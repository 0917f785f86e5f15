"""Save what can be read of a damaged store into a new one."""

import operator
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gis.collector.damage import LATER_TABLES, SOUND_ROWS
from gis.collector.row_sums import SUM, sum_of
from gis.collector.store_file import connect
from gis.collector.store_schema import COLUMNS, WITHOUT_CHANGES, columns_of, definition_of, tables_of
from gis.collector.store_writer import StoreWriter
from gis.errors import GisError

UNREADABLE = (sqlite3.Error, UnicodeDecodeError)  # of a text, or of a message about damage
RESTARTED = "UPDATE repositories SET checkpoint = NULL"  # what was lost is fetched again


@dataclass(frozen=True)
class SalvageReport:
    """What was saved of a store, by table.

    Attributes:
        saved: Rows that the new store has.
        lost: Rows that were found, and are damaged.
        unreadable: Tables of which some rows could not be reached, so that nobody knows how many.
    """

    saved: Mapping[str, int]
    lost: Mapping[str, int]
    unreadable: Sequence[str]

    def __str__(self) -> str:
        """Return a line for each table."""
        lines = []
        for table, saved in self.saved.items():
            lost = f", {self.lost[table]:,} lost" if self.lost[table] else ""
            unreadable = ", others cannot be reached" if table in self.unreadable else ""
            lines.append(f"{table}: {saved:,} rows saved{lost}{unreadable}")
        return "\n".join(lines)


def salvage(old: Path, new: Path) -> SalvageReport:
    """Copy every row of a store that can be read, has the right checksum and is sound into a new store.

    Stores of version 1 have no checksums. The new store has no resume points, so that collecting into it fetches again
    what was lost.

    Raises:
        GisError: There is no old store, there is a new one already, or nothing can be read.
    """
    if not old.is_file():
        raise GisError(f"there is no store at {old}")
    if new.exists():
        raise GisError(f"{new} exists", remedy="choose a different --store")
    saved: dict[str, int] = {}
    lost: dict[str, int] = {}
    unreadable: list[str] = []
    with StoreWriter.open(new) as store, store.transaction() as connection, closing(_opened(old)) as damaged:
        for table, condition in SOUND_ROWS.items():
            if table in ("quarantine", "changes"):  # what was left out is read again, and all may have changed
                continue
            rows = _Rows(damaged, table)
            count = sum(_insert(connection, table, row) for row in rows)
            removed = connection.execute(f"DELETE FROM {table} WHERE ({condition}) IS NOT TRUE").rowcount
            saved[table] = count - removed
            lost[table] = rows.count - saved[table]
            if not rows.complete:
                unreadable.append(table)
        connection.execute(RESTARTED)
        if not saved["issues"]:
            raise GisError(f"nothing of {old} can be read")
    return SalvageReport(saved, lost, unreadable)


class _Rows:
    """The rows of a table that have the right checksum: from its start, and beyond damage from its end.

    Attributes:
        count: Rows that could be reached.
        complete: Whether that is all of them.
    """

    def __init__(self, connection: sqlite3.Connection, table: str) -> None:
        self.count = 0
        self.complete = False
        self._connection = connection
        self._table = table

    def __iter__(self) -> Iterator[Sequence[Any]]:
        seen: set[tuple[Any, ...]] = set()
        for order in ("ASC", "DESC"):
            try:
                for is_whole, *row in self._in_order(order):
                    key = tuple(row[:3])
                    if order == "DESC" and key in seen:
                        return
                    seen.add(key)
                    self.count += 1
                    if is_whole:
                        yield row
            except UNREADABLE:
                continue
            self.complete = order == "ASC"
            return

    def _in_order(self, order: str) -> Iterator[tuple[Any, ...]]:
        columns = columns_of(self._table)
        stored = self._connection.execute(f"PRAGMA table_xinfo({self._table})").fetchall()
        if not stored and self._table in LATER_TABLES:
            return
        is_whole = f"{SUM} IS {sum_of(columns)}" if len(stored) > len(columns) else "TRUE"
        query = f"SELECT {is_whole}, {', '.join(columns)} FROM {self._table} ORDER BY 2 {order}, 3 {order}"
        yield from self._connection.execute(query)


def _opened(path: Path) -> sqlite3.Connection:
    """Open a damaged store; where it is the definition of a table that is damaged, open a copy with the right one."""
    connection = connect(f"{path.resolve().as_uri()}?mode=ro")
    connection.text_factory = bytes  # a text may be damaged
    with suppress(*UNREADABLE):
        connection.execute("PRAGMA writable_schema = ON")  # what can be read of the definitions is enough
        stored = connection.execute("SELECT name, sql, rowid FROM sqlite_master ORDER BY rowid").fetchall()
        tables = list(COLUMNS)[: len(stored)]  # the last ones are missing in stores of older versions
        right = [(table.encode(), definition_of(table).encode()) for table in tables]
        if (
            len(stored) == len(right)
            and len(right) >= len(tables_of(WITHOUT_CHANGES))
            and sum(map(operator.ne, (row[:2] for row in stored), right)) == 1
        ):
            copy = _redefined(connection, [row[2] for row in stored])
            connection.close()
            return copy
    return connection


def _redefined(connection: sqlite3.Connection, places: Sequence[int]) -> sqlite3.Connection:
    """Return a temporary copy of a store with the right definitions of tables at ``places`` of SQLite's list."""
    copy = connect("")
    copy.text_factory = bytes
    connection.backup(copy)
    copy.execute("PRAGMA writable_schema = ON")
    copy.executemany(
        "UPDATE sqlite_master SET type = 'table', name = ?1, tbl_name = ?1, sql = ?2 WHERE rowid = ?3",
        [(table, definition_of(table), place) for table, place in zip(COLUMNS, places, strict=False)],
    )
    copy.execute("PRAGMA writable_schema = RESET")
    return copy


def _insert(connection: sqlite3.Connection, table: str, row: Sequence[Any]) -> int:
    """Insert a row and return 1, or 0 where it cannot be."""
    try:
        values = [value.decode() if isinstance(value, bytes) else value for value in row]
        return connection.execute(
            f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(values))})", values
        ).rowcount
    except (UnicodeDecodeError, sqlite3.IntegrityError):
        return 0

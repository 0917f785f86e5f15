"""Save what can be read of a damaged store into a new one."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gis.collector.damage import SOUND_ROWS, define_checks
from gis.collector.store import Store
from gis.errors import GisError

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
    """Copy every row of a store that can be read and is sound into a new store.

    The new store has no resume points, so that collecting into it fetches again what was lost.

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
    with Store.writing(new) as store, store.transaction() as connection:
        define_checks(connection)
        for table, condition in SOUND_ROWS.items():
            rows = _Rows(old, table, _columns(connection, table))
            count = sum(_insert(connection, table, rows.columns, row) for row in rows)
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
    """The rows of a table that can be reached: from its start, and beyond damage from its end."""

    def __init__(self, path: Path, table: str, columns: Sequence[str]) -> None:
        self.columns = columns
        self.count = 0
        self.complete = False
        self._path = path
        self._table = table

    def __iter__(self) -> Iterator[Sequence[Any]]:
        seen: set[tuple[Any, ...]] = set()
        for order in ("ASC", "DESC"):
            try:
                for row in self._in_order(order):
                    if row[:3] in seen:
                        return
                    seen.add(row[:3])
                    self.count += 1
                    yield row
            except sqlite3.Error:
                continue
            self.complete = order == "ASC"
            return

    def _in_order(self, order: str) -> Iterator[tuple[Any, ...]]:
        query = f"SELECT {', '.join(self.columns)} FROM {self._table} ORDER BY 1 {order}, 2 {order}"
        with closing(sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.text_factory = bytes  # a text may be damaged
            yield from connection.execute(query)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _insert(connection: sqlite3.Connection, table: str, columns: Sequence[str], row: Sequence[Any]) -> int:
    """Insert a row and return 1, or 0 where it cannot be."""
    try:
        values = [value.decode() if isinstance(value, bytes) else value for value in row]
        return connection.execute(
            f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * len(columns))})", values
        ).rowcount
    except (UnicodeDecodeError, sqlite3.IntegrityError):
        return 0

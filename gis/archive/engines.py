"""Engines: connections on which the queries of the archive run, which are written once, in Ibis."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pyarrow.parquet as pq
from ibis.expr.types import Table

from gis.archive.layouts import LINES, Layout
from gis.errors import GisError

ROWS_PER_GROUP = 20_480  # of a Parquet file; as many are in memory, with their texts
PATTERN = "*?[]{}\\"  # what ClickHouse or Spark takes for a pattern in a path


class Engine(Protocol):
    """A connection that reads files into tables and writes tables into files.

    Attributes:
        errors: What it raises where a file cannot be read or written.
    """

    errors: ClassVar[tuple[type[Exception], ...]]

    def convert(self, path: Path, layout: Layout, name: str, events: Path) -> None:
        """Write what a layout makes of the lines of a file: a row for each, null where it cannot be read.

        Args:
            path: The file.
            layout: How it is read.
            name: What its rows say as ``file``.
            events: The Parquet file to write.
        """
        ...

    def parquet(self, paths: Sequence[Path]) -> Table:
        """Return the rows of the Parquet files that ``convert`` wrote, one or more."""
        ...

    def write(self, table: Table, path: Path, order: Sequence[str] = ()) -> None:
        """Write a table as one Parquet file, ordered by some columns."""
        ...

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return the rows of a small table."""
        ...


class DuckDB:
    """DuckDB, in this process.

    Args:
        threads: How many cores it uses.
        memory: How much memory it uses before it spills to the disk.
        spill: Where to.
    """

    errors: ClassVar[tuple[type[Exception], ...]] = (duckdb.Error,)

    def __init__(self, *, threads: int, memory: str, spill: Path) -> None:
        self._connection = ibis.duckdb.connect(threads=threads, memory_limit=memory, temp_directory=str(spill))
        self._queries: dict[str, str] = {}

    def convert(self, path: Path, layout: Layout, name: str, events: Path) -> None:
        """Write what a layout makes of the lines of a file; see ``Engine``."""
        types = ", ".join(f"{name}: '{self._type(of)}'" for name, of in layout.schema.items())
        form = f"columns={{{types}}}, format='newline_delimited', ignore_errors=true"
        self._connection.raw_sql(
            f"CREATE OR REPLACE TEMP VIEW {LINES} AS "
            f"SELECT *, {quoted(name)} AS file FROM read_json({quoted(str(path))}, {form})"
        )
        if layout.name not in self._queries:  # to write it takes longer than to read a small file
            self._queries[layout.name] = self._connection.compile(layout.query)
        self._write(self._queries[layout.name], events)

    def parquet(self, paths: Sequence[Path]) -> Table:
        """Return the rows of Parquet files; see ``Engine``."""
        return self._connection.read_parquet([str(path) for path in paths])

    def write(self, table: Table, path: Path, order: Sequence[str] = ()) -> None:
        """Write a table as one Parquet file; see ``Engine``."""
        self._write(self._connection.compile(table.order_by(*order) if order else table), path)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return the rows of a small table; see ``Engine``."""
        rows: list[dict[str, Any]] = self._connection.to_pyarrow(table).to_pylist()
        return rows

    def _write(self, query: str, path: Path) -> None:
        form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
        self._connection.raw_sql(f"COPY ({query}) TO {quoted(str(path))} ({form})")

    def _type(self, of: dt.DataType) -> str:
        return str(self._connection.compiler.type_mapper.to_string(of))


def quoted(text: str) -> str:
    """Return a text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def plain(path: Path) -> str:
    """Return a path for an engine that takes paths for patterns.

    Raises:
        GisError: It would take this one for a pattern.
    """
    if any(character in PATTERN for character in str(path)):
        raise GisError(f"{path} has one of {PATTERN} in it, which this engine takes for a pattern", remedy="rename it")
    return str(path)


def write_empty(table: Table, path: Path) -> None:
    """Write a Parquet file without rows, for an engine that writes none then."""
    pq.write_table(table.schema().to_pyarrow().empty_table(), path)

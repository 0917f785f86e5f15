"""Engines: connections on which the queries of the archive run, which are written once, in Ibis."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import duckdb
import ibis
import ibis.expr.datatypes as dt
from ibis.expr.types import Table

from gis.archive.layouts import LINES, Layout

ROWS_PER_GROUP = 20_480  # of a Parquet file; as many are in memory, with their texts


class Engine(Protocol):
    """A connection that reads files into tables and writes tables into files.

    Attributes:
        errors: What it raises where a file cannot be read or written.
    """

    errors: ClassVar[tuple[type[Exception], ...]]

    def convert(self, path: Path, layout: Layout, events: Path) -> None:
        """Write what a layout makes of the lines of a file: a row for each, null where it cannot be read."""
        ...

    def parquet(self, paths: Sequence[Path]) -> Table:
        """Return the rows of Parquet files, with the path of the file of each as ``filename``."""
        ...

    def write(self, table: Table, path: Path) -> None:
        """Write a table as one Parquet file, in its order."""
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

    def convert(self, path: Path, layout: Layout, events: Path) -> None:
        """Write what a layout makes of the lines of a file; see ``Engine``."""
        types = ", ".join(f"{name}: '{self._type(of)}'" for name, of in layout.schema.items())
        form = f"columns={{{types}}}, format='newline_delimited', ignore_errors=true"
        self._connection.raw_sql(
            f"CREATE OR REPLACE TEMP VIEW {LINES} AS SELECT * FROM read_json({_quoted(path)}, {form})"
        )
        if layout.name not in self._queries:  # to write it takes longer than to read a small file
            self._queries[layout.name] = self._connection.compile(layout.query)
        self._write(self._queries[layout.name], events)

    def parquet(self, paths: Sequence[Path]) -> Table:
        """Return the rows of Parquet files; see ``Engine``."""
        return self._connection.read_parquet([str(path) for path in paths], filename=True)

    def write(self, table: Table, path: Path) -> None:
        """Write a table as one Parquet file; see ``Engine``."""
        self._write(self._connection.compile(table), path)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return the rows of a small table; see ``Engine``."""
        rows: list[dict[str, Any]] = self._connection.to_pyarrow(table).to_pylist()
        return rows

    def _write(self, query: str, path: Path) -> None:
        form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
        self._connection.raw_sql(f"COPY ({query}) TO {_quoted(path)} ({form})")

    def _type(self, of: dt.DataType) -> str:
        return str(self._connection.compiler.type_mapper.to_string(of))


def _quoted(path: Path) -> str:
    """Return a path as a literal of SQL."""
    return "'" + str(path).replace("'", "''") + "'"

"""Engines: connections on which the queries of the archive run, which are written once, in Ibis."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from glob import escape
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.schema import Schema
from ibis.expr.types import Table

from gis.archive.layouts import LINES, Layout
from gis.archive.tables import EVENTS
from gis.errors import GisError
from gis.replacing import write_atomically

ROWS_PER_GROUP = 20_480  # of a Parquet file; as many are in memory, with their texts
FEW = 200_000  # rows that one process reads as fast as several, which must start first
PATTERN = "*?[]{}\\"  # what ClickHouse or Spark takes for a pattern in a path

ArrowFunction = Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]


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

    def parquet(self, paths: Sequence[Path], schema: Schema = EVENTS) -> Table:
        """Return the rows of Parquet files of a schema, one or more: without another, those that ``convert`` wrote."""
        ...

    def write(self, table: Table, path: Path, order: Sequence[str] = ()) -> None:
        """Write a table as one Parquet file, ordered by some columns."""
        ...

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return the rows of a small table."""
        ...

    def mapped(self, table: Table, function: ArrowFunction, schema: pa.Schema, path: Path) -> "Parts":
        """Run a function on all parts of a table, where the engine has them.

        Args:
            table: The table.
            function: What is run: a function of a module, which its machines can import.
            schema: What it yields.
            path: A Parquet file for the table, where it is read here.

        Raises:
            NotThereError: The function cannot be run there.
        """
        ...


class Parts(NamedTuple):
    """What a function made of the parts of a table.

    Attributes:
        total: How many parts there are.
        made: What it made of each.
    """

    total: int
    made: Iterator[pa.Table]


class OtherFoldersError(GisError):
    """The machines of an engine do not see the files of this one."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: its machines have other folders than this one",
            remedy="put the archive and the store into folders that all of them share",
        )


class NotThereError(GisError):
    """The machines of an engine cannot run a function."""


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
        self._threads = threads
        self._queries: dict[str, str] = {}

    def convert(self, path: Path, layout: Layout, name: str, events: Path) -> None:
        """Write what a layout makes of the lines of a file; see ``Engine``."""
        types = ", ".join(f"{name}: '{self._type(of)}'" for name, of in layout.schema.items())
        form = f"columns={{{types}}}, format='newline_delimited', ignore_errors=true"
        self._connection.raw_sql(
            f"CREATE OR REPLACE TEMP VIEW {LINES} AS "
            f"SELECT *, {quoted(name)} AS file FROM read_json({quoted(escape(str(path)))}, {form})"
        )
        if layout.name not in self._queries:  # to write it takes longer than to read a small file
            self._queries[layout.name] = self._connection.compile(layout.query)
        self._write(self._queries[layout.name], events)

    def parquet(self, paths: Sequence[Path], schema: Schema = EVENTS) -> Table:  # noqa: ARG002
        """Return the rows of Parquet files; see ``Engine``."""
        return self._connection.read_parquet([escape(str(path)) for path in paths])

    def write(self, table: Table, path: Path, order: Sequence[str] = ()) -> None:
        """Write a table as one Parquet file; see ``Engine``."""
        self._write(self._connection.compile(table.order_by(*order) if order else table), path)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return the rows of a small table; see ``Engine``."""
        rows: list[dict[str, Any]] = self._connection.to_pyarrow(table).to_pylist()
        return rows

    def mapped(self, table: Table, function: ArrowFunction, schema: pa.Schema, path: Path) -> Parts:
        """Run a function on all parts of a table, in as many processes as there are threads; see ``Engine``."""
        write_atomically(path, lambda temporary: self.write(table, temporary))
        return mapped_here(path, function, schema, self._threads)

    def _write(self, query: str, path: Path) -> None:
        form = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}, USE_TMP_FILE false"
        self._connection.raw_sql(f"COPY ({query}) TO {quoted(str(path))} ({form})")

    def _type(self, of: dt.DataType) -> str:
        return str(self._connection.compiler.type_mapper.to_string(of))


def mapped_here(path: Path, function: ArrowFunction, schema: pa.Schema, processes: int) -> Parts:
    """Run a function on all parts of a Parquet file, in several processes if they are many."""
    with pq.ParquetFile(path) as file:
        rows, groups = file.metadata.num_rows, file.num_row_groups
    of_group = partial(_mapped_group, path, function, schema)
    return Parts(groups, _in_processes(of_group, range(groups), processes if rows > FEW else 1))


def _mapped_group(path: Path, function: ArrowFunction, schema: pa.Schema, group: int) -> pa.Table:
    with pq.ParquetFile(path) as file:
        return pa.Table.from_batches(function(file.read_row_group(group).to_batches()), schema)


def _in_processes(function: Callable[[int], pa.Table], groups: range, processes: int) -> Iterator[pa.Table]:
    if processes == 1:
        yield from map(function, groups)
        return
    with ProcessPoolExecutor(processes, get_context("spawn")) as pool:  # a fork would copy locks of other threads
        try:
            yield from pool.map(function, groups)
        finally:
            pool.shutdown(cancel_futures=True)


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

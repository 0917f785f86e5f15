"""ClickHouse as an engine, in this process."""

import os
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import chdb
import ibis
import pyarrow as pa
from chdb.state.sqlitelike import ChdbError  # type: ignore[attr-defined]  # that of chdb itself is another
from ibis.backends.sql.compilers import ClickHouseCompiler
from ibis.expr.types import Table

from gis.archive.engines import ROWS_PER_GROUP, ArrowFunction, Parts, mapped_here, plain, quoted, write_empty
from gis.archive.layouts import LINES, Layout
from gis.archive.tables import EVENTS
from gis.replacing import write_atomically

VIEW, NUMBERS = "events", count()  # each table has a name of its own
DIALECT = "clickhouse"
ANY_BELOW = "**.parquet"  # in a folder or those below it
LINES_AT_ONCE = 8192  # as many are in memory, with what they hold


class ClickHouse:
    """ClickHouse, in this process.

    Args:
        threads: How many cores it uses.
        memory: How many bytes of memory it uses; it spills to the disk before.
    """

    errors: ClassVar[tuple[type[Exception], ...]] = (ChdbError,)

    def __init__(self, *, threads: int, memory: int) -> None:
        self._threads = threads
        self._connection = chdb.connect(":memory:")  # type: ignore[no-untyped-call]
        self._types = ClickHouseCompiler().type_mapper
        self._queries: dict[str, str] = {}
        self._settings = (
            f"SETTINGS max_threads = {threads}, max_memory_usage = {memory}, max_block_size = {LINES_AT_ONCE}, "
            f"max_bytes_before_external_sort = {memory // 3}, max_bytes_before_external_group_by = {memory // 3}, "
            f"output_format_parquet_row_group_size = {ROWS_PER_GROUP}, "
            "output_format_parquet_compression_method = 'zstd', output_format_parquet_string_as_string = 1, "
            "engine_file_truncate_on_insert = 1, input_format_parallel_parsing = 0, "
            "output_format_arrow_string_as_string = 1"
        )

    def convert(self, path: Path, layout: Layout, name: str, events: Path) -> None:
        """Write what a layout makes of the lines of a file; see ``Engine``."""
        if layout.name not in self._queries:  # to write it takes longer than to read a small file
            self._queries[layout.name] = str(ibis.to_sql(layout.query, dialect=DIALECT))
        of_line = f"Tuple({self._structure(layout.schema)})"
        columns = [f"event.{place} AS {column}" for place, column in enumerate(layout.schema, start=1)]
        lines = (
            f"SELECT {', '.join(columns)}, {quoted(name)} AS file FROM ("
            f"SELECT JSONExtract(line, {quoted(of_line)}) AS event FROM file({quoted(plain(path))}, LineAsString) "
            r"WHERE NOT match(line, '^\\s*$'))"
        )
        self._write(f"WITH {LINES} AS ({lines}) {self._queries[layout.name]}", events, layout.query)

    def parquet(self, paths: Sequence[Path], schema: ibis.Schema = EVENTS) -> Table:
        """Return the rows of Parquet files; see ``Engine``."""
        folder = os.path.commonpath([path.parent for path in paths])
        names = ", ".join(quoted(path.name) for path in paths)  # each is another, and a list of paths is not taken
        source = f"file({quoted(f'{plain(Path(folder))}/{ANY_BELOW}')}, Parquet, {quoted(self._structure(schema))})"
        rows = f"SELECT * FROM {source} WHERE _file IN ({names})"
        view = f"{VIEW}_{next(NUMBERS)}"
        self._connection.query(f"CREATE OR REPLACE VIEW {view} AS {rows}")
        return ibis.table(schema, name=view)

    def write(self, table: Table, path: Path, order: Sequence[str] = ()) -> None:
        """Write a table as one Parquet file; see ``Engine``."""
        ordered = table.order_by(*order) if order else table
        self._write(str(ibis.to_sql(ordered, dialect=DIALECT)), path, table)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return the rows of a small table; see ``Engine``."""
        answer = self._connection.query(f"{ibis.to_sql(table, dialect=DIALECT)} {self._settings}", "Arrow").bytes()
        rows: list[dict[str, Any]] = pa.ipc.open_file(answer).read_all().to_pylist() if answer else []
        return rows

    def mapped(self, table: Table, function: ArrowFunction, schema: pa.Schema, path: Path) -> Parts:
        """Run a function on all parts of a table, in as many processes as there are threads; see ``Engine``."""
        write_atomically(path, lambda temporary: self.write(table, temporary))
        return mapped_here(path, function, schema, self._threads)

    def _write(self, query: str, path: Path, table: Table) -> None:
        path.unlink(missing_ok=True)
        self._connection.query(f"INSERT INTO FUNCTION file({quoted(plain(path))}, Parquet) {self._settings} {query}")
        if not path.exists():
            write_empty(table, path)

    def _structure(self, schema: ibis.Schema) -> str:
        return ", ".join(f"{name} {self._types.to_string(of)}" for name, of in schema.items())

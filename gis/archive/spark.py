"""Spark as an engine: in this process, on a cluster, or a server of Spark Connect."""

import re
import shutil
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.backends.sql.compilers import PySparkCompiler
from ibis.expr.types import Table
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from gis.archive.engines import (
    ArrowFunction,
    Engine,
    NotThereError,
    OtherFoldersError,
    Parts,
    plain,
    quoted,
    write_empty,
)
from gis.archive.layouts import LINES, Layout
from gis.archive.mending import first_line
from gis.archive.tables import EVENTS

NO_FILE = re.compile("FILE_NOT_EXIST|PATH_NOT_FOUND")  # as Spark names these conditions
RAISED = re.compile(r"[\w.]{1,100}Error: ")
VIEW, NUMBERS = "events", count()  # each table has a name of its own
DIALECT = "pyspark"
# Lines that Spark reads as if nothing were wrong, though not every server that speaks its language does.
ODD_LINES = ('{"a":1}{"a":2}', '{"a":1} \t{"a":2}', '{"a":1},', '{"a":1,"b":"\\ud83d"}', '{"a":1,"b":"\\uDE00x"}')
# Spark takes each line for an array of its object and an end: where the end is missing, the line holds something else,
# such as a second object after the first. Bytes of no character and halves of characters are looked for. Such a line
# counts as one that cannot be read, so that its file is mended.
END = "end_of_line"
BACKSLASH = r"\\"  # as a regular expression
HALF = r"\\u[dD]"
WHOLE = r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"


class Spark:
    """A session of Spark, or of a server that speaks Spark Connect.

    The folders of the archive and of the work must have the same paths on its machines as here.

    Args:
        session: The session.
        folder: For what it writes, until it is moved to its place.
        name: For what is its own in the session.
        local: Puts together what it writes.
        is_strict: See ``refuses_odd_lines``.
    """

    errors: ClassVar[tuple[type[Exception], ...]] = (PySparkException, Py4JError)

    def __init__(
        self, session: SparkSession, folder: Path, name: str, local: Engine, *, is_strict: bool = False
    ) -> None:
        self._session = session
        self._parts = folder / name
        self._name = name
        self._local = local
        self._is_strict = is_strict
        self._types = PySparkCompiler().type_mapper
        self._queries: dict[str, str] = {}

    def convert(self, path: Path, layout: Layout, name: str, events: Path) -> None:
        """Write what a layout makes of the lines of a file; see ``Engine``."""
        if layout.name not in self._queries:
            self._queries[layout.name] = str(ibis.to_sql(layout.query, dialect=DIALECT))
        view = f"{LINES}_{self._name}"
        lines = self._session.read.text(plain(path), lineSep="\n").where(NOT_BLANK)
        events_read = self._events(lines, layout)
        columns = [f"event.`{column}`" for column in layout.schema]
        events_read.selectExpr(*columns, f"{quoted(name)} AS file").createOrReplaceTempView(view)
        query = f"WITH {LINES} AS (SELECT * FROM {view}) {self._queries[layout.name]}"
        try:
            self._write(self._session.sql(query).coalesce(1), events, layout.query)
        except self.errors as error:
            if NO_FILE.search(str(error)):
                raise OtherFoldersError(f"Spark does not find {path}") from error
            raise
        if not pq.read_metadata(events).num_rows and first_line(path):  # not every server says that it has no file
            raise OtherFoldersError(f"Spark does not find {path}")

    def _events(self, lines: DataFrame, layout: Layout) -> DataFrame:
        """Return what the lines say, as ``event``; null where they cannot be read."""
        columns = ", ".join(f"`{column}`: {self._types.to_string(of)}" for column, of in layout.schema.items())
        if self._is_strict:
            event = f"from_json(value, {quoted(f'STRUCT<{columns}>')})"
            return lines.selectExpr(f"CASE WHEN is_valid_utf8(value) THEN {event} END AS event")
        several = f"from_json({LINE}, {quoted(f'ARRAY<STRUCT<{columns}, {END}: BOOLEAN>>')})"
        parsed = lines.selectExpr(f"CASE WHEN {READABLE} THEN {several} END AS parsed")
        return parsed.selectExpr(f"CASE WHEN get(parsed, 1).{END} THEN get(parsed, 0) END AS event")

    def parquet(self, paths: Sequence[Path], schema: ibis.Schema = EVENTS) -> Table:
        """Return the rows of Parquet files; see ``Engine``."""
        view = f"{VIEW}_{next(NUMBERS)}"
        self._session.read.parquet(*map(plain, paths)).createOrReplaceTempView(view)
        return ibis.table(schema, name=view)

    def write(self, table: Table, path: Path, order: Sequence[str] = ()) -> None:
        """Write a table as one Parquet file; see ``Engine``.

        Spark writes several, without order, which are sorted here: not all servers keep the order of what they write.
        """
        self._write(self._frame(table), path, table, order)

    def rows(self, table: Table) -> list[dict[str, Any]]:
        """Return the rows of a small table; see ``Engine``."""
        rows: list[dict[str, Any]] = self._frame(table).toArrow().to_pylist()
        return rows

    def mapped(self, table: Table, function: ArrowFunction, schema: pa.Schema, path: Path) -> Parts:  # noqa: ARG002
        """Run a function on all parts of a table, on the machines of the cluster; see ``Engine``."""
        columns = ", ".join(
            f"`{name}` {self._types.to_string(of)}" for name, of in ibis.Schema.from_pyarrow(schema).items()
        )
        try:
            made = self._frame(table).mapInArrow(function, columns).toArrow()
        except self.errors as error:
            raise NotThereError(_reason(error)) from error
        return Parts(1, iter([made]))

    def _frame(self, table: Table) -> DataFrame:
        return self._session.sql(str(ibis.to_sql(table, dialect=DIALECT)))

    def _write(self, frame: DataFrame, path: Path, table: Table, order: Sequence[str] = ()) -> None:
        shutil.rmtree(self._parts, ignore_errors=True)
        frame.write.mode("overwrite").option("compression", "zstd").parquet(plain(self._parts))
        parts = list(self._parts.glob("*.parquet"))
        if len(parts) == 1 and not order:
            parts[0].replace(path)
        elif parts:
            self._local.write(self._local.parquet(parts), path, order)
        elif frame.isEmpty():
            write_empty(table, path)
        else:
            raise OtherFoldersError(f"what Spark writes to {self._parts} is not there")
        shutil.rmtree(self._parts, ignore_errors=True)


def _reason(error: Exception) -> str:
    """Return why a function of ours failed on a machine, which stands at the end of what Python said there."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if RAISED.match(line)), lines[0] if lines else type(error).__name__)[:200]


def refuses_odd_lines(session: SparkSession) -> bool:
    """Return whether a server itself finds that lines cannot be read which Spark reads as if nothing were wrong."""
    read = [f"from_json({_literal(line)}, 'a BIGINT, b STRING').a" for line in ODD_LINES]
    (row,) = session.range(1).selectExpr(f"coalesce({', '.join(read)}) AS a").collect()
    return row["a"] is None


def _literal(pattern: str) -> str:
    """Return a text as a literal of Spark's SQL."""
    return quoted(pattern.replace("\\", "\\\\"))


def _matches(pattern: str, text: str = "value") -> str:
    """Return whether a text, by default the line, has a regular expression in it, in SQL."""
    return f"{text} RLIKE {_literal(pattern)}"


NOT_BLANK = "startswith(value, '{') OR " + _matches(r"\S")
CLOSING = f',{{"{END}":true}}]'
LINE = f"concat('[', value, {quoted(CLOSING)})"
# Faster than what looks simpler, is_valid_utf8 and contains, as Java does these with instructions for many bytes.
IS_TEXT = "format_string('%s', value) = value"
MAY_BE_HALF = f"exists(split(value, {_literal(BACKSLASH)}), part -> startswith(part, 'ud') OR startswith(part, 'uD'))"
WITHOUT_WHOLE = f"regexp_replace(value, {_literal(WHOLE)}, '')"
READABLE = f"{IS_TEXT} AND NOT ({MAY_BE_HALF} AND {_matches(HALF, WITHOUT_WHOLE)})"

"""Rows of Parquet files of another form, as events: what is not as GitHub writes it is not taken for it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gis.archive.columns import as_type, write_events
from gis.archive.engines import ROWS_PER_GROUP
from gis.archive.layouts import ONLY_OF_USED
from gis.archive.mapped import LAYOUT, NEEDED, OF_ALL, SHOWN, MappedHours, TableMapping
from gis.archive.tables import COMMENT, EVENTS, MALFORMED, PULL_REQUEST, USED
from gis.errors import GisError
from gis.text import visible

MAY_BE_NULL = ("title", "comment_body")
WORDS = ("kind", "state", "state_reason")
WORD = re.compile(r"[a-z_]{0,100}")  # as REST has them
TIMES = ("created_at", "closed_at", "comment_created_at")
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"


def write_mapped(hours: MappedHours, path: Path, events: Path, _: object = None) -> None:
    """Write the rows of a file as events.

    Args:
        hours: How files are read.
        path: The file.
        events: The Parquet file to write.

    Raises:
        FullDiskError: There is no room for it.
        GisError: It cannot be read, or has not the columns.
    """
    table = hours.table_of(path)
    if table is None:
        raise GisError(f"no table of {LAYOUT} is of this file")
    try:
        with pq.ParquetFile(path) as file:
            write_events(events, _parts(file, table))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise GisError(f"it cannot be read: {error}") from error


def _parts(file: pq.ParquetFile, table: TableMapping) -> Iterator[dict[str, pa.Array]]:
    """Yield the rows of a file in our columns.

    Raises:
        ValueError: It does not have the columns, or no row is an event.
    """
    names = file.schema_arrow.names
    named = [*table.columns.values(), *([table.pull_request] if table.pull_request else ())]
    tops = list(dict.fromkeys(_top(name, names) for name in named))
    if lacking := [name for name in tops if name not in names]:
        raise ValueError(f"it has no {', '.join(lacking)}, but {visible(', '.join(names[:SHOWN]))}")
    if doubled := [name for name in tops if names.count(name) > 1]:
        raise ValueError(f"it has several columns {', '.join(doubled)}")
    is_any_event = not file.metadata.num_rows
    for batch in file.iter_batches(ROWS_PER_GROUP, columns=tops):
        part = _part(batch, table)
        is_any_event |= pc.any(pc.not_equal(part["line"], MALFORMED)).as_py()
        yield part
    if not is_any_event:
        raise ValueError(
            f"none of its rows has {', '.join(OF_ALL)}, the repository as OWNER/NAME and times as 2024-01-31T05:00:00Z"
        )


def _top(name: str, names: Sequence[str]) -> str:
    """Return the column of a file that a name begins with: dots lead into structs."""
    return name if name in names else name.partition(".")[0]


def _part(batch: pa.RecordBatch, table: TableMapping) -> dict[str, pa.Array]:
    """Return some rows in our columns, those that are used in full."""
    types = EVENTS.to_pyarrow()
    columns = {ours: as_type(_column(batch, theirs), types.field(ours).type) for ours, theirs in table.columns.items()}
    _check_words(columns)
    is_event = _are_events(columns, table.line)
    if table.line == COMMENT:
        done = columns.get("kind", pa.nulls(len(batch), pa.string()))
        created = pc.or_kleene(pc.is_null(done), pc.is_in(done, pa.array(["created", ""])))
        columns["id"] = pc.binary_join_element_wise(columns["id"], COMMENT, " ")  # tables may number their rows each
        columns["kind"] = pc.if_else(created, "commented", pc.binary_join_element_wise("comment ", done, ""))
    line = pc.if_else(is_event, table.line, MALFORMED)
    if table.pull_request:
        of_pull_request = pc.fill_null(pc.cast(_column(batch, table.pull_request), pa.bool_()), False)  # noqa: FBT003
        line = pc.if_else(of_pull_request, PULL_REQUEST, line)
    used = pc.is_in(line, pa.array(USED))
    for name in ONLY_OF_USED:
        if name in columns:
            columns[name] = pc.if_else(used, columns[name], pa.scalar(None, columns[name].type))
    return {**columns, "line": line}


def _check_words(columns: Mapping[str, pa.Array]) -> None:
    """Check that words are those of GitHub's REST API, as of others nothing would be read.

    Raises:
        ValueError: One is not in lower case.
    """
    for name in WORDS:
        for word in pc.unique(columns[name]).to_pylist() if name in columns else ():
            if word is not None and not WORD.fullmatch(word):
                raise ValueError(f"{name} is {visible(word)[:40]!r}, which is not a word of GitHub's REST API")


def _are_events(columns: Mapping[str, pa.Array], line: str) -> pa.Array:
    """Return whether rows have what an event needs, and times as GitHub writes them."""
    needed = [pc.is_valid(columns[name]) for name in NEEDED[line] if name in columns and name not in MAY_BE_NULL]
    right = [
        pc.greater(columns["number"], 0),
        pc.match_substring_regex(columns["at"], TIME),
        pc.match_substring_regex(columns["repository"], "^[^/]+/[^/]+$"),
    ]
    optional = [
        pc.fill_null(pc.match_substring_regex(columns[name], TIME), True)  # noqa: FBT003 - a value
        for name in TIMES
        if name in columns
    ]
    return pc.fill_null(reduce(pc.and_, [*needed, *right, *optional]), False)  # noqa: FBT003 - a value


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column, or a part of one that is a struct."""
    top = _top(name, batch.schema.names)
    values = batch[top]
    for part in name.removeprefix(top).split(".")[1:]:
        if not pa.types.is_struct(values.type) or values.type.get_field_index(part) < 0:
            raise ValueError(f"it has no {name}: {top} is {values.type}")
        values = pc.struct_field(values, [part])
    return values

"""Parquet files of another form: a file beside them, which a person writes, says which of their columns are ours."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from gis.archive.columns import as_type, write_events
from gis.archive.engines import ROWS_PER_GROUP
from gis.archive.files import ENDINGS, ArchiveFile, Hours, days_between, file_at, missing_between
from gis.archive.layouts import ONLY_OF_USED
from gis.archive.tables import COMMENT, EVENTS, ISSUE, MALFORMED, PULL_REQUEST, USED
from gis.errors import GisError, UsageError, unknown_name
from gis.files import read_written_by_hand
from gis.hashes import SHORT_HASH, sha256_of
from gis.text import visible

LAYOUT = "layout.toml"
KEYS = ("files", "line", "pull_request", "columns")
OF_ALL = ("id", "at", "repository_id", "repository", "number")
NEEDED = {ISSUE: (*OF_ALL, "kind", "title"), COMMENT: (*OF_ALL, "comment_id", "comment_body")}
OURS = [name for name in EVENTS if name not in ("line", "file")]
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
DAY = re.compile(r"(?<!\d)(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)(?:[-/T](?P<hour>\d{1,2}))?(?=\.parquet$)")
SHOWN = 60  # columns that a message names


@dataclass(frozen=True)
class TableMapping:
    """Which columns of some files are ours.

    Attributes:
        files: A part of their paths; "" for all.
        line: What their rows are: "issue" or "comment".
        columns: By a column of ours, that of the files; dots lead into structs.
        pull_request: A column that is true where a row is of a pull request; "" where there is none.
    """

    files: str
    line: str
    columns: Mapping[str, str]
    pull_request: str = ""


@dataclass(frozen=True)
class MappedHours(Hours):
    """Parquet files whose columns are named by a person.

    Attributes:
        tables: How each is read: the first that fits.
    """

    tables: tuple[TableMapping, ...] = field(kw_only=True)

    def table_of(self, path: Path) -> TableMapping | None:
        """Return how a file is read; None where nothing says."""
        return next((table for table in self.tables if table.files in path.as_posix()), None)


def is_mapped(archive: str) -> bool:
    """Return whether an archive is a folder with a mapping."""
    return (Path(archive) / LAYOUT).is_file()


def mapped_hours(archive: str, first: str | None, last: str | None) -> MappedHours:
    """Return the Parquet files of a folder, and how they are read.

    Args:
        archive: The folder.
        first: The first day, YYYY-MM-DD.
        last: The last day.

    Raises:
        UsageError: The range is not one, or the mapping cannot be read.
        GisError: There are no such files.
    """
    tables, layout = _read(Path(archive) / LAYOUT)
    days = days_between(first, last)
    found = map(file_at, sorted(Path(archive).rglob("*.parquet")))
    files = [_with_day(file, layout) for file in found if file is not None]
    inside = [
        file
        for file in files
        if days == (None, None)
        or (
            file.hour is not None
            and (days[0] is None or file.hour.date() >= days[0])
            and (days[1] is None or file.hour.date() <= days[1])
        )
    ]
    if not inside:
        raise GisError(f"{archive} has {len(files):,} Parquet files, and none of a day in the range")
    return MappedHours(
        archive,
        tuple(inside),
        missing=missing_between(inside, days),
        outside=len(files) - len(inside),
        tables=tables,
    )


def check_has_mapping(archive: str) -> None:
    """Check that an archive is not a folder of Parquet files without a mapping.

    Raises:
        GisError: It is.
    """
    folder = Path(archive)
    if not folder.is_dir() or any(path.name.endswith(ENDINGS) for path in folder.iterdir()):
        return
    path = next(iter(sorted(folder.rglob("*.parquet"))), None)
    if path is not None:
        raise GisError(
            f"{archive} has Parquet files of unknown columns; {path.name} has {_columns_of(path)}",
            remedy=f"say in {folder / LAYOUT} which is which, as docs/archive.md shows",
        )


def _columns_of(path: Path) -> str:
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError) as error:
        return f"that cannot be read: {error}"
    return visible(", ".join(names[:SHOWN]))


def _with_day(file: ArchiveFile, layout: str) -> ArchiveFile:
    """Return a file with the day or the hour that its path says, and a layout that its events depend on."""
    file = file._replace(version=f"{file.version} {layout}", hour=None)
    match = DAY.search(Path(file.place).as_posix())
    if match is None:
        return file
    try:
        parts = [int(match[name] or 0) for name in ("year", "month", "day", "hour")]
        hour = datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]
    except ValueError:
        return file
    return file._replace(hour=hour, hours=1 if match["hour"] else 24)


def _read(path: Path) -> tuple[tuple[TableMapping, ...], str]:
    """Return the tables of a mapping, and a name for what is in it."""
    try:
        text = read_written_by_hand(path)
        content = tomllib.loads(text)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}", remedy="write it as in docs/archive.md") from error
    tables = content.get("table")
    if not isinstance(tables, list) or set(content) != {"table"}:
        raise UsageError(f"{path} must be a list of tables", remedy="begin each with [[table]]")
    return tuple(_table(path, table) for table in tables), sha256_of(content)[:SHORT_HASH]


def _table(path: Path, given: Mapping[str, Any]) -> TableMapping:
    for key in given:
        if key not in KEYS:
            raise unknown_name("key", key, KEYS, f"in {path}")
    line, columns = given.get("line"), given.get("columns")
    if line not in USED:
        raise UsageError(f"{path}: line is {line!r}", remedy=f'write line = "{ISSUE}" or "{COMMENT}"')
    texts = [given.get("files", ""), given.get("pull_request", "")]
    if not isinstance(columns, dict) or not all(isinstance(each, str) for each in (*columns.values(), *texts)):
        raise UsageError(f"{path}: all but columns are texts, and so are its values", remedy="see docs/archive.md")
    for name in columns:
        if name not in OURS:
            raise unknown_name("column", name, OURS, f"in {path}")
    if lacking := [name for name in NEEDED[line] if name not in columns]:
        raise UsageError(f"{path}: a table of {line}s lacks {', '.join(lacking)}", remedy="name a column for each")
    return TableMapping(texts[0], line, columns, texts[1])


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
    named = [*table.columns.values(), *([table.pull_request] if table.pull_request else ())]
    tops = list(dict.fromkeys(name.partition(".")[0] for name in named))
    if lacking := [name for name in tops if name not in file.schema_arrow.names]:
        shown = visible(", ".join(file.schema_arrow.names[:SHOWN]))
        raise ValueError(f"it has no {', '.join(lacking)}, but {shown}")
    for batch in file.iter_batches(ROWS_PER_GROUP, columns=tops):
        yield _part(batch, table)


def _part(batch: pa.RecordBatch, table: TableMapping) -> dict[str, pa.Array]:
    """Return some rows in our columns, those that are used in full."""
    types = EVENTS.to_pyarrow()
    columns = {ours: as_type(_column(batch, theirs), types.field(ours).type) for ours, theirs in table.columns.items()}
    if table.line == COMMENT:
        done = columns.get("kind", pa.nulls(len(batch), pa.string()))
        created = pc.or_kleene(pc.is_null(done), pc.is_in(done, pa.array(["created", ""])))
        columns["kind"] = pc.if_else(created, "commented", pc.binary_join_element_wise("comment ", done, ""))
    is_event = pa.array([True] * len(batch))
    for name in NEEDED[table.line]:
        if name not in ("title", "comment_body"):
            is_event = pc.and_(is_event, pc.is_valid(columns[name]))
    is_event = pc.and_(is_event, pc.fill_null(pc.greater(columns["number"], 0), False))  # noqa: FBT003 - a value
    is_event = pc.and_(is_event, pc.fill_null(pc.match_substring_regex(columns["at"], TIME), False))  # noqa: FBT003
    line = pc.if_else(is_event, table.line, MALFORMED)
    if table.pull_request:
        of_pull_request = pc.fill_null(pc.cast(_column(batch, table.pull_request), pa.bool_()), False)  # noqa: FBT003
        line = pc.if_else(of_pull_request, PULL_REQUEST, line)
    used = pc.is_in(line, pa.array(USED))
    for name in ONLY_OF_USED:
        if name in columns:
            columns[name] = pc.if_else(used, columns[name], pa.scalar(None, columns[name].type))
    return {**columns, "line": line}


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column, or a part of one that is a struct."""
    top, *parts = name.split(".")
    values = batch[top]
    for part in parts:
        if not pa.types.is_struct(values.type) or values.type.get_field_index(part) < 0:
            raise ValueError(f"it has no {name}: {top} is {values.type}")
        values = pc.struct_field(values, [part])
    return values

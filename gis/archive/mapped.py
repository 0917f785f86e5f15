"""Parquet files of another form: a file beside them, which a person writes, says which of their columns are ours."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gis.archive.files import ENDINGS, ArchiveFile, Hours, days_between, file_at, is_within, missing_between
from gis.archive.tables import COMMENT, EVENTS, ISSUE, USED
from gis.errors import GisError, UsageError, unknown_name
from gis.files import read_written_by_hand
from gis.hashes import SHORT_HASH, sha256_of
from gis.text import visible

LAYOUT = "layout.toml"
KEYS = ("files", "line", "pull_request", "columns")
OF_ALL = ("id", "at", "repository_id", "repository", "number")
NEEDED = {ISSUE: (*OF_ALL, "kind", "title"), COMMENT: (*OF_ALL, "comment_id", "comment_body")}
OURS = [name for name in EVENTS if name not in ("line", "file")]
DAY = re.compile(r"(?<!\d)(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)(?:[-/T](?P<hour>\d{1,2}))?(?=\.parquet$)")
SHOWN = 60  # columns that a message names


@dataclass(frozen=True)
class TableMapping:
    """Which columns of some files are ours.

    Attributes:
        files: A part of their paths in the folder, which begin with /; "" for all.
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
        inside = f"/{path.relative_to(self.archive).as_posix()}"
        return next((table for table in self.tables if table.files in inside), None)


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
    inside = [file for file in files if is_within(file, days)]
    if not files:
        raise GisError(
            f"{archive} has a {LAYOUT}, but no Parquet files", remedy=f"remove {LAYOUT} if it has hourly files"
        )
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

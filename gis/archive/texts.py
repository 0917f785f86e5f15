"""The titles and bodies of issues that are known by number, as an archive saw them: no API is asked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from gis.archive.engines import Engine
from gis.archive.tables import COMMENT, CUT_OFF, MALFORMED, ORDER, OVERLONG, USED
from gis.archive.work import Work, hours_of
from gis.collector.records import IssueText
from gis.console import QUIET, Reporter
from gis.replacing import write_atomically
from gis.text import whole_characters

TEXTS = "texts.parquet"
UNREADABLE = (MALFORMED, OVERLONG, CUT_OFF)
ROWS_AT_ONCE = 1000


def archive_texts(
    issues: Iterable[tuple[str, int]],
    archive: str,
    work: Work,
    *,
    first: str | None = None,
    last: str | None = None,
    reporter: Reporter = QUIET,
) -> Iterator[IssueText]:
    """Read an archive, and return the texts of the issues that it saw: the last, and the first of those it saw opened.

    A repository that was renamed is followed by its number. Where two had one name, it is the later one.

    Args:
        issues: OWNER/NAME and number of each.
        archive: A folder or a glob of hourly files, "gharchive", an address with {day} and {hour}, or that of a table.
        work: Where its files are read.
        first: The first day, YYYY-MM-DD.
        last: The last day.
        reporter: Shows progress, and says which files could not be read.

    Raises:
        UsageError: The range is not one, or an address has no place for it.
        GisError: No file can be read, or the disk is full.
    """
    wanted = [(name, number) for name, number in dict.fromkeys(issues)]
    files, unread = work.read(hours_of(archive, first, last, sorted({name for name, _ in wanted})), reporter)
    if unread:
        reporter.warn(f"{len(unread):,} files could not be read, such as {unread[0].file.name}: {unread[0].reason}")
    engine = work.connection.engine()
    if lost := _lost(engine, list(files)):
        reporter.warn(f"lines that could not be read, and may be of issues: {lost}")
    path = work.folder / TEXTS
    ids = _ids(engine, list(files), {name.lower() for name, _ in wanted})
    events = engine.parquet(list(files))
    events = events.filter(
        events.line.isin(USED),
        events.title.notnull(),
        events.repository_id.isin(sorted(set(ids.values()))),
        events.number.isin(sorted({number for _, number in wanted})),
    )
    chosen = events.select("repository_id", "number", "at", "id", "file", "line", "kind", "title", "body")
    write_atomically(path, lambda temporary: engine.write(chosen, temporary, ORDER))
    names: dict[tuple[int, int], list[str]] = {}
    for name, number in wanted:
        if name.lower() in ids:
            names.setdefault((ids[name.lower()], number), []).append(name)
    return _texts(path, names)


def _texts(path: Path, names: Mapping[tuple[int, int], Sequence[str]]) -> Iterator[IssueText]:
    """Yield the texts of the issues in a file, under the names that they were asked for by, and remove it."""
    for key, rows in groupby(_rows(path), key=itemgetter("repository_id", "number")):
        text = _text(list(rows))
        for name in names.get(key, ()):
            yield IssueText(name, key[1], **text)
    path.unlink()


def _lost(engine: Engine, files: Sequence[Path]) -> str:
    """Return how many lines could not be read, by reason; "" where all could."""
    events = engine.parquet(files)
    counts = {row["line"]: row["count"] for row in engine.rows(events.group_by("line").aggregate(count=events.count()))}
    return ", ".join(f"{counts[reason]:,} {reason}" for reason in UNREADABLE if reason in counts)


def _ids(engine: Engine, files: Sequence[Path], names: set[str]) -> dict[str, int]:
    """Return GitHub's number of the repository that had each name last, by the name in lower case."""
    events = engine.parquet(files)
    events = events.filter(events.line.isin(USED), events.repository.lower().isin(sorted(names)))
    last = events.group_by("repository_id", "repository").aggregate(at=events.at.max())
    return {row["repository"].lower(): row["repository_id"] for row in engine.rows(last.order_by("at"))}


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(ROWS_AT_ONCE):
            yield from batch.to_pylist()


def _text(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the last text of an issue and, where it was seen opened and is another one, the first."""
    last = rows[-1]
    title, body = whole_characters(last["title"]), whole_characters(last["body"] or "")
    opened = next((row for row in rows if row["line"] != COMMENT and row["kind"] == "opened"), None)
    first: dict[str, str | None] = {"first_title": None, "first_body": None}
    if opened is not None:
        first_title, first_body = whole_characters(opened["title"]), whole_characters(opened["body"] or "")
        first["first_title"] = None if first_title == title else first_title
        first["first_body"] = None if first_body == body else first_body
    return {"title": title, "body": body, **first}

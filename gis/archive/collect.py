"""Collect from an archive: read its files, find what may be duplicates, and store the repositories that have some."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import Table

from gis.archive.candidates import Candidates, find_candidates, used
from gis.archive.connections import DEFAULT
from gis.archive.counts import LineCounts, count_lines, names_of
from gis.archive.earlier import UNRELATED, check_covers_earlier, check_not_from_elsewhere
from gis.archive.engines import Engine
from gis.archive.files import Hours
from gis.archive.holes import Hole, holes_between
from gis.archive.hosted import TableHours
from gis.archive.mending import first_line
from gis.archive.reading import Unread
from gis.archive.selection import events_of_issues, lines_of, pull_requests
from gis.archive.source import ArchiveSource, SortedEvents
from gis.archive.tables import CUT_OFF, MALFORMED, NO_TEXT, ORDER, OVERLONG, REASONS
from gis.archive.work import Work, hours_of, work_beside
from gis.collector.collect import CollectReport, collect
from gis.collector.records import Repository
from gis.collector.repositories import is_repository_name
from gis.collector.store_writer import StoreWriter
from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.hashes import sha256_of
from gis.replacing import write_atomically
from gis.text import visible
from gis.versions import versions_of

CANDIDATES, SELECTED = "candidates.parquet", "selected.parquet"
LONGEST_SHOWN = 100  # characters of a line that cannot be read
EXPECTED = "each line of a file must be an event as GH Archive writes it"
EXPLAINED = {
    MALFORMED: "they are not events that can be read",
    OVERLONG: "they are too long to be read",
    NO_TEXT: "they are events from before 2015, which have no texts",
}


@dataclass(frozen=True, kw_only=True)
class ArchiveReport:
    """What an archive brought.

    Attributes:
        hours: Its files that were read.
        lines: What became of every line.
        unread: Files that could not be read at all, or that the server does not have.
        holes: What is known to be missing from the range.
        candidates: What may be duplicates.
        libraries: The distributions that read it.
        repositories: What each repository brought to the store.
        opened_before: Issues that the archive did not see opened.
        unrelated: How many issues of each repository and month are stored of which no ruling speaks; None for all.
    """

    hours: Hours
    lines: LineCounts
    unread: Sequence[Unread]
    holes: Sequence[Hole]
    candidates: Candidates
    libraries: Sequence[str]
    repositories: Sequence[CollectReport] = ()
    opened_before: int = 0
    unrelated: int | None = None

    @property
    def about(self) -> Mapping[str, Any]:
        """What a store says of where its repositories are from: the hours are those that were read."""
        return {
            **versions_of(["ibis-framework", *self.libraries]),
            "archive": self.hours.archive,
            "days": self.hours.days,
            "hours": self.hours.ranges,
            "files": len(self.hours.files),
            "missing hours": len({*self.missing, *(hour for each in self.unread for hour in each.file.all_hours())}),
            "lines": dict(self.lines.total),
            "holes": list(map(str, self.holes)),
            **({} if self.unrelated is None else {UNRELATED: self.unrelated}),
        }

    @property
    def missing(self) -> list[datetime]:
        """The hours without a file, in the folder or on the server."""
        not_on_server = [each.file.hour for each in self.unread if each.is_missing and each.file.hour]
        return sorted([*self.hours.missing, *not_on_server])

    def summary(self) -> Iterator[str]:
        """Yield what became of the lines, and what was found in them."""
        total = self.lines.total
        used, left_out = self.lines.used, [reason for reason in REASONS if total[reason]]
        yield (
            f"{total.total():,} lines of {len(self.lines.by_file):,} files: {used:,} used; left out: "
            + (", ".join(f"{total[reason]:,} {reason}" for reason in left_out) or "none")
        )
        yield f"{self.candidates}; repositories stored: {len(self.repositories):,}"
        if self.opened_before:
            yield f"issues opened before the archive begins: {self.opened_before:,}; their texts may be edited ones"

    def notes(self) -> Iterator[str]:
        """Yield what the reader of the result must know, a line each."""
        if self.missing:
            hours = ", ".join(f"{hour:%Y-%m-%d-}{hour.hour}" for hour in self.missing[:3])
            yield f"hours without a file: {len(self.missing):,}, such as {hours}"
        if failed := [each for each in self.unread if not each.is_missing]:
            names = names_of([each.file for each in failed])
            yield f"files that could not be read: {len(failed):,} ({names}); {failed[0].reason}"
        if self.hours.doubled:
            yield f"hours with several files: {len(self.hours.doubled):,}; each event counts once"
        if self.hours.outside:
            yield f"files outside the range: {self.hours.outside:,}"
        if unknown := self.lines.unknown:
            yield f"files of another layout: {len(unknown):,} ({names_of(unknown)}); {_layout_of(self.lines)}"
        if self.lines.empty and not isinstance(self.hours, TableHours):
            yield f"empty files: {len(self.lines.empty):,} ({names_of(self.lines.empty)})"
        if cut := [file for file, count in self.lines.by_file.items() if count[CUT_OFF]]:
            yield f"files that break off: {len(cut):,} ({names_of(cut)})"
        for reason in (MALFORMED, OVERLONG, NO_TEXT):
            if count := self.lines.total[reason]:
                yield f"lines left out, as {EXPLAINED[reason]}: {count:,}"
        yield from (f"the archive has a hole, {hole}" for hole in self.holes)


def collect_archive(
    archive: str,
    store: Path,
    *,
    first: str | None = None,
    last: str | None = None,
    repositories: Sequence[str] = (),
    min_duplicates: int = 1,
    unrelated: int | None = None,
    engine: str = DEFAULT,
    work: Path | None = None,
    reporter: Reporter = QUIET,
) -> ArchiveReport:
    """Fill a store with the repositories of an archive in which duplicates were found.

    What was read of the archive is kept beside the store, so that a run that is stopped goes on, and one with more
    files reads only those.

    Args:
        archive: A folder or a glob of hourly files, "gharchive", an address with {day} and {hour}, or that of a table.
        store: The SQLite file to fill.
        first: The first day, YYYY-MM-DD.
        last: The last day.
        repositories: OWNER/NAME in which * stands for anything; none for all.
        min_duplicates: How many issues of a repository must be called duplicates for it to be stored.
        unrelated: How many issues of each repository and month to store of which no ruling speaks; None for all.
        engine: What the queries run on: duckdb, clickhouse, or an address of Spark.
        work: Folder for what is read of the archive; None for one beside the store.
        reporter: Shows progress, and says what is left out.

    Raises:
        UsageError: The range is not one, or the archive has no place for it.
        GisError: No file can be read, the disk is full, the engine cannot be reached, or the store holds what would be
            replaced by less.
    """
    hours = hours_of(archive, first, last, repositories)
    check_covers_earlier(store, hours, unrelated)
    with work_beside(store, work, engine=engine) as place:
        report, files = _examine(hours, place, repositories, store, reporter)
        report = replace(report, unrelated=unrelated)
        kept = report.candidates.repositories(min_duplicates)
        return _store(report, files, kept, place, store, reporter) if kept else report


def _examine(
    hours: Hours, place: Work, repositories: Sequence[str], store: Path, reporter: Reporter
) -> tuple[ArchiveReport, list[Path]]:
    """Read the files of an archive, and return what is in them, and where their events are."""
    files, unread = place.read(hours, reporter)
    hours = replace(hours, files=tuple(files.values()))
    check_covers_earlier(store, hours)  # again: some files may have failed that did not before
    engine = place.connection.engine()
    lines = count_lines(engine.parquet(list(files)), engine, files)
    if isinstance(hours, TableHours) and len(lines.empty) == len(files):
        raise GisError(f"{hours.archive} has no events of issues in the range", remedy="check the days and --repo")
    if len(lines.unknown) + len(lines.empty) == len(files):
        raise GisError(f"{hours.archive} is not an archive of events: {_layout_of(lines)}", remedy=EXPECTED)
    events = used(engine.parquet(list(files)), repositories)
    report = ArchiveReport(
        hours=hours,
        lines=lines,
        unread=tuple(unread),
        holes=tuple(holes_between(*hours.days) if hours.days else ()),
        candidates=find_candidates(events, engine, place.folder / CANDIDATES, reporter=reporter),
        libraries=place.connection.libraries,
    )
    for note in report.notes():
        reporter.warn(note)
    return report, list(files)


def _layout_of(lines: LineCounts) -> str:
    """Return what the first file looks like that is not of a known layout."""
    file = next((file for file in lines.unknown if not file.is_remote), None)
    if file is None:
        return "its files have no lines that can be read"
    return f"its first line is {visible(first_line(Path(file.place)))[:LONGEST_SHOWN]!r}"


def _store(
    report: ArchiveReport,
    files: Sequence[Path],
    kept: Sequence[int],
    place: Work,
    store: Path,
    reporter: Reporter,
) -> ArchiveReport:
    """Bring the repositories that are kept into the store."""
    version = sha256_of([sorted(path.name for path in files), report.unrelated])
    engine = place.connection.engine()
    lines = lines_of(kept, files, engine, place.folder)
    events = events_of_issues(lines, report.candidates, engine, place.folder, report.unrelated)
    reporter.say(f"sorting events; repositories: {len(kept):,}")
    selected = place.folder / SELECTED  # of a run that was killed, it is made again: nothing would tell a changed byte
    rows = events.union(pull_requests(lines))
    write_atomically(selected, lambda temporary: engine.write(rows, temporary, ORDER))
    names = _names(engine, events)
    brought: list[CollectReport] = []
    with StoreWriter.open(store) as writer:
        check_not_from_elsewhere(writer, [(each.id, each.name) for of_id in names.values() for each in of_id])
        for identity in kept:
            for repository in names.get(identity, ()):
                writer.repository(repository, ArchiveSource.kind)
        sorted_events = SortedEvents(selected)
        for identity in kept:
            if identity in names:
                rows_of = partial(sorted_events.of, identity)
                source = ArchiveSource(
                    rows_of, names[identity][-1], version=version, about=report.about, reporter=reporter
                )
                brought.append(collect(writer, source, reporter=reporter))
    selected.unlink()
    return replace(report, repositories=tuple(brought), opened_before=_opened_before(engine, events))


def _opened_before(engine: Engine, events: Table) -> int:
    """Return of how many issues the archive does not have the event that opened them."""
    opened = ibis.ifelse(events.kind == "opened", 1, 0).sum()
    issues = events.group_by("repository_id", "number").aggregate(opened=opened)
    unseen = issues.filter(issues.opened == 0)
    (row,) = engine.rows(unseen.aggregate(count=unseen.count()))
    return int(row["count"])


def _names(engine: Engine, events: Table) -> dict[int, list[Repository]]:
    """Return the names of each repository, that of its last event last."""
    last = events.group_by("repository_id", "repository").aggregate(at=events.at.max())
    names: dict[int, list[Repository]] = {}
    for row in engine.rows(last.order_by("at")):
        if is_repository_name(row["repository"] or ""):
            number = max(row["repository_id"], 0)  # of a table that has no numbers, negative ones stand for names
            repository = Repository(row["repository"], number, row["repository"])
            names.setdefault(row["repository_id"], []).append(repository)
    return names

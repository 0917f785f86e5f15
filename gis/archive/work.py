"""The folder in which an archive is worked on, and what works there."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gis.archive.answers import Server, write_answer
from gis.archive.connections import DEFAULT, Connection, connected
from gis.archive.download import Download
from gis.archive.files import ArchiveFile, Hours, find_hours
from gis.archive.hosted import TableHours, hosted_hours, is_hosted
from gis.archive.mapped import MappedHours, check_has_mapping, is_mapped, mapped_hours
from gis.archive.mapped_rows import write_mapped
from gis.archive.patterns import check_names
from gis.archive.reading import Convert, Unread, events_of, read_files, read_json
from gis.console import Reporter
from gis.errors import GisError
from gis.files import make_folder
from gis.full_disk import full_disk_named
from gis.locks import held_alone

EVENTS, SPILL = "events", "spill"


def hours_of(archive: str, first: str | None, last: str | None, repositories: Sequence[str] = ()) -> Hours:
    """Return the files of an archive, or what a server is asked for in their place.

    Args:
        archive: A folder or a glob of hourly files, "gharchive", an address with {day} and {hour}, that of a table, or
            a folder of Parquet files with a mapping.
        first: The first day, YYYY-MM-DD.
        last: The last day.
        repositories: OWNER/NAME in which * stands for anything, of which alone a table gives events; none for all.

    Raises:
        UsageError: The range is not one, an address has no range or no place for the hour, or a repository is not
            OWNER/NAME.
        GisError: There are no such files.
    """
    check_names(repositories)
    if is_hosted(archive):
        return hosted_hours(archive, first, last, repositories)
    if is_mapped(archive):
        return mapped_hours(archive, first, last)
    check_has_mapping(archive)
    return find_hours(archive, first, last)


@dataclass(frozen=True)
class Work:
    """A folder that one process works in.

    Attributes:
        folder: The folder.
        connection: What the queries run on.
    """

    folder: Path
    connection: Connection

    @property
    def events(self) -> Path:
        """Where the events of each file are kept."""
        return self.folder / EVENTS

    def read(self, hours: Hours, reporter: Reporter) -> tuple[dict[Path, ArchiveFile], list[Unread]]:
        """Read the files of an archive that were not read before.

        Returns:
            By the Parquet file that its events are in, each file that could be read; and the others.

        Raises:
            GisError: None could be read, or the disk is full.
        """
        events = self.events
        fetch = Download(self.folder).fetch
        convert: Convert = read_json
        if isinstance(hours, TableHours):
            fetch, convert = Server(hours.table, self.folder).fetch, write_answer
        elif isinstance(hours, MappedHours):
            convert = partial(write_mapped, hours)
        unread = read_files(hours.files, events, convert, self.connection.readers(), fetch, reporter=reporter)
        left_out = {each.file for each in unread}
        files = {events_of(file, events): file for file in hours.files if file not in left_out}
        if not files:
            raise GisError(f"no file of {hours.archive} could be read: {unread[0].reason}", remedy=unread[0].remedy)
        return files, unread


@contextmanager
def work_beside(result: Path, folder: Path | None = None, *, engine: str = DEFAULT) -> Iterator[Work]:
    """Work in a folder, that beside the result where none is named, on the engine of that name.

    Raises:
        GisError: Another process works there, the engine cannot be reached, the disk is full, or what was read is
            damaged.
    """
    folder = (folder or result.with_name(f"{result.name}.archive")).resolve()  # engines name files in full
    make_folder(folder)
    busy = GisError(f"another process works in {folder}", remedy="wait until it is done")
    with held_alone(folder / "work", busy):
        shutil.rmtree(folder / SPILL, ignore_errors=True)  # of a run that was killed
        with connected(engine, folder / SPILL) as connection:
            try:
                with full_disk_named(folder):
                    yield Work(folder, connection)
            except connection.engine().errors as error:
                reason = str(error).strip().splitlines()[0]
                raise GisError(
                    f"the events in {folder} cannot be read: {reason}",
                    remedy="remove the folder if one of its files is damaged; the same command then begins again",
                ) from error

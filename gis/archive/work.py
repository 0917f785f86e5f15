"""The folder in which an archive is worked on, and what works there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gis.archive.download import Download
from gis.archive.engines import DuckDB, Engine
from gis.archive.files import ArchiveFile, Hours
from gis.archive.layouts import GHARCHIVE
from gis.archive.reading import Unread, events_of, read_files
from gis.console import Reporter
from gis.errors import GisError
from gis.files import full_disk_named, held_alone, make_folder

MEMORY = 500  # MB for each core, before an engine spills to the disk
EVENTS, SPILL = "events", "spill"


@dataclass(frozen=True)
class Work:
    """A folder that one process works in.

    Attributes:
        folder: The folder.
        cores: How many are used.
    """

    folder: Path
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2)

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
        unread = read_files(hours.files, events, GHARCHIVE, self._engines(), fetch, reporter=reporter)
        left_out = {each.file for each in unread}
        files = {events_of(file, events): file for file in hours.files if file not in left_out}
        if not files:
            raise GisError(f"no file of {hours.archive} could be read: {unread[0].reason}")
        return files, unread

    def engine(self) -> Engine:
        """Return an engine that uses all cores."""
        return DuckDB(threads=self.cores, memory=f"{MEMORY * self.cores}MB", spill=self.folder / SPILL)

    def _engines(self) -> list[Engine]:
        """Return an engine for each core, to read files side by side."""
        return [DuckDB(threads=1, memory=f"{MEMORY}MB", spill=self.folder / SPILL) for _ in range(self.cores)]


@contextmanager
def work_beside(result: Path, folder: Path | None = None) -> Iterator[Work]:
    """Work in a folder, that beside the result where none is named.

    Raises:
        GisError: Another process works there, the disk is full, or what was read is damaged.
    """
    place = Work((folder or result.with_name(f"{result.name}.archive")).resolve())  # engines name files in full
    make_folder(place.folder)
    busy = GisError(f"another process works in {place.folder}", remedy="wait until it is done")
    with held_alone(place.folder / "work", busy):
        shutil.rmtree(place.folder / SPILL, ignore_errors=True)  # of a run that was killed
        try:
            with full_disk_named(place.folder):
                yield place
        except DuckDB.errors as error:
            reason = str(error).strip().splitlines()[0]
            raise GisError(
                f"the events in {place.folder} cannot be read: {reason}",
                remedy="remove the folder if one of its files is damaged; the same command then begins again",
            ) from error

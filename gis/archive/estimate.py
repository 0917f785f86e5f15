"""What it would cost to read an archive, from a few of its files."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gis.archive.connections import CORES, DEFAULT
from gis.archive.download import size_of
from gis.archive.reading import is_read
from gis.archive.work import hours_of, work_beside
from gis.console import QUIET, Reporter

SAMPLED = 4  # files for each core
UNITS = ("bytes", "kB", "MB", "GB", "TB")
FEW_HOURS = 2 * 3600  # seconds; what is shorter is told in minutes


@dataclass(frozen=True, kw_only=True)
class ArchiveEstimate:
    """What it would cost to read an archive.

    Attributes:
        files: How many files it has.
        read_before: How many of them were read before; the sample counts among them.
        sampled: How many files the estimate is made from; 0 where all were read before.
        size: Bytes of all files, as they are compressed; 0 where it is not known.
        seconds: How long the others would take, with their download.
        disk: Bytes for what is read of all files, without the store.
        cores: How many are used.
    """

    files: int
    read_before: int
    sampled: int
    size: float
    seconds: float
    disk: float
    cores: int

    def __str__(self) -> str:
        """Return it as a few lines."""
        if self.sampled:
            rest = (
                f"the others take about {_time(self.seconds)} on {self.cores} cores, by a sample of "
                f"{self.sampled:,} files"
            )
        else:
            rest = "no file is left to be read"
        return "\n".join(
            [
                f"{self.files:,} files{f' of about {_size(self.size)}' if self.size else ''}, {self.read_before:,} of "
                "which are read",
                f"{rest}; what is read of all takes {_size(self.disk)}, and the store is not counted",
            ]
        )


def _size(count: float) -> str:
    """Return a number of bytes as people read it."""
    unit = min(int(math.log10(max(count, 1)) / 3), len(UNITS) - 1)
    return f"{count / 1000**unit:,.3g} {UNITS[unit]}"


def _time(seconds: float) -> str:
    """Return a time as people read it."""
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minute{'s' * (minutes != 1)}" if seconds < FEW_HOURS else f"{seconds / 3600:,.1f} hours"


def estimate_archive(
    archive: str,
    store: Path,
    *,
    first: str | None = None,
    last: str | None = None,
    repositories: Sequence[str] = (),
    engine: str = DEFAULT,
    work: Path | None = None,
    reporter: Reporter = QUIET,
) -> ArchiveEstimate:
    """Read a few files of an archive, evenly spread, and return what all would cost; they are not read again.

    Args:
        archive: As for ``collect_archive``, like all others.
        store: The SQLite file that would be filled.
        first: The first day.
        last: The last day.
        repositories: OWNER/NAME that are asked for, where the archive is a table.
        engine: What reads them.
        work: Folder for what is read.
        reporter: Shows progress.

    Raises:
        UsageError: The range is not one.
        GisError: There are no files, or none of the sample can be read.
    """
    hours = hours_of(archive, first, last, repositories)
    with work_beside(store, work, engine=engine) as place:
        unread = [file for file in hours.files if not is_read(file, place.events)]
        count = min(SAMPLED * CORES, len(unread))
        sample = tuple(unread[len(unread) * n // count] for n in range(count))
        started = time.monotonic()
        failed = place.read(replace(hours, files=sample), reporter)[1] if sample else []
        seconds = (time.monotonic() - started) / max(count, 1)
        made = [path.stat().st_size for path in place.events.rglob("*.parquet")]
        sizes = [size for file in (sample or hours.files[:SAMPLED]) if (size := size_of(file))]
    return ArchiveEstimate(
        files=len(hours.files),
        read_before=len(hours.files) - len(unread) + count - len(failed),
        sampled=count,
        size=len(hours.files) * sum(sizes) / max(len(sizes), 1),
        seconds=seconds * (len(unread) - count),
        disk=len(hours.files) * sum(made) / max(len(made), 1),
        cores=CORES,
    )

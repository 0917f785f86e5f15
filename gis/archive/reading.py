"""The first pass: each file of an archive becomes one small Parquet file, whole or not at all."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import pyarrow.parquet as pq

from gis.archive.download import NotOnServerError, RefusedError
from gis.archive.engines import Engine, OtherFoldersError
from gis.archive.files import ArchiveFile
from gis.archive.layouts import GHARCHIVE, Layout
from gis.archive.mending import mend
from gis.archive.tables import MALFORMED
from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.files import make_folder
from gis.full_disk import FullDiskError, full_disk_named
from gis.hashes import sha256_of_file
from gis.replacing import write_atomically, write_text

CHECKSUM = ".sha256"  # the ending of a file beside the events, with the hash of them
MENDED = ".mended.json"  # the ending of a copy of a damaged file

FETCHED_AHEAD = 2  # files for each engine: one is read, and one is downloaded
Fetch = Callable[[ArchiveFile], AbstractContextManager[Path]]
Convert = Callable[[Path, Path, Engine], None]  # from a file to its events, by an engine


class Unread(NamedTuple):
    """A file of which nothing could be read.

    Attributes:
        file: The file.
        reason: Why.
        is_missing: Whether the server does not have it.
        remedy: What to do; "" where nothing can be done.
    """

    file: ArchiveFile
    reason: str
    is_missing: bool
    remedy: str = ""


def events_of(file: ArchiveFile, folder: Path) -> Path:
    """Return where the events of a file are kept: a folder for each month, as large ones are slow."""
    month = "other" if file.hour is None else f"{file.hour:%Y-%m}"
    return folder / month / f"{file.key}.parquet"


def is_read(file: ArchiveFile, folder: Path) -> bool:
    """Return whether a file was read before, and neither it nor its events have changed since."""
    events = events_of(file, folder)
    try:
        return events.with_suffix(CHECKSUM).read_text(encoding="utf-8") == sha256_of_file(events)
    except (OSError, UnicodeDecodeError):
        return False


def read_files(
    files: Sequence[ArchiveFile],
    folder: Path,
    convert: Convert,
    engines: Sequence[Engine],
    fetch: Fetch,
    *,
    reporter: Reporter = QUIET,
) -> list[Unread]:
    """Make a Parquet file of each file that has none yet, as many at a time as there are engines.

    Args:
        files: What to read.
        folder: Where the Parquet files are kept.
        convert: Writes a file as events.
        engines: What may be asked to.
        fetch: Yields the path of a file, which it may have to download.
        reporter: Shows progress.

    Returns:
        The files that could not be read.

    Raises:
        FullDiskError: There is no room for more; what was read is kept.
        OtherFoldersError: The machines of the engine do not have the files.
        RefusedError: The server answers nothing; what was read is kept.
    """
    make_folder(folder)
    free: SimpleQueue[Engine] = SimpleQueue()
    for engine in engines:
        free.put(engine)

    def read(file: ArchiveFile) -> int:
        with fetch(file) as path:
            engine = free.get()
            try:
                events = events_of(file, folder)
                convert(path, events, engine)
                write_text(events.with_suffix(CHECKSUM), sha256_of_file(events))
            finally:
                free.put(engine)
            return path.stat().st_size

    unread: list[Unread] = []
    remaining = [file for file in files if not is_read(file, folder)]
    done = len(files) - len(remaining)
    if done and remaining:
        reporter.say(f"{done:,} of {len(files):,} files were read before")
    started, bytes_read = time.monotonic(), 0
    with (
        reporter.track("reading the archive", len(remaining), "files") as tracker,
        ThreadPoolExecutor(FETCHED_AHEAD * len(engines)) as pool,
    ):
        tasks = {pool.submit(read, file): file for file in remaining}
        try:
            for task in as_completed(tasks):
                try:
                    bytes_read += task.result()
                except (FullDiskError, OtherFoldersError, RefusedError):
                    raise
                except GisError as error:
                    file, is_missing = tasks[task], isinstance(error, NotOnServerError)
                    unread.append(Unread(file, str(error), is_missing, error.remedy))
                    if not is_missing:
                        reporter.warn(f"{file.place} is left out: {error}")
                tracker.note = f"{bytes_read / 1e6 / (time.monotonic() - started):.1f} MB/s compressed"
                tracker.advance(1, (tracker.done + 1) / len(remaining))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return unread


def read_json(path: Path, events: Path, engine: Engine, layout: Layout = GHARCHIVE) -> None:
    """Write a row for each line of a file; the events among them in full.

    A file that the engine cannot read, or not all lines of, is mended and read again.

    Args:
        path: The file.
        events: The Parquet file to write.
        engine: What reads it.
        layout: How it is read.

    Raises:
        FullDiskError: There is no room for it.
        GisError: It cannot be read at all.
    """

    def write(temporary: Path) -> None:
        try:
            engine.convert(path, layout, events.stem, temporary)
            if not _is_damaged(temporary):
                return
        except engine.errors:
            pass  # what is wrong with it shows below, where it is read as far as it goes
        copy = events.with_suffix(MENDED)  # beside it, where the machines of a cluster see it, too
        try:
            with full_disk_named(copy):
                mend(path, copy, layout.schema)
            engine.convert(copy, layout, events.stem, temporary)
        finally:
            copy.unlink(missing_ok=True)

    try:
        write_atomically(events, write)
    except engine.errors as error:
        raise GisError(f"it cannot be read: {error}") from error
    except OSError as error:
        raise GisError(f"it cannot be read: {error.strerror}") from error


def _is_damaged(events: Path) -> bool:
    """Return whether a line of a file could not be read."""
    with pq.ParquetFile(events) as file:
        values = file.read(["line"])["line"].unique()
    return MALFORMED in values.to_pylist()  # pyarrow would load pandas to compare them

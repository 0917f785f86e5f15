"""The file of a store: locked and opened by the one who fills it, or opened for reading as it is at that moment."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from filelock import FileLock, Timeout

from gis.collector.damage import define_checks
from gis.errors import GisError


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from filling a store."""
    path = path.with_name(f"{path.name}.lock")
    if path.is_symlink() or (path.exists() and (not path.is_file() or path.stat().st_size)):  # a lock empties its file
        raise GisError(
            f"{path} is a link or holds something; it should be the lock of the store",
            remedy="move it away, or choose another --store",
        )
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise GisError(
            f"another gis collect is filling {path.with_suffix('')}", remedy="wait for it, or choose another --store"
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def removed_if_empty(path: Path) -> Iterator[None]:
    """Leave no new store behind if the block fails before anything came."""
    is_new = not path.exists()
    try:
        yield
    except BaseException:
        if is_new and path.exists() and not _holds_anything(path):
            path.unlink()
        raise


def _holds_anything(path: Path) -> bool:
    tables = ("issues", "comments", "events", "pull_requests")
    try:
        with closing(open_for_reading(path)) as connection:
            return any(connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() for table in tables)
    except sqlite3.Error:
        return path.stat().st_size > 0


def connect(file: Path | str) -> sqlite3.Connection:
    """Return a connection to a file, or to what a URI names, that has the functions of a store."""
    connection = sqlite3.connect(file, isolation_level=None, uri=isinstance(file, str))
    define_checks(connection)
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a store that is not to be changed, as of now: one snapshot for all that is read."""
    address = f"file:{quote(str(path.resolve()))}?mode=ro"
    try:
        return _snapshot(address)
    except sqlite3.OperationalError:
        log = path.with_name(f"{path.name}-wal")
        if log.exists() and log.stat().st_size:  # pages that are not in the file yet
            raise
        return _snapshot(f"{address}&immutable=1")  # a folder where the file of a shared index cannot be made


def _snapshot(address: str) -> sqlite3.Connection:
    connection = connect(address)
    try:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()  # the first read fixes the snapshot
    except sqlite3.Error:
        connection.close()
        raise
    return connection

"""A disk that is full is named, whatever the library that wrote says."""

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gis.errors import GisError

# The second: also to read a store, SQLite writes a file beside it.
FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


class FullDiskError(GisError):
    """There is no space left on a disk.

    Args:
        path: What could not be written.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(
            f"no space left on the disk for {path}", remedy="free some space; the same command then continues"
        )
        self.path = Path(path)


@contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Where the disk is full, raise one error that says so and where, whatever the library that wrote has raised.

    Raises:
        GisError: There is no space left for the file ``path``, or for the files in that folder.
    """
    try:
        yield
    except GisError:
        raise
    except Exception as error:  # safetensors and torch have errors of their own, some of which give no reason
        if not is_full(error) and not is_full(_write_error(path)):
            raise
        raise FullDiskError(getattr(error, "filename", None) or path) from error


def is_full(error: BaseException | None) -> bool:
    """Return whether an error, or what caused it, says that a disk is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) in FULL:
            return True
        error = error.__cause__ or error.__context__
    return False


def _write_error(folder: Path) -> OSError | None:
    """Return why a file cannot be written in ``folder``, or above it where it does not exist."""
    existing = next((path for path in (folder, *folder.resolve().parents) if path.is_dir()), Path())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(bytes(1 << 20))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error
    return None

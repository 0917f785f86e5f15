"""Locks that keep other processes out."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gis.errors import GisError
from gis.files import hidden_prefix, make_folder


@contextmanager
def held_alone(path: Path, busy: GisError) -> Iterator[None]:
    """Keep other processes out of this block as long as it runs for ``path``.

    Raises:
        GisError: ``busy``, where another process holds it; or what is in the place of the lock is not one.
    """
    from filelock import FileLock, Timeout

    make_folder(path.parent)
    place = _lock_of(path)
    if place.is_symlink() or (place.exists() and (not place.is_file() or place.stat().st_size)):
        message = f"{place} is a link or holds something; it should be the lock of {path}"  # a lock empties its file
        raise GisError(message, remedy="move it away, or choose another place")
    lock = FileLock(place, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise busy from error
    try:
        yield
    finally:
        with suppress(OSError):  # Windows removes it on release
            place.unlink()
        lock.release()


def _lock_of(path: Path) -> Path:
    path = path.resolve()  # one lock for one place, whatever name it is given
    return path.with_name(f"{hidden_prefix(path)}lock")

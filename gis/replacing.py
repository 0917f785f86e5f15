"""Files and folders that are written whole or not at all, whenever the process is stopped."""

import os
import re
import secrets
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gis.errors import GisError
from gis.files import hidden_prefix, make_folder
from gis.full_disk import FullDiskError, full_disk_named

UNFINISHED, ASIDE = "unfinished", "aside"  # ends of the names of what lies beside a file or folder that is replaced
CLOCKS_DIFFER_BY = 10.0  # seconds between the clocks of files and of processes, at most


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it into place.

    A reader sees the old file or the new one, never a part, whenever the process is stopped or the power fails. What a
    killed process left is removed by the next that writes ``path``.

    Raises:
        GisError: ``path`` is a folder or a device, a file is where its folder should be, or the disk is full.
    """
    if path.exists() and not path.is_file():
        raise GisError(f"{path} cannot be written: it is not a file", remedy="choose another file")
    make_folder(path.parent)
    for leftover, _ in _leftovers(path):
        _remove(leftover)
    temporary = _beside(path, UNFINISHED + path.suffix)
    try:
        with full_disk_named(path):
            write(temporary)
            _sync(temporary)
        temporary.replace(path)
        _sync(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill, which takes the place of ``path`` if the block succeeds; otherwise nothing is left of it.

    What stood at ``path`` is moved aside, and removed only when the new folder stands there. A process that is killed
    leaves the old folder or the new one: what it moved aside is put back by the next call, and what it had begun is
    removed.

    Raises:
        GisError: ``path`` is a file or a link, found before the work; what is at ``path`` has changed since; or the
            disk is full.
    """
    path = replaceable(path)
    parents = [parent for parent in path.parents if not parent.exists()]
    before = folder_identity(path)
    unfinished, aside = _beside(path, UNFINISHED), _beside(path, ASIDE)
    try:
        with full_disk_named(path):
            make_folder(unfinished)
            folder = unfinished / path.name  # some writers look at the name of the folder
            folder.mkdir()
            yield folder
            for written in [*folder.rglob("*"), folder]:
                _sync(written)
        with _ignoring_interrupts():
            _put_in_place(folder, path, aside, before)
    except BaseException as error:
        if aside.exists() and not path.exists():
            aside.rename(path)
        if isinstance(error, FullDiskError) and error.path.is_relative_to(unfinished):
            raise FullDiskError(path) from error  # the unfinished folder is gone when a reader looks for it
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not path.exists():
            for parent in parents:
                with suppress(OSError):  # somebody else has put something there
                    parent.rmdir()


@contextmanager
def temporary_folder(purpose: str) -> Iterator[Path]:
    """Yield a private folder for intermediate files, removed after the block; a killed process's by the next call.

    Args:
        purpose: What it is for: calls for one purpose clean up after each other.
    """
    path = Path(tempfile.gettempdir()) / purpose
    for leftover, _ in _leftovers(path):
        _remove(leftover)
    folder = _beside(path, UNFINISHED)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def replaceable(path: Path) -> Path:
    """Return where ``new_folder`` will put a folder, after it put back or removed what dead processes left beside it.

    Whoever works for hours before a folder is written calls it first.

    Raises:
        GisError: ``path`` is a file or a link, or another disk begins there.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise GisError(f"{path} is not a folder", remedy="choose a different --output")
    if path.is_mount():
        raise GisError(f"{path} is where a disk is mounted, and cannot be replaced", remedy=f"choose {path}/NAME")
    path = path.resolve()  # "." has a name, too
    recover_folder(path)
    return path


def _put_in_place(folder: Path, path: Path, aside: Path, before: tuple[int, int] | None) -> None:
    """Rename ``folder`` to ``path``, if what is there is what was there ``before``."""
    now = folder_identity(path)
    if now is not None:
        if now != before:
            raise GisError(
                f"{path} was created or replaced by somebody else in the meantime and is left as it is",
                remedy="choose a different --output",
            )
        path.rename(aside)
    folder.rename(path)
    _sync(path.parent)
    shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM come too late in this block, which takes milliseconds: what it does is done or not."""
    handlers: dict[signal.Signals, Any] = {}
    with suppress(ValueError):  # only the main thread may handle signals, and only it is interrupted
        for number in (signal.SIGINT, signal.SIGTERM):
            handlers[number] = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def is_being_replaced(path: Path) -> bool:
    """Return whether a process has moved the folder ``path`` aside, to put a new one there at once."""
    path = path.resolve()
    return any(state == ASIDE and _is_at_work(process, entry) for entry, process, state in _put_beside(path))


def recover_folder(path: Path) -> None:
    """Put back or remove what processes that were killed while they replaced the folder ``path`` left beside it."""
    path = path.resolve()
    for leftover, state in _leftovers(path):
        if state == ASIDE and not path.exists():
            leftover.rename(path)
        else:
            _remove(leftover)


def _beside(path: Path, state: str) -> Path:
    """Return the name of something that this process puts beside ``path`` for a while."""
    return path.with_name(f"{hidden_prefix(path)}{os.getpid()}-{secrets.token_hex(4)}.{state}")


def _leftovers(path: Path) -> list[tuple[Path, str]]:
    """Return what processes that were killed left beside ``path``, each with its state."""
    return [(entry, state) for entry, process, state in _put_beside(path) if not _is_at_work(process, entry)]


def _put_beside(path: Path) -> list[tuple[Path, int, str]]:
    """Return what processes have put beside ``path``, each with the number of the process, and its state."""
    pattern = re.compile(rf"{re.escape(hidden_prefix(path))}(\d+)-[0-9a-f]{{8}}\.({UNFINISHED}|{ASIDE}).*")
    entries = path.parent.iterdir() if path.parent.is_dir() else ()
    matches = [(entry, match) for entry in entries if (match := pattern.fullmatch(entry.name))]
    return [(entry, int(match[1]), match[2]) for entry, match in matches]


def _is_at_work(process: int, on: Path) -> bool:
    """Return whether the process that made a file or folder still runs, and its number is not another's by now."""
    import psutil

    try:
        status = on.stat()
        changed = max(status.st_mtime, status.st_ctime)  # what is moved aside was written long before
        return psutil.Process(process).create_time() < changed + CLOCKS_DIFFER_BY
    except (psutil.NoSuchProcess, FileNotFoundError):
        return False
    except psutil.AccessDenied:
        return True


def _remove(path: Path) -> None:
    """Remove a file or a folder as far as that is allowed."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()


def folder_identity(path: Path) -> tuple[int, int] | None:
    """Return what tells one folder at ``path`` from another that replaced it; None if there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    windows = os.name == "nt"  # opens no folders, and syncs only what is open for writing
    if windows and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))

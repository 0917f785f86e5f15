"""Write files whole or not at all, and hash their content."""

import errno
import hashlib
import io
import json
import mmap
import os
import re
import secrets
import shutil
import signal
import sqlite3
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from unicodedata import normalize

from gis.errors import GisError

UNFINISHED, ASIDE = "unfinished", "aside"  # ends of the names of what lies beside a file or folder that is replaced
CHUNK = 1 << 24  # bytes of a file that are hashed at a time
CLOCKS_DIFFER_BY = 10.0  # seconds between the clocks of files and of processes, at most
SHORT_HASH = 12  # hexadecimal digits of a hash, where people see it
MOST_BY_HAND = 16 << 20  # bytes of a file that a person writes
LONGEST_NAME = 100  # bytes; file systems take 255, and more is put before and after it
# Windows keeps these names, with any ending, for devices.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")})


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


def file_name(name: str, *, unique: bool = False) -> str:
    """Return the name of a file for a model, task or anything else that has a name, on every file system.

    A slash becomes two underscores, as in the Hub's caches. Where more must change, the start of a hash keeps names
    apart that would become the same.

    Args:
        name: Any text.
        unique: Keep names apart as well that differ only in case, which Windows and macOS ignore, or of which one has
            a slash and the other two underscores. Without it, such names stay as they are, and readable.
    """
    spelt = name.replace("/", "__")
    safe = re.sub(r"[^\w.,=+-]+", "_", spelt).encode()[:LONGEST_NAME].decode(errors="ignore").strip(".")
    if safe.split(".")[0].casefold() in DEVICES:
        safe = f"_{safe}"
    same = safe == spelt != "" and safe == normalize("NFC", safe) and (name == spelt.casefold() or not unique)
    return safe if same else f"{safe}-{sha256_of(name)[:8]}"


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, where there is none.

    Raises:
        GisError: Something that is not a folder is in the way.
    """
    existing = next((place for place in (path, *path.parents) if place.exists()), path)
    if existing.exists() and not existing.is_dir():
        raise GisError(f"{existing} cannot be written to: it is not a folder", remedy="choose another place")
    path.mkdir(parents=True, exist_ok=True)


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
    return path.with_name(f"{_prefix(path)}lock")


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
    return path.with_name(f"{_prefix(path)}{os.getpid()}-{secrets.token_hex(4)}.{state}")


def _prefix(path: Path) -> str:
    """Return what the names of everything that is put beside ``path`` begin with."""
    return f".{path.name if len(path.name.encode()) <= LONGEST_NAME else sha256_of(path.name)[:32]}."


def _leftovers(path: Path) -> list[tuple[Path, str]]:
    """Return what processes that were killed left beside ``path``, each with its state."""
    return [(entry, state) for entry, process, state in _put_beside(path) if not _is_at_work(process, entry)]


def _put_beside(path: Path) -> list[tuple[Path, int, str]]:
    """Return what processes have put beside ``path``, each with the number of the process, and its state."""
    pattern = re.compile(rf"{re.escape(_prefix(path))}(\d+)-[0-9a-f]{{8}}\.({UNFINISHED}|{ASIDE}).*")
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


def read_written_by_hand(path: Path) -> str:
    """Return the text of a file that a person writes: settings, a list of names, an issue.

    Raises:
        OSError: It cannot be read, or it is so large that nobody wrote it, as a device that never ends is.
        UnicodeDecodeError: It is not UTF-8.
    """
    with path.open("rb") as file:
        content = file.read(MOST_BY_HAND + 1)
    if len(content) > MOST_BY_HAND:
        raise OSError(errno.EFBIG, f"larger than {MOST_BY_HAND >> 20} MiB", str(path))
    return io.StringIO(content.decode("utf-8"), newline=None).read()  # line ends as of any text file


def load_json(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    """Return the JSON value in a file.

    Raises:
        OSError: It cannot be read.
        ValueError: It is not JSON in UTF-8, or nested too deeply.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


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
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
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


def link_or_copy(source: Path | str, target: Path | str) -> None:
    """Make ``target`` another name of a file, or a copy of it where the disk knows no such names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def sha256_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Hash a JSON value; equal values give equal hashes whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of_bytes(content: bytes) -> str:
    """Hash bytes."""
    return hashlib.sha256(content).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hash the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def crc32_of_file(path: Path) -> int:
    """Return the CRC-32 of a file: it finds damage, not intent, and takes a third of the time of a SHA-256."""
    crc = 0
    with path.open("rb") as file:
        if path.stat().st_size:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as content:
                for start in range(0, len(content), CHUNK):
                    crc = zlib.crc32(content[start : start + CHUNK], crc)
    return crc


def cache_folder() -> Path:
    """Return the cache's folder: ``$GIS_CACHE``, else ``$XDG_CACHE_HOME/gis``, else ``~/.cache/gis``."""
    if explicit := os.environ.get("GIS_CACHE"):
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gis"

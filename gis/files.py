"""Write files whole or not at all, and hash their content."""

import hashlib
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gis.errors import GisError

UNFINISHED, ASIDE = "unfinished", "aside"  # ends of the names of folders beside one that is replaced


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it into place.

    A reader sees the old file or the new one, never a part, whenever the process is stopped or the power fails.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes private files; results are for sharing
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
        GisError: ``path`` is a file or a link, found before the work; or what is at ``path`` has changed since.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise GisError(f"{path} is not a folder", remedy="choose a different --output")
    path = path.resolve()  # "." has a name, too
    parents = [parent for parent in path.parents if not parent.exists()]
    _clean_up(path)
    before = _identity(path)
    token = f"{os.getpid()}-{secrets.token_hex(4)}"
    unfinished, aside = (path.with_name(f".{path.name}.{token}.{state}") for state in (UNFINISHED, ASIDE))
    try:
        unfinished.mkdir(parents=True)
        folder = unfinished / path.name  # some writers look at the name of the folder
        folder.mkdir()
        yield folder
        for written in [*folder.rglob("*"), folder]:
            _sync(written)
        _put_in_place(folder, path, aside, before)
    except BaseException:
        if aside.exists() and not path.exists():
            aside.rename(path)
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not path.exists():
            for parent in parents:
                with suppress(OSError):  # somebody else has put something there
                    parent.rmdir()


def _put_in_place(folder: Path, path: Path, aside: Path, before: tuple[int, int] | None) -> None:
    """Rename ``folder`` to ``path``, if what is there is what was there ``before``."""
    now = _identity(path)
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


def _clean_up(path: Path) -> None:
    """Put back or remove what processes that were killed while they replaced ``path`` left beside it."""
    import psutil

    pattern = re.compile(rf"\.{re.escape(path.name)}\.(\d+)-\w+\.({UNFINISHED}|{ASIDE})")
    entries = path.parent.iterdir() if path.parent.is_dir() else ()
    for entry, match in [(entry, match) for entry in entries if (match := pattern.fullmatch(entry.name))]:
        if not entry.is_dir() or psutil.pid_exists(int(match[1])):
            continue
        if match[2] == ASIDE and not path.exists():
            entry.rename(path)
        else:
            shutil.rmtree(entry, ignore_errors=True)


def _identity(path: Path) -> tuple[int, int] | None:
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


def sha256_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Hash a JSON value; equal values give equal hashes whatever the order of their keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of_file(path: Path) -> str:
    """Hash the bytes of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder() -> Path:
    """Return the cache's folder: ``$GIS_CACHE``, else ``$XDG_CACHE_HOME/gis``, else ``~/.cache/gis``."""
    if explicit := os.environ.get("GIS_CACHE"):
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gis"

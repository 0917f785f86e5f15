"""Write files whole or not at all, and hash their content."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from gis.errors import GisError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, then rename it into place.

    A reader sees the old file or the new one, never a part, whenever the process is stopped.
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
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill, which takes the place of ``path`` if the block succeeds; otherwise nothing is left of it.

    Raises:
        GisError: ``path`` is a file or a link; found before the work.
    """
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise GisError(f"{path} is not a folder", remedy="choose a different --output")
    path = path.resolve()  # "." has a name, too
    parents = [parent for parent in path.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as temporary:
            folder = Path(temporary) / path.name
            folder.mkdir()
            yield folder
            if path.exists():
                shutil.rmtree(path)
            folder.rename(path)
    except BaseException:
        for parent in parents:
            with suppress(OSError):  # somebody else has put something there
                parent.rmdir()
        raise


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

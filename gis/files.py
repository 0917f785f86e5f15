"""Names, folders and small files."""

import errno
import io
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any
from unicodedata import normalize

from gis.errors import GisError
from gis.hashes import sha256_of

MOST_BY_HAND = 16 << 20  # bytes of a file that a person writes
LONGEST_NAME = 100  # bytes; file systems take 255, and more is put before and after it
# Windows keeps these names, with any ending, for devices.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "0123456789¹²³")})


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


def hidden_prefix(path: Path) -> str:
    """Return what the names of everything that is put beside ``path`` begin with."""
    return f".{path.name if len(path.name.encode()) <= LONGEST_NAME else sha256_of(path.name)[:32]}."


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


def link_or_copy(source: Path | str, target: Path | str) -> None:
    """Make ``target`` another name of a file, or a copy of it where the disk knows no such names."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def cache_folder() -> Path:
    """Return the cache's folder: ``$GIS_CACHE``, else ``$XDG_CACHE_HOME/gis``, else ``~/.cache/gis``."""
    if explicit := os.environ.get("GIS_CACHE"):
        return Path(explicit)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gis"

"""Files that hold a leaderboard: written whole, or between two markers of a larger document."""

from pathlib import Path

from gis.errors import GisError
from gis.files import write_text
from gis.leaderboard.notes import MARK

BEGIN, END = "<!-- gis leaderboard: begin -->", "<!-- gis leaderboard: end -->"


def own_document(path: Path, text: str) -> str:
    """Return ``text``, which ``path`` may hold alone.

    Raises:
        GisError: The file exists and is not a leaderboard.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else text
    if before != text and not (before.startswith("| model |") and MARK in before and "\n#" not in before):
        remedy = f"choose another file, or write into this one with --into, between the lines {BEGIN} and {END}"
        raise GisError(f"{path} exists and is not a leaderboard", remedy=remedy)
    return text


def with_block(path: Path, text: str) -> str:
    """Return the content of ``path`` with ``text`` between its two markers.

    Raises:
        GisError: The file does not exist, or lacks one of the markers.
    """
    remedy = f"mark the place for the leaderboard with the two lines {BEGIN} and {END}"
    if not path.exists():
        raise GisError(f"no file at {path}", remedy=f"make it, and {remedy}")
    head, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise GisError(f"{path} has no place for a leaderboard", remedy=remedy)
    return f"{head}{BEGIN}\n{text}{END}{tail}"


def write_or_check(path: Path, text: str, *, check: bool) -> bool:
    """Write ``text`` to ``path``, or with ``check`` only find out whether that would change it.

    Returns:
        Whether the file was up to date already.
    """
    current = path.read_text(encoding="utf-8") if path.exists() else None
    if current != text and not check:
        write_text(path, text)
    return current == text

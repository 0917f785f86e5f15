"""Files that hold a leaderboard: written whole, or between two markers of a larger document."""

from pathlib import Path

from gis.errors import GisError
from gis.leaderboard.notes import MARK
from gis.leaderboard.retrieval import SCALE
from gis.replacing import write_text

BEGIN, END = "<!-- gis leaderboard: begin -->", "<!-- gis leaderboard: end -->"


def own_document(path: Path, text: str) -> str:
    """Return ``text``, which ``path`` may hold alone.

    Raises:
        GisError: The file exists and is not a leaderboard.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else text
    is_board = (before.startswith("| model |") and MARK in before) or (before.startswith("**") and SCALE in before)
    if before != text and not (is_board and "\n#" not in before):
        remedy = f"choose another file, or write into this one with --into, between the lines {BEGIN} and {END}"
        raise GisError(f"{path} exists and is not a leaderboard", remedy=remedy)
    return text


def with_block(path: Path, text: str) -> str:
    """Return the content of ``path`` with ``text`` between the two markers of each place that it marks.

    Raises:
        GisError: The file does not exist, marks no place, or has a marker without its other.
    """
    remedy = f"mark the place for the leaderboard with the two lines {BEGIN} and {END}"
    if not path.exists():
        raise GisError(f"no file at {path}", remedy=f"make it, and {remedy}")
    filled: list[str] = []
    open_at: int | None = None
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        marker = line.strip()
        if marker == (BEGIN if open_at is not None else END):
            raise GisError(f"{path} has an unpaired line {marker}", remedy=remedy)
        if marker == BEGIN:
            open_at = len(filled) + 1
        elif marker == END:
            filled[open_at:] = [text]
            open_at = None
        filled.append(line)
    if open_at is not None:
        raise GisError(f"{path} has an unpaired line {BEGIN}", remedy=remedy)
    if BEGIN not in map(str.strip, filled):
        raise GisError(f"{path} has no place for a leaderboard", remedy=remedy)
    return "".join(filled)


def write_or_check(path: Path, text: str, *, check: bool) -> bool:
    """Write ``text`` to ``path``, or with ``check`` only find out whether that would change it.

    Returns:
        Whether the file was up to date already.
    """
    current = path.read_text(encoding="utf-8") if path.exists() else None
    if current != text and not check:
        write_text(path, text)
    return current == text

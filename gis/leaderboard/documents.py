"""Files that hold a leaderboard: written whole, or between two markers of a larger document."""

from pathlib import Path

from gis.errors import GisError
from gis.files import write_text
from gis.leaderboard.notes import MARK

BEGIN, END = "<!-- gis leaderboard: begin -->", "<!-- gis leaderboard: end -->"


def with_block(path: Path, text: str) -> str:
    """Return what ``path`` should hold: ``text`` between its two markers, or ``text`` alone where it has none.

    Raises:
        GisError: The file exists and has one marker without the other, or neither.
    """
    if not path.exists():
        return text
    before = path.read_text(encoding="utf-8")
    if BEGIN in before and END in before.split(BEGIN, 1)[1]:
        head, rest = before.split(BEGIN, 1)
        return f"{head}{BEGIN}\n{text}{END}{rest.split(END, 1)[1]}"
    if before.startswith("| model |") and MARK in before and "\n#" not in before and BEGIN not in before:
        return text  # a leaderboard that was written before
    remedy = f"mark the place for it with the two lines {BEGIN} and {END}"
    raise GisError(f"{path} exists and is not a leaderboard", remedy=remedy)


def write_or_check(path: Path, text: str, *, check: bool) -> bool:
    """Write ``text`` to ``path``, or with ``check`` only find out whether that would change it.

    Returns:
        Whether the file was up to date already.
    """
    current = path.read_text(encoding="utf-8") if path.exists() else None
    if current != text and not check:
        write_text(path, text)
    return current == text

"""A leaderboard as terminal table, Markdown and CSV."""

import csv
import io
from pathlib import Path

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from gis.errors import GisError
from gis.files import write_text
from gis.leaderboard.table import Cell, Table

BEGIN, END = "<!-- gis leaderboard: begin -->", "<!-- gis leaderboard: end -->"


def shown(cell: Cell) -> str:
    """A cell's text: the score × 100 with two decimals, "n of N", or a dash; * marks a sample."""
    if cell.value is None:
        return cell.note if cell.note and not cell.note.startswith("undefined") else "–"
    return f"{100 * cell.value:.2f}{'*' if cell.partial else ''}"


def terminal_table(table: Table) -> RichTable:
    """The table for a terminal."""
    rich = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
    rich.add_column("model", overflow="fold")
    for column in table.columns:
        rich.add_column(Text(column.title.replace(": ", ":\n")), justify="right")
    for row in table.rows:
        cells = [Text(shown(cell), style="bold" if cell.best else "") for cell in row.cells]
        rich.add_row(Text(row.model), *cells)
    return rich


def markdown(table: Table) -> str:
    """The table in Markdown, notes below it."""
    titles = ["model", *(column.title for column in table.columns)]
    lines = [_line(titles), _line([":--", *("--:" for _ in table.columns)], escape=False)]
    for row in table.rows:
        cells = [f"**{shown(cell)}**" if cell.best else shown(cell).replace("*", r"\*") for cell in row.cells]
        lines.append("| " + " | ".join([_escaped(row.model), *cells]) + " |")
    return "\n".join([*lines, "", *(f"{_escaped(note)}  " for note in table.notes)]).rstrip() + "\n"


def comma_separated(table: Table) -> str:
    """The table as CSV: unrounded scores from 0 to 1, empty where there is none."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["model", "identity", *(column.title for column in table.columns)])
    for row in table.rows:
        writer.writerow([row.model, row.identity, *("" if c.value is None else repr(c.value) for c in row.cells)])
    return buffer.getvalue()


def with_block(path: Path, text: str) -> str:
    """What ``path`` should hold: ``text`` between its two markers, or ``text`` alone where it has none.

    Raises:
        GisError: The file exists and holds one marker without the other, or neither.
    """
    if not path.exists():
        return text
    before = path.read_text(encoding="utf-8")
    if BEGIN in before and END in before.split(BEGIN, 1)[1]:
        head, rest = before.split(BEGIN, 1)
        return f"{head}{BEGIN}\n{text}{END}{rest.split(END, 1)[1]}"
    if before.startswith("| model |") and BEGIN not in before:
        return text  # a leaderboard that was written before
    raise GisError(f"{path} exists and is no leaderboard; mark the place in it with the two lines {BEGIN} and {END}")


def write_or_check(path: Path, text: str, *, check: bool) -> bool:
    """Write ``text`` to ``path``, or with ``check`` only tell whether that would change it.

    Returns:
        Whether the file was up to date already.
    """
    current = path.read_text(encoding="utf-8") if path.exists() else None
    if current != text and not check:
        write_text(path, text)
    return current == text


def _line(cells: list[str], *, escape: bool = True) -> str:
    return "| " + " | ".join(_escaped(cell) if escape else cell for cell in cells) + " |"


def _escaped(text: str) -> str:
    """Model names come from anywhere: nothing in them may act as Markdown or HTML."""
    for character in "\\`*_[]<>|":
        text = text.replace(
            character,
            f"\\{character}" if character not in "<>" else f"&{'lt' if character == '<' else 'gt'};",
        )
    return text.replace("\n", " ")

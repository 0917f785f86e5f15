"""A leaderboard as terminal table, Markdown and CSV."""

import csv
import html
import io
import re
from pathlib import Path

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from gis.errors import GisError
from gis.files import write_text
from gis.leaderboard.table import FIRST_NOTE, Cell, Table

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
        rich.add_column(Text(_visible(column.title).replace(": ", ":\n")), justify="right", overflow="fold")
    for row in table.rows:
        cells = [Text(shown(cell), style="bold" if cell.best else "") for cell in row.cells]
        rich.add_row(Text(_visible(row.model)), *cells)
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
    """The table as CSV: unrounded scores from 0 to 1, empty where there is none; a last column names samples."""
    samples = [
        "; ".join(column.title for column, cell in zip(table.columns, row.cells, strict=True) if cell.partial)
        for row in table.rows
    ]
    last = ["of a sample"] if any(samples) else []
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(["model", "identity", *(column.title for column in table.columns), *last])
    for row, sample in zip(table.rows, samples, strict=True):
        values = ["" if cell.value is None else cell.value for cell in row.cells]
        writer.writerow([row.model, row.identity, *values, *([sample] if last else [])])
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
    if before.startswith("| model |") and FIRST_NOTE in before and "\n#" not in before and BEGIN not in before:
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
    return re.sub(r"([\\`*_\[\]|])", r"\\\1", html.escape(_visible(text), quote=False))


def _visible(text: str) -> str:
    """The text with a blank for each control character."""
    return "".join(character if character.isprintable() else " " for character in text)

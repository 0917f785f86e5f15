"""Write Markdown and CSV tables: the only place that knows how either is escaped."""

import csv
import html
import io
import re
from collections.abc import Iterable, Sequence

from gis.masking import masked
from gis.text import visible

ALIGNMENT = {"left": ":--", "right": "--:"}
# What spreadsheets take for a formula; blanks and apostrophes before it do not help, or would be taken for ours.
FORMULA = re.compile(r"[\s']*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
BACKTICKS = re.compile(r"`+")
SPECIAL = re.compile(r"([\\`*_\[\]|])")


def escape(text: str) -> str:
    r"""Escape ``text`` so that nothing in it acts as Markdown or HTML: ``a_b`` becomes ``a\_b``."""
    return SPECIAL.sub(r"\\\1", html.escape(visible(masked(text)), quote=False))


def code_span(text: str) -> str:
    """Return ``text`` on one line as code, in which nothing acts: no mention, no link, no reference to an issue."""
    line = " ".join(visible(masked(" ".join(text.split()))).split())
    fence = "`" * (1 + max(map(len, BACKTICKS.findall(line)), default=0))
    blank = " " if line[:1] == "`" or line[-1:] == "`" or not line else ""
    return f"{fence}{blank}{line}{blank}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, align: Sequence[str] = ()) -> str:
    """Write a Markdown table, ending in a newline.

    Args:
        head: The columns' titles, escaped here.
        rows: Cells that are Markdown already: escape whatever does not come from gis itself.
        align: "left" or "right" for each column; the first left and all others right by default.
    """
    align = align or ("left", *("right",) * (len(head) - 1))
    lines = [[escape(title) for title in head], [ALIGNMENT[side] for side in align], *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def csv_text(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write CSV with a header; text is quoted, numbers are not.

    A spreadsheet would run a text that begins as a formula does; an apostrophe before it makes it a text there.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([_csv_cell(cell) for cell in row] for row in (head, *rows))
    return buffer.getvalue()


def _csv_cell(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = masked(cell)
    return f"'{text}" if FORMULA.match(text) and not NUMBER.fullmatch(text) else text

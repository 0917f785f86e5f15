"""Tables for a terminal: no number, name or word is ever broken.

A table that is too wide first breaks its headings and prose between words, then turns rows into columns (where it may),
then leaves out its least important columns and says which, and in the end writes each row as a block of lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from typing import Literal

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.text import Text

from gis.masking import masked
from gis.text import visible, wrapped

GAP = 2  # blanks between columns
NARROWEST_PROSE = 24  # a column of prose that is narrower than this is hard to read


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a ``TerminalTable``.

    Attributes:
        title: Its heading.
        group: A second heading, which it shares with its neighbours of the same group; none when empty.
        align: The side that its cells are set to.
        priority: The columns with the highest number are left out first, and the last of those with the same number.
        prose: Whether its cells are sentences, to be wrapped between words.
    """

    title: str
    group: str = ""
    align: Literal["left", "right"] = "right"
    priority: int = 0
    prose: bool = False

    @property
    def full_title(self) -> str:
        """Return the title with its group before it."""
        return f"{self.group}: {self.title}" if self.group else self.title


class TerminalTable:
    """Rows under headings, printed by ``rich`` in whatever width there is.

    Args:
        columns: The first names the rows, and is never left out.
        hint: What shows the columns that were left out, such as "--csv FILE", beside a wider terminal.
        transposable: Whether rows and columns may change places where the table is too wide.
    """

    def __init__(self, columns: Sequence[Column], *, hint: str = "", transposable: bool = False) -> None:
        self.columns = [replace(column, title=_shown(column.title), group=_shown(column.group)) for column in columns]
        self.rows: list[list[Text]] = []
        self.hint, self.transposable = hint, transposable

    def add_row(self, *cells: str | Text) -> None:
        """Add a row with one cell for each column; strings are shown as they are, without markup."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self.rows.append([cell if isinstance(cell, Text) else Text(_shown(cell)) for cell in cells])

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the lines of the table in the width of the console."""
        for line in self.lines(options.max_width):
            yield Text(line.plain, spans=line.spans, no_wrap=True, overflow="ignore", end="\n")

    def lines(self, width: int) -> list[Text]:
        """Return the table as lines of at most ``width`` cells, longer only where a single word is."""
        everything = list(range(len(self.columns)))
        if widths := self._widths(everything, width):
            return self._grid(everything, widths)
        if self.transposable and (flipped := self._transposed()):
            columns = list(range(len(flipped.columns)))
            if widths := flipped._widths(columns, width):
                return flipped._grid(columns, widths)
        shown = everything
        while len(shown) > 2:
            shown = self._without_the_least(shown)
            if widths := self._widths(shown, width):
                return [*self._grid(shown, widths), *self._hint(shown, width)]
        return self._blocks(width)

    def _without_the_least(self, shown: Sequence[int]) -> list[int]:
        least = max(shown[1:], key=lambda n: (self.columns[n].priority, n))
        return [n for n in shown if n != least]

    def _widths(self, shown: Sequence[int], width: int) -> list[int] | None:
        """Return a width for each column of ``shown``, or None where they do not fit."""
        room = width - GAP * (len(shown) - 1)
        least = [self._least_width(n) for n in shown]
        if sum(self._with_room_for_groups(shown, least)) > room:
            return None
        own = [self._natural_width(n) for n in shown]
        while sum(widths := self._with_room_for_groups(shown, own)) > room:
            loosest = max(range(len(shown)), key=lambda n: own[n] - least[n])
            own[loosest] -= 1
        return widths

    def _natural_width(self, n: int) -> int:
        return max(cell_len(self.columns[n].title), *(row[n].cell_len for row in self.rows), 0)

    def _least_width(self, n: int) -> int:
        column = self.columns[n]
        cells = [row[n].plain for row in self.rows]
        words = [word for text in (column.title, *(cells if column.prose else ())) for word in text.split()]
        whole = [] if column.prose else cells
        floor = min(NARROWEST_PROSE, self._natural_width(n)) if column.prose else 0
        return max(map(cell_len, (*words, *whole, " " * floor)), default=0)

    def _with_room_for_groups(self, shown: Sequence[int], widths: Sequence[int]) -> list[int]:
        """Return the widths, with more for the last column of each group whose heading is longer than its columns."""
        widened = list(widths)
        for group, members in self._groups(shown):
            widened[members[-1]] += max(0, cell_len(group) - _span(widths, members))
        return widened

    def _groups(self, shown: Sequence[int]) -> list[tuple[str, list[int]]]:
        """Return the headings above neighbouring columns, with the positions in ``shown`` that each is above."""
        runs = groupby(range(len(shown)), key=lambda n: self.columns[shown[n]].group)
        return [(group, list(members)) for group, members in runs]

    def _grid(self, shown: Sequence[int], widths: Sequence[int]) -> list[Text]:
        lines = []
        groups = self._groups(shown)
        if any(group for group, _ in groups):
            heads = [_group_head(group, _span(widths, members)) for group, members in groups]
            lines.append(Text((" " * GAP).join(heads).rstrip()))
        titles = [Text(self.columns[n].title) for n in shown]
        lines += self._row(shown, titles, widths, is_heading=True)
        lines.append(Text("─" * _span(widths, range(len(widths)))))
        for row in self.rows:
            lines += self._row(shown, [row[n] for n in shown], widths)
        return lines

    def _row(
        self, shown: Sequence[int], cells: Sequence[Text], widths: Sequence[int], *, is_heading: bool = False
    ) -> Iterator[Text]:
        """Yield the lines of one row; a heading is set to the bottom of its lines, a cell to the top."""
        columns = [self.columns[n] for n in shown]
        stacks = [
            [Text(part) for part in wrapped(cell.plain, width).split("\n")] if is_heading or column.prose else [cell]
            for column, cell, width in zip(columns, cells, widths, strict=True)
        ]
        height = max(map(len, stacks))
        if is_heading:
            stacks = [[Text("")] * (height - len(stack)) + stack for stack in stacks]
        for parts in zip_longest(*stacks, fillvalue=Text("")):
            line = Text()
            for column, part, width in zip(columns, parts, widths, strict=True):
                blanks = " " * (width - part.cell_len)
                line.append_text(Text(blanks) + part if column.align == "right" else part + Text(blanks))
                line.append(" " * GAP)
            line.rstrip()
            yield line

    def _transposed(self) -> "TerminalTable":
        """Return the table with a row for each column but the first; groups become headings of their rows."""
        heads = [Column(title=self.columns[0].title, align="left")]
        flipped = TerminalTable([*heads, *(Column(title=row[0].plain) for row in self.rows)])
        group = ""
        for n, column in enumerate(self.columns[1:], 1):
            if column.group != group and column.group:
                flipped.add_row(column.group, *("" for _ in self.rows))
            group = column.group
            flipped.add_row(f"  {column.title}" if group else column.title, *(row[n] for row in self.rows))
        return flipped

    def _hint(self, shown: Sequence[int], width: int) -> list[Text]:
        hidden = [column for n, column in enumerate(self.columns) if n not in shown]
        names = []
        for group, columns in groupby(hidden, key=lambda column: column.group):
            titles = ", ".join(column.title for column in columns)
            names.append(f"{group}: {titles}" if group else titles)
        more = f"{len(hidden)} more {'column' if len(hidden) == 1 else 'columns'}"
        where = f"{self.hint}, or a wider terminal" if self.hint else "a wider terminal"
        return [Text(line) for line in wrapped(f"{more} ({', '.join(names)}): {where}", width).split("\n")]

    def _blocks(self, width: int) -> list[Text]:
        """Write each row as its first cell and, below it, a line for each of the others."""
        lines = []
        titles = [column.full_title for column in self.columns[1:]]
        widest = max(map(cell_len, titles), default=0)
        for row in self.rows:
            lines.append(row[0])
            for title, cell in zip(titles, row[1:], strict=True):
                label = f"  {title}{' ' * (widest - cell_len(title) + GAP)}"
                first, *rest = wrapped(cell.plain, width - cell_len(label)).split("\n")
                lines.append(Text(label) + (cell if not rest else Text(first)))
                lines += [Text(" " * cell_len(label) + part) for part in rest]
        return lines


def _span(widths: Sequence[int], members: Sequence[int]) -> int:
    """Return the width of neighbouring columns with the blanks between them."""
    return sum(widths[n] for n in members) + GAP * (len(members) - 1)


def _group_head(group: str, span: int) -> str:
    """Return the heading of a group with a line to the end of its columns; blanks where there is no group."""
    rest = span - cell_len(group)
    if not group or rest < 2:
        return group + " " * rest
    return f"{group} {'─' * (rest - 1)}"


def _shown(text: str) -> str:
    """Return what people may see of a text."""
    return visible(masked(text))

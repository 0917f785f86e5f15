"""CSV read strictly (RFC 4180): what a lenient reader would guess about is an error that names the line."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from gis.errors import GisError

FIELD = re.compile(r'"((?:[^"]++|"")*+)"|([^",\r\n]*+)')
LINE_END = re.compile(r"\r\n|\r|\n")
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)
QUOTE_RULE = 'a field with a double quote in it is put in double quotes, and the quote doubled: "5"" screen"'


class Record(NamedTuple):
    """The fields of a row.

    Attributes:
        line: The line that it begins on, from 1.
        fields: Its fields.
    """

    line: int
    fields: list[str]


def records(text: str, name: str) -> Iterator[Record]:
    """Yield the rows of a CSV text; blank lines are skipped.

    Args:
        text: The whole text. Lines may end in any way; quoted fields may hold commas, quotes and line ends.
        name: What messages call it.

    Raises:
        GisError: A quote is not closed or stands inside a field, or there is a NUL character.
    """
    if "\0" in text:
        line = _lines_in(text[: text.index("\0")]) + 1
        raise GisError(f"{name}:{line}: a NUL character; is the file UTF-8?")
    at, line = 0, 1
    while at < len(text):
        record = Record(line, [])
        while True:
            field = FIELD.match(text, at)
            if field is None or not field[0]:
                _refuse_open_quote(text, at, name, line)
            if field is None:  # never: an empty field matches everywhere
                break
            at = field.end()
            quoted = field[1]
            record.fields.append(field[2] if quoted is None else quoted.replace('""', '"'))
            begun = line
            line += 0 if quoted is None else _lines_in(quoted)
            if text[at : at + 1] == ",":
                at += 1
                continue
            end = LINE_END.match(text, at)
            if end is None and at < len(text):
                _refuse_stray_quote(name, begun, line, quoted=quoted is not None)
            at, line = (end.end(), line + 1) if end else (at, line)
            break
        if record.fields != [""]:
            yield record


def swallowed_rows(rows: Sequence[Record], columns: int) -> Record | None:
    """Return the first row of which a field looks as if it had swallowed other rows; None where there is none.

    Two stray quotes, one at the start of a field and one at the end of another many lines below, are good CSV: one
    field with line ends in it. What gives them away is that the lines inside are rows themselves: each has all the
    fields, and a number in every column that holds nothing but numbers elsewhere.
    """
    suspects = [row for row in rows if any(_lines_in(field) > 1 for field in row.fields)]
    if not suspects:
        return None
    lines = {row.line for row in suspects}
    others = [row for row in rows if row.line not in lines] or rows
    numeric = [n for n in range(columns) if all(NUMBER.fullmatch(row.fields[n].strip()) for row in others)]
    for row in suspects:
        for field in row.fields:
            inside = [line.split(",") for line in LINE_END.split(field)[1:-1]]
            if numeric and inside and all(_is_row(line, columns, numeric) for line in inside):
                return row
    return None


def _is_row(fields: Sequence[str], columns: int, numeric: Sequence[int]) -> bool:
    return len(fields) == columns and all(NUMBER.fullmatch(fields[n].strip()) for n in numeric)


def _lines_in(text: str) -> int:
    return sum(1 for _ in LINE_END.finditer(text))


def _refuse_open_quote(text: str, at: int, name: str, line: int) -> None:
    if text[at : at + 1] == '"':
        raise GisError(f"{name}:{line}: a double quote opens a field and is never closed; {QUOTE_RULE}")


def _refuse_stray_quote(name: str, begun: int, line: int, *, quoted: bool) -> None:
    if not quoted:
        raise GisError(f"{name}:{line}: a double quote inside a field that is not quoted; {QUOTE_RULE}")
    where = "" if begun == line else f" on line {line}"
    raise GisError(f"{name}:{begun}: a quoted field ends{where}, but text follows its closing quote; {QUOTE_RULE}")

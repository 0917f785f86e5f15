"""A damaged file of lines is copied as far as it can be read, so that an engine reads the copy."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis.expr.datatypes as dt
from ibis.expr.schema import Schema

from gis.archive.tables import CUT_OFF, OVERLONG
from gis.text import whole_characters

LONGEST_LINE = 33_500_000  # bytes: more than twice the 16 MiB of an object, DuckDB reads no further
CHUNK = 1 << 16  # of what is compressed; a thousand times as much may come of it
GZIP = b"\x1f\x8b"
BITS, DIGITS = 64, 20  # of the largest number


def mend(path: Path, copy: Path, schema: Schema) -> None:
    """Copy the lines of a file, compressed or not, as far as it can be read, so that every engine reads the same.

    A line becomes an object of the columns of ``schema``: null what is missing or of another type, and all of them
    where it is not an object of JSON. A half of a character becomes U+FFFD. A line longer than ``LONGEST_LINE`` and the
    one in which the file breaks off are replaced by lines that say so, so that every line counts.
    """
    of_line = dt.Struct(schema)
    with copy.open("wb") as file:
        for line in _lines(path):
            if line.strip():
                file.write(_as_json(_shaped(_parsed(line), of_line) or {}) + b"\n")


def first_line(path: Path) -> str:
    """Return the first line of a file that is not empty, or as much as can be read of it."""
    return next((line for line in _lines(path) if line.strip()), b"").decode(errors="replace")


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines without their ends; those that cannot be read are replaced by ones that say so."""
    rest, skipping = b"", False
    for chunk in _chunks(path):
        if chunk is None:
            yield _instead(CUT_OFF)
            return
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if skipping or len(line) > LONGEST_LINE:
                yield _instead(OVERLONG)
                skipping = False
            else:
                yield line
        if len(rest) > LONGEST_LINE:
            rest, skipping = b"", True
    if skipping:
        yield _instead(OVERLONG)
    elif rest:
        yield rest


def _chunks(path: Path) -> Iterator[bytes | None]:
    """Yield the content, decompressed; at last None where it breaks off."""
    with path.open("rb") as file:
        packed = file.read(CHUNK)
        if not packed.startswith(GZIP):
            while packed:
                yield packed
                packed = file.read(CHUNK)
            return
        reader = zlib.decompressobj(wbits=31)
        while packed:
            try:
                while packed:
                    if reader.eof:  # several may follow one another
                        reader = zlib.decompressobj(wbits=31)
                    yield reader.decompress(packed)
                    packed = reader.unused_data
            except zlib.error:
                yield None
                return
            packed = file.read(CHUNK)
        if not reader.eof:
            yield None


def _parsed(line: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Return what a line says, or None where it is not JSON."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _shaped(value: Any, of: dt.DataType) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value as one of a type; None where it is of another."""
    if isinstance(of, dt.Struct):
        return {name: _shaped(value.get(name), part) for name, part in of.items()} if isinstance(value, dict) else None
    if isinstance(of, dt.Array):
        return [_shaped(item, of.value_type) for item in value] if isinstance(value, list) else None
    if of.is_boolean():
        return value if isinstance(value, bool) else None
    if of.is_integer():
        return _whole_number(value)
    return value if value is None else whole_characters(value if isinstance(value, str) else json.dumps(value))


def _whole_number(value: Any) -> int | None:  # noqa: ANN401 - any JSON value
    """Return a number of 64 bits, which may be written as a text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < DIGITS:
        value = int(value)
    is_one = isinstance(value, int) and not isinstance(value, bool) and value.bit_length() < BITS
    return value if is_one else None


def _as_json(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False).encode()


def _instead(reason: str) -> bytes:
    return _as_json({"type": reason})

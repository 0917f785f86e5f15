"""A damaged file of lines is copied as far as it can be read, so that an engine reads the copy."""

import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gis.archive.tables import CUT_OFF, OVERLONG
from gis.text import whole_characters

LONGEST_LINE = 33_500_000  # bytes: more than twice the 16 MiB of an object, DuckDB reads no further
CHUNK = 1 << 16  # of what is compressed; a thousand times as much may come of it
GZIP = b"\x1f\x8b"
# Halves of characters begin so: JSON may name them, and the parsers of engines refuse them.
HALVES = (rb"\ud", rb"\uD")


def mend(path: Path, copy: Path) -> None:
    """Copy the lines of a file, compressed or not, as far as it can be read.

    A half of a character becomes U+FFFD. A line longer than ``LONGEST_LINE`` and the one in which the file breaks off
    are replaced by lines that say so, so that every line counts.
    """
    with copy.open("wb") as file:
        for line in _lines(path):
            file.write(line + b"\n")


def first_line(path: Path) -> str:
    """Return the first line of a file that is not empty, or as much as can be read of it."""
    return next((line for line in _lines(path) if line.strip()), b"").decode(errors="replace")


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines without their ends, mended."""
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
                yield _mended(line)
        if len(rest) > LONGEST_LINE:
            rest, skipping = b"", True
    if skipping:
        yield _instead(OVERLONG)
    elif rest:
        yield _mended(rest)


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


def _mended(line: bytes) -> bytes:
    if not any(half in line for half in HALVES):
        return line
    try:
        return json.dumps(_whole(json.loads(line)), ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return line


def _whole(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {whole_characters(key): _whole(item) for key, item in value.items()}
    return value


def _instead(reason: str) -> bytes:
    return json.dumps({"type": reason}).encode()

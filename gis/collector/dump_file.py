"""A file of a dump, compressed or not: its lines, which are read as far as the file goes."""

import gzip
import json
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import suppress
from itertools import count, islice
from pathlib import Path
from typing import IO, Any, NamedTuple, Self, cast

from gis.errors import GisError
from gis.text import whole_characters

ENDINGS = (".jsonl.gz", ".jsonl")
FIRST_BYTES = 1000  # enough to see whether a file begins with a bracket
LONGEST_LINE = 32  # MB; a small compressed file can hold a line of any length
UNREADABLE = (OSError, EOFError, zlib.error)  # of a file


class NumberedLine(NamedTuple):
    """A line of a file.

    Attributes:
        number: Its number in the file, from 1.
        text: Its bytes.
    """

    number: int
    text: bytes


class Chunk(NamedTuple):
    """Some lines of a file, one after the other.

    Attributes:
        lines: The lines.
        failure: Why the file cannot be read any further; None where it can.
        at_end: Whether the file ends with them.
    """

    lines: list[NumberedLine]
    failure: GisError | None
    at_end: bool


class DumpFile:
    """A file of JSON lines.

    Args:
        path: The file.
        longest_line: The longest line that is read, in MB.

    Attributes:
        path: The file.
        mended_lines: How many of the lines that were parsed held half of a character, which U+FFFD replaced.

    Raises:
        GisError: It holds one JSON array, as GitHub's API answers, and not an object on each line.
    """

    def __init__(self, path: Path, longest_line: int = LONGEST_LINE) -> None:
        self.path = path
        self.mended_lines = 0
        self._longest_line = longest_line
        with self._open() as file, suppress(*UNREADABLE):  # reported when the lines are read
            if file.read(FIRST_BYTES).removeprefix(BOM_UTF8).lstrip().startswith(b"["):
                raise GisError(
                    f"{path} holds a JSON array; each line must be one JSON object",
                    remedy=f"convert it with jq -c '.[]' {path.name}",
                )

    @classmethod
    def find(cls, folder: Path, name: str, longest_line: int = LONGEST_LINE) -> Self | None:
        """Return the file of a name without its ending, or None where the folder has none.

        Raises:
            GisError: What has the name is not a file, such as a link that leads nowhere.
        """
        paths = (folder / f"{name}{ending}" for ending in ENDINGS)
        path = next((path for path in paths if path.exists() or path.is_symlink()), None)
        if path is not None and not path.is_file():
            raise GisError(f"{path} is not a file", remedy="put the file in its place, or remove it")
        return None if path is None else cls(path, longest_line)

    @property
    def version(self) -> str:
        """A string that changes whenever the file does."""
        status = self.path.stat()
        return f"{self.path.resolve()} of {status.st_size} bytes, {status.st_mtime_ns}"

    def lines(self) -> Iterator[NumberedLine]:
        """Yield the lines.

        Raises:
            GisError: A line is too long.
        """
        limit = self._longest_line * 10**6
        with self._open() as file:
            for number in count(1):
                text = file.readline(limit + 1)
                if len(text) > limit:
                    raise GisError(
                        f"line {number} of {self.path} is longer than {self._longest_line} MB",
                        remedy="if it is meant to be, raise --max-line",
                    )
                if not text:
                    return
                yield NumberedLine(number, text)

    def chunks(self, read: int, size: int) -> Iterator[Chunk]:
        """Yield the lines after the first ``read``, ``size`` at a time, up to the end or to where reading fails."""
        lines = islice(self.lines(), read, None)
        chunk = Chunk([], None, at_end=False)
        while not chunk.at_end and chunk.failure is None:
            chunk = self._chunk(lines, size)
            yield chunk

    def _chunk(self, lines: Iterator[NumberedLine], size: int) -> Chunk:
        chunk: list[NumberedLine] = []
        try:
            for line in islice(lines, size):
                chunk.append(line)  # noqa: PERF402 - what was read before a failure is kept
        except GisError as error:
            return Chunk(chunk, error, at_end=False)
        except UNREADABLE as error:
            return Chunk(chunk, GisError(f"{self.path} cannot be read to its end ({error})"), at_end=False)
        return Chunk(chunk, None, at_end=len(chunk) < size)

    def parsed(self, line: NumberedLine) -> Any:  # noqa: ANN401 - any JSON value
        """Return the JSON value of a line, with whole characters in all texts.

        Raises:
            ValueError: It is not JSON.
            RecursionError: It is nested too deeply.
        """
        text = line.text.decode("utf-8-sig")  # some editors begin a file with a mark of its encoding
        value = json.loads(text)
        if "\\u" not in text:  # where else half of a character could be
            return value
        mended = _mended(value)
        self.mended_lines += mended != value
        return mended

    def _open(self) -> IO[bytes]:
        return cast("IO[bytes]", gzip.open(self.path, "rb")) if self.path.suffix == ".gz" else self.path.open("rb")


def _mended(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value with whole characters in all texts."""
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {whole_characters(key): _mended(item) for key, item in value.items()}
    return value

"""Tables from files: JSON lines, CSV (both also .gz) and Parquet."""

import codecs
import gzip
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gis.benchmark.tasks.pairs import MISSING, Table
from gis.benchmark.tasks.strict_csv import LINE_END, QUOTE_RULE, Record, records, swallowed_rows
from gis.errors import GisError

FORMATS = (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")


def split_files(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each split of a folder: ``test.jsonl``, ``data/test-00000-of-00001.parquet`` and the like."""
    splits: dict[str, list[Path]] = {}
    for path in sorted([*folder.glob("*"), *folder.glob("data/*")]):
        if path.is_file() and path.name.endswith(FORMATS) and not path.name.startswith("."):
            stem = path.name.split(".", 1)[0]
            name, dash, shard = stem.partition("-")
            splits.setdefault(name if dash and shard[:1].isdigit() else stem, []).append(path)
    for split, paths in splits.items():
        if len(paths) > 1 and any(path.name.split(".", 1)[0] == split for path in paths):
            raise GisError(f"{folder} holds the split {split} more than once: {', '.join(path.name for path in paths)}")
    return splits


def named_file(folder: Path, name: str) -> Path | None:
    """Return the file of a folder with a name and any of the formats; None where there is none."""
    return next((path for end in FORMATS if (path := folder / f"{name}{end}").is_file()), None)


def is_collection(folder: Path) -> bool:
    """Return whether a folder holds documents and queries, as mteb and BEIR lay them out."""
    return named_file(folder, "corpus") is not None and named_file(folder, "queries") is not None


def read_table(path: Path) -> Table:
    """Read the rows of one file.

    Raises:
        GisError: The file is broken or empty; the message names file and line.
    """
    try:
        if path.name.endswith(".parquet"):
            columns, lines = _read_parquet(path), None
        elif path.name.endswith((".csv", ".csv.gz")):
            columns, lines = _read_csv(path)
        else:
            columns, lines = _read_jsonl(path)
    except (OSError, EOFError, zlib.error) as error:
        raise GisError(f"{path} cannot be read ({error}); is it whole?") from error
    if not columns or not next(iter(columns.values())):
        raise GisError(f"{path} holds no pairs")
    return Table(columns, lambda row: f"{path}:{lines[row] if lines else row + 1}")


def _text_of(path: Path) -> str:
    """Return the text of a file, without byte order marks.

    Raises:
        GisError: It is not UTF-8; the message names the line.
    """
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        content = file.read()
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise GisError(f"{path}:1: the text is UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise GisError(f"{path}:{line}: not UTF-8 (byte 0x{content[error.start]:02x}); save it as UTF-8") from error


def _read_jsonl(path: Path) -> tuple[Mapping[str, Sequence[Any]], list[int]]:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(LINE_END.split(_text_of(path)), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=_object, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise GisError(f"{path}:{number}: broken JSON ({error})") from error
        if not isinstance(row, dict):
            raise GisError(f"{path}:{number}: a line must be an object with text1, text2 and label or score")
        rows.append(row)
        lines.append(number)
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: [row.get(key, MISSING) for row in rows] for key in keys}, lines


def _object(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make the dictionary of a JSON object, in which no key may come twice: one of the values would be lost."""
    values = dict(items)
    if len(values) < len(items):
        keys = [key for key, _ in items]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} comes twice")
    return values


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _read_csv(path: Path) -> tuple[Mapping[str, Sequence[Any]], list[int]]:
    header, *rows = [*records(_text_of(path), str(path))] or [Record(1, [])]
    names = header.fields
    if len(set(names)) < len(names):
        raise GisError(f"{path}:{header.line}: the header names a column twice: {', '.join(names)}")
    for row in rows:
        if len(row.fields) != len(names):
            raise GisError(f"{path}:{row.line}: {len(row.fields)} fields, the header names {len(names)}")
    if (swallower := swallowed_rows(rows, len(names))) is not None:
        raise GisError(
            f"{path}:{swallower.line}: a quoted field holds lines that look like rows of the file; {QUOTE_RULE}",
            remedy="a file in which that is meant can be given as .jsonl",
        )
    table = {name: [row.fields[n] for row in rows] for n, name in enumerate(names)}
    return table, [row.line for row in rows]


def _read_parquet(path: Path) -> Mapping[str, Sequence[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(path).names
        if len(set(names)) < len(names):
            raise GisError(f"{path}: the file names a column twice: {', '.join(names)}")
        table: Mapping[str, Sequence[Any]] = pq.read_table(path).to_pydict()
    except pa.ArrowException as error:
        raise GisError(f"{path} is not a whole Parquet file ({str(error).splitlines()[0]})") from error
    return table

"""Tables from files: JSON lines, CSV (both also .gz) and Parquet."""

import csv
import gzip
import json
import sys
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from gis.benchmark.tasks.pairs import MISSING, Table
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
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise GisError(f"{path} cannot be read ({error}); is it whole?") from error
    if not columns or not next(iter(columns.values())):
        raise GisError(f"{path} holds no pairs")
    return Table(columns, lambda row: f"{path}:{lines[row] if lines else row + 1}")


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _read_jsonl(path: Path) -> tuple[Mapping[str, Sequence[Any]], list[int]]:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    with _open(path) as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise GisError(f"{path}:{number}: broken JSON ({error})") from error
            if not isinstance(row, dict):
                raise GisError(f"{path}:{number}: a line must be an object with text1, text2 and label or score")
            rows.append(row)
            lines.append(number)
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: [row.get(key, MISSING) for row in rows] for key in keys}, lines


def _read_csv(path: Path) -> tuple[Mapping[str, Sequence[Any]], list[int]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # issue texts outgrow the default of 128 kB
    with _open(path) as file:
        reader = csv.reader(file)
        header = next(reader, [])
        table: dict[str, list[str]] = {name: [] for name in header}
        if len(table) < len(header):
            raise GisError(f"{path}:1: the header names a column twice: {', '.join(header)}")
        lines: list[int] = []
        for fields in reader:
            if not fields:
                continue
            if len(fields) != len(header):
                raise GisError(f"{path}:{reader.line_num}: {len(fields)} fields, the header names {len(header)}")
            for name, value in zip(header, fields, strict=True):
                table[name].append(value)
            lines.append(reader.line_num)
    return table, lines


def _read_parquet(path: Path) -> Mapping[str, Sequence[Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: Mapping[str, Sequence[Any]] = pq.read_table(path).to_pydict()
    except pa.ArrowInvalid as error:
        raise GisError(f"{path} is not a whole Parquet file ({str(error).splitlines()[0]})") from error
    return table

"""A damaged file is copied as far as it can be read, and each of its lines counts."""

import gzip
import json
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import pytest

from gis.archive import mending
from gis.archive.mending import first_line, mend

SCHEMA = ibis.schema(
    {"a": "string", "number": "int64", "type": "string", "yes": "boolean", "in": dt.Array(dt.Struct({"a": dt.string}))}
)


def mended(path: Path) -> list[dict[str, Any]]:
    """The lines of the copy, as objects without what is null."""
    mend(path, path.with_name("copy"), SCHEMA)
    lines = map(json.loads, path.with_name("copy").read_bytes().splitlines())
    return [{name: value for name, value in line.items() if value is not None} for line in lines]


def test_the_lines_of_a_file_that_is_whole_say_the_same(tmp_path: Path) -> None:
    lines = [b'{"a": "%d"}' % number for number in range(100_000)]
    (tmp_path / "x.json").write_bytes(b"\n".join(lines))
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b"\n".join(lines[:50])) + gzip.compress(b'\n{"a": "last"}\n'))
    assert mended(tmp_path / "x.json") == [{"a": str(number)} for number in range(100_000)]
    assert mended(tmp_path / "x.json.gz") == [*({"a": str(number)} for number in range(50)), {"a": "last"}]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b'{"a": 1.5, "number": "7", "yes": true, "other": []}', {"a": "1.5", "number": 7, "yes": True}),
        (b'{"a": {"b": 1}, "number": 99999999999999999999, "yes": "true"}', {"a": '{"b": 1}'}),
        (b'{"number": 1.5, "in": [{"a": null}, 5], "a": []}', {"in": [{"a": None}, None], "a": "[]"}),
        (b'{"number": true, "in": {}}', {}),
        (b"[]", {}),
        (b'{"a": "1",}', {}),
        (b'{"a": "\xff"}', {}),
        (b"[" * 100_000, {}),
    ],
)
def test_what_is_of_another_type_is_null(tmp_path: Path, line: bytes, read: dict[str, Any]) -> None:
    (tmp_path / "x.json").write_bytes(line)
    assert mended(tmp_path / "x.json") == [read]


def test_the_line_in_which_a_file_breaks_off_is_one_that_says_so(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b'{"number": %d}\n' % number for number in range(10_000)))
    (tmp_path / "x.gz").write_bytes(packed[: len(packed) // 2])
    *lines, last = mended(tmp_path / "x.gz")
    assert [line["number"] for line in lines] == list(range(len(lines)))
    assert len(lines) > 1000
    assert last == {"type": "cut off"}


def test_a_file_of_other_bytes_after_its_beginning_breaks_off_there(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"{}\n") + b"garbage")
    assert mended(tmp_path / "x.gz") == [{}, {"type": "cut off"}]


def test_a_line_that_is_too_long_is_one_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "LONGEST_LINE", 200_000)
    long = b'"' + b"x" * mending.LONGEST_LINE + b'"'
    (tmp_path / "x.json").write_bytes(b"\n".join([b'{"a": "1"}', long, b'{"a": "2"}', long]))
    assert mended(tmp_path / "x.json") == [{"a": "1"}, {"type": "overlong"}, {"a": "2"}, {"type": "overlong"}]


def test_half_of_a_character_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(rb'{"a": "\ud83d and \ud83d\ude00"}' + b"\n" + rb'{"a": "\ud83d' + b"\n")
    assert mended(tmp_path / "x.json") == [{"a": "\ufffd and \U0001f600"}, {}]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"")
    assert mended(tmp_path / "x.gz") == []
    assert first_line(tmp_path / "x.gz") == ""

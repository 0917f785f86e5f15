"""A damaged file is copied as far as it can be read, and each of its lines counts."""

import gzip
import json
from pathlib import Path

import pytest

from gis.archive import mending
from gis.archive.mending import first_line, mend


def mended(path: Path) -> list[bytes]:
    mend(path, path.with_name("copy"))
    return path.with_name("copy").read_bytes().splitlines()


def test_a_file_that_is_whole_stays_as_it_is(tmp_path: Path) -> None:
    lines = [b'{"a": "%d"}' % number for number in range(100_000)]
    (tmp_path / "x.json").write_bytes(b"\n".join(lines))
    (tmp_path / "x.json.gz").write_bytes(gzip.compress(b"\n".join(lines[:50])) + gzip.compress(b"\nlast\n"))
    assert mended(tmp_path / "x.json") == lines
    assert mended(tmp_path / "x.json.gz") == [*lines[:50], b"last"]


def test_the_line_in_which_a_file_breaks_off_is_one_that_says_so(tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(b'{"number": %d}\n' % number for number in range(10_000)))
    (tmp_path / "x.gz").write_bytes(packed[: len(packed) // 2])
    *lines, last = map(json.loads, mended(tmp_path / "x.gz"))
    assert [line["number"] for line in lines] == list(range(len(lines)))
    assert len(lines) > 1000
    assert last == {"type": "cut off"}


def test_a_file_of_other_bytes_after_its_beginning_breaks_off_there(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"{}\n") + b"garbage")
    assert mended(tmp_path / "x.gz") == [b"{}", b'{"type": "cut off"}']


def test_a_line_that_is_too_long_is_one_that_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "LONGEST_LINE", 200_000)
    long = b'"' + b"x" * mending.LONGEST_LINE + b'"'
    (tmp_path / "x.json").write_bytes(b"\n".join([b"1", long, b"2", long]))
    assert mended(tmp_path / "x.json") == [b"1", b'{"type": "overlong"}', b"2", b'{"type": "overlong"}']


def test_half_of_a_character_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_bytes(rb'{"a": "\ud83d and \ud83d\ude00"}' + b"\n" + rb'{"a": "\ud83d' + b"\n")
    first, second = mended(tmp_path / "x.json")
    assert json.loads(first) == {"a": "\ufffd and \U0001f600"}
    assert second == rb'{"a": "\ud83d'


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(b"")
    assert mended(tmp_path / "x.gz") == []
    assert first_line(tmp_path / "x.gz") == ""

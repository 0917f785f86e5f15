"""A file of a dump is read line by line, as far as it goes."""

import gzip
import os
from codecs import BOM_UTF8
from pathlib import Path

import pytest

from gis.collector.dump_file import DumpFile, NumberedLine
from gis.errors import GisError


def test_the_compressed_file_is_preferred_and_none_is_none(tmp_path: Path) -> None:
    assert DumpFile.find(tmp_path, "issues") is None
    (tmp_path / "issues.jsonl").write_bytes(b"1\n")
    plain = DumpFile.find(tmp_path, "issues")
    (tmp_path / "issues.jsonl.gz").write_bytes(gzip.compress(b"1\n"))
    packed = DumpFile.find(tmp_path, "issues")
    assert plain is not None
    assert packed is not None
    assert (plain.path.name, packed.path.name) == ("issues.jsonl", "issues.jsonl.gz")
    assert list(plain.lines()) == list(packed.lines()) == [NumberedLine(1, b"1\n")]
    assert plain.version != packed.version


def test_chunks_go_on_after_what_was_read_and_say_when_the_file_ends(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"".join(b"%d\n" % number for number in range(1, 8)))
    chunks = list(DumpFile(tmp_path / "a.jsonl").chunks(2, 3))
    assert [[line.number for line in chunk.lines] for chunk in chunks] == [[3, 4, 5], [6, 7]]
    assert [chunk.at_end for chunk in chunks] == [False, True]
    (last,) = DumpFile(tmp_path / "a.jsonl").chunks(7, 3)
    assert (last.lines, last.at_end) == ([], True)


def test_what_was_read_before_a_failure_is_kept(tmp_path: Path) -> None:
    lines = b"".join(b'{"number": %d}\n' % number for number in range(50_000))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines)[:-5_000])
    *whole, last = DumpFile(tmp_path / "a.jsonl.gz").chunks(0, 1000)
    assert all(len(chunk.lines) == 1000 and not chunk.failure for chunk in whole)
    assert whole
    assert last.lines
    assert not last.at_end
    assert "cannot be read to its end" in str(last.failure)


def test_a_line_that_is_too_long_ends_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"1\n" + b"2" * 1_000_001 + b"\n3\n")
    (chunk,) = DumpFile(tmp_path / "a.jsonl", longest_line=1).chunks(0, 10)
    assert [line.text for line in chunk.lines] == [b"1\n"]
    assert "line 2 of" in str(chunk.failure)


def test_halves_of_characters_are_replaced_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(rb'{"a\ud800": ["\udc00b"]}' + b"\n" + rb'"\ud83e\udd80"' + b"\n" + b'"c"\n')
    file = DumpFile(tmp_path / "a.jsonl")
    assert [file.parsed(line) for line in file.lines()] == [{"a\ufffd": ["\ufffdb"]}, "🦀", "c"]
    assert file.mended_lines == 1


def test_one_array_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b' [{"number": 1}]')
    with pytest.raises(GisError, match="holds a JSON array"):
        DumpFile(tmp_path / "a.jsonl")


@pytest.mark.parametrize("kind", ["a folder", "a link to nothing", "a link to itself", "a pipe"])
def test_what_has_the_name_of_a_file_and_is_none_is_not_passed_over(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "comments.jsonl"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("comments.jsonl" if kind.endswith("itself") else "gone")
    with pytest.raises(GisError, match=r"comments\.jsonl is not a file"):
        DumpFile.find(tmp_path, "comments")
    assert DumpFile.find(tmp_path, "issues") is None


def test_a_mark_of_the_encoding_is_no_part_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(BOM_UTF8 + b'{"number": 1}\n' + BOM_UTF8 + b'{"number": 2}\n')  # two files, one after the other
    file = DumpFile(path)
    assert [file.parsed(line) for line in file.lines()] == [{"number": 1}, {"number": 2}]
    path.write_bytes(BOM_UTF8 + b"[1]")
    with pytest.raises(GisError, match="JSON array"):
        DumpFile(path)

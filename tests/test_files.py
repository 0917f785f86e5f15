"""Names of files, and small files that are read."""

import re
from pathlib import Path
from unicodedata import normalize

import pytest

from gis.files import MOST_BY_HAND, cache_folder, file_name, load_json, read_written_by_hand

ODD_NAMES = ("../../etc", "..", ".", ".hidden", "a b", "a?b", "a*b", "a\nb", "C:\\x", "x" * 300, "x" * 299, "\x00")


TWINS = ("name", "Name", "NAME", "a/b", "a__b", "A__B", "stra\u00dfe", "strasse", "\u212a", "k", "K", "é", "e\u0301")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("org/name", "org__name"),
        ("minilm,pooling=cls", "minilm,pooling=cls"),
        ("v1.5+x", "v1.5+x"),
        ("naïve-模型", "naïve-模型"),
    ],
)
def test_a_usual_name_stays_readable_as_a_file_name(name: str, safe: str) -> None:
    assert file_name(name) == safe


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_becomes_a_file_name(name: str) -> None:
    assert re.fullmatch(r"[\w,=+-][\w.,=+-]{0,120}", file_name(name))


def test_odd_names_stay_apart() -> None:
    assert len({file_name(name) for name in ODD_NAMES}) == len(ODD_NAMES)


@pytest.mark.parametrize("name", ["con", "NUL", "aux.txt", "Com1", "lpt\u00b9", "Prn.tar.gz"])
def test_names_of_windows_devices_are_changed(name: str) -> None:
    assert file_name(name).split(".")[0].casefold() != name.split(".")[0].casefold()


@pytest.mark.parametrize("name", ["模" * 300, "x" * 300, "\ud800", "é" * 100, ""])
def test_a_file_name_leaves_room_for_endings(name: str) -> None:
    assert 0 < len(file_name(name).encode()) <= 120


def test_unique_names_stay_apart_where_case_is_ignored() -> None:
    names = {normalize("NFD", file_name(name, unique=True)).casefold() for name in TWINS}
    assert len(names) == len(TWINS)


def test_the_cache_is_where_gis_cache_says_then_xdg_then_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIS_CACHE", "/somewhere/else")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/somewhere/else")
    monkeypatch.delenv("GIS_CACHE")
    assert cache_folder() == Path("/xdg/gis")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "gis"


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"\xff\xfe", b"", b"{"])
def test_whatever_a_file_holds_instead_of_json_is_one_kind_of_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"\w"):
        load_json(tmp_path / "a.json")


def test_what_a_person_writes_is_read_with_any_line_ends_and_nothing_endless_is(tmp_path: Path) -> None:
    path = tmp_path / "written.toml"
    path.write_bytes("a = 1\r\nb = 'é'\r".encode())
    assert read_written_by_hand(path) == "a = 1\nb = 'é'\n"
    with path.open("wb") as file:
        file.truncate(MOST_BY_HAND + 1)
    with pytest.raises(OSError, match="larger than 16 MiB"):
        read_written_by_hand(path)

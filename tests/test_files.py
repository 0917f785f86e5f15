import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.files import cache_folder, sha256_of, sha256_of_file, write_atomically, write_text

ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1


def test_text_is_written_as_utf8_into_folders_that_do_not_exist_yet(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "file.txt"
    write_text(path, "größer\n日本")
    assert path.read_bytes() == "größer\n日本".encode()


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")
    write_text(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt])
def test_a_write_that_stops_leaves_the_old_file_and_no_other(tmp_path: Path, stop: type[BaseException]) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "old")

    def half(temporary: Path) -> None:
        temporary.write_text("ne")
        raise stop

    with pytest.raises(stop):
        write_atomically(path, half)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    write_text(path, "old")

    def write(temporary: Path) -> None:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".csv"
        temporary.write_text("new")
        assert path.read_text() == "old"

    write_atomically(path, write)
    assert path.read_text() == "new"


@pytest.fixture
def _umask_027() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.usefixtures("_umask_027")
def test_a_file_gets_the_permissions_that_the_umask_gives(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "shared")
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.umask(0o027) == 0o027


def test_equal_values_hash_alike_whatever_the_order_of_keys() -> None:
    assert sha256_of({"a": 1, "b": [1, {"x": "é", "y": None}]}) == sha256_of({"b": [1, {"y": None, "x": "é"}], "a": 1})


def test_the_hash_of_a_value_is_that_of_its_compact_json() -> None:
    assert sha256_of({"b": "é", "a": [1, True]}) == hashlib.sha256(b'{"a":[1,true],"b":"\\u00e9"}').hexdigest()


@pytest.mark.parametrize(("one", "other"), [([1, 2], [2, 1]), ({"a": 1}, {"a": "1"}), ("", None), (["ab"], ["a", "b"])])
def test_different_values_have_different_hashes(one: object, other: object) -> None:
    assert sha256_of(one) != sha256_of(other)


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"abc")
        assert sha256_of_file(tmp_path / name) == ABC_SHA256


def test_the_cache_is_where_gis_cache_says_then_xdg_then_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIS_CACHE", "/somewhere/else")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/somewhere/else")
    monkeypatch.delenv("GIS_CACHE")
    assert cache_folder() == Path("/xdg/gis")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "gis"

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.errors import GisError
from gis.files import cache_folder, new_folder, sha256_of, sha256_of_file, write_atomically, write_text

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


def fill(path: Path, text: str) -> None:
    with new_folder(path) as folder:
        (folder / "file").write_text(text)


def test_a_folder_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    fill(tmp_path / "a" / "data", "old")
    fill(tmp_path / "a" / "data", "new")
    assert (tmp_path / "a" / "data" / "file").read_text() == "new"
    assert list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "data"]


def test_the_old_folder_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    fill(tmp_path / "data", "old")

    def stops() -> None:
        with new_folder(tmp_path / "data") as folder:
            (folder / "file").write_text("ne")
            assert (tmp_path / "data" / "file").read_text() == "old"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stops()
    assert (tmp_path / "data" / "file").read_text() == "old"
    assert list(tmp_path.iterdir()) == [tmp_path / "data"]


def test_what_appears_in_the_meantime_is_left_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="created or replaced by somebody else"), new_folder(tmp_path / "data"):
        (tmp_path / "data" / "theirs").mkdir(parents=True)
    assert [path.name for path in tmp_path.rglob("*")] == ["data", "theirs"]


def test_what_was_replaced_in_the_meantime_is_left_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path / "data", "old")
    with pytest.raises(GisError, match="in the meantime"), new_folder(tmp_path / "data"):
        fill(tmp_path / "data", "theirs")
    assert (tmp_path / "data" / "file").read_text() == "theirs"


KILLED = """
import os, signal, sys
from pathlib import Path
from gis.files import new_folder
calls = 0
def killing(function):
    def call(*arguments, **named):
        global calls
        calls += 1
        if calls == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **named)
    return call
for name in ("rename", "mkdir", "rmdir", "unlink", "fsync", "open"):
    setattr(os, name, killing(getattr(os, name)))
with new_folder(Path(sys.argv[1])) as folder:
    for n in range(3):
        (folder / f"file{n}").write_text("new")
print(calls)
"""


@pytest.mark.slow
def test_killed_at_any_call_the_old_or_the_new_folder_stands_after_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "data"
    command = [sys.executable, "-c", KILLED, str(path)]
    for call in range(1, 1000):
        with new_folder(path) as folder:
            for n in range(3):
                (folder / f"file{n}").write_text("old")
        done = subprocess.run([*command, str(call)], capture_output=True, text=True, check=False)
        texts = {file.read_text() for file in path.glob("*")}
        if done.returncode == 0:
            break
        assert texts in ({"old"}, {"new"}) or not path.exists()
        with new_folder(path) as folder:  # the next run puts back what was moved aside
            assert sorted(file.read_text() for file in path.glob("*")) in (["old"] * 3, ["new"] * 3)
            (folder / "file").touch()
        assert [entry.name for entry in tmp_path.iterdir()] == ["data"]
    assert call > 10


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

import errno
import hashlib
import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unicodedata import normalize

import pytest

from gis.errors import GisError
from gis.files import (
    MOST_BY_HAND,
    cache_folder,
    file_name,
    full_disk_named,
    held_alone,
    is_being_replaced,
    load_json,
    new_folder,
    read_written_by_hand,
    recover_folder,
    sha256_of,
    sha256_of_file,
    temporary_folder,
    write_atomically,
    write_text,
)
from tests.faults.kills import can_fork, killed_at_each_call

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


DEAD = 2**22 + 1  # above the highest number that Linux gives to a process


def test_what_a_dead_process_left_beside_a_file_is_removed_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    left = [tmp_path / f".file.csv.{DEAD}-0123abcd.unfinished.csv", tmp_path / ".file.csv.notes"]
    left += [tmp_path / f".file.csv.{os.getpid()}-0123abcd.unfinished.csv", tmp_path / f".other.{DEAD}-0123abcd.aside"]
    for each in left:
        each.touch()
    write_text(path, "new")
    assert set(tmp_path.iterdir()) == {path, *left[1:]}


def test_a_process_that_has_the_number_of_a_dead_one_keeps_nothing_alive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / f".file.{os.getpid()}-0123abcd.unfinished"
    left.touch()
    monkeypatch.setattr("psutil.Process.create_time", lambda _: left.stat().st_mtime + 60)
    write_text(tmp_path / "file", "new")
    assert not left.exists()


def test_temporary_folders_of_dead_processes_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / f".gis-test.{DEAD}-0123abcd.unfinished"
    left.mkdir()
    (left / "texts").touch()
    with temporary_folder("gis-test") as folder:
        assert list(tmp_path.iterdir()) == [folder]
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    assert not list(tmp_path.iterdir())


def test_one_at_a_time_holds_a_place_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    place, busy = tmp_path / "new" / "model", GisError("another is at work", remedy="wait for it")
    for _ in range(2):  # the second time, nobody holds it any more
        with held_alone(place, busy):
            with pytest.raises(GisError, match="another is at work"), held_alone(tmp_path / "new/../new/model", busy):
                pytest.fail("two at once")
            with held_alone(tmp_path / "new" / "other", busy):
                pass
        assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize("kind", ["link", "file", "folder"])
def test_what_is_no_lock_is_not_taken_for_one(tmp_path: Path, kind: str) -> None:
    lock, mine = tmp_path / ".model.lock", tmp_path / "mine.txt"
    mine.write_text("mine")
    if kind == "folder":
        lock.mkdir()
    else:
        lock.symlink_to(mine) if kind == "link" else lock.write_text("mine")
    message, busy = r"\.model\.lock is a link or holds something", GisError("busy")
    with pytest.raises(GisError, match=message), held_alone(tmp_path / "model", busy):
        pytest.fail("held")
    assert mine.read_text() == "mine"
    assert kind == "folder" or lock.read_text() == "mine"


def test_a_file_of_the_longest_name_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".csv")
    write_text(path, "new")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["", "file/below", "pipe"])
def test_what_is_not_a_file_is_not_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(GisError, match=r"file cannot be written to: it is not a folder|it is not a file"):
        write_text(tmp_path / name, "new")
    assert len(list(tmp_path.iterdir())) == 2


def test_an_interrupt_between_the_renames_comes_too_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "data", "old")
    rename, handler = Path.rename, signal.getsignal(signal.SIGINT)

    def interrupted(path: Path, target: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        rename(path, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    fill(tmp_path / "data", "new")
    assert (tmp_path / "data" / "file").read_text() == "new"
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (OSError(errno.ENOSPC, "no space"), True),
        (OSError(errno.EDQUOT, "quota"), True),
        (RuntimeError("PytorchStreamWriter failed writing file"), False),
        (ValueError("of a library that gives no reason"), False),
    ],
)
def test_a_full_disk_is_told_whatever_a_library_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, left: bool
) -> None:
    full = None if left else OSError(errno.ENOSPC, "no space")
    monkeypatch.setattr("gis.files._write_error", lambda _: full)
    with (
        pytest.raises(GisError, match=f"^no space left on the disk for {tmp_path}$") as caught,
        full_disk_named(tmp_path),
    ):
        raise error
    assert "the same command then continues" in caught.value.remedy


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a bug"), full_disk_named(tmp_path / "new" / "folder"):
        raise ValueError("a bug")
    assert not list(tmp_path.iterdir())


def fill_three(path: Path, text: str) -> None:
    with new_folder(path) as folder:
        for n in range(3):
            (folder / f"file{n}").write_text(text)


@can_fork
@pytest.mark.slow
def test_killed_at_any_call_the_old_or_the_new_folder_stands_after_the_next_run(tmp_path: Path) -> None:
    path = tmp_path / "data"
    kills = killed_at_each_call(lambda: fill_three(path, "new"))
    fill_three(path, "old")
    number = 0
    for number in kills:  # noqa: B007 - the last is the count
        assert {file.read_text() for file in path.glob("*")} in ({"old"}, {"new"}) or not path.exists()
        with new_folder(path) as folder:  # the next run puts back what was moved aside
            assert sorted(file.read_text() for file in path.glob("*")) in (["old"] * 3, ["new"] * 3)
            (folder / "file").touch()
        assert [entry.name for entry in tmp_path.iterdir()] == ["data"]
        fill_three(path, "old")
    assert number > 10


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


ODD_NAMES = ("../../etc", "..", ".", ".hidden", "a b", "a?b", "a*b", "a\nb", "C:\\x", "x" * 300, "x" * 299, "\x00")


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


TWINS = ("name", "Name", "NAME", "a/b", "a__b", "A__B", "stra\u00dfe", "strasse", "\u212a", "k", "K", "é", "e\u0301")


def test_unique_names_stay_apart_where_case_is_ignored() -> None:
    names = {normalize("NFD", file_name(name, unique=True)).casefold() for name in TWINS}
    assert len(names) == len(TWINS)


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


def test_a_folder_that_a_living_process_moved_aside_is_no_leftover_however_old_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    os.utime(folder, (1e9, 1e9))
    assert not is_being_replaced(folder)
    aside = folder.rename(tmp_path / f".data.{os.getpid()}-0123abcd.aside")
    assert is_being_replaced(folder)
    recover_folder(folder)
    assert (aside.is_dir(), folder.exists()) == (True, False)

"""Files and folders that are written whole or not at all."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.errors import GisError
from gis.replacing import is_being_replaced, new_folder, recover_folder, temporary_folder, write_atomically, write_text
from tests.faults.kills import can_fork, killed_at_each_call


@pytest.fixture
def _umask_027() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


def fill(path: Path, text: str) -> None:
    with new_folder(path) as folder:
        (folder / "file").write_text(text)


DEAD = 2**22 + 1  # above the highest number that Linux gives to a process


def fill_three(path: Path, text: str) -> None:
    with new_folder(path) as folder:
        for n in range(3):
            (folder / f"file{n}").write_text(text)


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


@pytest.mark.usefixtures("_umask_027")
def test_a_file_gets_the_permissions_that_the_umask_gives(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_text(path, "shared")
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.umask(0o027) == 0o027


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


def test_a_folder_that_a_living_process_moved_aside_is_no_leftover_however_old_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    os.utime(folder, (1e9, 1e9))
    assert not is_being_replaced(folder)
    aside = folder.rename(tmp_path / f".data.{os.getpid()}-0123abcd.aside")
    assert is_being_replaced(folder)
    recover_folder(folder)
    assert (aside.is_dir(), folder.exists()) == (True, False)

"""The file of a store: what is left of a new one when the first run fails."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gis.collector.store_file import removed_if_empty
from gis.collector.store_writer import StoreWriter


def stop(path: Path, work: Callable[[], object]) -> None:
    """Do some work, and stop as Ctrl-C would."""

    def run() -> None:
        with removed_if_empty(path):
            work()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()


@pytest.mark.parametrize(("content", "stays"), [(b"", False), (b"x", True), (b"Not a store.", True)])
def test_a_new_file_with_anything_in_it_stays_when_a_run_fails(tmp_path: Path, content: bytes, stays: bool) -> None:
    path = tmp_path / "store.db"
    stop(path, lambda: path.write_bytes(content))
    assert path.exists() is stays


def test_an_older_file_and_a_finished_run_stay(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", tmp_path / "new.db"
    old.touch()
    stop(old, lambda: None)
    with removed_if_empty(new):
        new.touch()
    assert old.exists()
    assert new.exists()


def test_a_new_store_without_issues_goes_when_a_run_fails(tmp_path: Path) -> None:
    def open_and_close() -> None:
        with StoreWriter.open(path):
            pass

    path = tmp_path / "store.db"
    stop(path, open_and_close)
    assert not path.exists()

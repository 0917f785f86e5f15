"""Locks."""

from pathlib import Path

import pytest

from gis.errors import GisError
from gis.locks import held_alone


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

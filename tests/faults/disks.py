"""A small disk that is full, or nearly: what a command says then, what stands, and whether it finishes with room."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import Done
from tests.faults import THOROUGH

MOST = 30 if THOROUGH else 2  # how full a disk is tried, for one command
MEGABYTES = 64
PAGE = 4096  # what a file takes at least
BALLAST = "ballast"
TELLS = re.compile("no space left on the disk|disk is full")


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    """Mount a disk of its own in memory until the block ends; skip the test where that is not allowed."""
    at.mkdir()
    if (
        shutil.which("mount") is None
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", at], capture_output=True, check=False
        ).returncode
    ):
        pytest.skip("needs the right to mount a small disk")
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", at], check=True)


def leave(disk: Path, room: int) -> None:
    """Fill a disk but for ``room`` bytes."""
    with (disk / BALLAST).open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, max(free(disk) - room, 1))


def free(disk: Path) -> int:
    """Return the free bytes of a disk."""
    status = os.statvfs(disk)
    return status.f_bavail * status.f_frsize


def check_full_disks(
    work: Callable[[], Done],
    disk: Path,
    *,
    prepare: Callable[[], object],
    state: Callable[[], Any],
    partly: bool = False,
) -> int:
    """Do ``work`` on a disk with less room than it needs, from none on, and then with room.

    Args:
        work: The command.
        disk: The disk that it writes to.
        prepare: Puts everything back to where the work begins.
        state: Returns what the work changes, to be compared; None where there is nothing.
        partly: A part of the new state may be there, too, from which the same work goes on.

    Returns:
        How often the disk was full.
    """
    prepare()
    old, before = state(), free(disk)
    done = work()
    assert done.status == 0, done.err
    new, need = state(), before - free(disk)
    assert new != old, done.err
    failures = 0
    for part in range(MOST):
        prepare()
        leave(disk, part * (need // MOST) // PAGE * PAGE)
        done = work()
        (disk / BALLAST).unlink()
        if done.status:
            failures += 1
            assert done.status == 1, done.err
            message = done.err.strip().splitlines()[-1]
            assert message.startswith("error: "), done.err
            assert TELLS.search(message), done.err
            assert str(disk) in message, done.err
            assert "Traceback" not in done.err, done.err
            assert partly or state() in (old, new), done.err
            done = work()
            assert done.status == 0, done.err
        assert state() == new, part
    return failures

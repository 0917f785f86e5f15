"""An archive whose reading is killed at any moment is read on by the same command."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from gis.archive.collect import collect_archive
from tests.archive.helpers import world
from tests.archive.hours import write_hours
from tests.archive.test_collect import content
from tests.faults import THOROUGH

KILLS = 30 if THOROUGH else 2


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_goes_on(tmp_path: Path) -> None:
    write_hours(tmp_path / "hours", [world(60)], files=8, faults=["malformed", "truncated", "repeated"])
    whole = collect_archive(str(tmp_path / "hours"), tmp_path / "whole.db")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "gis",
        "collect",
        "--archive",
        tmp_path / "hours",
        "--quiet",
        "--store",
    ]
    started = time.monotonic()
    subprocess.run([*command, tmp_path / "timed.db"], check=True, capture_output=True)
    seconds = time.monotonic() - started
    random = Random(17)
    for number in range(KILLS):
        store = tmp_path / f"{number}.db"
        process = subprocess.Popen([*command, store], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(seconds * (0.3 + 0.7 * random.random()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        report = collect_archive(str(tmp_path / "hours"), store)
        assert report.lines.total == whole.lines.total
        assert content(store) == content(tmp_path / "whole.db")
        left = [path for path in store.with_name(f"{store.name}.archive").rglob("*") if "unfinished" in path.name]
        assert left == []

"""Real processes killed with SIGKILL at random moments, a hundred on demand, and resumed."""

import multiprocessing
import os
import random
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.collector.killed import run
from tests.collector.server import schema, serving
from tests.collector.world import made
from tests.faults import THOROUGH

KILLS = 100 if THOROUGH else 30
TABLES = ("issues", "comments", "events", "users", "pull_requests", "raw")
pytestmark = pytest.mark.slow


def rows(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with sqlite3.connect(path) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in TABLES}


def test_killed_many_times_the_store_is_that_of_a_quiet_run(tmp_path: Path) -> None:
    """A resumed run fetches at most one page again, so the cost of a kill is bounded too."""
    rng = random.Random(7)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.collector.killed"])
    kills = rounds = 0
    with serving(made(300), schema()) as github:
        run(github.url, str(tmp_path / "quiet.db"), 10)
        expected, quiet = rows(tmp_path / "quiet.db"), len(github.requests)
        while kills < KILLS:
            path = tmp_path / f"killed-{rounds}.db"
            rounds += 1
            github.requests.clear()
            before = kills
            while True:
                process = context.Process(target=run, args=(github.url, str(path), 10))
                process.start()
                process.join(rng.uniform(0.02, 0.5))
                if process.is_alive():
                    assert process.pid is not None
                    os.kill(process.pid, signal.SIGKILL)
                    kills += 1
                process.join()
                if process.exitcode == 0:
                    break
                assert process.exitcode == -signal.SIGKILL
            assert rows(path) == expected
            # each kill: the repository's name and one page again, an issue of which may have needed two requests more
            assert len(github.requests) <= quiet + 4 * (kills - before)
    assert kills >= KILLS

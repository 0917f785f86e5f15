"""gis find --post, killed with SIGKILL at random moments and called again: nothing is written twice."""

import random
import time
from pathlib import Path

import pytest

from gis.finder.posting.findings_file import findings_json
from tests.collector.server import GitHub, Handler
from tests.collector.world import World
from tests.command_line import run_gis
from tests.faults import THOROUGH
from tests.faults.kills import can_fork, duration, killed_after
from tests.finder.posting.helpers import finding, suggestion

pytestmark = [pytest.mark.slow, can_fork]

KILLS = 50 if THOROUGH else 3
ISSUES = (2, 4, 5, 7)


def test_a_run_killed_at_any_moment_writes_nothing_twice(tmp_path: Path, github: GitHub, world: World) -> None:
    rng, path = random.Random(20), tmp_path / "findings.json"

    def late(_: Handler) -> bool:  # so that a kill comes while the server works, too
        time.sleep(rng.uniform(0, 0.03))
        return False

    def work() -> None:
        done = run_gis(
            *("find", "--from", path, "--repo", "octo/widgets", "--api-url", github.url, "--suggest", "--post")
        )
        assert done.status == 0, done.err

    def find(score: float) -> None:
        alerts = [finding(n, suggestion(1, score, web=github.url), certificate="0123456789ab") for n in ISSUES]
        path.write_text(findings_json(alerts), encoding="utf-8")

    github.always = late
    find(0.75)
    seconds = duration(work)
    kills = rounds = 0
    while kills < KILLS:
        if rounds % 2 == 0:  # from the start; otherwise comments that stand are edited
            world.comments.clear()
            world.suggestions.clear()
        rounds += 1
        find(rng.choice((0.25, 0.5, 0.75)))
        kills += killed_after(work, rng.uniform(0.01, 2 * seconds))  # which is how long reading takes
        time.sleep(0.05)  # what the killed run sent may be on its way
        work()
        assert [len(world.comments[number]) for number in ISSUES] == [1] * len(ISSUES)
        assert [len(world.suggestions[number]) for number in ISSUES] == [1] * len(ISSUES)
        github.written.clear()
        work()
        assert github.written == []
    assert {world.issues[number]["state"] for number in ISSUES} == {"open"}

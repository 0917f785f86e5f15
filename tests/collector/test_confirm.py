"""What of a store is still on GitHub, noted in the store: stopped and killed at any moment, and resumed."""

import multiprocessing
import os
import random
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gis.collector.confirm import ConfirmReport, confirm
from gis.collector.github import client as github_client
from gis.collector.github.states import MADE_PRIVATE, NO_REPOSITORY
from gis.collector.store import Store
from gis.collector.store_file import connect
from gis.collector.store_writer import StoreWriter
from gis.console import QUIET, Reporter
from gis.errors import GisError
from tests.collector import killed
from tests.collector.github.runs import TOKEN, asking, run
from tests.collector.server import GitHub, Handler, primary_fault, schema, serving, status_fault
from tests.collector.world import made
from tests.command_line import run_gis

pytestmark = pytest.mark.slow


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(made(250), schema()) as server:
        yield server


@pytest.fixture
def path(github: GitHub, tmp_path: Path) -> Path:
    """A store of all of its issues."""
    run(github, tmp_path / "issues.db")
    github.requests.clear()
    github.points = 0
    return tmp_path / "issues.db"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_client, "FIRST_BACKOFF", 0.001)


def confirmed(github: GitHub, path: Path, reporter: Reporter = QUIET, **limits: Any) -> ConfirmReport:  # noqa: ANN401
    with StoreWriter.open(path) as store:
        return confirm(store, asking(github, **limits), reporter=reporter)


def fates(path: Path) -> dict[int, str]:
    with sqlite3.connect(path) as connection:
        return dict(connection.execute("SELECT number, gone FROM issues WHERE gone IS NOT NULL"))


def damage(github: GitHub) -> dict[int, str]:
    """Delete, move and convert some issues, and edit others; what a store should then say."""
    numbers = list(github.world.issues)
    expected = {}
    for number in numbers[5::40]:
        github.world.remove(number)
        expected[number] = "deleted"
    for number in numbers[6::60]:
        github.world.remove(number, moved_to="octo/gears")
        expected[number] = "moved to octo/gears#1"
    for number in numbers[7::90]:
        github.world.remove(number)
        github.world.discussions.add(number)
        expected[number] = "converted to a discussion"
    for number in numbers[8::50]:
        github.world.change(number, title="Another title")
    return expected


def test_all_that_is_there_costs_a_point_for_a_hundred(github: GitHub, path: Path) -> None:
    report = confirmed(github, path)
    assert str(report) == "250 of 250 issues are still there"
    assert fates(path) == {}
    assert (github.points, github.requests) == (3, ["graphql"] * 3)


def test_what_became_of_the_rest_is_noted_and_told(github: GitHub, path: Path) -> None:
    expected = damage(github)
    report = confirmed(github, path)
    assert fates(path) == expected
    assert report.there == 250 - len(expected)
    assert report.gone == {"deleted": 7, "moved": 5, "converted to a discussion": 3}
    assert report.edited == 5
    with Store(path) as store:
        (status,) = store.status()
        *_, last = store.runs()
    assert (status.issues, status.removed, status.complete) == (235, 15, True)
    assert (last["source"], last["outcome"], last["issues"], last["gone"]) == ("confirm", "complete", 250, 15)
    assert last["points"] == github.points + 5  # a point for each request that is answered
    assert last["requests"] == len(github.requests) - 5  # the other halves of five redirects
    assert TOKEN not in str(last)


def test_texts_stay_as_they_are(github: GitHub, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        before = connection.execute("SELECT number, title, body FROM issues").fetchall()
    damage(github)
    confirmed(github, path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT number, title, body FROM issues").fetchall() == before


def test_a_second_time_everything_is_asked_again_and_what_is_back_is_no_longer_gone(github: GitHub, path: Path) -> None:
    first, *_ = github.world.issues
    row = github.world.issues[first]
    damage(github)
    github.world.remove(first)
    confirmed(github, path)
    github.world.issues[first] = row
    github.requests.clear()
    report = confirmed(github, path)
    assert first not in fates(path)
    assert (report.returned, report.gone.total()) == (1, 15)
    assert "1 of them again" in str(report)
    assert set(github.requests) == {"graphql"}  # fates are known


def test_a_repository_that_is_gone_is_named(github: GitHub, path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    github.world.found = False
    report = confirmed(github, path, Reporter())
    assert report.gone == {NO_REPOSITORY: 250}
    assert set(fates(path).values()) == {NO_REPOSITORY}
    assert "octo/widgets is gone with all of its issues" in capsys.readouterr().err
    assert github.requests == ["graphql", "rest"]


def test_what_github_does_not_show_is_counted_and_left_as_it_is(github: GitHub, path: Path) -> None:
    def not_shown(handler: Handler) -> bool:
        if handler.command == "POST":
            handler.answer(200, {"data": {"rateLimit": {"cost": 1}, "repository0": None}})
        return handler.command == "POST"

    github.always = not_shown
    report = confirmed(github, path)
    assert (report.there, report.unknown) == (0, 250)
    assert fates(path) == {}
    assert "250 unknown" in str(report)


def test_repositories_share_queries(github: GitHub, tmp_path: Path) -> None:
    """A store of many small repositories costs no more than one of a large one."""
    run(github, tmp_path / "issues.db")
    with closing(connect(tmp_path / "issues.db")) as connection:
        connection.executemany(
            "INSERT INTO repositories (key, name, id, source) VALUES (?, ?, 0, 'dump')",
            [(key, f"octo/small-{key}") for key in range(2, 12)],
        )
        numbers = [number for (number,) in connection.execute("SELECT number FROM issues ORDER BY number")]
        for place, number in enumerate(numbers):
            connection.execute("UPDATE issues SET repository = ? WHERE number = ?", (1 + place // 25, number))
    github.requests.clear()
    with StoreWriter.open(tmp_path / "issues.db") as store:
        report = confirm(store, asking(github))
    assert report.gone == {NO_REPOSITORY: 225}
    assert report.there == 25
    assert github.requests.count("graphql") == 3
    assert github.requests.count("rest") == 9


def test_a_limit_of_points_stops_and_the_next_call_continues(github: GitHub, path: Path) -> None:
    expected = damage(github)
    with pytest.raises(GisError, match=r"the limit of 8 points is spent; what was confirmed so far is kept"):
        confirmed(github, path, points=8)
    with Store(path) as store:
        *_, last = store.runs()
        (status,) = store.status()
    assert last["about"]["after"] > 0
    assert "limit of 8 points" in last["outcome"]
    assert status.complete  # what was collected is
    for _ in range(5):
        try:
            report = confirmed(github, path, points=12)
        except GisError:
            continue
        break
    assert fates(path) == expected
    assert report.there < 200
    with Store(path) as store:
        assert [run["source"] for run in store.runs()] == ["graphql", "confirm"]
    assert confirmed(github, path).there == 235  # from the beginning


def test_what_an_archive_saw_in_public_is_gone_when_it_is_private(github: GitHub, path: Path) -> None:
    github.world.private = True
    assert confirmed(github, path).there == 250  # collected with a token, as the private repository that it may be
    with closing(connect(path)) as connection:
        connection.execute("UPDATE repositories SET source = 'archive'")
    assert confirmed(github, path).gone == {MADE_PRIVATE: 250}


def test_failures_in_between_change_nothing(github: GitHub, path: Path) -> None:
    expected = damage(github)
    github.faults = [primary_fault(), status_fault(502), status_fault(500)]
    confirmed(github, path)
    assert fates(path) == expected


def test_killed_at_random_moments_the_store_is_that_of_a_quiet_run(github: GitHub, path: Path) -> None:
    expected = damage(github)
    rng = random.Random(11)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.collector.killed"])
    kills = 0
    for attempt in range(60):  # each has more time than the last: a hundred issues are stored together
        process = context.Process(target=killed.confirm, args=(github.url, str(path)))
        process.start()
        process.join(rng.uniform(0.1, 0.2) * (1 + attempt / 10))
        if process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.join()
        if process.exitcode == 0:
            break
    assert process.exitcode == 0
    assert kills > 0
    assert fates(path) == expected
    with Store(path) as store:
        assert store.runs()[-1]["about"]["finished"]


def test_a_store_of_another_server_is_refused(github: GitHub, path: Path) -> None:
    github.url = github.url.replace("127.0.0.1", "localhost")
    with pytest.raises(GisError, match="holds issues of"):
        confirmed(github, path)
    assert github.requests == []


def test_the_command_line_tells_what_is_there(github: GitHub, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    damage(github)
    done = run_gis("collect", "--confirm", "--store", path, "--api-url", github.url)
    assert done.status == 0, done.err
    assert done.out == (
        "235 of 250 issues are still there; 5 of them with another text; 7 deleted; 5 moved; "
        "3 converted to a discussion\n"
    )
    assert "250 issues to ask for: about 3 points" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--confirm", "--repo", "octo/widgets"), "--confirm asks through GraphQL"),
        (("--confirm", "--dry-run"), "--confirm asks through GraphQL"),
        (("--confirm", "--from", "x"), "--confirm asks through GraphQL"),
        (("--confirm", "--api", "rest"), "--confirm asks through GraphQL"),
        (("--confirm", "--store", "none.db"), "there is no store at none.db"),
    ],
)
def test_what_cannot_be_confirmed_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    done = run_gis("collect", *arguments)
    assert done.status in (1, 2)
    assert message in done.err
    assert len(done.err.splitlines()) == 1


def test_without_a_token_one_is_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    done = run_gis("collect", "--confirm", "--store", path, "--api-url", "http://127.0.0.1:9")
    assert done.status == 2
    assert "GraphQL needs a token" in done.err

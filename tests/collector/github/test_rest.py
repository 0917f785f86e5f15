"""A repository through REST, and what REST does not give."""

from pathlib import Path
from typing import Any

import pytest

from gis.console import Reporter
from gis.errors import GisError
from tests.collector.github.runs import rows, run, run_rest
from tests.collector.server import GitHub
from tests.collector.world import World, user_row

pytestmark = pytest.mark.slow


def test_rest_brings_issues_comments_events_and_numbers(github: GitHub, world: World, tmp_path: Path) -> None:
    run_rest(github, tmp_path / "rest.db")
    run(github, tmp_path / "graphql.db")
    assert rows(tmp_path / "rest.db", "comments") == rows(tmp_path / "graphql.db", "comments")
    assert len(rows(tmp_path / "rest.db", "issues")["issues"]) == 150
    assert rows(tmp_path / "rest.db", "pull_requests") == rows(tmp_path / "graphql.db", "pull_requests")
    assert set(github.requests[: len(github.requests) // 4]) == {"rest"}

    def happened(name: str) -> set[tuple[Any, ...]]:
        """Events as both tell them: without their targets and places."""
        events = [(row[1], *row[3:6], row[9], row[10]) for row in rows(tmp_path / name)["events"]]
        return {row for row in events if row[1] != "cross_referenced"}

    assert happened("rest.db") == happened("graphql.db")
    assert len(happened("rest.db")) > 90
    world.add_comment(next(iter(world.issues)), "Another", user_row(1))
    assert (run_rest(github, tmp_path / "rest.db").comments) <= 2


def test_rest_says_what_is_out_of_reach(
    github: GitHub, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.deepest = 1
    for number in list(world.issues)[:60]:
        closed = {"kind": "ClosedEvent", "createdAt": world.issues[number]["updated_at"], "actor": user_row(1)}
        world.events[number].append(closed)
    run_rest(github, tmp_path / "some.db", Reporter())
    assert "lists no older events over REST; GraphQL would" in capsys.readouterr().err
    tables = rows(tmp_path / "some.db")
    assert len(tables["events"]) == 100
    assert len(tables["issues"]) == 150
    for number in world.issues:
        world.issues[number]["updated_at"] = "2024-01-01T00:00:00Z"
    with pytest.raises(GisError, match=r"beyond page 2 of what changed at 2024-01-01T00:00:00Z"):
        run_rest(github, tmp_path / "none.db")


def test_what_rest_does_not_tell_is_kept(github: GitHub, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    before = rows(tmp_path / "store.db")
    run_rest(github, tmp_path / "store.db")
    after = rows(tmp_path / "store.db")
    assert [row[:-1] for row in after["issues"]] == [row[:-1] for row in before["issues"]]
    assert any(row[18] is not None for row in after["issues"])  # duplicate_of
    assert after["comments"] == before["comments"]

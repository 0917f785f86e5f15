"""What people answer to suggestions is asked for on every run, whether or not GitHub says that the issue changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gis.collector.store import Store
from gis.marker import Marker
from tests.collector.github.runs import run
from tests.collector.server import GitHub, Handler, schema, serving
from tests.collector.world import World, made, stamp, user_row

ALERT = str(Marker(candidates=(("octo/widgets#1", 0.93),), certificate="3f2a8c6b91d0"))
BOT = user_row(7, "Bot")


@pytest.fixture
def world() -> World:
    made_up = made(6)
    made_up.comments = {}  # what they say is not of interest
    made_up.issues = {n: {**row, "comments": 0, "state": "open"} for n, row in made_up.issues.items()}
    return made_up


@pytest.fixture
def github(world: World) -> Iterator[GitHub]:
    with serving(world, schema()) as server:
        yield server


def stored(path: Path, query: str) -> list[tuple[Any, ...]]:
    with Store(path) as store:
        return store.rows(query)


REACTIONS = "SELECT number, comment, up, down FROM reactions"
SUGGESTIONS = "SELECT number, actor, target_repository, target_number, rationale, pending FROM suggestions"


def test_a_thumb_down_is_seen_although_the_issue_did_not_change(github: GitHub, world: World, tmp_path: Path) -> None:
    issue = max(world.issues)
    comment = world.add_comment(issue, f"{ALERT}\nPossible duplicates", BOT)
    world.add_comment(issue, f"As it says: {ALERT}", user_row(1))
    run(github, tmp_path / "store.db")
    assert stored(tmp_path / "store.db", REACTIONS) == [(issue, comment["id"], 0, 0)]
    comment["reactions"] = {"THUMBS_DOWN": 2, "THUMBS_UP": 1, "HEART": 5}
    report = run(github, tmp_path / "store.db")
    assert report.issues <= 1  # the boundary second
    assert stored(tmp_path / "store.db", REACTIONS) == [(issue, comment["id"], 1, 2)]
    world.comments[issue].remove(comment)
    world.change(issue, comments=1)
    run(github, tmp_path / "store.db")
    assert stored(tmp_path / "store.db", REACTIONS) == [(issue, comment["id"], 1, 2)]


def test_a_suggestion_is_kept_when_it_no_longer_waits(github: GitHub, world: World, tmp_path: Path) -> None:
    first, second, *_ = sorted(world.issues, reverse=True)
    world.suggestions[second] = [
        {"user": BOT, "created_at": stamp(50), "duplicate_of": 1, "rationale": "the same error"},
        {"user": None, "created_at": stamp(60), "duplicate_of": 2},
        {"user": BOT, "created_at": stamp(70), "duplicate_of": world.pulls[0]},
    ]
    run(github, tmp_path / "store.db")
    expected = [
        (second, "", "octo/widgets", 2, "", 1),
        (second, BOT["login"], "octo/widgets", 1, "the same error", 1),
    ]
    assert stored(tmp_path / "store.db", SUGGESTIONS) == expected
    assert (BOT["login"], "Bot") in stored(tmp_path / "store.db", "SELECT login, type FROM users")
    world.suggestions = {second: world.suggestions[second][:1]}
    world.change(second, state="closed")
    world.change(first, title="Another title")
    run(github, tmp_path / "store.db")
    assert [row[-1] for row in stored(tmp_path / "store.db", SUGGESTIONS)] == [0, 1]


def test_a_server_without_suggestions_is_not_asked_on(
    github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.lacking = frozenset({"Issue.pendingSuggestions"})
    run(github, tmp_path / "store.db")
    assert "this GitHub server lacks Issue.pendingSuggestions" in capsys.readouterr().err
    assert stored(tmp_path / "store.db", "SELECT outcome FROM runs") == [("complete",)]


@pytest.mark.parametrize(
    "errors",
    [
        [{"type": "INSUFFICIENT_SCOPES", "message": "Your token has not been granted the required scopes"}],
        [{"message": "Field 'rationale' doesn't exist on type 'PendingCloseSuggestion'"}],
        [{"message": "No such type PendingCloseSuggestion, so it can't be a fragment condition"}],
    ],
)
def test_a_server_that_refuses_them_does_not_stop_the_run(
    github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str], errors: list[dict[str, str]]
) -> None:
    def refuse(handler: Handler) -> bool:
        if handler.command != "POST" or "pendingSuggestions" not in handler.asked["query"]:
            return False
        handler.answer(200, {"errors": errors})
        return True

    github.always = refuse
    run(github, tmp_path / "store.db")
    assert "suggestions to close issues as duplicates could not be read" in capsys.readouterr().err
    assert stored(tmp_path / "store.db", "SELECT outcome FROM runs") == [("complete",)]


def test_what_only_others_may_see_is_not_taken_for_an_answer(github: GitHub, world: World, tmp_path: Path) -> None:
    issue = max(world.issues)
    world.suggestions[issue] = [{"user": BOT, "created_at": stamp(50), "duplicate_of": 1}]
    run(github, tmp_path / "store.db")
    world.suggestions[issue] = None  # type: ignore[assignment]
    run(github, tmp_path / "store.db")
    assert [row[-1] for row in stored(tmp_path / "store.db", SUGGESTIONS)] == [1]

"""One comment on each issue, edited in place, never twice, whatever the server does."""

import ast
import inspect
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import gis
from gis import api
from gis.collector.github.client import Client
from gis.errors import GisError, UsageError
from gis.finder.find import Finding
from gis.finder.posting import post as post_module
from gis.finder.posting import writer
from gis.finder.posting.post import Posted
from gis.marker import marker_in
from tests.collector.server import Fault, GitHub, Handler, cut_fault, status_fault
from tests.collector.world import World, user_row
from tests.finder.posting.helpers import finding, suggestion

FOUND = finding(2, suggestion(1))
ALERT = finding(2, suggestion(1), certificate="0123456789ab")
NONE = finding(2, note="no older issue was found")


def post(github: GitHub, *findings: Finding, suggest: bool = False) -> list[Posted]:
    return list(api.post_findings(findings, suggest=suggest, api_url=github.url))


def actions(posted: list[Posted]) -> list[str]:
    return [each.action for each in posted]


def bodies(world: World, number: int = 2) -> list[str]:
    return [row["body"] for row in world.comments.get(number, [])]


def after_it_was_written(fault: Fault) -> Fault:
    """The server does what it was asked, and then answers otherwise."""

    def faulty(handler: Handler) -> bool:
        answer, handler.answer = handler.answer, lambda *_, **__: None  # type: ignore[method-assign]
        handler._write()
        handler.answer = answer  # type: ignore[method-assign]
        return fault(handler)

    return faulty


def on_writes(github: GitHub, fault: Fault, times: int = 1) -> None:
    left = [times]

    def sometimes(handler: Handler) -> bool:
        if github.requests[-1] != "write" or not left[0]:
            return False
        left[0] -= 1
        return fault(handler)

    github.always = sometimes


def test_a_comment_is_written_once_and_then_edited_in_place(github: GitHub, world: World) -> None:
    assert actions(post(github, FOUND)) == ["commented"]
    assert actions(post(github, FOUND)) == ["unchanged"]
    assert len(github.written) == 1
    (done,) = post(github, finding(2, suggestion(1, 0.5), suggestion(4, 0.25)))
    assert (done.action, "issuecomment-" in done.detail) == ("updated", True)
    (body,) = bodies(world)
    marker = marker_in(body)
    assert marker is not None
    assert [name for name, _ in marker.candidates] == ["octo/widgets#1", "octo/widgets#4"]


def test_where_alerts_have_stopped_nothing_is_written_or_changed(github: GitHub, world: World) -> None:
    stopped = replace(FOUND, stopped="alerts have stopped")
    assert [(each.action, each.detail) for each in post(github, stopped)] == [("left alone", "alerts have stopped")]
    post(github, ALERT)
    before = bodies(world)
    post(github, stopped)
    assert bodies(world) == before


def test_nothing_is_written_where_nothing_was_found_but_an_earlier_comment_is_taken_back(
    github: GitHub, world: World
) -> None:
    assert [(each.action, each.detail) for each in post(github, NONE)] == [("left alone", "no older issue was found")]
    post(github, FOUND)
    assert actions(post(github, NONE)) == ["updated"]
    assert "any more" in bodies(world)[0]
    assert actions(post(github, NONE)) == ["unchanged"]


def test_a_comment_of_another_with_our_marker_is_not_ours(github: GitHub, world: World) -> None:
    post(github, FOUND)
    copied = bodies(world)[0]
    world.comments[2] = []
    world.add_comment(2, copied, user_row(5))
    assert actions(post(github, FOUND)) == ["commented"]
    assert bodies(world)[0] == copied
    assert len(bodies(world)) == 2


def test_a_second_comment_of_ours_points_to_the_first(github: GitHub, world: World) -> None:
    """Two machines that write at the same time have no lock in common."""
    post(github, FOUND)
    world.comments[2].append({**world.comments[2][0], "id": 9_000_000_001, "node_id": "IC_9"})
    assert actions(post(github, FOUND)) == ["updated"]
    first, second = bodies(world)
    assert "Possible duplicates:" in first
    assert "An earlier comment on this page names what was found." in second
    assert marker_in(second) == marker_in(first)
    assert actions(post(github, FOUND)) == ["unchanged"]
    assert actions(post(github, NONE)) == ["updated"]
    assert bodies(world)[1] == second


def test_a_comment_that_fails_after_a_suggestion_says_that_it_was_made(github: GitHub, world: World) -> None:
    def refuses(handler: Handler) -> bool:
        if "comments" in handler.path:
            handler.answer(422, {"message": "Validation Failed"})
        return "comments" in handler.path

    on_writes(github, refuses, times=9)
    (done,) = post(github, ALERT, suggest=True)
    assert (done.action, done.suggested, len(world.suggestions[2])) == ("failed", True, 1)


def test_our_comment_is_found_on_a_later_page(github: GitHub, world: World) -> None:
    for _ in range(230):
        world.add_comment(2, "me too", user_row(5))
    post(github, FOUND)
    assert actions(post(github, FOUND)) == ["unchanged"]
    assert len(bodies(world)) == 231


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda world: world.change(2, state="closed"), "it is closed"),
        (lambda world: world.change(2, locked=True), "it is locked"),
        (lambda world: setattr(world, "archived", True), "the repository is archived"),
    ],
)
def test_closed_locked_and_archived_issues_are_left_alone(
    github: GitHub, world: World, change: Callable[[World], Any], reason: str
) -> None:
    change(world)
    assert [(each.action, each.detail) for each in post(github, ALERT, suggest=True)] == [("left alone", reason)]
    assert github.written == []


def test_a_failure_of_one_issue_does_not_stop_the_others(github: GitHub, world: World) -> None:
    world.remove(4, moved_to="octo/gears")
    done = post(github, finding(4, suggestion(1)), FOUND, finding(3, suggestion(1)))
    assert actions(done) == ["failed", "commented", "failed"]
    assert "octo/widgets#4 is not an issue that this account can see" in done[0].detail
    assert "may be a pull request" in done[2].detail


def test_issue_after_issue_that_fails_ends_the_run(github: GitHub) -> None:
    github.always = status_fault(503)
    findings = [finding(number, suggestion(1)) for number in range(10, 30)]
    with pytest.raises(GisError, match="5 issues in a row failed; the other 15 were not tried"):
        post(github, *findings)
    assert github.written == []


LOST = {
    "cut": cut_fault,
    "bad gateway": status_fault(502),
    "half an answer": status_fault(200, b"{"),
    "later": status_fault(202, {}),
    "a page": status_fault(200, b"<html>Log in</html>", Content_Type="text/html"),
    "nested": status_fault(200, b"[" * 100_000),
    "nothing": status_fault(204, b""),
    "a list": status_fault(200, []),
    "another object": status_fault(200, {}),
    "a limit of queries": status_fault(200, {"errors": [{"type": "RATE_LIMITED"}]}),
}


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_lost_answer_does_not_write_twice(github: GitHub, world: World, fault: Fault) -> None:
    on_writes(github, after_it_was_written(fault))
    assert [(each.action, each.detail) for each in post(github, FOUND)] == [("commented", "the comment was written")]
    on_writes(github, after_it_was_written(fault))
    assert actions(post(github, NONE)) == ["updated"]
    assert len(bodies(world)) == 1
    assert "any more" in bodies(world)[0]


def test_what_may_have_been_written_has_time_to_show(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(Client, "_wait", lambda _, seconds, __: waits.append(seconds))
    monkeypatch.setattr(post_module, "SETTLED", 10.0)
    on_writes(github, after_it_was_written(cut_fault))
    assert actions(post(github, FOUND)) == ["commented"]
    assert waits == [10.0]


@pytest.mark.parametrize("fault", [cut_fault, status_fault(502)])
def test_what_was_not_written_is_written_again(github: GitHub, world: World, fault: Fault) -> None:
    on_writes(github, fault, times=2)
    assert actions(post(github, FOUND)) == ["commented"]
    assert len(bodies(world)) == 1


@pytest.mark.parametrize("status", [301, 307, 308])
def test_a_redirected_comment_is_not_sent_after_the_issue(github: GitHub, world: World, status: int) -> None:
    """An issue that is transferred between the look and the comment: the other repository was not asked for."""
    to = f"{github.url}/repos/octo/gears/issues/1/comments"

    def moves(handler: Handler) -> bool:
        world.remove(2, moved_to="octo/gears")
        handler.answer(status, {}, Location=to)
        return True

    on_writes(github, moves)
    (done,) = post(github, FOUND)
    assert done.error is not None
    assert "octo/widgets#2 is not an issue that this account can see" in done.detail
    assert [path for _, path, _ in github.written if "gears" in path] == []


def test_a_limit_is_waited_for(github: GitHub, world: World) -> None:
    on_writes(github, status_fault(403, {"message": "You have exceeded a secondary rate limit"}), times=2)
    assert actions(post(github, FOUND)) == ["commented"]
    assert len(bodies(world)) == 1


def test_a_missing_right_is_named(github: GitHub) -> None:
    github.may_write = False
    (done,) = post(github, FOUND)
    assert done.action == "failed"
    assert done.error is not None
    assert "permissions: issues: write" in done.error.remedy


@pytest.mark.parametrize(
    "message", ["Unable to create comment because issue is locked.", "Repository was archived so is read-only."]
)
def test_an_issue_that_is_locked_in_between_is_no_matter_of_rights(github: GitHub, message: str) -> None:
    on_writes(github, status_fault(403, {"message": message}))
    (done,) = post(github, FOUND)
    assert done.error is not None
    assert (message in done.detail, done.error.remedy) == (True, "")


def test_a_refused_token_ends_the_run_and_a_missing_one_does_not_begin_it(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "expired")
    with pytest.raises(GisError, match=r"bad credentials.*; octo/widgets#2 was not finished, and none after"):
        post(github, FOUND, FOUND)
    monkeypatch.setenv("GITHUB_TOKEN", "")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="writing needs a token"):
        post(github, FOUND)


@pytest.mark.parametrize("knows_own", [True, False])
def test_the_token_of_an_action_finds_its_own_comment(
    github: GitHub, world: World, monkeypatch: pytest.MonkeyPatch, knows_own: bool
) -> None:
    github.tokens["of-the-action"] = None
    github.knows_own = knows_own
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-action")
    assert actions(post(github, FOUND)) == ["commented"]
    assert actions(post(github, FOUND)) == ["unchanged"]
    world.comments[2][0]["user"] = {**user_row(5), "login": "github-actions"}  # a person who is called as the app is
    assert actions(post(github, FOUND)) == ["commented"]


def test_two_processes_at_once_do_not_write_to_one_repository(github: GitHub, world: World) -> None:
    writing = api.post_findings([FOUND, NONE], api_url=github.url)
    next(writing)  # which holds the repository until it goes on
    with pytest.raises(GisError, match="another process writes to octo/widgets"):
        post(github, FOUND)
    assert actions(list(writing)) == ["updated"]
    assert len(bodies(world)) == 1


def test_a_run_keeps_its_repository_from_the_first_issue_to_the_last(github: GitHub) -> None:
    writing = api.post_findings([FOUND, finding(4, suggestion(1))], api_url=github.url)
    assert next(writing).action == "commented"
    assert next(writing).action == "commented"
    with pytest.raises(GisError, match="another process writes to octo/widgets"):
        post(github, finding(5, suggestion(1)))
    assert list(writing) == []
    assert actions(post(github, finding(5, suggestion(1)))) == ["commented"]


def test_nothing_is_written_on_a_text(github: GitHub) -> None:
    with pytest.raises(UsageError, match="'text' is not an issue"):
        post(github, Finding(query="text", title="x", opened="", note=""))


def test_a_certified_finding_is_suggested_once(github: GitHub, world: World) -> None:
    (done,) = post(github, ALERT, suggest=True)
    assert (done.action, done.suggested) == ("commented", True)
    (waiting,) = world.suggestions[2]
    assert waiting["duplicate_of"] == 1
    assert "score 75%" in waiting["rationale"]
    assert world.issues[2]["state"] == "open"
    assert [each.suggested for each in post(github, ALERT, suggest=True)] == [False]
    world.suggestions[2] = []  # somebody declined it
    assert [each.suggested for each in post(github, ALERT, suggest=True)] == [False]
    assert [each.suggested for each in post(github, finding(4, suggestion(1)), suggest=True)] == [False]


def test_a_certified_score_is_posted_however_low_it_is(github: GitHub, world: World) -> None:
    assert actions(post(github, finding(2, suggestion(1, 0.01), certificate="0123456789ab"))) == ["commented"]
    assert "This looks like a duplicate of:" in bodies(world)[0]


def test_an_alert_that_names_nothing_suggests_nothing(github: GitHub, world: World) -> None:
    post(github, FOUND)
    (done,) = post(github, finding(2, certificate="0123456789ab"), suggest=True)
    assert (done.action, done.suggested) == ("updated", False)
    assert "any more" in bodies(world)[0]
    assert 2 not in world.suggestions


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_a_suggestion_whose_answer_was_lost_is_not_made_again(github: GitHub, world: World, fault: Fault) -> None:
    on_writes(github, after_it_was_written(fault))
    assert [(each.action, each.suggested) for each in post(github, ALERT, suggest=True)] == [("commented", True)]
    assert len(world.suggestions[2]) == 1


def test_a_server_that_takes_a_suggestion_for_an_order_is_named(github: GitHub, world: World) -> None:
    def closes(handler: Handler) -> bool:
        handler.answer(200, {**world.issues[2], "state": "closed"})
        return True

    on_writes(github, closes)
    (done,) = post(github, ALERT, suggest=True)
    assert "as an order and closed the issue" in done.detail


def test_without_suggestions_on_the_server_nothing_is_suggested(github: GitHub, world: World) -> None:
    world.suggestions[2] = None  # type: ignore[assignment]
    assert "may not see suggestions" in post(github, ALERT, suggest=True)[0].detail
    github.lacking = frozenset({"Issue.pendingSuggestions"})
    (done,) = post(github, ALERT, suggest=True)
    assert "does not know suggestions" in done.detail
    github.lacking = frozenset({"IssueComment.fullDatabaseId"})
    (done,) = post(github, FOUND)
    assert "too old to be written to: it does not know IssueComment.fullDatabaseId" in done.detail
    assert github.written == []


def test_a_candidate_that_is_gone_is_not_suggested(github: GitHub, world: World) -> None:
    world.remove(1)
    (done,) = post(github, ALERT, suggest=True)
    assert "octo/widgets#1 is gone" in done.detail
    world.moved[1] = "octo/gears"
    assert "is not an issue there any more" in post(github, ALERT, suggest=True)[0].detail
    assert github.written == []


def test_no_request_closes_an_issue(github: GitHub, world: World) -> None:
    post(github, ALERT, finding(4, suggestion(1), certificate="0123456789ab"), suggest=True)
    post(github, finding(2), finding(4, suggestion(2)), suggest=True)
    orders = [body for _, path, body in github.written if "comments" not in path]
    assert len(orders) == 2
    for body in orders:
        assert set(body) == {"state"}
        assert body["state"]["suggest"] is True
        assert "duplicate_issue_id" in body["state"]
    assert "mutation" not in json.dumps([body for _, _, body in github.written])
    assert all(row["state"] == "open" for row in world.issues.values())


def test_only_the_three_requests_of_the_writer_change_anything() -> None:
    package = Path(gis.__file__).parent
    callers = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("change", "requestJson", "requestJsonAndCheck")
    }
    assert callers == {"finder/posting/writer.py", "collector/github/client.py"}
    written = inspect.getsource(writer)
    assert written.count("_changed(client, ") == 3
    assert re.findall(r'"suggest": (\w+)', written) == ["True"]

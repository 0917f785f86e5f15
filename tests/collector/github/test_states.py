"""What became of issues that are known by number."""

from typing import Any

import pytest

from gis.collector.github.adaptive import AdaptiveClient
from gis.collector.github.states import (
    CONVERTED,
    ISSUES_DISABLED,
    MADE_PRIVATE,
    NO_REPOSITORY,
    UNKNOWN,
    IssueState,
    IssueStates,
    KnownIssue,
)
from gis.console import QUIET, Reporter
from gis.errors import GisError
from tests.collector.github.runs import asking
from tests.collector.server import GitHub, Handler, primary_fault, status_fault

pytestmark = pytest.mark.slow


def known(*numbers: int, name: str = "octo/widgets", identity: int = 4711, **more: Any) -> list[KnownIssue]:  # noqa: ANN401
    return [KnownIssue(name, identity, number, **more) for number in numbers]


def states(github: GitHub, issues: list[KnownIssue], reporter: Reporter = QUIET) -> list[IssueState]:
    found = IssueStates(AdaptiveClient(asking(github), reporter)).of(issues)
    return [found[issue] for issue in issues]


def of(*numbers: int, github: GitHub) -> list[IssueState]:
    rows = [github.world.issues[number] for number in numbers]
    return [IssueState(None, row["title"], row["body"] or "") for row in rows]


def test_a_hundred_issues_cost_a_point(github: GitHub) -> None:
    numbers = list(github.world.issues)[:100]
    assert states(github, known(*numbers)) == of(*numbers, github=github)
    assert github.requests == ["graphql"]
    assert github.points == 1


def test_each_missing_issue_has_its_fate(github: GitHub) -> None:
    one, deleted, moved, converted, *_ = github.world.issues
    github.world.remove(deleted)
    github.world.remove(moved, moved_to="octo/gears")
    github.world.remove(converted)
    github.world.discussions.add(converted)
    there, *rest = states(github, known(one, deleted, moved, converted))
    assert [there] == of(one, github=github)
    assert [state.gone for state in rest] == ["deleted", "moved to octo/gears#1", CONVERTED]
    assert github.requests == ["graphql", *["rest"] * 4, "graphql"]  # a move is two requests


def test_a_fate_that_is_known_is_not_asked_for_again(github: GitHub) -> None:
    deleted = next(iter(github.world.issues))
    github.world.remove(deleted)
    (state,) = states(github, known(deleted, gone="moved to octo/gears#1"))
    assert state.gone == "moved to octo/gears#1"
    assert github.requests == ["graphql"]


def test_an_issue_that_is_there_again_is_no_longer_gone(github: GitHub) -> None:
    number = next(iter(github.world.issues))
    assert states(github, known(number, gone="hidden")) == of(number, github=github)


def test_a_repository_without_a_number_is_found_by_name(github: GitHub) -> None:
    number = next(iter(github.world.issues))
    assert states(github, known(number, identity=0)) == of(number, github=github)


@pytest.mark.parametrize("identity", [0, 4711])
def test_a_repository_that_is_not_found_takes_its_issues_along(github: GitHub, identity: int) -> None:
    github.world.found = False
    numbers = list(github.world.issues)[:5]
    asker = IssueStates(AdaptiveClient(asking(github), QUIET))
    found = asker.of(known(*numbers, identity=identity))
    assert set(found.values()) == {IssueState(NO_REPOSITORY)}
    github.requests.clear()
    assert set(asker.of(known(99, identity=identity)).values()) == {IssueState(NO_REPOSITORY)}
    assert github.requests == []


def test_a_renamed_repository_is_found_by_its_number_where_another_has_taken_its_name(github: GitHub) -> None:
    github.world.taken_names = ("octo/gadgets",)
    one, other, *_ = github.world.issues
    asker = IssueStates(AdaptiveClient(asking(github), QUIET))
    issues = known(one, name="octo/gadgets")
    assert [asker.of(issues)[issue] for issue in issues] == of(one, github=github)
    github.requests.clear()
    issues = known(other, name="octo/gadgets")
    assert [asker.of(issues)[issue] for issue in issues] == of(other, github=github)
    assert github.requests == ["graphql"]


def test_an_issue_that_answers_from_another_repository_was_moved(github: GitHub) -> None:
    one, other, *_ = github.world.issues
    github.world.issues[one] = {**github.world.issues[one], "number": other}
    (state,) = states(github, known(one))
    assert state.gone == f"moved to octo/widgets#{other}"


def test_a_private_repository_is_gone_where_it_was_public(github: GitHub) -> None:
    github.world.private = True
    one, other, *_ = github.world.issues
    found = states(github, [*known(one, public=True), *known(other)])
    assert found == [IssueState(MADE_PRIVATE), *of(other, github=github)]


def test_disabled_issues_are_named_as_such(github: GitHub) -> None:
    github.world.has_issues = False
    assert [state.gone for state in states(github, known(1, 2))] == [ISSUES_DISABLED] * 2


def test_what_github_refuses_to_a_token_is_not_called_gone(github: GitHub) -> None:
    def forbidden(handler: Handler) -> bool:
        if handler.command == "GET":
            handler.answer(403, {"message": "Resource protected by organization SAML enforcement."})
            return True
        handler.answer(
            200,
            {
                "data": {"rateLimit": {"cost": 1}, "repository0": None},
                "errors": [{"type": "FORBIDDEN", "message": "Resource protected by organization SAML enforcement."}],
            },
        )
        return True

    github.always = forbidden
    assert states(github, known(1, 2)) == [UNKNOWN] * 2
    assert states(github, known(1, identity=0)) == [UNKNOWN]


def test_a_repository_that_is_there_and_not_shown_is_not_called_gone(github: GitHub) -> None:
    def not_shown(handler: Handler) -> bool:
        if handler.command == "POST":
            handler.answer(200, {"data": {"rateLimit": {"cost": 1}, "repository0": None}})
        return handler.command == "POST"

    github.always = not_shown
    assert states(github, known(1)) == [UNKNOWN]


def test_an_issue_that_rest_shows_is_not_called_gone(github: GitHub) -> None:
    number, other, *_ = github.world.issues

    def null(handler: Handler) -> bool:
        if handler.command == "POST":
            answer = handler.github.world.issues[other]
            repository = {"nameWithOwner": "octo/widgets", "databaseId": 4711, "isPrivate": False}
            shown = {"number": other, "title": answer["title"], "body": answer["body"], "repository": repository}
            both = {**repository, "hasIssuesEnabled": True, "issue0": None, "issue1": shown}
            handler.answer(200, {"data": {"rateLimit": {"cost": 1}, "repository0": both}})
        return handler.command == "POST"

    github.always = null
    assert states(github, known(number, other)) == [UNKNOWN, *of(other, github=github)]


def test_a_query_that_is_too_large_is_divided(github: GitHub) -> None:
    def too_large(handler: Handler) -> bool:
        return handler.asked["query"].count("...State") > 40 and status_fault(502)(handler)

    github.always = too_large
    numbers = list(github.world.issues)[:100]
    assert states(github, known(*numbers)) == of(*numbers, github=github)


def test_limits_are_waited_for(github: GitHub) -> None:
    github.faults = [primary_fault(), status_fault(502)]
    number = next(iter(github.world.issues))
    assert states(github, known(number)) == of(number, github=github)


def test_a_server_without_discussions_calls_them_deleted(github: GitHub) -> None:
    github.lacking = frozenset({"Repository.discussion"})
    number = next(iter(github.world.issues))
    github.world.remove(number)
    github.world.discussions.add(number)
    assert [state.gone for state in states(github, known(number))] == ["deleted"]


def test_an_answer_that_is_not_github_s_marks_nothing(github: GitHub) -> None:
    def odd(handler: Handler) -> bool:
        handler.answer(200, {"data": {"rateLimit": {"cost": 1}, "repository0": {"databaseId": "x"}}})
        return True

    github.always = odd
    with pytest.raises(GisError, match="databaseId"):
        states(github, known(1))

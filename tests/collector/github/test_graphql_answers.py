"""A walk through GraphQL, answer by answer: parts that GitHub withholds, cursors that it forgets, pages that shrink."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from gis.collector.fields import Fields
from gis.collector.github.client import Client, UsageMeter
from gis.collector.github.graphql import GraphQLResumePoint, GraphQLSource
from gis.collector.github.graphql_errors import CursorRefusedError
from gis.collector.github.node_pages import NodePage
from gis.collector.github.page_size import FEWEST_NESTED, PageSize
from gis.collector.records import Page
from gis.collector.source import QueryTimeoutError
from gis.console import Reporter

WHEN = "2024-01-01T00:00:00Z"
Asked = dict[str, Any]  # the variables of a query, and whether it may be given up early
Server = Callable[[Asked], dict[str, Any]]


class Answering(Client):
    """A client that a function answers, and which notes what it was asked."""

    def __init__(self, server: Server) -> None:
        self.url, self.usage, self._server = "https://api.github.com", UsageMeter(), server
        self.asked: list[Asked] = []

    def get(self, path: str, **parameters: str | int) -> Any:  # noqa: ANN401, ARG002
        return SimpleNamespace(body={"full_name": "octo/widgets", "id": 1})

    def graphql(self, query: str, variables: Mapping[str, Any], *, shrinkable: bool = False) -> Fields:  # noqa: ARG002
        self.asked.append({**variables, "shrinkable": shrinkable})
        assert len(self.asked) < 50, "no end of requests"
        return Fields(self._server(self.asked[-1]))


def connection(nodes: Sequence[Any], *, total: int | None = None, after: str | None = None) -> dict[str, Any]:
    return {
        "totalCount": len(nodes) if total is None else total,
        "pageInfo": {"hasNextPage": after is not None, "endCursor": after},
        "nodes": list(nodes),
    }


def comment(number: int) -> dict[str, Any]:
    return {
        "id": f"C_{number}",
        "fullDatabaseId": number,
        "body": f"Comment {number}",
        "createdAt": WHEN,
        "updatedAt": WHEN,
    }


def issue(number: int, comments: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "number": number,
        "id": f"I_{number}",
        "title": f"Issue {number}",
        "body": "",
        "state": "OPEN",
        "createdAt": WHEN,
        "updatedAt": WHEN,
        "comments": comments or connection([]),
        "timelineItems": connection([]),
    }


def page(*issues: Any, after: str | None = None) -> dict[str, Any]:  # noqa: ANN401
    return {"repository": {"issues": connection(issues, after=after), "pullRequests": connection([])}}


def walked(server: Server, **options: Any) -> tuple[list[Page], Answering]:  # noqa: ANN401
    client = Answering(server)
    resume_from = options.pop("resume_from", None)
    return list(GraphQLSource(client, "octo/widgets", **options).pages(None, resume_from)), client


def numbers(pages: Sequence[Page]) -> list[int]:
    return [record.number for each in pages for record in each.issues]


def test_the_first_page_says_how_many_issues_are_expected() -> None:
    source = GraphQLSource(Answering(lambda _: page(issue(1), issue(2))), "octo/widgets")
    assert source.expected_issues == 0
    list(source.pages(None, None))
    assert source.expected_issues == 2
    pulls_alone = Answering(lambda _: {"repository": {"pullRequests": connection([{"number": 3}])}})
    source = GraphQLSource(pulls_alone, "octo/widgets")
    list(source.pages(None, GraphQLResumePoint(since=None, issues_done=True).to_json()))
    assert source.expected_issues == 0


def test_a_page_comes_with_its_comments() -> None:
    pages, client = walked(lambda _: page(issue(1), issue(2, connection([comment(7)]))))
    assert numbers(pages) == [1, 2]
    assert [each.id for each in pages[0].issues[1].comments or ()] == [7]
    assert len(client.asked) == 1
    assert pages[0].done


def test_an_issue_that_is_withheld_is_named_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Larger pages are tried again, in smaller ones; the smallest is taken as it is."""
    pages, client = walked(lambda _: page(issue(1), None), reporter=Reporter())
    assert numbers(pages) == [1]
    assert client.asked[-1]["first"] == 1
    assert client.asked[-1]["nested"] == FEWEST_NESTED
    assert [asked["shrinkable"] for asked in client.asked] == [True] * (len(client.asked) - 1) + [False]
    assert capsys.readouterr().err.count("octo/widgets: GitHub withheld an issue; continuing without it") == 1


def test_a_whole_page_warns_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    walked(lambda _: page(issue(1)), reporter=Reporter())
    assert capsys.readouterr().err == ""


def test_a_page_whose_issues_an_error_took_is_asked_for_in_parts() -> None:
    whole = page(issue(1))

    def server(asked: Asked) -> dict[str, Any]:
        return {"repository": {**whole["repository"], "issues": None}} if asked["first"] > 12 else whole

    pages, client = walked(server)
    assert numbers(pages) == [1]
    assert [asked["first"] for asked in client.asked] == [50, 25, 12]


def test_pull_requests_are_asked_for_alone_once_all_issues_are_known() -> None:
    point = GraphQLResumePoint(since=None, issues_done=True)
    pulls = {"repository": {"pullRequests": connection([{"number": 3}])}}
    pages, client = walked(lambda _: pulls, resume_from=point.to_json())
    assert pages[0].pull_requests == (3,)
    assert (client.asked[0]["withIssues"], client.asked[0]["withPulls"]) == (False, True)


def test_a_walk_whose_cursor_is_forgotten_starts_anew_once() -> None:
    point = GraphQLResumePoint(since=None, issues_after="old")

    def forgetting(asked: Asked) -> dict[str, Any]:
        if asked["after"] == "old":
            raise CursorRefusedError("invalid cursor")
        return page(issue(1))

    pages, client = walked(forgetting, resume_from=point.to_json())
    assert numbers(pages) == [1]
    assert [asked["after"] for asked in client.asked] == ["old", None]


def test_a_server_that_refuses_every_cursor_ends_the_walk() -> None:
    requests: list[Asked] = []

    def refusing(asked: Asked) -> dict[str, Any]:
        requests.append(asked)
        raise CursorRefusedError("invalid cursor")

    point = GraphQLResumePoint(since=None, issues_after="old")
    with pytest.raises(CursorRefusedError):
        walked(refusing, resume_from=point.to_json())
    assert [asked["after"] for asked in requests] == ["old", None]


def test_comments_that_are_missing_from_a_page_are_fetched_again() -> None:
    def server(asked: Asked) -> dict[str, Any]:
        if "id" in asked:
            return {"node": {"comments": connection([comment(7), comment(8)])}}
        return page(issue(1, connection([comment(7), None], total=2)))

    pages, client = walked(server)
    assert [each.id for each in pages[0].issues[0].comments or ()] == [7, 8]
    assert (client.asked[-1]["id"], client.asked[-1]["after"]) == ("I_1", None)


def test_comments_that_stay_missing_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    incomplete = connection([comment(7), None], total=2)

    def server(asked: Asked) -> dict[str, Any]:
        return {"node": {"comments": incomplete}} if "id" in asked else page(issue(1, incomplete))

    pages, _ = walked(server, reporter=Reporter())
    assert [each.id for each in pages[0].issues[0].comments or ()] == [7]
    assert "issue 1: GitHub counts 2 comments but returned 1" in capsys.readouterr().err


def test_further_comments_come_in_halves_where_the_server_runs_out_of_time() -> None:
    def server(asked: Asked) -> dict[str, Any]:
        if "id" not in asked:
            return page(issue(1, connection([comment(7)], total=3, after="first")))
        if asked["first"] > 1:
            raise QueryTimeoutError
        if asked["after"] == "first":
            return {"node": {"comments": connection([comment(8)], total=3, after="second")}}
        return {"node": {"comments": connection([comment(9)], total=3)}}

    pages, client = walked(server)
    assert [each.id for each in pages[0].issues[0].comments or ()] == [7, 8, 9]
    assert [asked["first"] for asked in client.asked[1:]] == [100, 50, 25, 12, 6, 3, 1, 1]
    assert [asked["shrinkable"] for asked in client.asked[1:]] == [True] * 6 + [False] * 2


def test_an_issue_that_vanishes_before_its_further_comments_keeps_what_came() -> None:
    def server(asked: Asked) -> dict[str, Any]:
        return {"node": None} if "id" in asked else page(issue(1, connection([comment(7)], total=1, after="first")))

    pages, _ = walked(server)
    assert [each.id for each in pages[0].issues[0].comments or ()] == [7]


def test_the_smallest_page_is_one_issue_with_the_fewest_parts() -> None:
    size = PageSize(2)
    for _ in range(3):
        assert not size.is_smallest
        size.shrink()
    assert (size.issues, size.nested, size.is_smallest) == (1, 25, False)
    size.shrink()
    size.shrink()
    assert size.is_smallest


@pytest.mark.parametrize("issues_done", [False, True])
@pytest.mark.parametrize("pulls_done", [False, True])
def test_a_resume_point_is_read_as_it_was_written(issues_done: bool, pulls_done: bool) -> None:
    point = GraphQLResumePoint(
        since=WHEN, issues_after="i", issues_done=issues_done, pulls_after="p", pulls_done=pulls_done
    )
    assert GraphQLResumePoint.from_json(point.to_json()) == point
    assert point.done == point.to_json()["done"] == (issues_done and pulls_done)
    assert point.next_walk("later") == GraphQLResumePoint(since="later", pulls_after="p")


def test_a_finished_walk_begins_again_where_the_pull_requests_ended() -> None:
    point = GraphQLResumePoint(since=WHEN, issues_after="i", issues_done=True, pulls_after="p", pulls_done=True)
    client = Answering(lambda _: page(issue(1)))
    (only,) = GraphQLSource(client, "octo/widgets").pages("later", point.to_json())
    (asked,) = client.asked
    assert (asked["since"], asked["after"], asked["pullsAfter"]) == ("later", None, "p")
    assert only.resume_point["pulls"] == "p"


def test_a_page_without_an_end_keeps_the_cursor_that_is_known() -> None:
    nothing = NodePage((), None, False, 0)
    point = GraphQLResumePoint(since=None, issues_after="i", pulls_after="p").after(nothing, nothing)
    assert point == GraphQLResumePoint(since=None, issues_after="i", issues_done=True, pulls_after="p", pulls_done=True)
    some = NodePage((), "new", True, 0)
    assert GraphQLResumePoint(since=None, issues_after="i").after(some, None) == GraphQLResumePoint(
        since=None, issues_after="new"
    )
    assert GraphQLResumePoint(since=None).after(None, some) == GraphQLResumePoint(since=None, pulls_after="new")


def sized(issues: int, pulls: int, *comments: int) -> dict[str, Any]:
    sample = [{"comments": {"totalCount": count}} for count in comments]
    return {
        "repository": {
            "issues": {"totalCount": issues},
            "pullRequests": {"totalCount": pulls},
            "sample": {"nodes": sample},
        }
    }


@pytest.mark.parametrize(("comments", "estimate"), [((2, 4, 6), 40), ((), 0), ((1, 2), 15), ((3,), 30)])
def test_comments_are_estimated_from_a_sample(comments: tuple[int, ...], estimate: int) -> None:
    source = GraphQLSource(Answering(lambda _: sized(10, 3, *comments)), "octo/widgets")
    assert tuple(source.size()) == (10, 3, estimate)


@pytest.mark.parametrize(("known", "asked"), [(9, None), (10, None), (11, [[1, 2], [3]])])
def test_numbers_are_listed_only_where_more_issues_are_known_than_there_are(
    known: int, asked: list[list[int]] | None
) -> None:
    def server(variables: Asked) -> dict[str, Any]:
        if "after" not in variables:
            return sized(10, 0)
        first = variables["after"] is None
        nodes = [{"number": 1}, {"number": 2}] if first else [{"number": 3}]
        return {"repository": {"issues": connection(nodes, after="next" if first else None)}}

    client = Answering(server)
    listing = GraphQLSource(client, "octo/widgets").issue_numbers(known)
    assert (listing if listing is None else [list(numbers) for numbers in listing]) == asked
    if asked is not None:
        assert [each["after"] for each in client.asked[1:]] == [None, "next"]
        assert client.asked[1]["first"] == 100

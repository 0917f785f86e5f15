"""Where walks continue: the form that stores of every version keep, and how each source moves on."""

from typing import Any

import pytest

from gis.collector.dump import DumpResumePoint
from gis.collector.github.graphql import GraphQLResumePoint
from gis.collector.github.node_pages import NodePage
from gis.collector.github.rest import COMMENTS, EVENTS, ISSUES, RestResumePoint
from gis.collector.progress import Progress

# As version 0.1 wrote them: these must be read for as long as its stores are.
STORED: dict[type[Any], dict[str, Any]] = {
    Progress: {"asked": ["graphql"], "walk": {"pulls": None}, "newest": "2020-01-01T00:00:00Z", "done": False},
    GraphQLResumePoint: {
        "pulls": "cursor", "done": False, "since": None, "after": "other", "issues_done": False, "pulls_done": True
    },
    RestResumePoint: {"list": "issues/comments", "start": None, "since": "2020-01-01", "page": 2, "done": True},
    DumpResumePoint: {"file": "comments", "line": 1500, "done": False},
}  # fmt: skip


@pytest.mark.parametrize("kind", STORED, ids=lambda kind: kind.__name__)
def test_what_version_0_1_stored_is_read_and_written_alike(kind: type[Any]) -> None:
    assert kind.from_json(STORED[kind]).to_json() == STORED[kind]


def connection(end: str | None, *, more: bool) -> NodePage:
    return NodePage(nodes=(), end=end, more=more, total=0)


def test_a_graphql_walk_ends_when_issues_and_pull_requests_do() -> None:
    point = GraphQLResumePoint(since=None).after(connection("i1", more=True), connection("p1", more=False))
    assert (point.issues_after, point.pulls_after, point.done) == ("i1", "p1", False)
    point = point.after(connection(None, more=False), None)
    assert (point.issues_after, point.pulls_after, point.done) == ("i1", "p1", True)


def test_the_next_graphql_walk_goes_on_with_new_pull_requests() -> None:
    done = GraphQLResumePoint(since=None, issues_after="i9", issues_done=True, pulls_after="p9", pulls_done=True)
    assert done.next_walk("2024-01-01T00:00:00Z") == GraphQLResumePoint(since="2024-01-01T00:00:00Z", pulls_after="p9")


def test_a_rest_walk_requests_what_changed_since_the_last_row() -> None:
    point = RestResumePoint.first("2020-01-01T00:00:00Z")
    assert point.after([{"updated_at": "2021-01-01T00:00:00Z"}], last_page=False) == RestResumePoint(
        list=ISSUES, start="2020-01-01T00:00:00Z", since="2021-01-01T00:00:00Z"
    )
    assert (
        point.after([{"updated_at": "2020-01-01T00:00:00Z"}], last_page=False).page == 2
    )  # a whole page of one second


def test_a_rest_walk_reads_one_list_after_the_other() -> None:
    point = RestResumePoint(list=ISSUES, start="2020-01-01T00:00:00Z", since="2023-01-01T00:00:00Z", page=7)
    point = point.after([], last_page=True)
    assert point == RestResumePoint(list=COMMENTS, start="2020-01-01T00:00:00Z", since="2020-01-01T00:00:00Z")
    point = point.after([], last_page=True)
    assert point == RestResumePoint(list=EVENTS, start="2020-01-01T00:00:00Z", since="2020-01-01T00:00:00Z")
    assert point.after([], last_page=True).done


def test_a_rest_walk_reads_events_until_they_are_older_than_the_last_walk() -> None:
    point = RestResumePoint(list=EVENTS, start="2020-01-01T00:00:00Z", since="2020-01-01T00:00:00Z")
    assert point.after([{"created_at": "2021-01-01T00:00:00Z"}], last_page=False) == RestResumePoint(
        list=EVENTS, start="2020-01-01T00:00:00Z", since="2020-01-01T00:00:00Z", page=2
    )
    assert point.after([{"created_at": "2019-01-01T00:00:00Z"}], last_page=False).done

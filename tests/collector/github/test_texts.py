"""Titles and bodies of issues that are known by number."""

from collections.abc import Iterator
from typing import Any

import pytest

from gis.collector.github import client as github_client
from gis.collector.github.accounts import token_account
from gis.collector.github.client import Client
from gis.collector.github.connection import Connection
from gis.collector.records import IssueText, WithheldIssue
from gis.console import QUIET, Reporter
from tests.collector.server import GitHub, schema, serving, status_fault
from tests.collector.world import made, user_row

pytestmark = pytest.mark.slow


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(made(150), schema()) as server:
        yield server


def connection(github: GitHub, reporter: Reporter = QUIET) -> Connection:
    client = Client(github.url, [token_account("good-token-1234")], reporter=reporter)
    return Connection(client, "graphql", reporter)


def test_texts_come_as_they_are_and_as_first_written(github: GitHub) -> None:
    one, other, removed, *rest = github.world.issues
    github.world.first_bodies[one] = "At first"
    rename = {"kind": "RenamedTitleEvent", "createdAt": "2020-06-01T00:00:00Z", "actor": user_row(1)}
    github.world.events[other].append({**rename, "previousTitle": "Before"})
    github.world.remove(removed)
    issues = [("octo/widgets", number) for number in (one, other, removed, *rest)]
    given = connection(github).texts([*issues, ("octo/nothing", 1)])
    texts = {text.number: text for text in given if isinstance(text, IssueText)}
    assert sorted(texts) == sorted([one, other, *rest])
    assert (texts[one].first_body, texts[one].first_title) == ("At first", None)
    assert (texts[other].first_body, texts[other].first_title) == (None, "Before")
    assert texts[one].title == github.world.issues[one]["title"]
    assert texts[one].body == (github.world.issues[one]["body"] or "")
    assert len(github.requests) == 3


def test_a_server_that_keeps_no_edits_gives_the_current_bodies(
    github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    github.lacking = frozenset({"Issue.userContentEdits"})
    number = next(iter(github.world.issues))
    (text,) = connection(github, Reporter()).texts([("octo/widgets", number)])
    assert isinstance(text, IssueText)
    assert text.first_body is None
    assert "lacks Issue.userContentEdits; continuing without" in capsys.readouterr().err


def test_a_query_that_is_too_large_is_divided(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_client, "FIRST_BACKOFF", 0.001)

    def too_large(handler: object) -> bool:
        query = handler.asked["query"]  # type: ignore[attr-defined]
        return query.count("...Text") > 40 and status_fault(502)(handler)  # type: ignore[arg-type]

    github.always = too_large
    issues = [("octo/widgets", number) for number in github.world.issues]
    assert [text.number for text in connection(github).texts(issues)] == list(github.world.issues)


def test_texts_of_a_private_repository_are_given_only_where_they_are_meant(github: GitHub) -> None:
    github.world.private = True
    issues = [("octo/widgets", number) for number in list(github.world.issues)[:3]]
    assert list(connection(github).texts([*issues, ("octo/widgets", 9999)])) == [WithheldIssue(*key) for key in issues]
    assert all(isinstance(text, IssueText) for text in connection(github).texts(issues, private=True))


def test_numbers_are_sent_as_variables(github: GitHub) -> None:
    asked: list[dict[str, Any]] = []
    github.always = lambda handler: asked.append(handler.asked) or False  # type: ignore[func-returns-value]
    list(connection(github).texts([("octo/widgets", 4), ("octo/widgets", 77)]))
    assert asked[0]["variables"] == {"owner": "octo", "name": "widgets", "number0": 4, "number1": 77}
    assert "77" not in asked[0]["query"]

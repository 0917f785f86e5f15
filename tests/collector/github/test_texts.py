"""Titles and bodies of issues that are known by number."""

from collections.abc import Iterator

import pytest

from gis.collector.github import client as github_client
from gis.collector.github.accounts import token_account
from gis.collector.github.client import Client
from gis.collector.github.connection import Connection
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
    texts = {text.number: text for text in connection(github).texts([*issues, ("octo/nothing", 1)])}
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

"""Whatever GitHub or a dump answers: no traceback, no loop, and nothing is stored that a build cannot read."""

import json
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gis.collector.collect import collect
from gis.collector.confirm import confirm
from gis.collector.dump import DumpSource
from gis.collector.github import client as github_client
from gis.collector.github.accounts import token_account
from gis.collector.github.client import Client, Limits
from gis.collector.github.connection import Connection
from gis.collector.github.graphql import GraphQLResumePoint
from gis.collector.records import IssueText
from gis.collector.status import status_notes, status_table
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.console import Reporter
from gis.dataset.issues.table import NOT_CLOSED, load_issues, stamp
from gis.dataset.labels.all_evidence import find_evidence
from gis.errors import GisError
from tests.collector.odd_answers import OddGitHub, small_world
from tests.faults.odd import CHANGES, DROP, FEW, MANY, ODD, URL, Change, Odd

apis = pytest.mark.parametrize("api", ["graphql", "rest"])


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_client, "FIRST_BACKOFF", 0.0001)
    monkeypatch.setattr(github_client, "SECONDARY_WAIT", 0.0001)


def connected(odd: Odd, api: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Connection, OddGitHub]:  # noqa: ANN401
    server = OddGitHub(odd)
    monkeypatch.setattr(github_client, "_connection", lambda _: server)
    limits = Limits(wait=0.01, attempts=3)
    client = Client(URL, [token_account("good-token-1234")], limits=limits, reporter=Reporter(quiet=True))
    return Connection(client, api, Reporter(quiet=True)), server


def assert_sound(path: Path) -> None:
    """Everything in a store can be read as a build reads it, and shown."""
    with Store(path) as store:
        issues = load_issues(store)
        for times in (issues.created, issues.closed):
            assert all(stamp(int(moment)) for moment in times if moment != NOT_CLOSED)
        assert all(stamp(each.created_at) for each in find_evidence(store, issues))
        for (answer,) in store.rows("SELECT answer FROM raw"):
            json.loads(answer)
        statuses = store.status()
        assert status_table(statuses).lines(100)
        assert status_notes(statuses, store.left_out())


def collect_oddly(odd: Odd, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.db")
        connection, _ = connected(odd, api, monkeypatch)
        with StoreWriter.open(path) as store, suppress(GisError):
            collect(store, connection.source("octo/widgets", original_bodies=True))
        assert_sound(path)
        server = OddGitHub(odd._replace(first=10**9))  # once GitHub is well again, the same command completes
        connection.client._connection = server  # type: ignore[assignment]
        with StoreWriter.open(path) as store:
            collect(store, connection.source("octo/widgets", original_bodies=True))
            (status,) = store.status()
        assert status.complete
        assert_sound(path)


@apis
@FEW
@given(odd=ODD)
def test_odd_answers_are_errors_or_left_out(odd: Odd, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    collect_oddly(odd, api, monkeypatch)


@pytest.mark.slow
@apis
@MANY
@given(odd=ODD)
def test_many_odd_answers_are_errors_or_left_out(odd: Odd, api: str, monkeypatch: pytest.MonkeyPatch) -> None:
    collect_oddly(odd, api, monkeypatch)


@apis
@FEW
@given(odd=ODD)
def test_odd_answers_end_an_estimate_and_texts_with_an_error(
    odd: Odd, api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with suppress(GisError):
        connected(odd, api, monkeypatch)[0].estimate("octo/widgets")
    numbers = list(small_world().issues)
    with suppress(GisError):
        for text in connected(odd, api, monkeypatch)[0].texts([("octo/widgets", number) for number in numbers]):
            assert isinstance(text, IssueText)
            assert isinstance(text.title, str)
            assert text.number in numbers


def confirm_oddly(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "store.db")
        connection, _ = connected(odd._replace(first=10**9), "graphql", monkeypatch)
        with StoreWriter.open(path) as store:
            collect(store, connection.source("octo/widgets"))
        oddly, _ = connected(odd, "graphql", monkeypatch)
        with StoreWriter.open(path) as store, suppress(GisError):
            confirm(store, oddly.client)
        assert_sound(path)
        with Store(path) as store:
            (gone,) = store.rows("SELECT count(*) FROM issues WHERE gone IS NOT NULL")[0]
        values = [change.value for change in odd.changes]
        assert not gone or not all(value in (DROP, None) for value in values), "what is missing is not what is gone"
        healthy, _ = connected(odd._replace(first=10**9), "graphql", monkeypatch)
        for _ in range(2):  # the rest, and then everything
            with StoreWriter.open(path) as store:
                confirm(store, healthy.client)
        with Store(path) as store:
            assert store.rows("SELECT count(*) FROM issues WHERE gone IS NOT NULL") == [(0,)]


@FEW
@given(odd=ODD)
@example(odd=Odd(0, always=False, changes=[Change([0, 1], None)]))
@example(odd=Odd(0, always=False, changes=[Change([0, 1, 4], None)]))
@example(odd=Odd(0, always=True, status=404))
def test_an_odd_answer_is_not_an_issue_that_is_gone(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    confirm_oddly(odd, monkeypatch)


@pytest.mark.slow
@MANY
@given(odd=ODD)
def test_many_odd_answers_are_not_issues_that_are_gone(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    confirm_oddly(odd, monkeypatch)


LINES = [
    *(("issues", {**row, "repository": "octo/widgets"}) for row in small_world().issues.values()),
    *(("comments", row) for rows in small_world().comments.values() for row in rows),
    (
        "issues",
        {
            "number": 60, "id": "I_60", "title": "x", "state": "OPEN", "stateReason": "", "author": {"login": "app/a"},
            "labels": {"nodes": [{"name": "ui"}]}, "createdAt": "2020-01-01T00:00:00Z",
            "updatedAt": "2020-01-01T00:00:00Z", "url": "https://github.com/octo/widgets/issues/60",
            "comments": {"totalCount": 1, "nodes": [{"id": "IC_1", "body": "b", "author": None, "createdAt":
            "2020-01-01T00:00:00Z", "url": "https://github.com/octo/widgets/issues/60#issuecomment-5"}]},
        },
    ),
    ("issues", {"type": "IssuesEvent", "repo": {"name": "octo/widgets"},
                "payload": {"issue": {**next(iter(small_world().issues.values())), "number": 61}}}),
    ("cross_references", {"number": 1, "from": "a/b#4", "type": "issue", "date": "2020-01-01T00:00:00Z", "actor": "a"}),
]  # fmt: skip


def read_oddly(changes: list[tuple[int, Change]]) -> None:
    rows = [(name, json.loads(json.dumps(row))) for name, row in LINES]
    for place, change in changes:
        name, row = rows[place % len(rows)]
        rows[place % len(rows)] = name, change(row) if isinstance(row, dict | list) and row else row
    with tempfile.TemporaryDirectory() as folder:
        for name in {name for name, _ in rows}:
            text = "".join(json.dumps(row) + "\n" for kind, row in rows if kind == name)
            Path(folder, f"{name}.jsonl").write_text(text, encoding="utf-8")
        path = Path(folder, "store.db")
        with StoreWriter.open(path) as store, suppress(GisError):
            collect(store, DumpSource(Path(folder), reporter=Reporter(quiet=True)))
        assert_sound(path)


CHANGED_LINES = st.lists(st.tuples(st.integers(0, 40), CHANGES.map(lambda changes: changes[0])), min_size=1, max_size=4)


@FEW
@given(changes=CHANGED_LINES)
@example(changes=[(0, Change([0], "nested 600"))])
def test_odd_lines_of_a_dump_are_left_out(changes: list[tuple[int, Change]]) -> None:
    read_oddly(changes)


@pytest.mark.slow
@MANY
@given(changes=CHANGED_LINES)
def test_many_odd_lines_of_a_dump_are_left_out(changes: list[tuple[int, Change]]) -> None:
    read_oddly(changes)


NODES = [("data", "repository", "issues", "nodes", 1), ("data", "repository", "issues", "nodes", 2)]


def at(*names: str | int) -> list[int]:
    """The way to a place in the page of issues that the second request brings."""
    server = OddGitHub(Odd(10**9, always=False))
    here: Any = page_of_issues(server)
    steps = []
    for name in names:
        steps.append(list(here).index(name) if isinstance(here, dict) else int(name))
        here = here[name]
    return steps


def page_of_issues(server: OddGitHub) -> Any:  # noqa: ANN401
    from gis.collector.github.queries import page_query

    variables = {
        "owner": "octo", "name": "widgets", "first": 50, "after": None, "since": None, "nested": 100, "pulls": 100,
        "pullsAfter": None, "withIssues": True, "withPulls": True,
    }  # fmt: skip
    body = json.dumps({"query": page_query(frozenset(), edits=True), "variables": variables})
    server.request("POST", "/graphql", body, {"Authorization": "x"})
    return json.loads(server.getresponse().read())


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("number", "one", "the field number is of the type str, expected an integer"),
        ("number", -1, "the field number is not a number that GitHub uses"),
        ("number", 2**70, "the field number is not a number that GitHub uses"),
        ("createdAt", "yesterday", "the field createdAt is 'yesterday', not a time"),
        ("updatedAt", "99999-01-01T00:00:00Z", "the field updatedAt is '99999-01-01T00:00:00Z', not a time"),
        ("title", 7, "the field title is of the type int, expected text"),
        ("title", DROP, "the field title is missing, expected text"),
        ("comments", None, "the field comments is null, expected an object"),
        ("author", {"login": "a"}, "the field author.__typename is missing, expected text"),
    ],
)
def test_an_issue_that_cannot_be_is_named_in_report_store_and_status(
    field: str, value: object, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    steps = at("data", "repository", "issues", "nodes", 1, field)
    number = page_of_issues(OddGitHub(Odd(10**9, always=False)))["data"]["repository"]["issues"]["nodes"][1]["number"]
    connection, server = connected(Odd(1, always=True, changes=[Change(steps, value)]), "graphql", monkeypatch)
    with StoreWriter.open(tmp_path / "store.db") as store:
        report = collect(store, connection.source("octo/widgets", original_bodies=True))
        (status,) = store.status()
        notes = "\n".join(status_notes([status], store.left_out()))
        place = 0 if field == "number" else number
        assert report.issues == status.issues == 5
        assert [item[0] for item in report.left_out] == [place]
        assert (status.left_out, report.left_out[0].field) == (1, field if field != "author" else "author.__typename")
        assert f"octo/widgets#{place or 'unknown'}, issue: {reason}" in notes
        assert "1 left out" in str(report)
    assert f"octo/widgets#{place or 'unknown'}: left out: {reason}" in capsys.readouterr().err
    server.odd = server.odd._replace(first=10**9)
    with StoreWriter.open(tmp_path / "again.db") as store:
        collect(store, connection.source("octo/widgets"))
        assert store.left_out() == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("issues", None), r"the field data\.repository\.issues is null, expected an object"),
        (("issues", []), r"repository\.issues is of the type list"),
        (("issues", DROP), r"repository\.issues is missing"),
        (("issues", "pageInfo", {"hasNextPage": True, "endCursor": None}), "endCursor does not move"),
        (
            ("issues", "pageInfo", {"hasNextPage": True, "endCursor": "WyIyMDIwLTAxLTAxVDAwOjAwOjAwWiIsMV0="}),
            "endCursor does not move",
        ),
        (("pullRequests", "pageInfo", {"hasNextPage": True, "endCursor": "1"}), "endCursor does not move"),
        (("issues", "pageInfo", "hasNextPage", "no"), "hasNextPage is of the type str"),
        (("pullRequests", "nodes", "x"), r"pullRequests\.nodes is of the type str, expected a list"),
    ],
)
def test_pages_that_lead_nowhere_are_an_error(
    change: tuple[Any, ...], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    *names, value = change
    odd = Odd(1, always=True, changes=[Change(at("data", "repository", *names), value)])
    connection, _ = connected(odd, "graphql", monkeypatch)
    with StoreWriter.open(tmp_path / "store.db") as store, pytest.raises(GisError, match=message) as caught:
        collect(store, connection.source("octo/widgets", original_bodies=True))
    assert "octo/widgets cannot be read" in str(caught.value)


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (Odd(0, True, status=202), "has accepted the request but does not answer it"),
        (Odd(1, True, status=202), "has accepted the request but does not answer it"),
        (Odd(0, True, text="<html>Log in</html>"), "answers with a web page, not with JSON"),
        (Odd(0, True, status=302, text=""), r"answers with a redirect \(302\), not with JSON"),
        (Odd(0, True, status=301, headers=[("location", f"{URL}/elsewhere")]), "redirects to another server"),
        (Odd(0, True, status=301, headers=[("location", "https://evil.example/x")]), "redirects to another server"),
        (Odd(0, True, text="deep"), "nested too deeply"),
        (Odd(1, True, changes=[Change([0, 1], DROP)]), r"the field data\.repository is missing, expected an object"),
        (Odd(1, True, text='{"data": NaN}'), "failed"),
        (
            Odd(0, True, changes=[Change([0], "../../etc")]),
            "the field full_name is '../../etc', not OWNER/NAME",
        ),
        (Odd(0, True, changes=[Change([1], "x")]), "the field id is of the type str"),
        (Odd(0, True, text="[]"), "the answer is list, expected an object"),
    ],
)
def test_what_is_not_github_is_called_so(
    odd: Odd, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    connection, _ = connected(odd, "graphql", monkeypatch)
    with StoreWriter.open(tmp_path / "store.db") as store, pytest.raises(GisError, match=message):
        collect(store, connection.source("octo/widgets"))


def test_a_list_that_repeats_itself_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    odd = Odd(1, always=True, headers=[("Link", '<x>; rel="next"')])
    connection, server = connected(odd, "rest", monkeypatch)
    monkeypatch.setattr(OddGitHub, "getresponse", _ignores_the_page(OddGitHub.getresponse))
    with StoreWriter.open(tmp_path / "store.db") as store, pytest.raises(GisError, match="does not end: page"):
        collect(store, connection.source("octo/widgets"))
    assert server.requests < 10


def _ignores_the_page(original: Any) -> Any:  # noqa: ANN401
    def getresponse(self: OddGitHub) -> Any:  # noqa: ANN401
        verb, url, body, headers = self._asked
        self._asked = verb, url.partition("?")[0] + "?state=all&sort=updated&direction=asc", body, headers
        return original(self)

    return getresponse


@pytest.mark.parametrize(
    "stopped",
    [
        GraphQLResumePoint(since=None, issues_after="forgotten", pulls_done=True),
        GraphQLResumePoint(since=None, issues_done=True, pulls_after="forgotten"),
    ],
)
def test_a_walk_whose_place_github_forgot_begins_anew(
    stopped: GraphQLResumePoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection, _ = connected(Odd(10**9, False, []), "graphql", monkeypatch)
    pages = list(connection.source("octo/widgets", original_bodies=True).pages(None, stopped.to_json()))
    assert pages[-1].done
    assert sum(len(page.issues) for page in pages) == len(small_world().issues)

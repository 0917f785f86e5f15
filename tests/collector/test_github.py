"""A repository from GitHub into the store: whole, through faults and kills, and kept up to date."""

import random
import sqlite3
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gis.collector.collect import CollectReport, collect
from gis.collector.github import client as github_client
from gis.collector.github.accounts import Account, find_accounts, token_account
from gis.collector.github.client import Client, Limits
from gis.collector.github.graphql import GraphQLSource
from gis.collector.github.repository import resolve
from gis.collector.github.rest import RestSource
from gis.collector.store import Store
from gis.console import Reporter
from gis.errors import GisError
from tests.collector.server import Fault, GitHub, cut_fault, primary_fault, schema_of, serving, status_fault
from tests.collector.world import World, made, user_row

TOKEN = "good-token-1234"
QUIET = Reporter(quiet=True)
TABLES = ("issues", "comments", "events", "users", "pull_requests", "raw")

pytestmark = pytest.mark.shared  # the server executes queries against GitHub's public schema


@pytest.fixture
def world() -> World:
    return made(150)


@pytest.fixture
def github(world: World, shared_data: Path) -> Iterator[GitHub]:
    with serving(world, schema_of(shared_data.parent / "github")) as found:
        yield found


@pytest.fixture(autouse=True)
def _no_token_is_left_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """After every test, whatever went wrong in it."""
    yield
    told = capsys.readouterr()
    assert TOKEN not in told.out + told.err
    assert [path for path in tmp_path.iterdir() if TOKEN.encode() in path.read_bytes()] == []


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_client, "FIRST_BACKOFF", 0.001)
    monkeypatch.setattr(github_client, "SECONDARY_WAIT", 0.01)


def asking(github: GitHub, *accounts: Account, **limits: Any) -> Client:  # noqa: ANN401
    """A client that says what it waits for, so that a token in its words would be found."""
    return Client(
        github.url,
        accounts or [token_account(TOKEN)],
        limits=Limits(**limits),
        reporter=Reporter(),
        sleep=lambda _: None,
    )


def run(github: GitHub, path: Path, *, largest: int = 40, name: str | None = None, **limits: Any) -> CollectReport:  # noqa: ANN401
    source = GraphQLSource(
        asking(github, **limits), name or github.world.name, largest=largest, reporter=Reporter(quiet=True)
    )
    with Store.writing(path) as store:
        try:
            return collect(store, source)
        except GisError as error:
            assert_no_token(traceback.format_exception(error))
            raise
        finally:
            assert_no_token(store.runs())


def assert_no_token(what: object) -> None:
    assert TOKEN not in str(what)


def rows(path: Path, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
    """What the store holds, but for times and costs of runs."""
    with sqlite3.connect(path) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr) for table in tables or TABLES}


def test_everything_comes_field_by_field(github: GitHub, world: World, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    found = rows(tmp_path / "store.db")
    assert len(found["issues"]) == 150
    by_number = {row[1]: row for row in found["issues"]}
    for number, row in world.issues.items():
        _, _, identity, node, title, body, state, reason, locked, author, association, labels, count, *times = (
            by_number[number]
        )
        assert (identity, node, title, body or None, state, reason) == (
            row["id"], row["node_id"], row["title"], row["body"], row["state"], row["state_reason"]
        )  # fmt: skip
        assert (bool(locked), association, count) == (row["locked"], row["author_association"], row["comments"])
        assert author == (row["user"] and row["user"]["login"])
        assert times[:3] == [row["created_at"], row["updated_at"], row["closed_at"]]
        assert times[3] == (row["closed_by"] and row["closed_by"]["login"])
        assert labels == str([label["name"] for label in row["labels"]]).replace("'", '"')
    assert len(found["comments"]) == sum(map(len, world.comments.values()))
    assert {(row[1], row[2], row[6]) for row in found["comments"]} == {
        (number, each["id"], each["body"]) for number, all_of in world.comments.items() for each in all_of
    }
    marks = {(row[1], row[7]) for row in found["events"] if row[3] == "marked_as_duplicate"}
    assert marks == {
        (number, event["canonical"])
        for number, events in world.events.items()
        for event in events
        if event["kind"] == "MarkedAsDuplicateEvent"
    }
    assert marks
    assert [row[1] for row in found["pull_requests"]] == sorted(world.pulls, key=lambda n: repr((1, n)))


def test_every_kind_of_event_comes_whole(github: GitHub, world: World, tmp_path: Path) -> None:
    one, other, *_ = world.issues
    happened: list[tuple[str, dict[str, Any], tuple[Any, ...]]] = [
        ("TransferredEvent", {"from": "octo/elsewhere"}, ("transferred", "octo/elsewhere", 0, None)),
        ("RenamedTitleEvent", {"previousTitle": "Before"}, ("renamed", None, None, "Before")),
        (
            "CrossReferencedEvent",
            {"source": world.pulls[0]},
            ("cross_referenced", "octo/widgets", world.pulls[0], None),
        ),
        ("MarkedAsDuplicateEvent", {"canonical": one}, ("marked_as_duplicate", "octo/widgets", one, None)),
        ("UnmarkedAsDuplicateEvent", {"canonical": one}, ("unmarked_as_duplicate", "octo/widgets", one, None)),
        ("ClosedEvent", {"stateReason": "duplicate", "duplicateOf": one}, ("closed", "octo/widgets", one, "duplicate")),
        ("ReopenedEvent", {}, ("reopened", None, None, None)),
    ]
    world.events[other] = [
        {"kind": kind, "createdAt": f"2021-01-0{day}T00:00:00Z", "actor": user_row(day), **more}
        for day, (kind, more, _) in enumerate(happened, 1)
    ]
    run(github, tmp_path / "store.db")
    found = [row for row in rows(tmp_path / "store.db")["events"] if row[1] == other]
    assert [(kind, home, number, detail) for _, _, _, kind, _, _, home, number, _, detail, _ in found] == [
        row for _, _, row in happened
    ]
    assert [(row[4], row[5]) for row in found] == [
        (f"2021-01-0{day}T00:00:00Z", f"user-0000{day}") for day in range(1, 8)
    ]
    assert [row[8] for row in found] == [None, None, True, False, False, False, None]  # whether a pull request


def test_a_second_run_asks_only_for_what_changed(github: GitHub, world: World, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    changed, removed, moved = list(world.issues)[3], list(world.issues)[5], list(world.issues)[8]
    world.change(changed, title="Another title")
    world.add_comment(changed, "Duplicate of #1", user_row(3))
    world.remove(removed)
    world.remove(moved, "octo/elsewhere")
    before = len(github.requests)
    report = run(github, tmp_path / "store.db")
    assert report.removed == 2
    assert 1 <= report.issues <= 3  # the boundary second is asked for again
    assert len(github.requests) - before < 12
    issues = {row[1]: row for row in rows(tmp_path / "store.db")["issues"]}
    assert issues[changed][4] == "Another title"
    assert issues[removed][-1] == "deleted"
    assert issues[moved][-1] == "moved to octo/elsewhere#1"
    assert issues[changed][-1] is None


def test_a_second_run_asks_for_new_pull_requests_alone(github: GitHub, world: World, tmp_path: Path) -> None:
    world.pulls = list(range(3, 3000, 3))
    run(github, tmp_path / "store.db")
    world.pulls.append(6000)
    before = len(github.requests)
    run(github, tmp_path / "store.db")
    assert len(github.requests) - before <= 3  # the repository, a page, how many there are
    assert len(rows(tmp_path / "store.db")["pull_requests"]) == 1000


def test_the_bodies_as_they_were_written(github: GitHub, world: World, tmp_path: Path) -> None:
    edited = list(world.issues)[2]
    world.first_bodies[edited] = "As it was first written"
    source = GraphQLSource(asking(github), world.name, original_bodies=True)
    with Store.writing(tmp_path / "store.db") as store:
        collect(store, source)
        (about,) = [each["about"] for each in store.runs()]
    assert "userContentEdits" in about["queries"][0]
    originals = {row[1]: (row[5], row[-2]) for row in rows(tmp_path / "store.db")["issues"]}
    assert originals.pop(edited)[1] == "As it was first written"
    assert all((body or "") == original for body, original in originals.values())
    run(github, tmp_path / "store.db")  # a run that does not ask for them keeps them
    assert {row[1]: row[-2] for row in rows(tmp_path / "store.db")["issues"]}[edited] == "As it was first written"


def test_the_manifest_tells_every_run(github: GitHub, tmp_path: Path) -> None:
    with pytest.raises(GisError):
        run(github, tmp_path / "store.db", points=4)
    run(github, tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        stopped, whole = store.runs()
        (status,) = store.status()
    assert stopped["outcome"].startswith("the limit of 4 points is spent")
    assert (whole["outcome"], whole["source"], whole["repository"]) == ("complete", "graphql", "octo/widgets")
    assert stopped["issues"] + whole["issues"] == 150
    assert {"python", "gis", "PyGithub", "server", "queries"} <= whole["about"].keys()
    # what a failed page and the repository's name cost is spent, too
    assert status.points == stopped["points"] + whole["points"] == github.points + github.requests.count("rest")
    assert status.requests == len(github.requests)


def test_a_renamed_repository_is_the_same_one(github: GitHub, world: World, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db", name="octo/gadgets")
    world.old_names, world.name = ("octo/gadgets", "octo/widgets"), "octo/things"
    run(github, tmp_path / "store.db", name="octo/widgets")
    with Store(tmp_path / "store.db") as store:
        (status,) = store.status()
    assert (status.name, status.issues, status.complete) == ("octo/things", 150, True)


class Kill(BaseException):
    """Stands for the process's end: nothing may catch it."""


@pytest.mark.parametrize("seed", range(6))
def test_killed_anywhere_and_run_again_the_store_is_the_same(github: GitHub, tmp_path: Path, seed: int) -> None:
    run(github, tmp_path / "quiet.db")
    rng = random.Random(seed)

    def killer(_: Any) -> bool:  # noqa: ANN401
        if rng.random() < 0.3:
            raise Kill
        return False

    written = Store.write

    def write(self: Store, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if rng.random() < 0.3:
            raise Kill  # before a page is written
        written(self, *args, **kwargs)
        if rng.random() < 0.3:
            raise Kill  # after it was

    kills = 0
    while True:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Store, "write", write)
            try:
                run(github, tmp_path / "killed.db", largest=10)
            except Kill:
                kills += 1
                continue
        break
    assert kills
    assert rows(tmp_path / "killed.db") == rows(tmp_path / "quiet.db")


def errors_fault(**error: str) -> Fault:
    return status_fault(200, {"data": None, "errors": [error]})


FAULTS = {
    "502 in HTML": status_fault(502),
    "504 in HTML": status_fault(504),
    "cut in the middle": cut_fault,
    "hourly limit": primary_fault(),
    "secondary limit, 403": status_fault(403, {"message": "You have exceeded a secondary rate limit."}),
    "secondary limit with Retry-After": status_fault(403, {"message": "slow down"}, Retry_After="0"),
    "429": status_fault(429, {"message": "Too many requests"}),
    "429 with Retry-After": status_fault(429, {"message": "Too many requests"}, Retry_After="0"),
    "partial answer": errors_fault(message="Something went wrong while executing your query"),
    "too heavy": errors_fault(type="RESOURCE_LIMITS_EXCEEDED", message="too much"),
    "half of the JSON": status_fault(200, b'{"data": {"repository": {'),
}  # fmt: skip
GRAPHQL_ONLY = {"partial answer", "too heavy"}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_alone(github: GitHub, tmp_path: Path, name: str) -> None:
    run(github, tmp_path / "quiet.db")
    turn = 0

    def every_third(handler: Any) -> bool:  # noqa: ANN401
        nonlocal turn
        turn += 1
        if turn % 3 == 0 or (name in GRAPHQL_ONLY and handler.command == "GET"):
            return False
        return turn % 3 == 1 and FAULTS[name](handler)

    github.always = every_third
    run(github, tmp_path / "faulty.db")
    assert rows(tmp_path / "faulty.db") == rows(tmp_path / "quiet.db")


@pytest.mark.parametrize("seed", range(3))
def test_all_faults_mixed(github: GitHub, tmp_path: Path, seed: int) -> None:
    """The same store at the end, or a clear stop after which the same command continues."""
    run(github, tmp_path / "quiet.db")
    rng = random.Random(seed)

    def mixed(handler: Any) -> bool:  # noqa: ANN401
        if rng.random() > 0.4:
            return False
        name = rng.choice(sorted(FAULTS))
        return False if name in GRAPHQL_ONLY and handler.command == "GET" else FAULTS[name](handler)

    github.always = mixed
    stops: list[GisError] = []
    for _ in range(50):
        try:
            run(github, tmp_path / "faulty.db")
            break
        except GisError as error:
            stops.append(error)
    assert all("run the same command again" in stop.for_command_line for stop in stops)
    assert rows(tmp_path / "faulty.db") == rows(tmp_path / "quiet.db")


def test_pages_shrink_where_the_server_cannot_make_them(github: GitHub, tmp_path: Path) -> None:
    def too_large(handler: Any) -> bool:  # noqa: ANN401
        if handler.command == "POST" and handler.asked["variables"].get("first", 0) > 12:
            return status_fault(502)(handler)
        return False

    run(github, tmp_path / "quiet.db")
    github.always = too_large
    run(github, tmp_path / "small.db", largest=100)
    assert rows(tmp_path / "small.db") == rows(tmp_path / "quiet.db")


def test_an_older_server_is_asked_without_what_it_lacks(
    github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    github.lacking = frozenset({"Issue.duplicateOf", "ClosedEvent.duplicateOf"})
    run(github, tmp_path / "store.db")
    told = capsys.readouterr().err
    assert told.count("lacks ClosedEvent.duplicateOf, Issue.duplicateOf") == 1
    assert len(rows(tmp_path / "store.db")["issues"]) == 150
    with Store(tmp_path / "store.db") as store:
        assert "duplicateOf" not in str(store.runs()[0]["about"])  # the queries that were asked


def test_a_server_without_the_argument_is_asked_for_the_field(github: GitHub, tmp_path: Path) -> None:
    github.lacking = frozenset({"stateReason(enableDuplicate)", "Issue.fullDatabaseId", "IssueComment.fullDatabaseId"})
    run(github, tmp_path / "older.db")
    github.lacking = frozenset()
    run(github, tmp_path / "new.db")
    assert rows(tmp_path / "older.db") == rows(tmp_path / "new.db")
    assert {row[7] for row in rows(tmp_path / "older.db")["issues"]} == {"completed", "not_planned", None}


def test_a_name_that_belongs_to_another_repository_now(github: GitHub, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    github.world = made(20, seed=5)
    github.world.id, github.world.old_names = 9999, ()
    run(github, tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        assert sorted((each.issues, each.removed) for each in store.status()) == [(20, 0), (150, 0)]


def test_what_rest_does_not_tell_is_kept(github: GitHub, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    before = rows(tmp_path / "store.db")
    run_rest(github, tmp_path / "store.db")
    after = rows(tmp_path / "store.db")
    assert [row[:-1] for row in after["issues"]] == [row[:-1] for row in before["issues"]]
    assert any(row[18] is not None for row in after["issues"])  # duplicate_of
    assert after["comments"] == before["comments"]


def test_a_second_run_that_is_killed_notices_what_is_gone(github: GitHub, world: World, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    for number in list(world.issues)[20:60]:
        world.change(number, title="Changed")
    removed = list(world.issues)[5]
    world.remove(removed)
    with pytest.raises(GisError):
        run(github, tmp_path / "store.db", largest=10, points=4)
    run(github, tmp_path / "store.db")
    assert {row[1]: row[-1] for row in rows(tmp_path / "store.db")["issues"]}[removed] == "deleted"


def test_bodies_that_are_asked_for_later_are_fetched(github: GitHub, world: World, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    source = GraphQLSource(asking(github), world.name, original_bodies=True)
    with Store.writing(tmp_path / "store.db") as store:
        collect(store, source)
    assert all(row[-2] is not None for row in rows(tmp_path / "store.db")["issues"])


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'{"data": null}'], ids=repr)
def test_an_answer_without_data_is_asked_for_again(github: GitHub, tmp_path: Path, body: bytes) -> None:
    turn = 0

    def every_second(handler: Any) -> bool:  # noqa: ANN401
        nonlocal turn
        turn += 1
        return handler.command == "POST" and turn % 2 == 0 and status_fault(200, body)(handler)

    github.always = every_second
    run(github, tmp_path / "store.db")
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


def test_an_issue_that_vanishes_between_its_page_and_its_comments(github: GitHub, world: World, tmp_path: Path) -> None:
    (long,) = [number for number, found in world.comments.items() if len(found) > 100][:1]

    def vanishing(handler: Any) -> bool:  # noqa: ANN401
        if handler.command == "POST" and handler.asked["variables"].get("id") == f"I_{long}":
            world.issues.pop(long, None)
        return False

    github.always = vanishing
    run(github, tmp_path / "store.db")
    run(github, tmp_path / "store.db")
    assert {row[1]: row[-1] for row in rows(tmp_path / "store.db")["issues"]}[long] == "deleted"


def test_a_token_that_expires_on_the_way_is_left_out(github: GitHub, tmp_path: Path) -> None:
    github.tokens["second-token-5678"] = "ben"

    def expiring(handler: Any) -> bool:  # noqa: ANN401
        expired = len(github.requests) > 3 and handler.headers["Authorization"].endswith(TOKEN)
        return expired and status_fault(401, {"message": "Bad credentials"})(handler)

    github.always = expiring
    client = asking(github, token_account(TOKEN), token_account("second-token-5678"))
    with Store.writing(tmp_path / "store.db") as store:
        collect(store, GraphQLSource(client, "octo/widgets", largest=20))
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


def test_a_repository_without_issues(github: GitHub, world: World, tmp_path: Path) -> None:
    world.issues.clear()
    for _ in range(2):
        run(github, tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        assert store.status()[0].complete


def run_rest(github: GitHub, path: Path, reporter: Reporter = QUIET) -> CollectReport:
    client = asking(github)
    with Store.writing(path) as store:
        return collect(store, RestSource(client, "octo/gadgets", reporter=reporter))


def test_rest_brings_issues_comments_events_and_numbers(github: GitHub, world: World, tmp_path: Path) -> None:
    run_rest(github, tmp_path / "rest.db")
    run(github, tmp_path / "graphql.db")
    found, expected = rows(tmp_path / "rest.db", "comments"), rows(tmp_path / "graphql.db", "comments")
    assert found == expected
    assert len(rows(tmp_path / "rest.db", "issues")["issues"]) == 150
    assert rows(tmp_path / "rest.db", "pull_requests") == rows(tmp_path / "graphql.db", "pull_requests")
    assert set(github.requests[: len(github.requests) // 4]) == {"rest"}

    def happened(name: str) -> set[tuple[Any, ...]]:
        """Events as both tell them: without their targets and places."""
        found = [(row[1], *row[3:6], row[9], row[10]) for row in rows(tmp_path / name)["events"]]
        return {row for row in found if row[1] != "cross_referenced"}

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
    found = rows(tmp_path / "some.db")
    assert len(found["events"]) == 100
    assert len(found["issues"]) == 150
    for number in world.issues:
        world.issues[number]["updated_at"] = "2024-01-01T00:00:00Z"
    with pytest.raises(GisError, match=r"beyond page 2 of what changed at 2024-01-01T00:00:00Z"):
        run_rest(github, tmp_path / "none.db")


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_clock_that_is_wrong_waits_no_longer(github: GitHub, tmp_path: Path, hours: int) -> None:
    """The reset is a time on GitHub's clock, and so is the date of its answer."""
    github.skew = 3600.0 * hours
    github.faults = [primary_fault(github.skew + 20)]
    with pytest.raises(GisError, match=r"hourly limit: a wait of 2\d s is longer than the limit of 1 s"):
        run(github, tmp_path / "store.db", wait=1)
    run(github, tmp_path / "store.db")
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


@pytest.mark.slow
def test_a_server_that_is_slow(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(github, tmp_path / "quiet.db")
    monkeypatch.setattr(github_client, "REQUEST_TIMEOUT", 1)

    def slow(handler: Any) -> bool:  # noqa: ANN401
        asked = handler.asked["variables"] if handler.command == "POST" else {}
        if "withPulls" in asked and asked["first"] > 15:
            time.sleep(1.5)
        return False

    github.always = slow
    run(github, tmp_path / "slow.db")
    assert rows(tmp_path / "slow.db") == rows(tmp_path / "quiet.db")


def test_a_repository_that_vanishes_on_the_way(github: GitHub, world: World, tmp_path: Path) -> None:
    def vanishing(_: Any) -> bool:  # noqa: ANN401
        if len(github.requests) == 4:
            world.name = "octo/private"
        return False

    github.always = vanishing
    with pytest.raises(GisError, match=r"octo/widgets no longer exists.*everything fetched so far is kept"):
        run(github, tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        assert 0 < store.status()[0].issues < 150
    world.old_names, github.always = ("octo/widgets",), None  # it was renamed: the same command continues
    run(github, tmp_path / "store.db", name="octo/widgets")
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


def test_limits_of_the_run(github: GitHub, tmp_path: Path) -> None:
    with pytest.raises(GisError, match="the limit of 4 points is spent; everything fetched so far is kept"):
        run(github, tmp_path / "store.db", points=4)
    with Store(tmp_path / "store.db") as store:
        (status,) = store.status()
    assert 0 < status.issues < 150
    assert not status.complete
    github.faults = [primary_fault(3000)]
    with pytest.raises(GisError, match=r"hourly limit: .* s is longer than the limit of 60 s"):
        run(github, tmp_path / "store.db", wait=60)
    run(github, tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        (status,) = store.status()
    assert status.issues == 150
    assert status.complete


def test_another_account_goes_on_where_one_is_spent(github: GitHub, tmp_path: Path) -> None:
    github.tokens["second-token-5678"] = "ben"

    def first_is_spent(handler: Any) -> bool:  # noqa: ANN401
        return handler.headers["Authorization"].endswith(TOKEN) and primary_fault(3000)(handler)

    github.always = first_is_spent
    client = asking(github, token_account(TOKEN), token_account("second-token-5678"), wait=1.0)
    with Store.writing(tmp_path / "store.db") as store:
        collect(store, GraphQLSource(client, "octo/widgets", largest=40))
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


def test_bad_names_and_tokens(github: GitHub, tmp_path: Path) -> None:
    with pytest.raises(GisError, match="no repository octo/nothing"):
        run(github, tmp_path / "store.db", name="octo/nothing")
    client = Client(github.url, [token_account("spoilt-token-9999")])
    with pytest.raises(GisError, match="the token that ends in 9999: bad credentials") as caught:
        resolve(client, "octo/widgets")
    assert "spoilt" not in repr(caught.value)
    assert "spoilt" not in repr(client.__dict__["_accounts"])


def test_the_token_is_nowhere(github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    github.always = lambda handler: random.Random(len(github.requests)).random() < 0.3 and status_fault(502)(handler)
    run(github, tmp_path / "store.db")
    github.tokens.clear()
    with pytest.raises(GisError) as caught:
        run(github, tmp_path / "store.db")
    told = capsys.readouterr()
    assert TOKEN not in told.out + told.err + str(caught.value)
    assert all(TOKEN.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_accounts_come_from_the_environment(tmp_path: Path) -> None:
    found = find_accounts(
        {"GITHUB_TOKEN": "aaaaaaaaaaaa1111, bbbbbbbbbbbb2222", "GH_TOKEN": "aaaaaaaaaaaa1111", "PATH": ""}
    )
    assert [str(account) for account in found] == ["the token that ends in 1111", "the token that ends in 2222"]
    gh = tmp_path / "gh"
    gh.write_text("#!/bin/sh\necho token-of-gh-3333\n", encoding="utf-8")
    gh.chmod(0o755)
    assert [str(account) for account in find_accounts({"PATH": str(tmp_path)})] == ["the token that ends in 3333"]
    assert find_accounts({"PATH": ""}) == []

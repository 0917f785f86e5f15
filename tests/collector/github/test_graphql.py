"""A repository through GraphQL: whole, field by field, and kept up to date."""

from pathlib import Path
from typing import Any

import pytest

from gis.collector.collect import collect
from gis.collector.github.graphql import GraphQLSource
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.errors import GisError
from tests.collector.github.runs import asking, rows, run
from tests.collector.server import GitHub, status_fault
from tests.collector.world import World, made, user_row

pytestmark = pytest.mark.slow


def test_everything_comes_field_by_field(github: GitHub, world: World, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    tables = rows(tmp_path / "store.db")
    assert len(tables["issues"]) == 150
    by_number = {row[1]: row for row in tables["issues"]}
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
    assert len(tables["comments"]) == sum(map(len, world.comments.values()))
    assert {(row[1], row[2], row[6]) for row in tables["comments"]} == {
        (number, each["id"], each["body"]) for number, all_of in world.comments.items() for each in all_of
    }
    marks = {(row[1], row[7]) for row in tables["events"] if row[3] == "marked_as_duplicate"}
    assert marks == {
        (number, event["canonical"])
        for number, events in world.events.items()
        for event in events
        if event["kind"] == "MarkedAsDuplicateEvent"
    }
    assert marks
    assert [row[1] for row in tables["pull_requests"]] == sorted(world.pulls, key=lambda n: repr((1, n)))


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
    events = [row for row in rows(tmp_path / "store.db")["events"] if row[1] == other]
    assert [(kind, home, number, detail) for _, _, _, kind, _, _, home, number, _, detail, _ in events] == [
        row for _, _, row in happened
    ]
    assert [(row[4], row[5]) for row in events] == [
        (f"2021-01-0{day}T00:00:00Z", f"user-0000{day}") for day in range(1, 8)
    ]
    assert [row[8] for row in events] == [None, None, True, False, False, False, None]  # whether a pull request


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
    assert len(github.requests) - before <= 4  # the repository, a page, how many there are, and suggestions
    assert len(rows(tmp_path / "store.db")["pull_requests"]) == 1000


def test_the_bodies_as_they_were_written(github: GitHub, world: World, tmp_path: Path) -> None:
    edited = list(world.issues)[2]
    world.first_bodies[edited] = "As it was first written"
    source = GraphQLSource(asking(github), world.name, original_bodies=True)
    with StoreWriter.open(tmp_path / "store.db") as store:
        collect(store, source)
        (about,) = [each["about"] for each in store.runs()]
    assert "userContentEdits" in about["queries"][0]
    originals = {row[1]: (row[5], row[-2]) for row in rows(tmp_path / "store.db")["issues"]}
    assert originals.pop(edited)[1] == "As it was first written"
    assert all((body or "") == original for body, original in originals.values())
    run(github, tmp_path / "store.db")  # a run that does not ask for them keeps them
    assert {row[1]: row[-2] for row in rows(tmp_path / "store.db")["issues"]}[edited] == "As it was first written"


def test_the_manifest_lists_every_run(github: GitHub, tmp_path: Path) -> None:
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


def test_pages_shrink_where_the_server_cannot_make_them(github: GitHub, tmp_path: Path) -> None:
    def too_large(handler: Any) -> bool:  # noqa: ANN401
        if handler.command == "POST" and handler.asked["variables"].get("first", 0) > 12:
            return status_fault(502)(handler)
        return False

    run(github, tmp_path / "quiet.db")
    github.always = too_large
    run(github, tmp_path / "small.db", largest=100)
    assert rows(tmp_path / "small.db") == rows(tmp_path / "quiet.db")


def test_a_name_that_belongs_to_another_repository_now(github: GitHub, tmp_path: Path) -> None:
    run(github, tmp_path / "store.db")
    github.world = made(20, seed=5)
    github.world.id, github.world.old_names = 9999, ()
    run(github, tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        assert sorted((each.issues, each.removed) for each in store.status()) == [(20, 0), (150, 0)]


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
    with StoreWriter.open(tmp_path / "store.db") as store:
        collect(store, source)
    assert all(row[-2] is not None for row in rows(tmp_path / "store.db")["issues"])


def test_an_issue_that_vanishes_between_its_page_and_its_comments(github: GitHub, world: World, tmp_path: Path) -> None:
    (long,) = [number for number, comments in world.comments.items() if len(comments) > 100][:1]

    def vanishing(handler: Any) -> bool:  # noqa: ANN401
        if handler.command == "POST" and handler.asked["variables"].get("id") == f"I_{long}":
            world.issues.pop(long, None)
        return False

    github.always = vanishing
    run(github, tmp_path / "store.db")
    run(github, tmp_path / "store.db")
    assert {row[1]: row[-1] for row in rows(tmp_path / "store.db")["issues"]}[long] == "deleted"


def test_a_repository_without_issues(github: GitHub, world: World, tmp_path: Path) -> None:
    world.issues.clear()
    for _ in range(2):
        run(github, tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        assert store.status()[0].complete


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

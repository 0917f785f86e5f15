"""Filling a store: one writer, whole pages, and what it refuses."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from gis.collector.damage import DamagedStoreError
from gis.collector.fields import Fields
from gis.collector.github.rest_rows import issue_from_row
from gis.collector.progress import Progress
from gis.collector.records import Event, Issue, Page, Reference, Repository, Usage, User
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.errors import GisError
from tests.collector.world import made

CLOSED = Event("closed", "2020-01-01T00:00:00Z", None)
HERE = Repository("octo/widgets", 4711, "octo/widgets")
FIRST, SECOND = (Progress(capabilities=frozenset({"graphql"}), walk={"at": n}, done=False) for n in (1, 2))


def page(*issues: Issue, events: tuple[tuple[int, Event], ...] = ()) -> Page:
    return Page(resume_point={}, done=True, issues=issues, events=events)


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    path, message = tmp_path / "store.db", "another gis collect is filling"
    with StoreWriter.open(path), pytest.raises(GisError, match=message), StoreWriter.open(path):
        pass
    with StoreWriter.open(tmp_path / "store.db"):
        pass


def test_a_page_and_the_progress_behind_it_are_written_together(tmp_path: Path) -> None:
    issues = tuple(issue_from_row(Fields(row)) for row in made(5).issues.values())
    broken = Event("closed", "2020-01-01T00:00:00Z", User("x", object(), "User"))  # type: ignore[arg-type]
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        run = store.begin(key, "graphql", {})
        store.write(key, run, page(*issues[:2]), FIRST)
        with pytest.raises(sqlite3.Error):
            store.write(key, run, page(*issues[2:], events=((1, broken),)), SECOND)
        assert store.progress(key) == FIRST
        assert store.count(key) == 2


def test_a_link_to_a_store_is_the_same_store(tmp_path: Path) -> None:
    with StoreWriter.open(tmp_path / "store.db"):
        (tmp_path / "link.db").symlink_to(tmp_path / "store.db")
        with pytest.raises(GisError, match="another gis collect"), StoreWriter.open(tmp_path / "link.db"):
            pass


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="is a folder; a store is a file"), StoreWriter.open(tmp_path):
        pass


def test_a_full_disk_is_reported_and_keeps_what_was_written(tmp_path: Path) -> None:
    issues = tuple(issue_from_row(Fields(row)) for row in made(300).issues.values())
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        run = store.begin(key, "graphql", {})
        store.write(key, run, page(*issues[:20]), FIRST)
        (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
        store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(GisError, match=r"store\.db cannot be written: database or disk is full$"):
            store.write(key, run, page(*issues[20:]), SECOND)
        store._connection.execute("PRAGMA max_page_count = 1000000")
        assert (store.count(key), store.progress(key)) == (20, FIRST)
        store.write(key, run, page(*issues[20:]), SECOND)
        assert store.count(key) == 300


def test_what_is_no_longer_listed_is_found(tmp_path: Path) -> None:
    issues = tuple(issue_from_row(Fields(row)) for row in made(10).issues.values())
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        run = store.begin(key, "graphql", {})
        store.write(key, run, page(*issues))
        numbers = [issue.number for issue in issues]
        for _ in range(2):
            assert store.missing_from(key, [numbers[5:], numbers[:4]]) == [numbers[4]]
        store.mark_removed(key, run, numbers[4], "deleted")
        assert store.missing_from(key, [numbers[5:], numbers[:4]]) == []
        assert store.runs()[0]["gone"] == 1


def test_a_newer_state_replaces_all_but_what_its_source_does_not_give(tmp_path: Path) -> None:
    (row,) = made(1).issues.values()
    given = replace(issue_from_row(Fields(row)), closed_at="2020-01-02T00:00:00Z", original_body="As first written")
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        run = store.begin(key, "graphql", {})
        for issue in (given, replace(given, title="Reopened", closed_at=None, original_body=None)):
            store.write(key, run, page(issue))
    with sqlite3.connect(tmp_path / "store.db") as connection:
        stored = connection.execute("SELECT title, closed_at, original_body FROM issues").fetchall()
    assert stored == [("Reopened", None, "As first written")]


def test_an_event_that_comes_twice_is_stored_once(tmp_path: Path) -> None:
    event = Event("cross_referenced", "2020-01-01T00:00:00Z", None, Reference(None, 7, False))
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "dump")
        for _ in range(2):
            store.write(key, store.begin(key, "dump", {}), page(events=((1, event), (2, event))))
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("SELECT number, position FROM events").fetchall() == [(1, 0), (2, 0)]


def test_a_foreign_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(GisError, match="is not a store of gis"), StoreWriter.open(path):
        pass
    assert path.read_bytes() == before


def about(store: StoreWriter, *servers: str | None) -> None:
    key = store.repository(HERE, "graphql")
    for server in servers:
        store.begin(key, "graphql", {} if server is None else {"server": server})


def test_a_store_holds_the_issues_of_one_server(tmp_path: Path) -> None:
    with StoreWriter.open(tmp_path / "store.db") as store:
        store.check_server("https://api.github.com")  # a new one takes any
        about(store, None, "https://api.github.com")
        store.check_server("https://api.github.com")
        with pytest.raises(
            GisError, match=r"holds issues of https://github\.com, and these are of https://git\.x\.org"
        ):
            store.check_server("https://git.x.org/api/v3")


def test_of_several_servers_the_last_other_one_is_named(tmp_path: Path) -> None:
    with StoreWriter.open(tmp_path / "store.db") as store:
        about(store, "https://one.org/api/v3", "https://two.org/api/v3", "https://api.github.com")
        with pytest.raises(GisError, match=r"holds issues of https://two\.org, and these are of https://github\.com"):
            store.check_server("https://api.github.com")


def test_what_runs_bring_and_cost_is_added_up(tmp_path: Path) -> None:
    first, second, third = (issue_from_row(Fields(row)) for row in made(3).issues.values())
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        run = store.begin(key, "graphql", {"python": "3"})
        store.write(key, run, replace(page(first, second), usage=Usage(3, 5)))
        store.write(key, run, replace(page(third), usage=Usage(1, 1)))
        store.end(run, "complete", {"python": "4"}, Usage(2, 4))
        (row,) = store.runs()
        assert (row["issues"], row["points"], row["requests"], row["gone"]) == (3, 6, 10, 0)
        assert (row["outcome"], row["about"]) == ("complete", {"python": "4"})
        (status,) = store.status()
        assert (status.issues, status.points, status.requests, status.complete) == (3, 6, 10, True)


def test_an_older_state_changes_nothing(tmp_path: Path) -> None:
    (row,) = made(1).issues.values()
    issue = replace(issue_from_row(Fields(row)), updated_at="2024-01-02T00:00:00Z", title="Now")
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        run = store.begin(key, "graphql", {})
        for when, title in (("02", "Now"), ("01", "Before"), ("02", "At once")):
            store.write(key, run, page(replace(issue, updated_at=f"2024-01-{when}T00:00:00Z", title=title)))
            assert store.rows("SELECT title FROM issues") == [("Now" if title != "At once" else "At once",)]


def test_a_repository_is_known_by_its_number_and_else_by_its_name(tmp_path: Path) -> None:
    with StoreWriter.open(tmp_path / "store.db") as store:
        by_number = store.repository(Repository("octo/widgets", 7, "octo/widgets"), "graphql")
        assert store.repository(Repository("octo/renamed", 7, "octo/widgets"), "graphql") == by_number
        assert store.repository(Repository("octo/widgets", 8, "octo/widgets"), "graphql") == by_number + 1
        assert store.repository(Repository("octo/renamed", 0, "octo/renamed"), "dump") == by_number
        unnumbered = store.repository(Repository("octo/things", 0, "octo/things"), "dump")
        assert store.repository(Repository("octo/things", 9, "octo/things"), "graphql") == unnumbered
        assert store.repository(Repository("octo/gadgets", 0, "octo/gadgets"), "dump") == unnumbered + 1


def test_a_device_is_no_store() -> None:
    with pytest.raises(GisError, match="is a device; a store is a file"), StoreWriter.open(Path("/dev/null")):
        pass


@pytest.mark.parametrize(("events", "kept"), [(None, True), ((), False)])
def test_a_source_without_events_takes_nothing_that_events_tell(tmp_path: Path, events: object, kept: bool) -> None:
    (row,) = made(1).issues.values()
    ann = User("ann", 1, "User")
    given = replace(issue_from_row(Fields(row)), closed_by=ann, duplicate_of=Reference("octo/widgets", 7), events=())
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        run = store.begin(key, "graphql", {})
        store.write(key, run, page(given))
        store.mark_removed(key, run, given.number, "deleted")
        later = replace(given, closed_by=None, duplicate_of=None, events=events)  # type: ignore[arg-type]
        store.write(key, run, page(later))
        columns = "closed_by, duplicate_repository, duplicate_number, gone"
        assert store.rows(f"SELECT {columns} FROM issues") == [
            ("ann", "octo/widgets", 7, "deleted") if kept else (None,) * 4
        ]


@pytest.mark.parametrize(
    ("kind", "at", "known", "closer"),
    [
        ("closed", "2020-01-02T00:00:00Z", None, "ann"),
        ("reopened", "2020-01-02T00:00:00Z", None, None),
        ("closed", "2020-01-01T00:00:00Z", None, None),  # an earlier closing
        ("closed", "2020-01-02T00:00:00Z", User("ben", 2, "User"), "ben"),
    ],
)
def test_who_closed_an_issue_is_taken_from_its_last_closing(
    tmp_path: Path, kind: str, at: str, known: User | None, closer: str | None
) -> None:
    (row,) = made(1).issues.values()
    issue = replace(issue_from_row(Fields(row)), closed_at="2020-01-02T00:00:00Z", closed_by=known, events=None)
    event = Event(kind, at, User("ann", 1, "User"))  # type: ignore[arg-type]
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "dump")
        run = store.begin(key, "dump", {})
        store.write(key, run, page(issue, events=((issue.number, event),)))
        assert store.rows("SELECT closed_by FROM issues") == [(closer,)]
        assert store.rows("SELECT kind, position FROM events") == [(kind, 0)]


def test_what_each_write_changed_is_known_afterwards(tmp_path: Path) -> None:
    one, two, three = (issue_from_row(Fields(row)) for row in list(made(3).issues.values())[:3])
    with StoreWriter.open(tmp_path / "store.db") as store:
        assert store.revision is None
        key = store.repository(HERE, "graphql")
        run = store.begin(key, "graphql", {})
        store.write(key, run, page(one, two))
        first = store.revision
        assert first is not None
        assert store.changed_since(first) == []
        store.write(key, run, page(three, events=((one.number, CLOSED),)))
        store.mark_removed(key, run, two.number, "deleted")
        assert store.revision > first
        assert store.changed_since(first) == sorted((key, each.number) for each in (one, two, three))
        assert store.changed_since(store.revision) == []
        assert store.changed_since(first - 1) is None


def test_two_stores_that_were_one_share_no_later_revision(tmp_path: Path) -> None:
    one, two = (issue_from_row(Fields(row)) for row in list(made(2).issues.values())[:2])
    revisions = []
    for name in ("one.db", "two.db"):
        with StoreWriter.open(tmp_path / name) as store:
            key = store.repository(HERE, "graphql")
            for issue in (one, two):
                store.write(key, store.begin(key, "graphql", {}), page(issue))
            revisions.append(store.revision)
    assert revisions[0] != revisions[1]


def test_one_issue_can_be_checked_alone(tmp_path: Path) -> None:
    one, two = (issue_from_row(Fields(row)) for row in list(made(2).issues.values())[:2])
    with StoreWriter.open(tmp_path / "store.db") as store:
        key = store.repository(HERE, "graphql")
        store.write(key, store.begin(key, "graphql", {}), page(one, two))
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    path.write_bytes(path.read_bytes().replace(two.title.encode(), b"?" * len(two.title.encode())))
    with Store(path, check=False) as store:
        store.check_issues([(key, one.number)])
        with pytest.raises(DamagedStoreError, match=f"table issues, repository {key}, number {two.number}"):
            store.check_issues([(key, two.number)])

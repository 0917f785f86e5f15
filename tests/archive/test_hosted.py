"""A table of events on a ClickHouse server: the same rulings as from the hours, and every fault of a server named."""

import gzip
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("chdb", reason="needs chdb: pip install chdb")

from gis.archive import answers
from gis.archive.collect import ArchiveReport, collect_archive
from gis.archive.download import RefusedError
from gis.archive.hosted import PASSWORD, hosted_hours, hosted_table
from gis.archive.texts import archive_texts
from gis.archive.work import work_beside
from gis.errors import GisError, UsageError
from tests.archive.github_events import Handler, Server, events_in, serving
from tests.archive.helpers import world
from tests.archive.hours import write_hours
from tests.archive.test_collect import evidence_in
from tests.command_line import Gis

FIRST, LAST = "2020-01-01", "2021-12-31"
REPOSITORY = "octo/widgets"


@pytest.fixture(scope="module")
def hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hosted") / "hours"
    write_hours(folder, [world(60)], files=5)
    for path in folder.iterdir():  # nobody asks a server for days to come
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b'"2039-', b'"2021-')))
    return folder


@pytest.fixture(scope="module")
def filled(hours: Path) -> Iterator[Server]:
    with serving() as server:
        server.fill(events_in(hours))
        yield server


@pytest.fixture
def server(filled: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(answers, "FIRST_PAUSE", 0.0)
    filled.queries.clear()
    filled.faults.clear()
    return filled


def collected(server: Server, store: Path, **options: Any) -> ArchiveReport:  # noqa: ANN401
    given: dict[str, Any] = {"first": FIRST, "last": LAST, "repositories": [REPOSITORY], **options}
    return collect_archive(server.address(), store, **given)


def test_the_rulings_are_those_of_the_hours(server: Server, hours: Path, tmp_path: Path) -> None:
    from_hours = collect_archive(str(hours), tmp_path / "hours.db")
    from_table = collected(server, tmp_path / "table.db")
    assert from_table.candidates.rulings == from_hours.candidates.rulings
    assert evidence_in(tmp_path / "table.db") == evidence_in(tmp_path / "hours.db")
    assert evidence_in(tmp_path / "table.db").total() >= 8
    texts = "number, title, coalesce(body, ''), original_body, created_at, state, closed_at, author"
    comments = "SELECT number, id, author, body, created_at FROM comments ORDER BY id"
    with sqlite3.connect(tmp_path / "table.db") as table, sqlite3.connect(tmp_path / "hours.db") as whole:
        for query in (
            f"SELECT {texts} FROM issues ORDER BY 1",
            comments,
            "SELECT name FROM repositories",
            "SELECT number FROM pull_requests ORDER BY 1",
        ):
            assert table.execute(query).fetchall() == whole.execute(query).fetchall(), query
        assert table.execute("SELECT id FROM repositories").fetchall() == [(0,)]  # it does not say
    table_lines, lines = from_table.lines.total, from_hours.lines.total
    assert set(table_lines) == {"issue", "comment", "pull request"}
    assert all(table_lines[line] == lines[line] for line in ("issue", "comment"))
    assert from_table.about["archive"] == server.address()


def test_without_names_every_day_is_asked_for(server: Server, tmp_path: Path) -> None:
    by_name = collected(server, tmp_path / "name.db", first=FIRST, last="2020-01-10")
    every = collected(server, tmp_path / "every.db", first=FIRST, last="2020-01-10", repositories=[])
    assert len(by_name.hours.files) == 1
    assert len(every.hours.files) == 10
    assert every.hours.ranges == by_name.hours.ranges == [("2020-01-01T00", "2020-01-10T23")]
    assert every.candidates == by_name.candidates


def test_names_are_patterns_in_any_case_and_nothing_else(server: Server, tmp_path: Path) -> None:
    assert collected(server, tmp_path / "a.db", repositories=["OCTO/wid*"]).lines.used > 100
    with pytest.raises(GisError, match="has no events of issues in the range"):
        collected(server, tmp_path / "b.db", repositories=["octo/widgets.*", "oct./widgets"])
    with pytest.raises(UsageError, match="is not OWNER/NAME"):
        collected(server, tmp_path / "c.db", repositories=["o'; DROP TABLE github_events; --/x"])


def test_an_issue_whose_opening_is_not_in_the_range_has_no_text_and_is_left_out(server: Server, tmp_path: Path) -> None:
    report = collected(server, tmp_path / "store.db", first="2020-01-02")
    (brought,) = report.repositories
    with sqlite3.connect(tmp_path / "store.db") as store:
        opened = {number for (number,) in store.execute("SELECT number FROM issues")}
        left_out = {number for (number,) in store.execute("SELECT number FROM quarantine WHERE place LIKE 'issue%'")}
    assert left_out
    assert not opened & left_out
    assert brought.issues == len(opened)


def test_a_run_goes_on_with_what_it_was_not_told_yet(server: Server, tmp_path: Path) -> None:
    server.fails_for = "toDateTime('2020-03-01"
    report = collected(server, tmp_path / "store.db", first=FIRST, last="2020-06-30")
    assert len(report.unread) == 2  # February ends where March begins
    asked, server.fails_for = len(server.queries), None
    again = collected(server, tmp_path / "store.db", first=FIRST, last="2020-06-30")
    assert len(server.queries) == asked + 2
    assert not again.unread


def refuse(status: int, message: str) -> Callable[[Handler], bool]:
    def answer(handler: Handler) -> bool:
        handler.answer(message.encode(), status)
        return True

    return answer


@pytest.mark.parametrize("code", [516, 60, 47, 201])
def test_a_server_that_refuses_is_not_asked_for_every_month(server: Server, tmp_path: Path, code: int) -> None:
    server.faults = [refuse(500, f"Code: {code}. DB::Exception: no")] * 100
    with pytest.raises(RefusedError):
        collected(server, tmp_path / "store.db")
    assert len(server.queries) < 24


def break_off(handler: Handler) -> bool:
    """As ClickHouse does when something happens after the first rows: the reason follows them, with a status of 200."""
    handler.answer(b"PAR1 rows Code: 241. DB::Exception: Memory limit (for query) exceeded: 5 GiB. (MEMORY_LIMIT)\n")
    return True


def stop(handler: Handler) -> bool:
    handler.answer(b"PAR1 rows", length=1000)
    handler.close_connection = True
    return True


def vanish(handler: Handler) -> bool:
    handler.connection.close()
    return True


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (refuse(403, "Code: 516. DB::Exception: play: Authentication failed"), f"refuses play.*set {PASSWORD}"),
        (refuse(404, "Code: 60. DB::Exception: Table default.x does not exist"), "has no table github_events"),
        (
            refuse(404, "Code: 47. DB::Exception: Missing columns: 'labels'"),
            "has other columns than .*: Missing columns",
        ),
        (refuse(500, "Code: 201. DB::Exception: Quota for user has been exceeded"), "not do so much: Quota.*--repo"),
        (refuse(400, "Code: 62. DB::Exception: Max query size exceeded"), "not do so much: Max query size.*few repos"),
        (refuse(500, "Code: 202. DB::Exception: Too many simultaneous queries"), "cannot answer: Too many .*continues"),
        (refuse(200, "<html>Welcome</html>"), "the answer of .* breaks off"),
        (refuse(302, "elsewhere"), "answers 302, and not as ClickHouse does"),
        (refuse(400, "what?"), "answers 400, and not as ClickHouse does"),
        (refuse(502, "Bad gateway"), "answers 502.*continues later"),
        (break_off, "not do so much: Memory limit"),
        (stop, "does not answer|breaks off"),
        (vanish, "does not answer"),
        (refuse(200, "PAR1 something else PAR1"), "the server's answer cannot be read"),
    ],
)
def test_what_a_server_does_wrong_is_named_and_nothing_is_taken_for_a_day(
    server: Server, tmp_path: Path, fault: Callable[[Handler], bool], message: str
) -> None:
    server.faults = [fault] * answers.ATTEMPTS
    with pytest.raises(GisError) as told:
        collected(server, tmp_path / "store.db", first=FIRST, last="2020-01-31")
    assert re.search(message, f"{told.value} {told.value.remedy}")
    assert not [path for path in tmp_path.rglob("*.parquet") if "downloads" not in path.parts]
    server.faults = []
    assert collected(server, tmp_path / "store.db", first=FIRST, last="2020-01-31").lines.used > 0


def test_a_password_comes_from_the_environment_and_is_written_nowhere(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.passwords["reader"] = "correct horse battery"
    monkeypatch.setenv(PASSWORD, "correct horse battery")
    address = server.address(user="reader")
    collect_archive(address, tmp_path / "store.db", first=FIRST, last=LAST, repositories=[REPOSITORY])
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"correct horse" in path.read_bytes()]
    with pytest.raises(UsageError, match="a password does not belong into an address"):
        hosted_table("clickhouse://reader:secret@127.0.0.1/github_events")


@pytest.mark.parametrize(
    ("address", "url", "user"),
    [
        ("clickhouse://play@play.clickhouse.com/github_events", "https://play.clickhouse.com:443/", "play"),
        ("clickhouse://example.org:8443/github.events", "https://example.org:8443/", "default"),
        ("clickhouse://localhost/events", "http://localhost:8123/", "default"),
        ("clickhouse://[::1]:9/events", "http://[::1]:9/", "default"),
    ],
)
def test_all_but_this_machine_is_asked_in_secret(address: str, url: str, user: str) -> None:
    table = hosted_table(address)
    assert (table.url, table.user) == (url, user)


@pytest.mark.parametrize(
    "address", ["clickhouse://host", "clickhouse:github_events", "clickhouse://host/a;b", "clickhouse:///t"]
)
def test_what_is_not_the_address_of_a_table_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="named by the server and the table"):
        hosted_hours(address, FIRST, LAST)


def test_a_server_that_is_not_there_is_told_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "FIRST_PAUSE", 0.0)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        address = f"clickhouse://127.0.0.1:{closed.getsockname()[1]}/events"
        with pytest.raises(GisError, match=r"does not answer: \[Errno \d+\] Connection refused$"):
            collect_archive(address, tmp_path / "store.db", first=FIRST, last=FIRST)


def test_a_table_needs_a_range() -> None:
    with pytest.raises(UsageError, match="needs a range"):
        hosted_hours("clickhouse://localhost/events", FIRST, None)


def test_a_table_is_asked_only_for_days_that_are_over() -> None:
    today = datetime.now(UTC).date()
    with pytest.raises(UsageError, match="is not over") as told:
        hosted_hours("clickhouse://localhost/events", FIRST, str(today))
    assert told.value.remedy == f"end before {today}"
    assert hosted_hours("clickhouse://localhost/events", FIRST, str(today - timedelta(days=1))).files


def test_a_store_is_of_files_or_of_a_table(server: Server, hours: Path, tmp_path: Path) -> None:
    """The table would take GitHub's numbers and reasons from what the files gave."""
    collect_archive(str(hours), tmp_path / "files.db")
    with pytest.raises(GisError, match="do not know the same of an issue"):
        collected(server, tmp_path / "files.db")
    collected(server, tmp_path / "table.db")
    with pytest.raises(GisError, match="was filled from clickhouse://"):
        collect_archive(str(hours), tmp_path / "table.db")


def test_the_command_line_fills_a_store_and_says_where_from(server: Server, gis: Gis, tmp_path: Path) -> None:
    command = ("collect", "--archive", server.address(), "--from", FIRST, "--to", LAST, "--repo", REPOSITORY)
    cost = gis(*command, "--store", tmp_path / "store.db", "--dry-run")
    assert cost.status == 0, cost.err
    assert "24 files, " in cost.out
    done = gis(*command, "--store", tmp_path / "store.db")
    assert done.status == 0, done.err
    assert REPOSITORY in done.out
    built = gis("build", "--store", tmp_path / "store.db", "--output", tmp_path / "data", "--split", "0/0/100")
    assert built.status == 0, built.err


def test_texts_of_issues_that_are_known_by_number_are_asked_for(server: Server, tmp_path: Path) -> None:
    collected(server, tmp_path / "store.db")
    with sqlite3.connect(tmp_path / "store.db") as store:
        stored = {
            number: (title, text)
            for number, title, text in store.execute("SELECT number, title, original_body FROM issues")
        }
    wanted = [("Octo/Widgets", number) for number in sorted(stored)[:7]]
    with work_beside(tmp_path / "restored") as work:
        texts = list(archive_texts(wanted, server.address(), work, first=FIRST, last=LAST))
    assert [(text.repository, text.number) for text in texts] == wanted
    for text in texts:
        first = (text.first_title or text.title, text.body if text.first_body is None else text.first_body)
        assert first == stored[text.number]

"""Dumps go through the same store, and broken lines are named."""

import gzip
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.console import Reporter
from gis.errors import GisError
from tests.collector.world import made
from tests.command_line import run_gis


def write_dump(folder: Path, count: int = 30) -> Path:
    world = made(count)
    folder.mkdir(parents=True)
    rows = [{**row, "repository": world.name} for row in world.issues.values()]
    comments = [row for bodies in world.comments.values() for row in bodies]
    references = [
        {
            "number": 1,
            "event": "cross-referenced",
            "from": 4,
            "type": "issue",
            "date": "2020-01-01T00:00:00Z",
            "actor": "a",
        },
        {"number": 1, "event": "cross-referenced", "from": 3, "type": "pull request", "date": "2020-01-01T00:00:00Z"},
        {"number": 2, "event": "referenced", "commit": "abc", "date": "2020-01-01T00:00:00Z", "actor": "a"},
    ]
    for name, lines in (("issues", rows), ("comments", comments), ("cross_references", references)):
        text = "".join(json.dumps(row) + "\n" for row in lines)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_a_dump_fills_a_store_once_and_again(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    for _ in range(2):
        done = run_gis("collect", "--from", folder, "--store", tmp_path / "store.db")
        assert done.status == 0, done.err
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("SELECT count(*) FROM issues").fetchone() == (30,)
        assert (
            connection.execute("SELECT count(*), count(DISTINCT id) FROM comments").fetchone()
            == (sum(len(comments) for comments in made(30).comments.values()),) * 2
        )
        events = connection.execute("SELECT number, kind, target_number, target_pull_request FROM events").fetchall()
        assert events == [(1, "cross_referenced", 4, 0), (1, "cross_referenced", 3, 1)]
        assert connection.execute("SELECT number FROM pull_requests").fetchall() == [(3,)]
    status = run_gis("collect", "--status", "--store", tmp_path / "store.db")
    assert "octo/widgets" in status.out
    assert "yes" in status.out


def test_broken_lines_are_named_and_the_rest_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_dump(tmp_path / "dump")
    lines = (folder / "issues.jsonl").read_text(encoding="utf-8").splitlines()
    lines[3] = lines[3][:40]
    lines[7] = "[]"
    lines[9] = json.dumps({"number": 5})
    (folder / "issues.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = DumpSource(folder, reporter=Reporter())
    with StoreWriter.open(tmp_path / "store.db") as store:
        report = collect(store, source)
    warnings = capsys.readouterr().err
    assert report.issues == 27
    assert all(f"issues.jsonl:{line}: left out" in warnings for line in (4, 8, 10))


def test_a_file_that_is_not_whole_is_reported(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    text = (folder / "comments.jsonl").read_bytes()
    (folder / "comments.jsonl.gz").write_bytes(gzip.compress(text)[:-50])
    (folder / "comments.jsonl").unlink()
    source = DumpSource(folder)
    with (
        StoreWriter.open(tmp_path / "store.db") as store,
        pytest.raises(GisError, match=r"comments\.jsonl\.gz.*is kept"),
    ):
        collect(store, source)
    with pytest.raises(GisError, match=r"does not contain issues\.jsonl"):
        DumpSource(tmp_path)


BROKEN: dict[str, dict[str, object]] = {
    "an object for a body": {"body": {}},
    "a list for a reason": {"state_reason": ["completed"]},
    "a number that is too large": {"id": 2**70},
    "no title": {"title": None},
    "no time": {"updated_at": None},
    "another time": {"created_at": "yesterday"},
    "a time outside the calendar in UTC": {"created_at": "0001-01-01T00:00:00+05:00"},
    "a number that is a text": {"number": "5"},
    "a number below zero": {"number": -1},
    "a user that is a text": {"user": "keeper"},
    "labels that are a text": {"labels": "bug"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_value_that_cannot_be_is_named_and_left_out(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_dump(tmp_path / "dump")
    lines = (folder / "issues.jsonl").read_text(encoding="utf-8").splitlines()
    lines[3] = json.dumps({**json.loads(lines[3]), **BROKEN[name]})
    (folder / "issues.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = DumpSource(folder, reporter=Reporter())
    with StoreWriter.open(tmp_path / "store.db") as store:
        assert collect(store, source).issues == 29
    assert "issues.jsonl:4: left out" in capsys.readouterr().err


@pytest.mark.parametrize("line", [0, 9])
def test_a_byte_that_is_no_text_costs_its_line(tmp_path: Path, line: int) -> None:
    folder = write_dump(tmp_path / "dump")
    lines = (folder / "issues.jsonl").read_bytes().splitlines()
    lines[line] = lines[line].replace(b"Problem", b"\xff\xfe")
    (folder / "issues.jsonl").write_bytes(b"\n".join(lines))
    source = DumpSource(folder)
    with StoreWriter.open(tmp_path / "store.db") as store:
        assert collect(store, source).issues == 29


def test_a_second_part_of_a_dump_is_read_from_its_start(tmp_path: Path) -> None:
    """Also where the first part broke off in the middle."""
    one, other = write_dump(tmp_path / "one", 900), write_dump(tmp_path / "other", 900)
    for folder, keep in ((one, slice(None, 700)), (other, slice(700, None))):
        lines = (folder / "issues.jsonl").read_bytes().splitlines(keepends=True)[keep]
        (folder / "issues.jsonl").unlink()
        data = gzip.compress(b"".join(lines))
        (folder / "issues.jsonl.gz").write_bytes(data[:-4] if folder == one else data)
    with StoreWriter.open(tmp_path / "store.db") as store:
        source = DumpSource(one)
        with pytest.raises(GisError, match="everything fetched so far is kept"):
            collect(store, source)
        (status,) = store.status()
        assert 690 < status.issues <= 700
        source = DumpSource(other)
        collect(store, source)
        assert store.status()[0].issues >= status.issues + 200


def test_an_older_dump_changes_nothing(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", 20)
    source = DumpSource(folder)
    with StoreWriter.open(tmp_path / "store.db") as store:
        collect(store, source)
        store._connection.execute("UPDATE issues SET title = 'Newer', updated_at = '2030-01-01T00:00:00Z'")
        again = DumpSource(folder)
        collect(store, again)
        assert {title for (title,) in store.rows("SELECT title FROM issues")} == {"Newer"}


@pytest.mark.shared
@pytest.mark.slow
def test_a_real_repository_comes_whole(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "github" / "rust-lang_rust"
    source = DumpSource(folder)
    with StoreWriter.open(tmp_path / "store.db") as store:
        report = collect(store, source)
    assert (report.issues, report.comments, report.left_out) == (15_813, 75_762, ())
    with sqlite3.connect(tmp_path / "store.db") as connection:
        stored = {
            row[0]: row[1:]
            for row in connection.execute(
                "SELECT number, title, body, state, state_reason, author, labels, comment_count, updated_at FROM issues"
            )
        }
    with gzip.open(folder / "issues.jsonl.gz", "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            labels = json.dumps([label["name"] for label in row["labels"]], ensure_ascii=False)
            author = row["user"] and row["user"]["login"]
            expected = (row["title"], row["body"], row["state"], row["state_reason"], author, labels)
            assert stored[row["number"]] == (*expected, row["comments"], row["updated_at"])


def test_one_json_array_is_refused_with_the_way_out(tmp_path: Path) -> None:
    for text in (json.dumps([{"number": 1}]), json.dumps([{"number": 1}], indent=2)):
        (tmp_path / "issues.jsonl").write_text(text, encoding="utf-8")
        with pytest.raises(GisError, match="holds a JSON array; each line must be one JSON object") as caught:
            DumpSource(tmp_path)
        assert caught.value.remedy == "convert it with jq -c '.[]' issues.jsonl"


def test_what_gh_fetches_is_a_dump(tmp_path: Path) -> None:
    """Rows of REST name the repository by its address, and have pull requests among the issues."""
    world = made(10)
    row, comment = next(iter(world.issues.values())), {**next(rows[0] for rows in world.comments.values() if rows)}
    address = {"repository_url": "https://api.github.com/repos/octo/widgets"}
    issues = [{**row, **address}, {**row, **address, "number": 3, "pull_request": {"url": "…"}}]
    number = comment.pop("issue_number")
    urls = [f"https://github.com/octo/widgets/{place}#issuecomment-1" for place in (f"issues/{number}", "pull/3")]
    comments = [
        {**comment, "id": n, "issue_url": f"https://api.github.com/repos/octo/widgets/issues/{number}", "html_url": url}
        for n, url in enumerate(urls)
    ]
    for name, rows in (("issues", issues), ("comments", comments)):
        text = "".join(json.dumps(item) + "\n" for item in rows)
        (tmp_path / f"{name}.jsonl").write_text(text, encoding="utf-8")
    with StoreWriter.open(tmp_path / "store.db") as store:
        report = collect(store, DumpSource(tmp_path))
        assert store.rows("SELECT number FROM pull_requests") == [(3,)]
    assert (report.repository, report.issues, report.comments) == ("octo/widgets", 1, 1)


def test_a_folder_that_names_no_repository_says_what_to_do(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    rows = [json.loads(line) for line in (folder / "issues.jsonl").read_text(encoding="utf-8").splitlines()]
    text = "".join(json.dumps({**row, "repository": None}) + "\n" for row in rows)
    (folder / "issues.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(GisError, match="which repository it is of") as caught:
        _ = DumpSource(folder).repository
    assert caught.value.remedy == "rename the folder to OWNER_NAME"
    assert DumpSource(folder.rename(tmp_path / "octo_wid_gets")).repository.name == "octo/wid_gets"


def write_issues(folder: Path, rows: list[dict[str, Any]], name: str = "issues") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def stored(folder: Path, query: str, *, reporter: Reporter | None = None) -> list[tuple[Any, ...]]:
    """Collect a dump and ask its store."""
    with StoreWriter.open(folder / "store.db") as store:
        collect(store, DumpSource(folder, reporter=reporter or Reporter(quiet=True)))
        return store.rows(query)


def rest_rows(count: int = 6) -> list[dict[str, Any]]:
    return [{**row, "repository": "octo/widgets"} for row in made(count).issues.values()]


@pytest.mark.parametrize(
    "mark",
    [
        {"pull_request": {"url": "…"}},
        {"html_url": "https://github.com/octo/widgets/pull/3"},
        {"isPullRequest": True},
        {"__typename": "PullRequest"},
    ],
)
def test_a_pull_request_is_a_number_however_it_is_marked(tmp_path: Path, mark: dict[str, Any]) -> None:
    folder = write_issues(tmp_path / "dump", [*rest_rows(4), {**rest_rows(1)[0], "number": 77, **mark}])
    assert stored(folder, "SELECT number FROM pull_requests") == [(77,)]
    assert (77,) not in stored(folder, "SELECT number FROM issues")


def test_events_of_gh_archive_are_read(tmp_path: Path) -> None:
    """The newest state of each issue counts; comments come with their own events."""
    first, second = rest_rows()[:2]
    older = {**first, "title": "Older", "updated_at": "2000-01-01T00:00:00Z"}
    comment = {"id": 5, "body": "Same here", "user": None, "created_at": "2020-01-01T00:00:00Z"}
    comment["updated_at"] = comment["created_at"]

    def event(kind: str, repository: str = "octo/widgets", **payload: object) -> dict[str, Any]:
        return {"type": kind, "repo": {"id": 1, "name": repository}, "payload": payload, "id": "1"}

    rows = [
        event("IssuesEvent", issue=first),
        event("IssuesEvent", issue=older),
        event("IssueCommentEvent", issue=second, comment=comment),
        event("IssueCommentEvent", issue={**second, "number": 41, "pull_request": {}}, comment=comment),
        event("PullRequestEvent", number=42, pull_request={"number": 42}),
        event("PushEvent", commits=[]),
        event("IssuesEvent", "octo/other", issue={**first, "title": "Of another repository"}),
    ]
    rows[3]["payload"]["issue"]["html_url"] = "https://github.com/octo/widgets/pull/41"
    folder = write_issues(tmp_path / "dump", rows)
    titles = stored(folder, "SELECT number, title FROM issues")
    assert titles == [(row["number"], row["title"]) for row in (first, second)]
    assert stored(folder, "SELECT number, id, body FROM comments") == [(second["number"], 5, "Same here")]
    assert stored(folder, "SELECT number FROM pull_requests") == [(41,), (42,)]


def test_lines_of_other_repositories_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rest_rows(4)
    rows[2]["repository"] = "octo/other"
    folder = write_issues(tmp_path / "dump", rows)
    assert len(stored(folder, "SELECT number FROM issues", reporter=Reporter())) == 3
    assert "1 lines are of other repositories, such as octo/other" in capsys.readouterr().err


def gh_issue(number: int, **changes: object) -> dict[str, Any]:
    """An issue as gh issue list --json prints it."""
    url = f"https://github.com/octo/widgets/issues/{number}"
    comment = {
        "id": "IC_x",
        "author": {"login": "helper"},
        "authorAssociation": "MEMBER",
        "body": "Duplicate of #1",
        "createdAt": "2021-01-02T00:00:00Z",
        "url": f"{url}#issuecomment-9{number}",
    }
    return {
        "number": number,
        "id": f"I_{number}",
        "title": f"Issue {number}",
        "body": "It stops.",
        "state": "CLOSED",
        "stateReason": "NOT_PLANNED",
        "createdAt": "2021-01-01T00:00:00Z",
        "updatedAt": "2021-01-03T00:00:00Z",
        "closedAt": "2021-01-03T00:00:00Z",
        "author": {"login": "app/fixer", "is_bot": True},
        "labels": [{"name": "bug"}],
        "comments": [comment],
        "url": url,
        **changes,
    }


def test_what_gh_issue_list_prints_is_read(tmp_path: Path) -> None:
    rows = [gh_issue(1), gh_issue(2, stateReason="", url="https://github.com/octo/widgets/pull/2")]
    folder = write_issues(tmp_path / "dump", rows)
    columns = "number, node_id, title, state, state_reason, author, labels, comment_count, updated_at"
    assert stored(folder, f"SELECT {columns} FROM issues") == [
        (1, "I_1", "Issue 1", "closed", "not_planned", "fixer[bot]", '["bug"]', 1, "2021-01-03T00:00:00Z")
    ]
    assert stored(folder, "SELECT number, id, author, association, body FROM comments") == [
        (1, 91, "helper", "MEMBER", "Duplicate of #1")
    ]
    assert stored(folder, "SELECT number FROM pull_requests") == [(2,)]


def test_nodes_of_graphql_are_read(tmp_path: Path) -> None:
    node = gh_issue(4, labels={"nodes": [{"name": "ui"}]}, author={"login": "fixer", "__typename": "Bot"})
    node |= {"comments": {"totalCount": 7, "nodes": node["comments"]}, "fullDatabaseId": 1004, "state": "OPEN"}
    folder = write_issues(tmp_path / "dump", [node, gh_issue(5, __typename="PullRequest")])
    assert stored(folder, "SELECT number, id, state, author, labels, comment_count FROM issues") == [
        (4, 1004, "open", "fixer[bot]", '["ui"]', 7)
    ]
    assert stored(folder, "SELECT number FROM pull_requests") == [(5,)]


@pytest.mark.parametrize("field", ["author_association", "node_id", "locked", "id", "labels", "comments", "closed_by"])
def test_older_exports_with_null_are_read(tmp_path: Path, field: str) -> None:
    folder = write_issues(tmp_path / "dump", [{**row, field: None} for row in rest_rows()])
    assert len(stored(folder, "SELECT number FROM issues")) == 6


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"title": "x", "number": 1}, "the field state is missing, expected text"),
        ({"sha": "0", "message": "a commit"}, "it has the fields sha, message, none of which an issue has"),
        ("text", "the line is str, expected an object"),
        ({"type": "IssuesEvent", "repo": {"name": "a/b"}, "payload": {"issue": 7}}, "payload.issue is of the type int"),
        (
            {"number": 1, "createdAt": "2020-01-01T00:00:00Z", "title": "x", "state": "OPEN"},
            "the field updated_at is null, expected text",
        ),
    ],
)
def test_a_dump_of_which_nothing_can_be_read_is_one_error(tmp_path: Path, row: object, reason: str) -> None:
    folder = tmp_path / "octo_widgets"
    folder.mkdir()
    (folder / "issues.jsonl").write_text(f"{json.dumps(row)}\n" * 600, encoding="utf-8")
    done = run_gis("collect", "--from", folder, "--store", tmp_path / "store.db")
    assert done.status == 1
    assert done.err.count("left out") == 1
    assert reason in done.err
    assert "gh issue list --state all" in done.err


def test_an_empty_dump_is_an_error(tmp_path: Path) -> None:
    folder = write_issues(tmp_path / "octo_widgets", [])
    with pytest.raises(GisError, match=r"nothing of .* could be read: it has no lines"):
        stored(folder, "SELECT 1")


def test_lines_that_fail_alike_are_named_once_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{**row, "updated_at": None} for row in rest_rows(30)]
    folder = write_issues(tmp_path / "dump", [*rest_rows(2), *rows[2:]])
    stored(folder, "SELECT 1", reporter=Reporter())
    lines = capsys.readouterr().err.splitlines()
    reason = "the field updated_at is null, expected text"
    assert lines == [
        f"warning: {folder / 'issues.jsonl'}:3: left out: {reason}",
        f"warning: {folder / 'issues.jsonl'}: 27 more lines were left out alike: {reason}",
    ]


def test_half_of_a_character_is_replaced_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = rest_rows(3)
    rows[1] |= {"title": "half \ud83d", "labels": [{"name": "l\udfff"}]}
    folder = write_issues(tmp_path / "dump", rows)
    titles = stored(folder, "SELECT title FROM issues", reporter=Reporter())
    assert ("half \ufffd",) in titles
    assert "1 lines held half of a character, replaced by U+FFFD" in capsys.readouterr().err


def test_times_with_an_offset_are_stored_in_utc(tmp_path: Path) -> None:
    rows = rest_rows(1)
    rows[0]["created_at"] = "2020-01-01T01:00:00+02:00"
    folder = write_issues(tmp_path / "dump", rows)
    assert stored(folder, "SELECT created_at FROM issues") == [("2019-12-31T23:00:00Z",)]


PAGE = "https://git.example.org/octo/widgets/issues"
API = "https://git.example.org/api/v3/repos/octo/widgets"


@pytest.mark.parametrize(
    ("addresses", "web_url"),
    [
        ({}, "https://github.com"),
        ({"html_url": f"{PAGE}/1"}, "https://git.example.org"),
        ({"url": f"{API}/issues/1"}, "https://git.example.org"),
        ({"repository_url": API}, "https://git.example.org"),
        ({"url": "https://api.github.com/repos/octo/widgets/issues/1"}, "https://github.com"),
        ({"body": f"The same as in {PAGE}/1"}, "https://git.example.org"),
        ({"body": f"The same as in {PAGE}/1 and https://github.com/octo/widgets/issues/2"}, "https://github.com"),
    ],
)
def test_a_dump_says_which_server_it_is_of(tmp_path: Path, addresses: dict[str, str], web_url: str) -> None:
    folder = write_issues(tmp_path, [{**row, **addresses} for row in rest_rows(2)])
    with StoreWriter.open(tmp_path / "store.db") as store:
        collect(store, DumpSource(folder))
        assert store.web_url == web_url


def test_events_and_what_gh_prints_say_which_server_they_are_of(tmp_path: Path) -> None:
    (row, *_) = rest_rows(1)
    event = {"type": "IssuesEvent", "repo": {"name": "octo/widgets", "url": API}, "payload": {"issue": row}}
    fields = {"number": 1, "title": "A title", "createdAt": row["created_at"], "updatedAt": row["updated_at"]}
    for name, line in (("events", event), ("gh", {**fields, "url": f"{PAGE}/1"})):
        assert DumpSource(write_issues(tmp_path / name, [line])).server == "https://git.example.org"


def test_the_server_of_a_dump_may_be_given(tmp_path: Path) -> None:
    folder = write_issues(tmp_path / "octo_widgets", rest_rows(2))
    store = tmp_path / "store.db"
    done = run_gis("collect", "--from", folder, "--store", store, "--api-url", "https://git.example.org/api/v3")
    assert done.status == 0, done.err
    with Store(store) as opened:
        assert opened.web_url == "https://git.example.org"


def test_a_line_of_another_server_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = rest_rows(2)
    other["html_url"] = "https://github.com/octo/widgets/issues/2"
    folder = write_issues(tmp_path, [{**one, "html_url": f"{PAGE}/1"}, other])
    assert stored(folder, "SELECT number FROM issues", reporter=Reporter()) == [(1,)]
    assert "it is of https://github.com, and the first issue of https://git.example.org" in capsys.readouterr().err


def test_a_store_refuses_a_second_server(tmp_path: Path) -> None:
    """Links and references are read as those of one server."""
    folders = []
    for name, host in (("one", "git.example.org"), ("two", "github.com")):
        address = {"html_url": f"https://{host}/octo/{name}/issues/1", "repository": f"octo/{name}"}
        folders.append(write_issues(tmp_path / name, [{**rest_rows(1)[0], **address}]))
    with StoreWriter.open(tmp_path / "store.db") as store:
        collect(store, DumpSource(folders[0]))
        with pytest.raises(
            GisError, match=r"issues of https://git\.example\.org, and these are of https://github\.com"
        ):
            collect(store, DumpSource(folders[1]))
        assert store.rows("SELECT name FROM repositories") == [("octo/one",)]

"""Dumps go through the same store, and broken lines are named."""

import gzip
import json
import sqlite3
from pathlib import Path

import pytest

from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.store import Store
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
    with Store.writing(tmp_path / "store.db") as store:
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
    with Store.writing(tmp_path / "store.db") as store, pytest.raises(GisError, match=r"comments\.jsonl\.gz.*is kept"):
        collect(store, source)
    with pytest.raises(GisError, match=r"does not contain issues\.jsonl"):
        DumpSource(tmp_path)


BROKEN: dict[str, dict[str, object]] = {
    "half of a character": {"title": "\ud800"},
    "an object for a body": {"body": {}},
    "a list for a reason": {"state_reason": ["completed"]},
    "a number that is too large": {"id": 2**70},
    "no title": {"title": None},
    "no time": {"updated_at": None},
    "another time": {"created_at": "yesterday"},
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
    with Store.writing(tmp_path / "store.db") as store:
        assert collect(store, source).issues == 29
    assert "issues.jsonl:4: left out" in capsys.readouterr().err


@pytest.mark.parametrize("line", [0, 9])
def test_a_byte_that_is_no_text_costs_its_line(tmp_path: Path, line: int) -> None:
    folder = write_dump(tmp_path / "dump")
    lines = (folder / "issues.jsonl").read_bytes().splitlines()
    lines[line] = lines[line].replace(b"Problem", b"\xff\xfe")
    (folder / "issues.jsonl").write_bytes(b"\n".join(lines))
    source = DumpSource(folder)
    with Store.writing(tmp_path / "store.db") as store:
        assert collect(store, source).issues == 29


def test_a_second_part_of_a_dump_is_read_from_its_start(tmp_path: Path) -> None:
    """Also where the first part broke off in the middle."""
    one, other = write_dump(tmp_path / "one", 900), write_dump(tmp_path / "other", 900)
    for folder, keep in ((one, slice(None, 700)), (other, slice(700, None))):
        lines = (folder / "issues.jsonl").read_bytes().splitlines(keepends=True)[keep]
        (folder / "issues.jsonl").unlink()
        data = gzip.compress(b"".join(lines))
        (folder / "issues.jsonl.gz").write_bytes(data[:-4] if folder == one else data)
    with Store.writing(tmp_path / "store.db") as store:
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
    with Store.writing(tmp_path / "store.db") as store:
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
    with Store.writing(tmp_path / "store.db") as store:
        report = collect(store, source)
    assert (report.issues, report.comments, source.broken_lines) == (15_813, 75_762, 0)
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
    with Store.writing(tmp_path / "store.db") as store:
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

"""Dumps go through the same store, and broken lines are named."""

import gzip
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gis.cli import app
from gis.collector.collect import collect
from gis.collector.dump import DumpSource
from gis.collector.store import Store
from gis.console import Reporter
from gis.errors import GisError
from tests.collector.world import made


def write_dump(folder: Path, count: int = 30) -> Path:
    world = made(count)
    folder.mkdir(parents=True)
    rows = [{**row, "repository": world.name} for row in world.issues.values()]
    comments = [row for found in world.comments.values() for row in found]
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
    for name, found in (("issues", rows), ("comments", comments), ("cross_references", references)):
        text = "".join(json.dumps(row) + "\n" for row in found)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    return folder


def test_a_dump_fills_a_store_once_and_again(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    for _ in range(2):
        done = CliRunner().invoke(app, ["collect", "--from", str(folder), "--store", str(tmp_path / "store.db")])
        assert done.exit_code == 0, done.output
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("SELECT count(*) FROM issues").fetchone() == (30,)
        assert (
            connection.execute("SELECT count(*), count(DISTINCT id) FROM comments").fetchone()
            == (sum(len(found) for found in made(30).comments.values()),) * 2
        )
        events = connection.execute("SELECT number, kind, target_number, target_pull_request FROM events").fetchall()
        assert events == [(1, "cross_referenced", 4, 0), (1, "cross_referenced", 3, 1)]
        assert connection.execute("SELECT number FROM pull_requests").fetchall() == [(3,)]
    status = CliRunner().invoke(app, ["collect", "--status", "--store", str(tmp_path / "store.db")])
    assert "octo/widgets" in status.output
    assert "yes" in status.output


def test_broken_lines_are_named_and_the_rest_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_dump(tmp_path / "dump")
    lines = (folder / "issues.jsonl").read_text(encoding="utf-8").splitlines()
    lines[3] = lines[3][:40]
    lines[7] = "[]"
    lines[9] = json.dumps({"number": 5})
    (folder / "issues.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    reporter = Reporter()
    source = DumpSource(folder, reporter)
    with Store.writing(tmp_path / "store.db") as store:
        brought = collect(store, source.repository(), source, reporter, None)
    told = capsys.readouterr().err
    assert brought.issues == 27
    assert all(f"issues.jsonl:{line}: left out" in told for line in (4, 8, 10))


def test_a_file_that_is_not_whole_is_told(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump")
    text = (folder / "comments.jsonl").read_bytes()
    (folder / "comments.jsonl.gz").write_bytes(gzip.compress(text)[:-50])
    (folder / "comments.jsonl").unlink()
    source = DumpSource(folder, Reporter(quiet=True))
    with Store.writing(tmp_path / "store.db") as store, pytest.raises(GisError, match=r"comments\.jsonl\.gz.*is kept"):
        collect(store, source.repository(), source, Reporter(quiet=True), None)
    with pytest.raises(GisError, match=r"holds no issues\.jsonl"):
        DumpSource(tmp_path, Reporter(quiet=True))


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
    source = DumpSource(folder, Reporter())
    with Store.writing(tmp_path / "store.db") as store:
        assert collect(store, source.repository(), source, Reporter(), None).issues == 29
    assert "issues.jsonl:4: left out" in capsys.readouterr().err


@pytest.mark.parametrize("line", [0, 9])
def test_a_byte_that_is_no_text_costs_its_line(tmp_path: Path, line: int) -> None:
    folder = write_dump(tmp_path / "dump")
    lines = (folder / "issues.jsonl").read_bytes().splitlines()
    lines[line] = lines[line].replace(b"Problem", b"\xff\xfe")
    (folder / "issues.jsonl").write_bytes(b"\n".join(lines))
    source = DumpSource(folder, Reporter(quiet=True))
    with Store.writing(tmp_path / "store.db") as store:
        assert collect(store, source.repository(), source, Reporter(quiet=True), None).issues == 29


def test_a_second_part_of_a_dump_is_read_from_its_start(tmp_path: Path) -> None:
    """Also where the first part broke off in the middle."""
    one, other = write_dump(tmp_path / "one", 900), write_dump(tmp_path / "other", 900)
    for folder, keep in ((one, slice(None, 700)), (other, slice(700, None))):
        lines = (folder / "issues.jsonl").read_bytes().splitlines(keepends=True)[keep]
        (folder / "issues.jsonl").unlink()
        data = gzip.compress(b"".join(lines))
        (folder / "issues.jsonl.gz").write_bytes(data[:-4] if folder == one else data)
    with Store.writing(tmp_path / "store.db") as store:
        source = DumpSource(one, Reporter(quiet=True))
        with pytest.raises(GisError, match="what came before is kept"):
            collect(store, source.repository(), source, Reporter(quiet=True), None)
        (status,) = store.status()
        assert 690 < status.issues <= 700
        source = DumpSource(other, Reporter(quiet=True))
        collect(store, source.repository(), source, Reporter(quiet=True), None)
        assert store.status()[0].issues >= status.issues + 200


def test_an_older_dump_changes_nothing(tmp_path: Path) -> None:
    folder = write_dump(tmp_path / "dump", 20)
    source = DumpSource(folder, Reporter(quiet=True))
    with Store.writing(tmp_path / "store.db") as store:
        collect(store, source.repository(), source, Reporter(quiet=True), None)
        store._connection.execute("UPDATE issues SET title = 'Newer', updated_at = '2030-01-01T00:00:00Z'")
        again = DumpSource(folder, Reporter(quiet=True))
        collect(store, again.repository(), again, Reporter(quiet=True), None)
        assert {title for (title,) in store.rows("SELECT title FROM issues")} == {"Newer"}


@pytest.mark.shared
def test_a_real_repository_comes_whole(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "github" / "rust-lang_rust"
    source = DumpSource(folder, Reporter(quiet=True))
    with Store.writing(tmp_path / "store.db") as store:
        brought = collect(store, source.repository(), source, Reporter(quiet=True), None)
    assert (brought.issues, brought.comments, source.broken) == (15_813, 75_762, 0)
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
            told = (row["title"], row["body"], row["state"], row["state_reason"], author, labels)
            assert stored[row["number"]] == (*told, row["comments"], row["updated_at"])

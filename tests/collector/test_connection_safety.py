"""What leaves this machine, and what is left on it: tokens in clear, foreign files, stores of nothing."""

import gzip
import json
from pathlib import Path

import pytest

import gis
from gis.collector.dump import DumpSource
from gis.collector.github.connection import connect
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.console import Reporter
from gis.errors import GisError, UsageError
from tests.command_line import run_gis


@pytest.fixture(autouse=True)
def _with_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "good-token-1234")
    monkeypatch.delenv("GH_TOKEN", raising=False)


@pytest.mark.parametrize("host", ["github.example.com", "10.0.0.7", "127.0.0.1.example.com", "[2001:db8::1]:8080"])
def test_no_token_is_sent_in_clear_to_another_machine(host: str) -> None:
    with pytest.raises(UsageError, match="would receive the token unencrypted") as caught:
        connect(f"http://{host}/api/v3")
    assert "--insecure" in caught.value.remedy
    assert connect(f"http://{host}/api/v3", insecure=True, reporter=Reporter(quiet=True)).client.url.startswith("http:")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "[::1]:8080"])
def test_this_machine_may_be_asked_without_encryption(host: str) -> None:
    assert connect(f"http://{host}", reporter=Reporter(quiet=True)).client.authenticated


def test_a_lock_that_is_not_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "store.db.lock").symlink_to(tmp_path / "notes.txt")
    with (
        pytest.raises(GisError, match=r"store\.db\.lock is a link or holds something"),
        StoreWriter.open(tmp_path / "store.db"),
    ):
        pass
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    (tmp_path / "other.db.lock").write_text("mine too", encoding="utf-8")
    with (
        pytest.raises(GisError, match=r"other\.db\.lock is a link or holds something"),
        StoreWriter.open(tmp_path / "other.db"),
    ):
        pass
    assert (tmp_path / "other.db.lock").read_text(encoding="utf-8") == "mine too"
    assert not list(tmp_path.glob("*.db"))


@pytest.mark.parametrize(
    "given", [{"page_size": 0}, {"page_size": 101}, {"page_size": 2.5}, {"max_points": 0}, {"max_wait": -1}]
)
def test_numbers_from_python_are_checked(given: dict[str, float], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be a"):
        gis.collect("octo/widgets", store=tmp_path / "store.db", **given)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_dump_is_read_instead_of_github_not_beside_it(tmp_path: Path) -> None:
    done = run_gis("collect", "--repo", "octo/widgets", "--from", tmp_path, "--store", tmp_path / "store.db")
    assert done.status == 2
    assert "a dump is read instead of GitHub, and both are given" in done.err


def test_a_run_that_brings_nothing_leaves_no_store(tmp_path: Path) -> None:
    folder = tmp_path / "octo_widgets"
    folder.mkdir()
    (folder / "issues.jsonl").write_text("{\n", encoding="utf-8")
    done = run_gis("collect", "--from", folder, "--store", tmp_path / "store.db")
    assert done.status == 1
    assert "nothing of" in done.err
    assert "Traceback" not in done.err
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".db"] == []


def test_a_store_that_was_there_stays(tmp_path: Path) -> None:
    with StoreWriter.open(tmp_path / "store.db"):
        pass
    with pytest.raises(KeyboardInterrupt), StoreWriter.open(tmp_path / "store.db"):
        raise KeyboardInterrupt
    assert (tmp_path / "store.db").exists()


def test_a_line_of_any_length_is_not_read_into_memory(tmp_path: Path) -> None:
    """A small compressed file may hold a huge line; the message says how it may be read all the same."""
    folder = tmp_path / "octo_widgets"
    folder.mkdir()
    issue = {"number": 1, "title": "x", "state": "open", "created_at": "2020-01-01T00:00:00Z"}
    issue |= {"updated_at": "2020-01-01T00:00:00Z", "repository": "octo/widgets"}
    long = json.dumps({**issue, "number": 2, "body": "x" * 1_100_000})
    with gzip.open(folder / "issues.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(f"{json.dumps(issue)}\n{long}\n")
    done = run_gis("collect", "--from", folder, "--store", tmp_path / "store.db", "--max-line", "1")
    assert done.status == 1
    assert "line 2 of" in done.err
    assert "is longer than 1 MB" in done.err
    assert "raise --max-line" in done.err
    done = run_gis("collect", "--from", folder, "--store", tmp_path / "store.db", "--max-line", "2")
    assert (done.status, "octo/widgets: 1 issues" in done.err) == (0, True), done.err
    with Store(tmp_path / "store.db") as store:
        assert store.rows("SELECT number FROM issues") == [(1,), (2,)]
    with pytest.raises(UsageError, match="the longest line"):
        DumpSource(folder, longest_line=0)

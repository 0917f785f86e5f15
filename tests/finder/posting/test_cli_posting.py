"""gis find as it is typed: shown first, written where asked, from a search or from JSON."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gis.finder.posting import comment
from gis.finder.posting.findings_file import findings_json
from tests.collector.server import GitHub
from tests.collector.world import World
from tests.command_line import run_gis
from tests.faults.kills import can_fork, check_kills
from tests.finder.helpers import ISSUES, encoder, make_index, make_store
from tests.finder.posting.helpers import finding, suggestion


@pytest.fixture
def findings(tmp_path: Path, github: GitHub) -> Path:
    path = tmp_path / "findings.json"
    certified = finding(2, suggestion(1, web=github.url), certificate="0123456789ab")
    path.write_text(findings_json([certified, finding(4, note="a bot opened it")]), encoding="utf-8")
    return path


def test_a_dry_run_shows_what_would_be_written_and_sends_nothing(findings: Path, github: GitHub) -> None:
    found = ("find", "--from", findings, "--repo", "octo/widgets", "--api-url", github.url)
    done = run_gis(*found, "--comment")
    assert done.status == 0, done.err
    assert "octo/widgets#2: this comment, unless the issue is closed or locked:" in done.out
    assert "<!-- gis find octo/widgets#1=0.7500 certificate=0123456789ab -->" in done.out
    assert "octo/widgets#4: no comment, or an earlier one is taken back: a bot opened it" in done.out
    assert f"nothing was sent; to write to {github.url.removeprefix('http://')}, add --post" in done.err + done.out
    suggested = run_gis(*found, "--suggest").out
    assert "and a suggestion to close it as a duplicate of octo/widgets#1: score 75%; in both: `error" in suggested
    assert github.requests == []


def test_only_the_issues_that_are_named_are_written_to(findings: Path, github: GitHub, world: World) -> None:
    found = ("--from", findings, "--repo", "octo/widgets", "--api-url", github.url, "--comment", "--post")
    done = run_gis("find", "Octo/Widgets#2", *found)
    assert (done.status, "about octo/widgets#4, which was not named; name it, too" in done.err) == (1, True)
    assert github.requests == []
    done = run_gis("find", "Octo/Widgets#2", "octo/widgets#4", *found)
    assert (done.status, len(world.comments[2])) == (0, 1)


def test_posting_says_what_was_done_and_its_status_tells(findings: Path, github: GitHub, world: World) -> None:
    found = ("find", "--from", findings, "--repo", "octo/widgets", "--api-url", github.url, "--suggest", "--post")
    done = run_gis(*found)
    assert done.status == 0, done.err
    assert "octo/widgets#2: commented; suggested to close it as a duplicate (http" in done.out
    assert "octo/widgets#4: left alone (a bot opened it)" in done.out
    assert len(world.comments[2]) == 1
    world.remove(2)
    done = run_gis(*found)
    assert done.status == 1
    assert "octo/widgets#2: failed" in done.out
    assert "gis collect brings the store up to date" in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "x.json"], "add --repo OWNER/NAME"),
        (["--from", "x.json", "--repo", "octo/widgets", "--since", "7d"], "--from takes what was found before"),
        (["--from", "x.json", "--repo", "octo/widgets", "--skip", "bots"], "--from takes what was found before"),
        (["--from", "x.json", "--precision", "0.9", "--reviewed", "x"], "--from takes what was found before"),
        (["--text", "x.md", "--comment"], "a text is not an issue"),
        (["#1", "--suggest"], "add --precision 0.9 --reviewed DIR"),
        (["#1", "--post"], "there is nothing to post; gis find … --comment --post"),
        (["#1", "--comment", "--json"], "leave out one of them"),
        (["--backtest", "--comment"], "a backtest writes nothing to GitHub"),
        (["#1", "--skip", "robots"], "'robots' cannot be skipped; write bots, staff or label:NAME"),
        (["#1", "--skip", "label:"], "'label:' cannot be skipped"),
    ],
)
def test_what_does_not_go_together_is_told(tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "issues.db").touch()
    done = run_gis("find", "--store", tmp_path / "issues.db", *arguments)
    assert (done.status, message in done.err) == (2, True), done.err


def test_a_search_is_printed_as_json_that_can_be_written(
    tmp_path: Path, github: GitHub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder(monkeypatch)
    monkeypatch.setattr(comment, "LOW_SCORE", 0.0)  # of a ranker that was fitted with a real encoder
    store = make_store(tmp_path)
    make_index(store)
    search = ("find", "--store", store, "--cache", tmp_path / "cache", "octo/widgets#3")
    world.issues[3] = {**world.issues[2], "number": 3}
    world.pulls.remove(3)
    done = run_gis(*search, "--json")
    (tmp_path / "found.json").write_text(done.out.replace("https://github.com", github.url), encoding="utf-8")
    posting = ("--repo", "octo/widgets", "--comment", "--post", "--api-url", github.url)
    done = run_gis("find", "--from", tmp_path / "found.json", *posting)
    assert done.status == 0, done.err
    (written,) = world.comments[3]
    assert "`Frobnicator crashes on start`" in written["body"]
    assert "`thread 'main' panicked at 'frobnicator is missing', src/main.rs:10`" in written["body"]
    done = run_gis(*search, "--comment")
    assert "`Frobnicator crashes on start`" in done.out


@pytest.mark.parametrize(
    ("skip", "note"),
    [
        ("bots", ""),
        ("staff", "it was opened by one of the repository's own people"),
        ("label:Bug", "it is labelled bug"),
    ],
)
def test_some_issues_are_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skip: str, note: str) -> None:
    encoder(monkeypatch)
    changed = [replace(each, association="MEMBER", labels=("bug",)) if each.number == 3 else each for each in ISSUES]
    store = make_store(tmp_path, changed)
    make_index(store)
    done = run_gis("find", "--store", store, "--cache", tmp_path / "cache", "#3", "--skip", skip, "--json")
    (found,) = json.loads(done.out)
    assert found["note"] == note
    assert bool(found["suggestions"]) == (not note)


@can_fork
@pytest.mark.slow
def test_a_killed_run_writes_nothing_twice(findings: Path, github: GitHub, world: World) -> None:
    command = ("find", "--from", findings, "--repo", "octo/widgets", "--api-url", github.url, "--suggest", "--post")

    def work() -> None:
        done = run_gis(*command)
        assert done.status == 0, done.err

    def prepare() -> None:
        world.comments.clear()
        world.suggestions.clear()

    def state() -> tuple[int, int] | None:
        written = len(world.comments.get(2, [])), len(world.suggestions.get(2, []))
        return None if written == (0, 0) else written

    assert check_kills(work, prepare=prepare, state=state, partly=True) > 0
    assert state() == (1, 1)

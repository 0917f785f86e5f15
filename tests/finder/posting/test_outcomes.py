"""From a suggestion over what people answer to it to the next search, as it is typed, on a GitHub server."""

import json
from pathlib import Path

import pytest

from gis.finder.index import read_index
from tests.collector.server import GitHub
from tests.collector.world import World, user_row
from tests.command_line import run_gis
from tests.finder.helpers import encoder
from tests.finder.test_certify import write_folder

SAME = "It cannot be started: the frobnicator of the third kind is missing"


@pytest.fixture
def world(world: World) -> World:
    world.issues = {n: {**row, "title": f"Frobnicator {n}", "body": SAME} for n, row in world.issues.items()}
    return world


def answers(store: Path) -> dict[str, dict[str, str]]:
    """By issue and source, what people answered to a suggestion."""
    answered: dict[str, dict[str, str]] = {}
    for outcome in json.loads(run_gis("outcomes", "--store", store, "--json").out):
        answered.setdefault(outcome["issue"], {})[outcome["source"]] = outcome["answer"]
    return answered


def named(world: World, issue: int) -> int:
    """The issue that was suggested on another one."""
    return int(world.suggestions[issue][0]["duplicate_of"])


@pytest.mark.slow
def test_what_people_answer_comes_back_and_stops_alerts(
    tmp_path: Path, github: GitHub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder(monkeypatch)
    github.tokens = {"good-token-1234": None}  # an app's, as in an action
    store, server = tmp_path / "issues.db", ("--api-url", github.url)
    collect = ("collect", "--repo", "octo/widgets", "--store", store, *server, "--quiet")
    assert run_gis(*collect).status == run_gis("index", "--store", store).status == 0
    reviewed = write_folder(
        tmp_path / "check",
        [0.001 + n / 1e6 for n in range(50)],
        [],
        dict.fromkeys(range(50), "yes"),
        identity=read_index(store).chain,
    )
    _, *names = (f"octo/widgets#{n}" for n in sorted(world.issues))
    find: tuple[str | Path, ...] = (
        "find",
        *names,
        "--store",
        store,
        "--precision",
        "0.9",
        "--reviewed",
        reviewed,
        *server,
    )
    done = run_gis(*find, "--suggest", "--post")
    assert done.out.count(": commented; suggested to close it as a duplicate") == len(names) == 7, done.err
    assert run_gis(*collect).status == 0
    assert answers(store) == {name: {"gis find": "none", "suggestion": "none"} for name in names}
    liked, declined, disliked, denied, ruled, accepted, silent = sorted(world.comments)
    world.comments[liked][0]["reactions"] = {"THUMBS_UP": 1}
    world.comments[disliked][0]["reactions"] = {"THUMBS_DOWN": 1}
    world.suggestions[declined] = []
    world.add_comment(denied, f"This is not a duplicate of #{named(world, denied)}", user_row(3))
    for issue, canonical in ((ruled, silent), (accepted, named(world, accepted))):
        world.add_comment(issue, f"Duplicate of #{canonical}", user_row(3))
        world.change(issue, state="closed", closed_at=world.issues[issue]["updated_at"], closed_by=user_row(3))
    assert run_gis(*collect).status == 0
    nothing = {"gis find": "none", "suggestion": "none"}
    assert answers(store) == {
        f"octo/widgets#{liked}": {**nothing, "gis find": "liked"},
        f"octo/widgets#{declined}": {**nothing, "suggestion": "declined"},
        f"octo/widgets#{disliked}": {**nothing, "gis find": "disliked"},
        f"octo/widgets#{denied}": {**nothing, "gis find": "declined"},
        f"octo/widgets#{ruled}": dict.fromkeys(nothing, "other"),
        f"octo/widgets#{accepted}": dict.fromkeys(nothing, "accepted"),
        f"octo/widgets#{silent}": nothing,
    }
    before = [row["body"] for rows in world.comments.values() for row in rows]
    assert run_gis("index", "--store", store).status == 0
    done = run_gis(*find, "--comment", "--post")
    assert "of 7 alerts so far, people answered 6: 2 right, 4 wrong" in done.err
    assert done.out.count(": left alone (alerts have stopped: ") == 7
    assert [row["body"] for rows in world.comments.values() for row in rows] == before

"""gis hydrate: the texts of the build come back from a GitHub server; what changed or went is told."""

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gis.collector.collect import collect
from gis.collector.github.accounts import token_account
from gis.collector.github.client import Client
from gis.collector.github.graphql import GraphQLSource
from gis.collector.store_writer import StoreWriter
from gis.dataset.output.hydrate import IssueKey, _check_keys
from gis.errors import GisError
from tests.collector.server import GitHub, schema, serving
from tests.collector.world import World, made, user_row
from tests.command_line import Done, run_gis

pytestmark = pytest.mark.slow

TOKEN = "good-token-1234"


def repository() -> World:
    """One with templates, renames, edits, and duplicates that cite one another."""
    world = made(160, seed=3)
    numbers = list(world.issues)
    for place, number in enumerate(numbers):
        form = f"### Steps\n\nOpen widget {number} of {place * 7} and look\n\n### Expected\n\nNo error {number}"
        world.issues[number].update(body=form, state="closed", closed_at="2021-01-01T00:00:00Z", closed_by=user_row(1))
        world.issues[number]["title"] = f"Widget {number} fails with the error {place * 13}"
    for one, other in zip(numbers[5::4], numbers[3::4], strict=False):
        world.add_comment(one, f"Duplicate of #{other}", user_row(1))
        world.issues[one]["body"] += f"\n\nThis looks like #{other}. It is worse here."
    for number in numbers[7:60:5]:
        world.first_bodies[number] = f"At first I wrote something else about widget {number} and its morning troubles"
        rename = {"kind": "RenamedTitleEvent", "createdAt": "2020-06-01T00:00:00Z", "actor": user_row(1)}
        world.events[number].append({**rename, "previousTitle": f"The first title of widget {number}"})
    return world


@pytest.fixture
def github() -> Iterator[GitHub]:
    with serving(repository(), schema()) as found:
        yield found


@pytest.fixture
def built(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GITHUB_TOKEN", TOKEN)
    client = Client(github.url, [token_account(TOKEN)])
    with StoreWriter.open(tmp_path / "issues.db") as store:
        collect(store, GraphQLSource(client, "octo/widgets", original_bodies=True))
    arguments = [
        "--store",
        str(tmp_path / "issues.db"),
        "--output",
        str(tmp_path / "built"),
        "--languages",
        "any",
        "-q",
    ]
    done = run_gis("build", *arguments)
    assert done.status == 0, done.err
    return tmp_path / "built"


def hydrate(github: GitHub, *arguments: str | Path) -> Done:
    return run_gis("hydrate", "--api-url", github.url, "-q", *arguments)


def default(folder: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted((folder / "data").glob("*.parquet"))])


def test_every_text_comes_back_as_it_was_built(github: GitHub, built: Path, tmp_path: Path) -> None:
    texts = default(built)
    assert texts.text1.str.contains("The first title of widget").any()
    assert not texts.text1.str.contains("### Steps").any()
    assert not texts.text1.str.contains("looks like").any()
    for name in ("data", "positive", "retrieval", "repository", "time"):
        shutil.rmtree(built / name, ignore_errors=True)  # as one shares it without texts
    before = len(github.requests)
    found = hydrate(github, str(built), "--output", str(tmp_path / "whole"))
    assert found.status == 0, found.err
    assert " 0 changed, 0 gone" in found.out
    pd.testing.assert_frame_equal(default(tmp_path / "whole"), texts)
    assert len(github.requests) - before <= 3


@pytest.mark.usefixtures("built")
def test_a_store_that_knew_of_no_renames(github: GitHub, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "issues.db") as connection:
        assert connection.execute("DELETE FROM events WHERE kind = 'renamed'").rowcount > 5
    where = ["--store", str(tmp_path / "issues.db"), "--output", str(tmp_path / "later"), "--languages", "any", "-q"]
    assert run_gis("build", *where).status == 0
    done = hydrate(github, str(tmp_path / "later"), "--output", str(tmp_path / "filled"))
    assert " 0 changed, 0 gone" in done.out


def test_what_changed_or_went_is_told(github: GitHub, built: Path, tmp_path: Path) -> None:
    texts = default(built)
    changed, gone = int(texts.number1.iloc[0]), int(texts.number2.iloc[-1])
    github.world.change(changed, body="Something else altogether, which nobody wrote before", title="Other")
    github.world.first_bodies.pop(changed, None)
    github.world.events[changed] = []
    github.world.remove(gone)
    found = hydrate(github, str(built), "--output", str(tmp_path / "some"))
    assert "1 changed, 1 gone" in found.out
    left = default(tmp_path / "some")
    assert len(left) == len(texts[(texts.number1 != gone) & (texts.number2 != gone)])
    found = hydrate(github, str(built), "--output", str(tmp_path / "same"), "--only-same")
    same = default(tmp_path / "same")
    assert changed not in {*same.number1, *same.number2}


def test_what_cannot_be_hydrated(github: GitHub, built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "is not a dataset folder" in hydrate(github, str(tmp_path), "--output", str(tmp_path / "x")).err
    assert "exists; choose a different" in hydrate(github, str(built), "--output", str(built)).err
    monkeypatch.delenv("GITHUB_TOKEN")
    monkeypatch.setenv("PATH", "")
    assert "GraphQL needs a token" in hydrate(github, str(built), "--output", str(tmp_path / "x")).err


def test_private_repositories_are_left_out_unless_they_are_meant(github: GitHub, built: Path, tmp_path: Path) -> None:
    github.world.private = True
    refused = hydrate(github, str(built), "--output", str(tmp_path / "none"))
    assert refused.status == 1
    assert "issues are of private repositories and were left out" in refused.err
    assert "private; private repositories are restored with --private" in refused.err
    assert not (tmp_path / "none").exists()
    assert hydrate(github, str(built), "--output", str(tmp_path / "all"), "--private").status == 0


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("number1", "1) { id } } #", "is not the number of an issue"),
        ("number2", "12", "is not the number of an issue"),
        ("repository1", "../../etc", "is not a repository, OWNER/NAME"),
        ("repository2", 'a/b") {', "is not a repository, OWNER/NAME"),
    ],
)
def test_ids_that_are_not_issues_never_reach_github(
    github: GitHub, tmp_path: Path, column: str, value: str, reason: str
) -> None:
    odd: dict[str, Any] = {"repository": "octo/widgets", "number": 4, column[:-1]: value}
    keys = [IssueKey(**odd), IssueKey("octo/widgets", 5)]
    with pytest.raises(GisError, match=reason):
        _check_keys(tmp_path / "test.parquet", keys[::-1])
    assert github.requests == []

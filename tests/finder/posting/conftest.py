"""A GitHub server on this machine with one open issue to comment on, and who signs in to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.collector.github import client as github_client
from gis.finder.posting import post
from tests.collector.server import GitHub, schema, serving
from tests.collector.world import World, made


@pytest.fixture
def world() -> World:
    world = made(8)
    world.comments = {}
    world.issues = {n: {**row, "comments": 0, "state": "open", "locked": False} for n, row in world.issues.items()}
    return world


@pytest.fixture
def github(world: World) -> Iterator[GitHub]:
    with serving(world, schema()) as server:
        yield server


@pytest.fixture(autouse=True)
def _quick_and_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(github_client, "FIRST_BACKOFF", 0.001)
    monkeypatch.setattr(github_client, "SECONDARY_WAIT", 0.01)
    monkeypatch.setattr(post, "SETTLED", 0.001)
    monkeypatch.setenv("GITHUB_TOKEN", "good-token-1234")
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

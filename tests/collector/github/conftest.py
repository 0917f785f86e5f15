"""Fixtures of the tests against a GitHub server on this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.collector.github import client as github_client
from tests.collector.github.runs import TOKEN
from tests.collector.server import GitHub, schema, serving
from tests.collector.world import World, made


@pytest.fixture
def world() -> World:
    return made(150)


@pytest.fixture
def github(world: World) -> Iterator[GitHub]:
    with serving(world, schema()) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_token_is_left_anywhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """After every test, whatever went wrong in it."""
    yield
    captured = capsys.readouterr()
    assert TOKEN not in captured.out + captured.err
    assert [path for path in tmp_path.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()] == []


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_client, "FIRST_BACKOFF", 0.001)
    monkeypatch.setattr(github_client, "SECONDARY_WAIT", 0.01)

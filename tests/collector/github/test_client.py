"""Requests through faults, limits and kills: the same store at the end, or a clear stop."""

import random
import time
from pathlib import Path
from typing import Any

import pytest

from gis.collector.collect import collect
from gis.collector.github import client as github_client
from gis.collector.github.accounts import token_account
from gis.collector.github.client import Client
from gis.collector.github.graphql import GraphQLSource
from gis.collector.github.repository import resolve
from gis.collector.store import Store
from gis.collector.store_writer import StoreWriter
from gis.errors import GisError
from tests.collector.github.runs import TOKEN, asking, rows, run
from tests.collector.server import Fault, GitHub, cut_fault, primary_fault, status_fault

pytestmark = pytest.mark.slow


class Kill(BaseException):
    """Stands for the process's end: nothing may catch it."""


@pytest.mark.parametrize("seed", range(6))
def test_killed_anywhere_and_run_again_the_store_is_the_same(github: GitHub, tmp_path: Path, seed: int) -> None:
    run(github, tmp_path / "quiet.db")
    rng = random.Random(seed)

    def killer(_: Any) -> bool:  # noqa: ANN401
        if rng.random() < 0.3:
            raise Kill
        return False

    written = StoreWriter.write

    def write(self: StoreWriter, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        if rng.random() < 0.3:
            raise Kill  # before a page is written
        written(self, *args, **kwargs)
        if rng.random() < 0.3:
            raise Kill  # after it was

    kills = 0
    while True:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(StoreWriter, "write", write)
            try:
                run(github, tmp_path / "killed.db", largest=10)
            except Kill:
                kills += 1
                continue
        break
    assert kills
    assert rows(tmp_path / "killed.db") == rows(tmp_path / "quiet.db")


def errors_fault(**error: str) -> Fault:
    return status_fault(200, {"data": None, "errors": [error]})


FAULTS = {
    "502 in HTML": status_fault(502),
    "504 in HTML": status_fault(504),
    "cut in the middle": cut_fault,
    "hourly limit": primary_fault(),
    "secondary limit, 403": status_fault(403, {"message": "You have exceeded a secondary rate limit."}),
    "secondary limit with Retry-After": status_fault(403, {"message": "slow down"}, Retry_After="0"),
    "429": status_fault(429, {"message": "Too many requests"}),
    "429 with Retry-After": status_fault(429, {"message": "Too many requests"}, Retry_After="0"),
    "partial answer": errors_fault(message="Something went wrong while executing your query"),
    "too heavy": errors_fault(type="RESOURCE_LIMITS_EXCEEDED", message="too much"),
    "half of the JSON": status_fault(200, b'{"data": {"repository": {'),
}  # fmt: skip


GRAPHQL_ONLY = {"partial answer", "too heavy"}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_alone(github: GitHub, tmp_path: Path, name: str) -> None:
    run(github, tmp_path / "quiet.db")
    turn = 0

    def every_third(handler: Any) -> bool:  # noqa: ANN401
        nonlocal turn
        turn += 1
        if turn % 3 == 0 or (name in GRAPHQL_ONLY and handler.command == "GET"):
            return False
        return turn % 3 == 1 and FAULTS[name](handler)

    github.always = every_third
    run(github, tmp_path / "faulty.db")
    assert rows(tmp_path / "faulty.db") == rows(tmp_path / "quiet.db")


@pytest.mark.parametrize("seed", range(3))
def test_all_faults_mixed(github: GitHub, tmp_path: Path, seed: int) -> None:
    """The same store at the end, or a clear stop after which the same command continues."""
    run(github, tmp_path / "quiet.db")
    rng = random.Random(seed)

    def mixed(handler: Any) -> bool:  # noqa: ANN401
        if rng.random() > 0.4:
            return False
        name = rng.choice(sorted(FAULTS))
        return False if name in GRAPHQL_ONLY and handler.command == "GET" else FAULTS[name](handler)

    github.always = mixed
    stops: list[GisError] = []
    for _ in range(50):
        try:
            run(github, tmp_path / "faulty.db")
            break
        except GisError as error:
            stops.append(error)
    assert all("run the same command again" in stop.for_command_line for stop in stops)
    assert rows(tmp_path / "faulty.db") == rows(tmp_path / "quiet.db")


@pytest.mark.parametrize("body", [b"null", b"[]", b"{}", b'{"data": null}'], ids=repr)
def test_an_answer_without_data_is_asked_for_again(github: GitHub, tmp_path: Path, body: bytes) -> None:
    turn = 0

    def every_second(handler: Any) -> bool:  # noqa: ANN401
        nonlocal turn
        turn += 1
        return handler.command == "POST" and turn % 2 == 0 and status_fault(200, body)(handler)

    github.always = every_second
    run(github, tmp_path / "store.db")
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


def test_a_token_that_expires_on_the_way_is_left_out(github: GitHub, tmp_path: Path) -> None:
    github.tokens["second-token-5678"] = "ben"

    def expiring(handler: Any) -> bool:  # noqa: ANN401
        expired = len(github.requests) > 3 and handler.headers["Authorization"].endswith(TOKEN)
        return expired and status_fault(401, {"message": "Bad credentials"})(handler)

    github.always = expiring
    client = asking(github, token_account(TOKEN), token_account("second-token-5678"))
    with StoreWriter.open(tmp_path / "store.db") as store:
        collect(store, GraphQLSource(client, "octo/widgets", largest=20))
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


@pytest.mark.parametrize("hours", [-30, 30])
def test_a_clock_that_is_wrong_waits_no_longer(github: GitHub, tmp_path: Path, hours: int) -> None:
    """The reset is a time on GitHub's clock, and so is the date of its answer."""
    github.skew = 3600.0 * hours
    github.faults = [primary_fault(github.skew + 20)]
    with pytest.raises(GisError, match=r"hourly limit: a wait of 2\d s is longer than the limit of 1 s"):
        run(github, tmp_path / "store.db", wait=1)
    run(github, tmp_path / "store.db")
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


@pytest.mark.slow
def test_a_server_that_is_slow(github: GitHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(github, tmp_path / "quiet.db")
    monkeypatch.setattr(github_client, "REQUEST_TIMEOUT", 1)

    def slow(handler: Any) -> bool:  # noqa: ANN401
        asked = handler.asked["variables"] if handler.command == "POST" else {}
        if "withPulls" in asked and asked["first"] > 15:
            time.sleep(1.5)
        return False

    github.always = slow
    run(github, tmp_path / "slow.db")
    assert rows(tmp_path / "slow.db") == rows(tmp_path / "quiet.db")


def test_limits_of_the_run(github: GitHub, tmp_path: Path) -> None:
    with pytest.raises(GisError, match="the limit of 4 points is spent; everything fetched so far is kept"):
        run(github, tmp_path / "store.db", points=4)
    with Store(tmp_path / "store.db") as store:
        (status,) = store.status()
    assert 0 < status.issues < 150
    assert not status.complete
    github.faults = [primary_fault(3000)]
    with pytest.raises(GisError, match=r"hourly limit: .* s is longer than the limit of 60 s"):
        run(github, tmp_path / "store.db", wait=60)
    run(github, tmp_path / "store.db")
    with Store(tmp_path / "store.db") as store:
        (status,) = store.status()
    assert status.issues == 150
    assert status.complete


def test_another_account_goes_on_where_one_is_spent(github: GitHub, tmp_path: Path) -> None:
    github.tokens["second-token-5678"] = "ben"

    def first_is_spent(handler: Any) -> bool:  # noqa: ANN401
        return handler.headers["Authorization"].endswith(TOKEN) and primary_fault(3000)(handler)

    github.always = first_is_spent
    client = asking(github, token_account(TOKEN), token_account("second-token-5678"), wait=1.0)
    with StoreWriter.open(tmp_path / "store.db") as store:
        collect(store, GraphQLSource(client, "octo/widgets", largest=40))
    assert len(rows(tmp_path / "store.db")["issues"]) == 150


def test_bad_names_and_tokens(github: GitHub, tmp_path: Path) -> None:
    with pytest.raises(GisError, match="no repository octo/nothing"):
        run(github, tmp_path / "store.db", name="octo/nothing")
    client = Client(github.url, [token_account("spoilt-token-9999")])
    with pytest.raises(GisError, match="the token that ends in 9999: bad credentials") as caught:
        resolve(client, "octo/widgets")
    assert "spoilt" not in repr(caught.value)
    assert "spoilt" not in repr(client.__dict__["_accounts"])


def test_the_token_is_nowhere(github: GitHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    github.always = lambda handler: random.Random(len(github.requests)).random() < 0.3 and status_fault(502)(handler)
    run(github, tmp_path / "store.db")
    github.tokens.clear()
    with pytest.raises(GisError) as caught:
        run(github, tmp_path / "store.db")
    captured = capsys.readouterr()
    assert TOKEN not in captured.out + captured.err + str(caught.value)
    assert all(TOKEN.encode() not in path.read_bytes() for path in tmp_path.iterdir())

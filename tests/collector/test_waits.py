"""How long is waited, on a clock of the test's own, for each limit and failure that GitHub can report."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import requests

from gis.collector.github import client as client_module
from gis.collector.github.accounts import token_account
from gis.collector.github.client import BudgetSpentError, Client, ForbiddenError, Limits, UnauthorizedError
from gis.collector.source import NotFoundError, PaginationLimitError, QueryTimeoutError
from gis.console import Reporter
from gis.errors import GisError

Reply = tuple[int, Mapping[str, str], str] | Exception
NOW = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
DATE = "Tue, 14 Nov 2023 22:13:20 GMT"
OK: Reply = (200, {}, "{}")
SECONDARY: Reply = (403, {}, '{"message": "You have exceeded a secondary rate limit"}')


class Server:
    """Gives replies in turn, the last one for ever; a clock that goes on by what is slept."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self.replies, self.now, self.waits, self.accounts = list(replies), 0.0, [0.0], list[Any]()

    def requester(self, _url: str, auth: Any) -> Any:  # noqa: ANN401
        return SimpleNamespace(graphql_url="/graphql", requestJson=lambda *_: self.reply(auth))

    def reply(self, auth: Any) -> tuple[int, Mapping[str, str], str]:  # noqa: ANN401
        self.accounts.append(auth and auth.token)
        self.waits.append(0.0)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 1  # so that Ctrl-C and the clock are heard
        self.now += seconds
        self.waits[-1] += seconds


Ask = Callable[..., tuple[Server, Client]]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """A client, and the server that it asks."""

    def client(*replies: Reply, accounts: int = 0, **limits: Any) -> tuple[Server, Client]:  # noqa: ANN401
        server = Server(replies)
        clock = SimpleNamespace(
            monotonic=lambda: 1000 + server.now,
            time=lambda: NOW + server.now,
            strftime=time.strftime,
            localtime=time.localtime,
        )
        monkeypatch.setattr(client_module, "time", clock)
        monkeypatch.setattr(client_module, "_requester", server.requester)
        tokens = [token_account(f"token-{number}") for number in range(accounts)]
        return server, Client("http://localhost:1", tokens, limits=Limits(**limits), sleep=server.sleep)

    return client


def test_nothing_waits_but_the_client_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyGithub would repeat requests in silence and wait before each query."""
    monkeypatch.setattr(client_module, "Github", lambda **options: SimpleNamespace(requester=options))
    assert client_module._requester("https://x.org", None) == {
        "auth": None,
        "base_url": "https://x.org",
        "timeout": 60,
        "retry": None,
        "seconds_between_requests": 0,
        "seconds_between_writes": 0,
    }


def limited(status: int = 403, message: str = "", **headers: str) -> Reply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, names, json.dumps({"message": message})


@pytest.mark.parametrize(
    "failure",
    [
        requests.ConnectionError("gone"),
        requests.Timeout(),
        (500, {}, ""),
        (500, {}, "[" * 100_000),
        (503, {}, "<html>"),
        (599, {}, ""),  # what a status of 202 becomes
        (200, {}, '{"half": '),
        (200, {}, '{"not a number": NaN}'),
    ],
    ids=["connection", "timeout", "500", "500, deep", "503", "202", "half", "NaN"],
)
def test_a_failure_is_waited_out_twice_as_long_each_time_up_to_a_minute(ask: Ask, failure: Reply) -> None:
    server, client = ask(failure)
    with pytest.raises(GisError, match="8 times in a row") as caught:
        client.get("/x")
    assert server.waits == pytest.approx([0, 1, 2, 4, 8, 16, 32, 60, 0])
    assert caught.value.remedy == "run the same command again later"
    assert (client.usage.requests, client.usage.points) == (8, 0)


def test_a_wait_says_how_long_and_until_when(ask: Ask, capsys: pytest.CaptureFixture[str]) -> None:
    _, client = ask(limited(retry_after="5"), OK)
    client._reporter = Reporter()
    client.get("/x")
    until = time.strftime("%H:%M:%S", time.localtime(NOW + 5))
    assert f"waiting 5 s, until {until}" in capsys.readouterr().err


@pytest.mark.parametrize("attempts", [1, 3])
def test_the_attempts_of_a_request_can_be_limited(ask: Ask, attempts: int) -> None:
    _, client = ask((500, {}, ""), attempts=attempts)
    with pytest.raises(GisError, match=f"{attempts} times in a row"):
        client.get("/x")
    assert client.usage.requests == attempts


@pytest.mark.parametrize(
    ("limit", "waits"),
    [
        (limited(retry_after="5"), [5, 10, 20, 40, 80, 80]),
        (limited(429, retry_after="0"), [1, 2, 4, 8, 16, 16]),
        (limited(retry_after="90000"), [7200, 14400]),
        (SECONDARY, [60, 120, 240, 480, 900, 900]),
        (limited(message="abuse detection"), [60, 120]),
        (limited(429), [60, 120, 240]),
        (limited(message="API rate limit exceeded"), [60, 60]),  # it does not say when
        (limited(x_ratelimit_remaining="0", x_ratelimit_reset=str(NOW + 30), date=DATE), [31, 31]),
        (limited(x_ratelimit_remaining="0", x_ratelimit_reset=str(NOW - 30), date=DATE), [1, 1]),
        (limited(x_ratelimit_remaining="0", x_ratelimit_reset=str(NOW + 99999), date=DATE), [7201]),
        (limited(x_ratelimit_remaining="0", x_ratelimit_reset=str(NOW + 30)), [31, 1]),  # no date: our clock counts
        (limited(x_ratelimit_remaining="0", x_ratelimit_reset=str(NOW + 30), date="yesterday"), [31, 1]),
    ],
)
def test_a_limit_is_waited_for_as_long_as_github_asks(ask: Ask, limit: Reply, waits: list[float]) -> None:
    server, client = ask(*[limit] * len(waits), OK)
    assert client.get("/x").body == {}
    assert server.waits == pytest.approx([0, *waits, 0])
    assert client.usage.points == 1


def test_a_query_that_is_limited_waits_for_the_hour(ask: Ask) -> None:
    headers = {"x-ratelimit-reset": str(NOW + 9), "date": DATE}
    server, client = ask(
        (200, headers, '{"errors": [{"type": "RATE_LIMITED", "message": ""}]}'),
        (200, {}, '{"data": {"a": 1}}'),
    )
    assert client.graphql("query", {}).number("a") == 1
    assert server.waits == pytest.approx([0, 10, 0])


def test_a_limit_that_never_ends_is_given_up_after_fifty_waits(ask: Ask) -> None:
    server, client = ask(limited(429, retry_after="0"))
    with pytest.raises(GisError, match="secondary limit, 51 times in a row"):
        client.get("/x")
    assert len([seconds for seconds in server.waits if seconds]) == 50


def test_a_wait_may_be_as_long_as_the_limit_of_the_run(ask: Ask) -> None:
    server, client = ask(limited(retry_after="30"), OK, wait=30)
    client.get("/x")
    assert server.waits == pytest.approx([0, 30, 0])
    _, client = ask(limited(retry_after="31"), OK, wait=30)
    with pytest.raises(GisError, match="a wait of 31 s is longer than the limit of 30 s"):
        client.get("/x")


def test_another_account_goes_on_and_the_one_that_is_free_first_is_waited_for(ask: Ask) -> None:
    server, client = ask(limited(retry_after="100"), limited(retry_after="40"), OK, accounts=2)
    client.get("/x")
    assert server.accounts == ["token-0", "token-1", "token-1"]
    assert server.waits == pytest.approx([0, 0, 80, 0])  # 40 s, twice as long since it is the second wait
    client.get("/y")
    assert server.accounts[-1] == "token-1"


def test_a_refused_account_is_left_out_until_none_is_left(ask: Ask) -> None:
    refused: Reply = (401, {}, "{}")
    server, client = ask(refused, OK, accounts=2)
    client.get("/x")
    client.get("/x")
    assert server.accounts == ["token-0", "token-1", "token-1"]
    for accounts in (0, 1, 3):
        server, client = ask(refused, accounts=accounts)
        with pytest.raises(UnauthorizedError):
            client.get("/x")
        assert len(server.accounts) == max(accounts, 1)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, GisError),
        (401, UnauthorizedError),
        (403, ForbiddenError),
        (404, NotFoundError),
        (410, NotFoundError),
        (422, GisError),
        (451, NotFoundError),
        (499, GisError),
    ],
)
def test_a_refusal_is_told_at_once(ask: Ask, status: int, error: type[Exception]) -> None:
    server, client = ask((status, {}, '{"message": "because of this"}'))
    with pytest.raises(error) as caught:
        client.get("/x")
    assert type(caught.value) is error
    assert ("because of this" in str(caught.value)) == (status != 401)
    assert server.waits == [0, 0]


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_has_none(ask: Ask, status: int) -> None:
    response = ask((status, {}, ""))[1].get("/x")
    assert (response.status, response.body) == (status, None)


def test_a_page_that_is_not_listed_is_an_error_of_its_own(ask: Ask) -> None:
    _, client = ask((422, {}, '{"message": "no page"}'))
    with pytest.raises(PaginationLimitError):
        client.get("/x", page=200)
    assert ask((399, {}, "{}"))[1].get("/x").status == 399


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ((200, {"Content-Type": "text/html"}, "hello"), "a web page, not with JSON"),
        ((200, {}, "  <html>"), "a web page, not with JSON"),
        ((300, {}, "moved"), "a redirect \\(300\\), not with JSON"),
        ((399, {}, "moved"), "a redirect \\(399\\), not with JSON"),
        ((400, {}, "not JSON"), "400 not JSON"),
        ((400, {}, "x" * 300), "400 x{200}$"),
        ((200, {}, "[" * 100_000), "nested too deeply"),
    ],
)
def test_what_is_not_json_is_told_at_once(ask: Ask, reply: Reply, message: str) -> None:
    server, client = ask(reply)
    with pytest.raises(GisError, match=message):
        client.get("/x")
    assert server.waits == [0, 0]


@pytest.mark.parametrize(
    ("cost", "points"), [("7", 7), ("1", 1), ("10000", 10_000), ("10001", 1), ("0", 1), ("-3", 1), ('"7"', 1)]
)
def test_a_query_costs_what_it_says_within_reason(ask: Ask, cost: str, points: int) -> None:
    _, client = ask((200, {}, f'{{"data": {{"rateLimit": {{"cost": {cost}}}}}}}'))
    client.graphql("query", {})
    assert client.usage.points == points
    assert tuple(client.usage.take_delta()) == (points, 1)
    client.graphql("query", {})
    assert tuple(client.usage.take_delta()) == (points, 1)
    assert tuple(client.usage.take_delta()) == (0, 0)


def test_a_rest_request_costs_one_point_whatever_it_says(ask: Ask) -> None:
    _, client = ask((200, {}, '{"data": {"rateLimit": {"cost": 7}}}'))
    client.get("/x")
    assert client.usage.points == 1


def test_a_run_spends_its_points_and_no_more(ask: Ask) -> None:
    server, client = ask(OK, points=3)
    for _ in range(3):
        client.get("/x")
    with pytest.raises(BudgetSpentError, match="the limit of 3 points is spent"):
        client.get("/x")
    assert len(server.accounts) == 3


@pytest.mark.parametrize("failure", [requests.Timeout(), (502, {}, "")], ids=["timeout", "502"])
def test_a_page_that_may_be_too_large_is_tried_twice(ask: Ask, failure: Reply) -> None:
    server, client = ask(failure)
    with pytest.raises(QueryTimeoutError):
        client.graphql("query", {}, shrinkable=True)
    assert len(server.accounts) == 2
    _, client = ask(failure, (200, {}, '{"data": {}}'))
    client.graphql("query", {}, shrinkable=True)  # once may be chance
    server, client = ask(requests.ConnectionError())
    with pytest.raises(GisError, match="8 times"):
        client.graphql("query", {}, shrinkable=True)  # which says nothing about the size

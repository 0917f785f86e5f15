"""Answers of GitHub, each as the schema says but for a few places, sent through PyGithub without a network."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from gis.collector.github.client import _answered
from tests.collector.server import GitHub, Handler, schema
from tests.collector.world import World, made
from tests.faults.odd import URL, Odd, Served, oddly

MOST_REQUESTS = 400  # of one run over a few issues: more is a loop
Headers = dict[str, str]


def small_world() -> World:
    """A few issues with every kind of event, and one with more comments than come with it."""
    world = made(6, comments=1)
    first, second, third, *_ = world.issues
    user, when = world.issues[second]["user"], world.issues[second]["updated_at"]
    world.events[second] = [
        {"kind": kind, "createdAt": when, "actor": user, **more}
        for kind, more in (
            ("TransferredEvent", {"from": "octo/elsewhere"}),
            ("RenamedTitleEvent", {"previousTitle": "Before"}),
            ("CrossReferencedEvent", {"source": first}),
            ("MarkedAsDuplicateEvent", {"canonical": first}),
            ("UnmarkedAsDuplicateEvent", {"canonical": first}),
            ("ClosedEvent", {"stateReason": "duplicate", "duplicateOf": first}),
            ("ReopenedEvent", {}),
        )
    ]
    world.issues[third]["labels"] = [{"name": "bug"}]
    return world


class _Offline(Handler):
    """Answers a request as the server would, into memory."""

    def __init__(self, github: GitHub, path: str, headers: Headers, body: str | None) -> None:
        self.github, self.path = github, path
        self.headers = headers  # type: ignore[assignment]
        self.asked = json.loads(body) if body else None

    def answer(self, status: int, body: Any, **headers: str) -> None:  # noqa: ANN401
        self.given = status, body, headers


@dataclass
class OddGitHub:
    """In place of a connection of PyGithub's; the tests' server answers, changed by ``odd``."""

    odd: Odd
    world: World = field(default_factory=small_world)
    requests: int = 0

    def request(self, verb: str, url: str, body: str | None, headers: Headers, _stream: bool = False) -> None:
        self.requests += 1
        if self.requests > MOST_REQUESTS:
            raise AssertionError(f"no end of requests: {self.odd}")
        parts = urlsplit(url)
        self._asked = verb, f"{parts.path}?{parts.query}", body, headers
        assert parse_qs(parts.query) is not None

    def getresponse(self) -> Any:  # noqa: ANN401
        verb, url, body, headers = self._asked
        handler = _Offline(GitHub(self.world, schema()), url, headers, body)
        handler.github.url = URL
        handler._graphql() if verb == "POST" else handler._rest()
        status, answer, more = handler.given
        response = _Response(*oddly(self.odd, self.requests - 1, Served(status, answer, more)))  # type: ignore[arg-type]
        return _answered(response, changing=False)  # type: ignore[arg-type]


class _Response:
    def __init__(self, status: int, text: str, headers: Headers) -> None:
        self.status, self._text, self._headers = status, text, headers

    def getheaders(self) -> list[tuple[str, str]]:
        return list(self._headers.items())

    def read(self) -> str:
        return self._text

"""Answers of GitHub, each as the schema says but for a few places, sent through PyGithub without a network."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from hypothesis import strategies as st

from gis.collector.github.client import _answered
from tests.collector.server import GitHub, Handler, schema
from tests.collector.world import World, made

MOST_REQUESTS = 400  # of one run over a few issues: more is a loop
URL = "http://127.0.0.1:9"
DROP = "drop this field"
Headers = dict[str, str]


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


VALUES_BY_NAME: dict[str, Any] = {"nested 30": nested(30), "nested 600": nested(600), "long": "x" * 70_000}
VALUES = st.one_of(
    st.sampled_from([DROP, DROP, None, None, True, False, [], {}, "", [None], [[]], [{}], {"x": 1}]),
    st.sampled_from([0, 1, -1, 1.5, 2**31, 2**40, 2**53 + 1, 2**63, 2**70, 1e300]),
    st.sampled_from(["one", "1", "-1", "1_0", "\ud83d", "\0", "\x1b[31m", "\u202e", "../../etc", "a/b"]),
    st.sampled_from(["yesterday", "99999-01-01T00:00:00Z", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"]),
    st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2020-01-01", "1969-12-31T23:59:59Z"]),
    st.sampled_from(sorted(VALUES_BY_NAME)),
    st.text(max_size=8),
)


class Change(NamedTuple):
    """A value in an answer is replaced.

    Attributes:
        steps: The way to it: at each object or list, which of its members, counted around.
        value: What stands there instead; ``DROP`` for nothing.
    """

    steps: Sequence[int]
    value: Any

    def fresh(self) -> Any:  # noqa: ANN401
        """Return the value, which further changes may change."""
        return json.loads(json.dumps(VALUES_BY_NAME.get(str(self.value), self.value)))

    def __call__(self, answer: Any) -> Any:  # noqa: ANN401
        """Return the answer with the change."""
        if not self.steps:
            return None if self.value == DROP else self.fresh()
        here = answer
        for depth, step in enumerate(self.steps):
            keys = list(here) if isinstance(here, dict) else range(len(here))
            key = keys[step % len(keys)]
            inner = here[key]
            if depth == len(self.steps) - 1 or not (isinstance(inner, dict | list) and inner):
                if self.value == DROP:
                    del here[key]
                else:
                    here[key] = self.fresh()
                break
            here = inner
        return answer


class Odd(NamedTuple):
    """What is odd about some answers.

    Attributes:
        first: The first request that is answered oddly.
        always: Whether every later one is, too.
        changes: What is changed in the body.
        status: The status instead of 200, or 0.
        headers: More headers.
        text: The key of another body in ``TEXTS``, or None.
    """

    first: int
    always: bool
    changes: Sequence[Change] = ()
    status: int = 0
    headers: Sequence[tuple[str, str]] = ()
    text: str | None = None


STEPS = st.lists(st.integers(0, 40), max_size=9)
CHANGES = st.lists(st.tuples(STEPS, VALUES).map(lambda drawn: Change(*drawn)), min_size=1, max_size=3)
STATUSES = st.sampled_from([200, 201, 202, 204, 301, 302, 304, 307, 400, 401, 403, 404, 410, 422, 429, 451, 500, 503])
HEADERS = st.sampled_from(
    [
        ("retry-after", "0"),
        ("retry-after", "soon"),
        ("retry-after", "9" * 400),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "9" * 400),
        ("x-ratelimit-reset", "-5"),
        ("date", "yesterday"),
        ("link", '<x>; rel="next"'),
        ("location", f"{URL}/elsewhere"),
        ("location", "http://[/"),
        ("content-type", "text/html"),
    ]
)
TEXTS = {
    **{text: text for text in ("", "null", "[]", "{}", "0", '"x"', "NaN", "<html>Log in</html>", "{")},
    **{text: text for text in ('{"data": NaN}', '{"data": null}', '{"errors": "x"}', '{"data": {"repository": null}}')},
    "deep": "[" * 100_000,
    "many digits": "9" * 5000,
    "odd errors": '{"errors": [{"type": {}, "message": 5, "extensions": "x"}], "data": []}',
    "a limit": '{"message": "API rate limit exceeded"}',
    "another limit": '{"errors": [{"type": "RATE_LIMITED"}]}',
    "no lists": '{"data": {"repository": {"issues": null, "pullRequests": []}}}',
}
FIRST, ALWAYS, HEADER_LISTS = st.integers(0, 5), st.booleans(), st.lists(HEADERS, max_size=3)
ODD = st.one_of(
    st.tuples(FIRST, ALWAYS, CHANGES).map(lambda drawn: Odd(*drawn)),
    st.tuples(st.integers(1, 3), ALWAYS, CHANGES).map(lambda drawn: Odd(*drawn)),
    st.tuples(FIRST, ALWAYS, st.just(()), STATUSES, HEADER_LISTS).map(lambda drawn: Odd(*drawn)),
    st.tuples(FIRST, ALWAYS, st.just(()), STATUSES, HEADER_LISTS, st.sampled_from(sorted(TEXTS))).map(
        lambda drawn: Odd(*drawn)
    ),
    st.tuples(FIRST, ALWAYS, st.sampled_from(sorted(TEXTS))).map(lambda drawn: Odd(*drawn[:2], text=drawn[2])),
)


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
        place = self.requests - 1
        if place < self.odd.first or (place > self.odd.first and not self.odd.always):
            return _Response(status, json.dumps(answer), more)
        answer = json.loads(json.dumps(answer))
        for change in self.odd.changes:
            answer = change(answer) if isinstance(answer, dict | list) and answer else answer
        text = json.dumps(answer) if self.odd.text is None else TEXTS[self.odd.text]
        return _answered(_Response(self.odd.status or status, text, {**more, **dict(self.odd.headers)}))  # type: ignore[arg-type]


class _Response:
    def __init__(self, status: int, text: str, headers: Headers) -> None:
        self.status, self._text, self._headers = status, text, headers

    def getheaders(self) -> list[tuple[str, str]]:
        return list(self._headers.items())

    def read(self) -> str:
        return self._text

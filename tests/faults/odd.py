"""Answers of servers that are odd in a few places: drawn by Hypothesis, and put in place of what was to be sent."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.faults import THOROUGH

URL = "http://127.0.0.1:9"
FEW = settings(
    deadline=None,
    max_examples=10,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    database=None,
)
MANY = settings(FEW, max_examples=500 if THOROUGH else 50, derandomize=not THOROUGH)
SOME = settings(FEW, max_examples=200 if THOROUGH else 12, derandomize=not THOROUGH)
DROP = "drop this field"


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


class Served(NamedTuple):
    """What a server would answer: a JSON value, or bytes as they stand."""

    status: int
    answer: Any
    headers: Mapping[str, str]


def oddly(odd: Odd, place: int, served: Served) -> tuple[int, str | bytes, dict[str, str]]:
    """Return status, content and headers of the answer to the request at this place: as they were to be, or odd."""
    status, answer, headers = served
    whole = isinstance(answer, bytes)
    if place < odd.first or (place > odd.first and not odd.always):
        return status, answer if whole else json.dumps(answer), dict(headers)
    answer = answer if whole else json.loads(json.dumps(answer))
    for change in odd.changes:
        answer = change(answer) if isinstance(answer, dict | list) and answer else answer
    content = TEXTS[odd.text] if odd.text is not None else answer if whole else json.dumps(answer)
    return odd.status or status, content, {**headers, **dict(odd.headers)}


class EndlessError(BaseException):
    """A client sends requests without end; not an Exception, which clients take for a failure of the network."""


def transport_of(client: object) -> type[Any]:
    """Return the class that sends the requests of an HTTP client, of httpx or a successor."""
    base = next(base for base in type(client).__mro__ if base.__name__ == "Client")
    transport: type[Any] = sys.modules[base.__module__.partition(".")[0]].HTTPTransport
    return transport


def serve_oddly(
    monkeypatch: pytest.MonkeyPatch, client: object, odd: Odd, serve: Callable[[Any], Served], most_requests: int
) -> None:
    """Let all clients of a kind get odd answers, without a network and without waits.

    Args:
        monkeypatch: Undoes it.
        client: A client of the kind.
        odd: What is odd.
        serve: What the server would answer to a request.
        most_requests: As many as a client may send; more are a loop.
    """
    transport = transport_of(client)
    response, places = sys.modules[transport.__module__.partition(".")[0]].Response, iter(range(most_requests))

    def handle(_: object, request: Any) -> Any:  # noqa: ANN401
        place = next(places, None)
        if place is None:
            raise EndlessError(odd)
        request.read()
        status, content, headers = oddly(odd, place, serve(request))
        sent = content.encode(errors="surrogatepass") if isinstance(content, str) else content
        return response(status, headers=[*headers.items()], content=b"" if request.method == "HEAD" else sent)

    monkeypatch.setattr(transport, "handle_request", handle)
    monkeypatch.setattr("time.sleep", lambda _: None)

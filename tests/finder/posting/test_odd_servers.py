"""Whatever a server answers, an issue has one comment and one suggestion in the end, and nothing is closed."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given

from gis import api
from gis.collector.github import client as github_client
from gis.errors import GisError
from tests.collector.server import GitHub, Handler
from tests.collector.world import World
from tests.faults.odd import ODD, SOME, Odd, Served, oddly
from tests.finder.posting.helpers import finding, suggestion

ALERT = finding(2, suggestion(1), certificate="0123456789ab")


def oddness(odd: Odd) -> Callable[[Handler], bool]:
    """Answer each request as the server would, but for what is odd."""
    places = iter(range(1000))

    def fault(handler: Handler) -> bool:
        place, send = next(places), type(handler).answer

        def answer(status: int, body: Any, **headers: str) -> None:  # noqa: ANN401
            status, content, headers = oddly(odd, place, Served(status, body, headers))
            sent = content.encode(errors="surrogatepass") if isinstance(content, str) else content
            send(handler, status, sent, **headers)

        handler.answer = answer  # type: ignore[method-assign]
        return False

    return fault


@SOME
@given(odd=ODD)
def test_odd_answers_make_no_second_comment(
    odd: Odd, github: GitHub, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assume(odd.status not in github_client.REFUSING)  # with these a server says that it did nothing
    monkeypatch.setattr(github_client.Client, "_wait", lambda *_: None)
    world.comments.clear()
    world.suggestions.clear()
    github.always = oddness(odd)
    with suppress(GisError):
        list(api.post_findings([ALERT], suggest=True, api_url=github.url))
    github.always = None
    (posted,) = api.post_findings([ALERT], suggest=True, api_url=github.url)
    assert posted.error is None
    assert len(world.comments[2]) == 1
    assert len(world.suggestions[2]) == 1
    assert world.issues[2]["state"] == "open"

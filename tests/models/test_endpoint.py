"""An OpenAI-compatible endpoint, as a server on this machine plays it."""

import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import embed
from gis.console import Reporter
from gis.errors import GisError, UsageError
from gis.models import endpoint, openai_server
from gis.models.registry import load_model
from gis.spec import Spec
from tests.conftest import UNREACHABLE
from tests.errors import error_line
from tests.models.embedding_server import WIDTH, Answer, EmbeddingServer, error, running, vector_of
from tests.models.helpers import assert_close, counts, encoder, needs_openai, settings

pytestmark = needs_openai
KEY = "sk-a-very-secret-key"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[EmbeddingServer]:
    """A running server, and a key to use it with."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with running() as state:
        yield state


def _encode(server: EmbeddingServer, texts: list[str], **options: object) -> Any:  # noqa: ANN401
    return encoder("openai", model="tiny", base_url=server.url, **options).encode(texts)


def _vectors(*texts: str) -> Any:  # noqa: ANN401
    return np.stack([vector_of(text) for text in texts])


def _failure(server: EmbeddingServer, texts: list[str] | None = None, **options: object) -> GisError:
    with pytest.raises(GisError) as caught:
        _encode(server, texts or ["a cat"], **options)
    return caught.value


def test_vectors_are_the_servers(server: EmbeddingServer) -> None:
    assert_close(_encode(server, ["a cat", "größer"]), _vectors("a cat", "größer"))
    assert server.requests[0]["model"] == "tiny"
    assert server.keys == [f"Bearer {KEY}"]


def test_vectors_are_put_in_the_order_of_their_index(server: EmbeddingServer) -> None:
    server.change = lambda answer: {**answer, "data": answer["data"][::-1]}
    assert_close(_encode(server, ["a", "b", "c"]), _vectors("a", "b", "c"))


def test_requests_hold_a_bounded_number_of_texts(server: EmbeddingServer) -> None:
    assert_close(_encode(server, [*"abcde"], batch=2), _vectors(*"abcde"))
    assert server.inputs == [["a", "b"], ["c", "d"], ["e"]]


def test_requests_hold_a_bounded_number_of_characters(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "REQUEST_CHARACTERS", 10)
    texts = ["x" * 6, "y" * 4, "z", "w" * 25, "v"]
    assert_close(_encode(server, texts), _vectors(*texts))
    assert server.inputs == [["x" * 6, "y" * 4], ["z"], ["w" * 25], ["v"]]


def test_each_request_is_handed_on_before_the_next(server: EmbeddingServer) -> None:
    batches = encoder("openai", model="tiny", base_url=server.url, batch=1).batches(["a", "b"])
    assert next(batches).share == 0.5
    assert len(server.requests) == 1
    assert next(batches).share == 1.0


def test_empty_texts_are_not_sent_and_are_zero(server: EmbeddingServer) -> None:
    found = _encode(server, ["", "a cat", " \n"])
    assert server.inputs == [["a cat"]]
    assert_close(found, np.stack([np.zeros(WIDTH), vector_of("a cat"), np.zeros(WIDTH)]))


def test_an_empty_text_alone_is_as_wide_as_was_asked_for(server: EmbeddingServer) -> None:
    assert _encode(server, [""], dimensions=4).shape == (1, 4)
    assert server.requests == []


def test_an_empty_text_that_was_cached_alone_spoils_no_later_run(server: EmbeddingServer, tmp_path: Path) -> None:
    model = encoder("openai", model="tiny", base_url=server.url)

    def embedded(texts: list[str]) -> Any:  # noqa: ANN401
        with EmbeddingCache(tmp_path, model.card.identity) as cache:
            return embed(model, texts, cache, "tiny", Reporter(quiet=True)).vectors

    embedded(["a cat"])
    embedded(["a cat", ""])
    assert_close(embedded(["", "a dog"]), np.stack([np.zeros(WIDTH), vector_of("a dog")]))


def test_texts_are_cut_at_max_chars_and_counted(server: EmbeddingServer) -> None:
    model = encoder("openai", model="tiny", base_url=server.url, max_chars=5)
    assert counts(model, ["a cat sat", "a cat", "cat", ""]) == [(9, 5), (5, 5), (3, 3), (0, 0)]
    assert server.inputs == [["a cat", "a cat", "cat"]]
    assert (model.card.max_tokens, model.card.length_unit) == (5, "characters")


def test_a_prompt_goes_around_the_text(server: EmbeddingServer) -> None:
    _encode(server, ["a cat sat", ""], prompt="Say: {text} in a word", max_chars=5)
    _encode(server, ["a cat"], prompt="query: ")
    assert server.inputs == [["Say: a cat in a word"], ["query: a cat"]]


def test_dimensions_are_asked_for(server: EmbeddingServer) -> None:
    assert _encode(server, ["a cat"], dimensions=3).shape == (1, 3)
    assert server.requests[0]["dimensions"] == 3


def test_dimensions_are_left_out_when_not_given(server: EmbeddingServer) -> None:
    _encode(server, ["a cat"])
    assert "dimensions" not in server.requests[0]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_passing_failures_are_tried_again(server: EmbeddingServer, status: int) -> None:
    server.script = [error(status, "busy", retry_after_ms="1", Retry_After="0")] * 2
    assert_close(_encode(server, ["a cat"]), _vectors("a cat"))
    assert len(server.requests) == 3


def test_failures_that_do_not_pass_are_told_with_the_servers_words(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_server, "RETRIES", 1)
    server.script = [error(500, "out of order", retry_after_ms="1")] * 2
    assert f"{server.url} answered 500 for tiny" in str(found := _failure(server))
    assert "out of order" in str(found)
    assert len(server.requests) == 2


def test_a_refused_request_is_not_tried_again_and_hints_at_long_texts(server: EmbeddingServer) -> None:
    server.script = [error(400, "maximum context length is 8192 tokens")]
    message = str(_failure(server))
    assert "answered 400 for tiny" in message
    assert "maximum context length is 8192 tokens" in message
    assert "set max_chars=N" in message
    assert len(server.requests) == 1


def test_a_refused_key_is_told(server: EmbeddingServer) -> None:
    server.script = [error(401, "Incorrect API key provided")]
    message = str(_failure(server))
    assert "answered 401 for tiny: " in message
    assert "max_chars" not in message
    assert len(server.requests) == 1


def test_a_wrong_address_is_told(server: EmbeddingServer) -> None:
    server.url = server.url.replace("/v1", "/v2")
    assert "answered 404" in str(_failure(server))


def test_nobody_listening_is_told(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_server, "RETRIES", 0)
    server.url = f"{UNREACHABLE}/v1"
    assert f"{UNREACHABLE}/v1 cannot be reached" in str(_failure(server))


@pytest.mark.parametrize("data", [[0], [0, 1, 1]])
def test_a_wrong_number_of_vectors_is_told(server: EmbeddingServer, data: list[int]) -> None:
    server.change = lambda answer: {**answer, "data": [answer["data"][index] for index in data]}
    message = str(_failure(server, ["a", "b"]))
    assert server.url in message
    assert "2 texts" in message


def test_an_answer_without_vectors_is_told(server: EmbeddingServer) -> None:
    server.change = lambda answer: {**answer, "data": []}
    assert server.url in str(_failure(server))


@pytest.mark.parametrize("body", ["<html>log in first</html>", {}, {"data": None}, {"data": [{}]}, []], ids=str)
def test_an_answer_that_is_no_embeddings_is_told(server: EmbeddingServer, body: Any) -> None:  # noqa: ANN401
    server.script = [Answer(200, body)]
    assert server.url in str(_failure(server))


def test_vectors_of_different_widths_are_told(server: EmbeddingServer) -> None:
    def shorten(answer: dict[str, Any]) -> dict[str, Any]:
        del answer["data"][0]["embedding"][0]
        return answer

    server.change = shorten
    assert server.url in str(_failure(server, ["a", "b"]))


def test_one_index_for_two_texts_is_told(server: EmbeddingServer) -> None:
    server.change = lambda answer: {**answer, "data": [{**item, "index": 0} for item in answer["data"]]}
    assert server.url in str(_failure(server, ["a", "b"]))


class TestKey:
    @pytest.mark.parametrize("status", [400, 401, 403, 404])
    def test_it_is_in_no_part_of_an_error(self, server: EmbeddingServer, status: int) -> None:
        server.script = [error(status, "refused")]
        assert KEY not in _shown(server)
        assert server.keys == [f"Bearer {KEY}"]

    def test_a_server_that_repeats_it_does_not_put_it_into_the_message(self, server: EmbeddingServer) -> None:
        server.script = [error(401, f"Incorrect API key provided: {KEY}")]
        assert KEY not in str(_failure(server))

    @pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}\u2026", f" {KEY} "], ids=["line end", "not ascii", "spaces"])
    def test_one_that_no_header_can_hold_is_in_no_part_of_an_error(
        self, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch, key: str
    ) -> None:
        monkeypatch.setattr(openai_server, "RETRIES", 0)
        monkeypatch.setenv("OPENAI_API_KEY", key)
        assert KEY not in _shown(server)

    def test_it_is_not_in_the_card(self, server: EmbeddingServer) -> None:
        model = encoder("openai", model="tiny", base_url=server.url)
        assert KEY not in repr(model.card)
        assert KEY not in model.hardware

    def test_it_can_stand_in_another_variable(self, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("MY_KEY", "another")
        _encode(server, ["a cat"], key_env="MY_KEY")
        assert server.keys == ["Bearer another"]

    def test_a_server_of_ones_own_needs_none(self, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OPENAI_API_KEY")
        assert_close(_encode(server, ["a cat"]), _vectors("a cat"))

    @pytest.mark.parametrize("options", [{}, {"key_env": "MY_KEY"}], ids=str)
    def test_the_service_needs_one(self, options: dict[str, str]) -> None:
        variable = options.get("key_env", "OPENAI_API_KEY")
        with pytest.raises(UsageError, match=f"set {variable} to your key.*key_env=NAME"):
            encoder("openai", model="text-embedding-3-small", **options).encode(["a cat"])

    def test_a_password_in_the_address_is_not_shown(self, server: EmbeddingServer) -> None:
        server.url = server.url.replace("http://", "http://user:pass-word@")
        assert "pass-word" not in _shown(server)
        server.script = [error(400, "refused")]
        assert "pass-word" not in _shown(server)


def _shown(server: EmbeddingServer) -> str:
    """Everything that --debug would print of a failure, and the card and the hardware where there is none."""
    try:
        model = encoder("openai", model="tiny", base_url=server.url)
        model.encode(["a cat"])
    except GisError as found:
        return "".join(traceback.format_exception(found))
    return f"{model.card} {model.hardware}"


class TestOptions:
    def test_a_model_is_needed(self) -> None:
        with error_line("openai needs a model; name it: openai,model="):
            load_model(Spec("openai"), settings())

    @pytest.mark.parametrize("option", ["dimensions", "max_chars", "batch"])
    @pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "²"])
    def test_counts_are_whole_numbers_above_zero(self, option: str, value: str) -> None:
        with pytest.raises(UsageError, match=f"{option} must be a whole number above 0, not '{value}'"):
            encoder("openai", model="tiny", **{option: value})

    def test_two_places_for_the_text_are_refused(self) -> None:
        with pytest.raises(UsageError, match="more than once"):
            encoder("openai", model="tiny", prompt="{text}{text}")

    def test_without_its_package_it_names_the_extra(
        self, server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "openai", None)
        assert "pip install 'gis-similarity[openai]'" in str(_failure(server))


class TestIdentity:
    BASE = {"model": "tiny", "base_url": "http://127.0.0.1:1/v1"}  # noqa: RUF012

    @pytest.mark.parametrize(
        "change",
        [
            {"model": "small"},
            {"base_url": "http://127.0.0.1:2/v1"},
            {"dimensions": "3"},
            {"prompt": "query: "},
            {"max_chars": "9"},
        ],
        ids=str,
    )
    def test_what_is_asked_for_changes_it(self, change: dict[str, str]) -> None:
        found = {encoder("openai", **options).card.identity for options in (self.BASE, {**self.BASE, **change})}
        assert len(found) == 2

    @pytest.mark.parametrize("change", [{"batch": "3"}, {"key_env": "MY_KEY"}], ids=str)
    def test_how_it_is_asked_does_not(self, change: dict[str, str]) -> None:
        found = {encoder("openai", **options).card.identity for options in (self.BASE, {**self.BASE, **change})}
        assert len(found) == 1

    def test_it_is_declared_and_not_verified(self) -> None:
        assert encoder("openai", **self.BASE).card.settings["identity_is"] == "declared, not verified"

"""Whatever an endpoint answers: vectors for every text, levels for every pair, or an error; no traceback, no loop."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import embed
from gis.console import QUIET
from gis.errors import GisError
from gis.models import openai_server
from tests.annotation.chat_server import ChatServer
from tests.annotation.helpers import PAIRS, annotated, pairs_file
from tests.faults.odd import ODD, SOME, URL, Change, Odd, Served, serve_oddly
from tests.models.embedding_server import EmbeddingServer, vector_of
from tests.models.helpers import encoder, needs_openai

pytestmark = needs_openai

TEXTS = ["a cat", "a dog", "a window"]


def serve(request: Any) -> Served:  # noqa: ANN401
    answer = EmbeddingServer().answer(json.loads(request.content))
    return Served(answer.status, answer.body, {"Content-Type": "application/json", **answer.headers})


def embedded(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    """Embed three texts, a request for each."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key")
    monkeypatch.setattr(openai_server, "RETRIES", 2)
    model = encoder("openai", model="tiny", base_url=f"{URL}/v1", batch=1)
    serve_oddly(monkeypatch, model._client()._client, odd, serve, most_requests=100)  # type: ignore[attr-defined]
    with EmbeddingCache(None, model.card.identity) as cache:
        return embed(model, TEXTS, cache, "texts", QUIET).vectors


@pytest.mark.slow
@SOME
@given(odd=ODD)
def test_odd_answers_are_vectors_or_errors(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        vectors = embedded(odd, monkeypatch)
    except GisError as error:
        assert str(error)  # noqa: PT017
        return
    assert vectors.shape[0] == 3
    assert vectors.shape[1] > 0
    assert np.isfinite(vectors).all()
    for row in range(min(odd.first, 3)):
        assert vectors[row].tolist() == vector_of(TEXTS[row]).tolist()


def grade(request: Any) -> Served:  # noqa: ANN401
    answer = ChatServer().answer(request.url.path, json.loads(request.content))
    return Served(answer.status, answer.body, {"Content-Type": "application/json", **answer.headers})


@pytest.mark.slow
@SOME
@given(odd=ODD)
def test_odd_answers_are_levels_or_failures(
    odd: Odd, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-a-key")
    monkeypatch.setattr(openai_server, "RETRIES", 2)
    folder = tmp_path_factory.mktemp("odd")
    client = openai_server.OpenAIServer(f"{URL}/v1").client("tests")
    serve_oddly(monkeypatch, client._client, odd, grade, most_requests=200)
    try:
        report = annotated(pairs_file(folder), folder / "out", "m", base_url=f"{URL}/v1", in_flight=1)
    except GisError as error:
        assert str(error)  # noqa: PT017
        return
    rows = [json.loads(line) for line in (folder / "out" / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) + sum(report.left_out.values()) == len(PAIRS)
    assert all(0 <= row["score"] <= 5 for row in rows)


EMBEDDING = [2, 0, 2]  # the way to the first vector: data, its first item, embedding


@pytest.mark.parametrize("width", [0, 1, 5])
@pytest.mark.parametrize("first", [0, 1])
def test_vectors_whose_width_changes_are_an_error(width: int, first: int, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Odd(first, always=False, changes=[Change(EMBEDDING, [0.5] * width)])
    with pytest.raises(GisError, match=r"gave vectors of|one vector for each"):
        embedded(odd, monkeypatch)


def test_vectors_that_are_empty_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GisError, match="one vector for each"):
        embedded(Odd(0, always=True, changes=[Change(EMBEDDING, [])]), monkeypatch)

"""Whatever the Hub answers: a model, a publication, or an error; no traceback, no loop."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants, get_session
from hypothesis import given

from gis.errors import GisError
from gis.hub import _answers
from gis.models.base import LoadSettings
from gis.models.registry import load_model
from gis.publishing.publication import Publication
from gis.publishing.push import push
from gis.spec import Spec
from tests.faults.odd import ODD, SOME, Odd, Served, serve_oddly
from tests.hub_server import Hub, answer_to, use_hub

pytestmark = pytest.mark.slow

MOST_REQUESTS = 400


def serving_oddly(hub: Hub, odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(request: Any) -> Served:  # noqa: ANN401
        url = request.url.raw_path.decode()
        answer = answer_to(hub, request.method, url, request.content, dict(request.headers))
        is_json = answer.headers.get("Content-Type") == "application/json" and answer.body
        return Served(answer.status, json.loads(answer.body) if is_json else answer.body, answer.headers)

    hub.url = constants.ENDPOINT
    use_hub(hub, monkeypatch)
    _answers.cache_clear()
    serve_oddly(monkeypatch, get_session(), odd, serve, MOST_REQUESTS)


@SOME
@given(odd=ODD)
def test_a_model_is_opened_or_an_error_says_why_not(
    odd: Odd, tiny_sentence_transformer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub()
    hub.add_folder("models", "org/tiny", tiny_sentence_transformer)
    serving_oddly(hub, odd, monkeypatch)
    with tempfile.TemporaryDirectory() as cache:
        monkeypatch.setattr(constants, "HF_HUB_CACHE", cache)
        try:
            model = load_model(Spec("org/tiny"), LoadSettings(device="cpu"))
        except GisError as error:
            assert str(error)  # noqa: PT017
        else:
            assert model.card.identity


@SOME
@given(odd=ODD)
def test_a_publication_is_there_or_an_error_says_why_not(odd: Odd, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = Hub()
    serving_oddly(hub, odd, monkeypatch)
    files = {"README.md": b"# Results", "gis_manifest.json": b"{}", "data/x.parquet": b"pairs"}
    try:
        push(Publication(kind="dataset", files=files, card="# Results", problems=()), "octo/issues")
    except GisError as error:
        assert str(error)  # noqa: PT017

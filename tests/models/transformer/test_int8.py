"""int8: what it refuses, what it keeps, and how near it stays to fp32."""

import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from torch.nn.functional import dropout

from gis.errors import GisError
from gis.files import cache_folder
from gis.models.transformer import engine, quantization
from gis.models.transformer.encoder import states_by_transformers
from gis.models.transformer.tokens import TextTokenizer
from tests.errors import error_line
from tests.models.helpers import SHORT, TEXTS, encoder, identity, settings
from tests.tiny_architectures import save_architecture
from tests.tiny_models import save_bert, save_static

INT8 = settings(precision="int8")
needs_openvino = pytest.mark.skipif(find_spec("nncf") is None, reason="needs the extra 'int8'")
pytestmark = needs_openvino


@pytest.fixture(autouse=True)
def _few_calibration_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quantising takes a second instead of seven."""
    from gis.models.transformer import int8

    monkeypatch.setattr(int8, "calibration_texts", lambda: [*TEXTS, *quantization.calibration_texts()[:20]])


def _cosines(vectors: Any, others: Any) -> Any:  # noqa: ANN401
    return (vectors * others).sum(1) / np.linalg.norm(vectors, axis=1) / np.linalg.norm(others, axis=1)


def test_the_calibration_texts_are_distinct_short_and_long() -> None:
    texts = quantization.calibration_texts()
    assert 240 <= len(texts) <= 260
    assert len(set(texts)) == len(texts)
    assert min(map(len, texts)) < 10
    assert sum(len(text) > 1000 for text in texts) > 10


def test_a_model_without_an_int8_form_is_refused(tiny_decoder: Path, tmp_path: Path) -> None:
    with error_line("a llama model has no int8 form in gis.* use --precision bf16 or fp32"):
        encoder(tiny_decoder, INT8)
    with error_line("a model run by sentence-transformers has no int8 form"):
        encoder(save_static(tmp_path / "static"), INT8)
    with error_line("a bert model has no int8 form"):
        encoder(save_bert(tmp_path / "decoder", is_decoder=True), INT8)


def test_a_model_whose_tokens_have_types_is_refused(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TextTokenizer, "has_types", True)
    monkeypatch.setattr(engine, "_load_encoders", lambda *_: [SimpleNamespace(proven=True)])
    with error_line("has no int8 form: it reads more than token ids and a mask; use --precision bf16 or fp32"):
        encoder(tiny_bert, INT8).load()


def test_other_devices_than_a_processor_are_refused(tiny_bert: Path) -> None:
    with error_line("int8 runs on a processor, not on cuda:1; leave out --device"):
        encoder(tiny_bert, settings(precision="int8", device="cuda:1"))


def test_without_the_extra_int8_is_refused(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantization, "versions_of", lambda _: {"openvino": "1"})
    with error_line(r"int8 needs the extra 'int8': pip install 'gis-similarity\[int8\]'"):
        encoder(tiny_bert, INT8)


def test_calibration_and_libraries_belong_to_the_identity(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity(tiny_bert, INT8)
    assert identity(tiny_bert) != before == identity(tiny_bert, INT8)
    monkeypatch.setattr(quantization, "_calibration_hash", lambda: "other")
    other_texts = identity(tiny_bert, INT8)
    monkeypatch.setattr(quantization, "versions_of", lambda _: {"openvino": "1", "nncf": "1"})
    assert len({before, other_texts, identity(tiny_bert, INT8)}) == 3


@pytest.mark.slow
def test_a_quantised_model_is_made_once_and_again_when_its_file_is_damaged(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gis.models.transformer import int8

    made: list[Any] = []
    quantized = int8._quantized

    def remembered(*given: Any) -> Any:  # noqa: ANN401
        made.append(given)
        return quantized(*given)

    monkeypatch.setattr(int8, "_quantized", remembered)
    vectors = encoder(tiny_bert, INT8).encode(TEXTS)
    assert np.array_equal(encoder(tiny_bert, INT8).encode(TEXTS), vectors)
    encoder(tiny_bert, INT8, max_length=8).load()
    assert len(made) == 1
    (weights,) = (cache_folder() / "int8").glob("*/model.bin")
    content = bytearray(weights.read_bytes())
    content[len(content) // 2] ^= 1
    weights.write_bytes(content)
    encoder(tiny_bert, INT8).load()
    assert len(made) == 2
    assert "openvino_telemetry" not in sys.modules


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["mean", "cls", "last2avg"])
def test_int8_is_near_fp32_for_a_text_alone_and_beside_others(tiny_bert: Path, pooling: str) -> None:
    model = encoder(tiny_bert, INT8, pooling=pooling)
    vectors = model.encode(TEXTS)
    assert vectors.dtype == np.float32
    full = encoder(tiny_bert, pooling=pooling).encode(TEXTS)
    assert _cosines(vectors, full).min() > 0.99
    assert not np.array_equal(vectors, full)
    assert _cosines(model.encode([SHORT]), vectors[:1]).min() > 0.999


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["roberta", "electra", "distilbert", "mpnet", "modernbert"])
def test_the_families_are_converted(kind: str, tmp_path: Path) -> None:
    save_architecture(kind, tmp_path)
    vectors = encoder(tmp_path, INT8, pooling="mean").encode(TEXTS)
    assert _cosines(vectors, encoder(tmp_path, pooling="mean").encode(TEXTS)).min() > 0.98


@pytest.mark.slow
def test_a_conversion_that_changes_the_model_is_refused(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when an export switched dropout on."""
    from gis.models.transformer import int8

    monkeypatch.setattr(
        int8, "states_by_transformers", lambda *given: dropout(states_by_transformers(*given), training=True)
    )
    with pytest.raises(GisError, match="converted for int8, the model gives other vectors"):
        encoder(tiny_bert, INT8).load()

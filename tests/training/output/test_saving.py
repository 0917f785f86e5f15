"""What training leaves opens in gis, sentence-transformers and AutoModel with the same embeddings."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from gis.models.base import Encoder, LoadSettings
from gis.models.registry import load_model
from gis.models.transformer.pooling import POOLINGS
from gis.spec import Spec
from tests.tiny_models import save_sentence_transformer
from tests.training.helpers import dataset, fit

pytestmark = pytest.mark.slow

TEXTS = ["cat sat mat", "", "a very long text about a crash " * 20, "duplicate issue", "Red Green BLUE"]
PROMPT = 'report "{text}" in one word:'


def with_gis(folder: Path) -> NDArray[np.float32]:
    model = load_model(Spec(str(folder)), LoadSettings(device="cpu"))
    assert isinstance(model, Encoder)
    return model.encode(TEXTS)


def with_sentence_transformers(folder: Path) -> NDArray[np.float32]:
    from sentence_transformers import SentenceTransformer

    return np.asarray(SentenceTransformer(str(folder), device="cpu").encode(TEXTS), dtype=np.float32)


def with_auto_model(folder: Path, pooling: str, *, normalize: bool) -> NDArray[np.float32]:
    """As somebody does who knows the pooling and nothing else: tokenizer, model, pooling."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder, padding_side="right")
    model = transformers.AutoModel.from_pretrained(folder).eval()
    batch = tokenizer(TEXTS, padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
    vectors = POOLINGS[pooling](hidden, batch["attention_mask"])
    vectors = torch.nn.functional.normalize(vectors, dim=-1) if normalize else vectors
    return np.asarray(vectors.numpy(), dtype=np.float32)


@pytest.mark.parametrize("pooling", ["cls", "mean", "max", "last", "cls_avg"])
def test_every_pooling(tiny_bert: Path, tmp_path: Path, pooling: str) -> None:
    output = tmp_path / "model"
    fit(tiny_bert, dataset(tmp_path / "data"), output, options={"pooling": pooling, "max_length": "20"})
    expected = with_auto_model(output, pooling, normalize=False)
    np.testing.assert_allclose(with_gis(output), expected, atol=1e-5)
    np.testing.assert_allclose(with_sentence_transformers(output), expected, atol=1e-5)


@pytest.mark.parametrize("folder", ["tiny_bert", "tiny_decoder"])
def test_a_prompt_is_applied_by_everyone(folder: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    base, output = request.getfixturevalue(folder), tmp_path / "model"
    fit(base, dataset(tmp_path / "data"), output, options={"pooling": "last", "prompt": PROMPT, "max_length": "50"})
    expected = with_auto_model(output, "last", normalize=False)
    np.testing.assert_allclose(with_gis(output), expected, atol=1e-5)
    np.testing.assert_allclose(with_sentence_transformers(output), expected, atol=1e-5)
    tokenizer = transformers.AutoTokenizer.from_pretrained(output)
    ids = tokenizer(TEXTS[2], truncation=True)["input_ids"]
    read = str(tokenizer.decode(ids)).replace(" ", "")
    assert len(ids) == 50
    assert "report" in read
    assert "inoneword:" in read


def test_normalisation_and_length_are_kept(tiny_bert: Path, tmp_path: Path) -> None:
    base = save_sentence_transformer(tmp_path / "base", tiny_bert, pooling="mean", normalize=True, max_seq_length=12)
    output = tmp_path / "model"
    fit(base, dataset(tmp_path / "data"), output)
    expected = with_auto_model(output, "mean", normalize=True)
    np.testing.assert_allclose(with_gis(output), expected, atol=1e-5)
    np.testing.assert_allclose(with_sentence_transformers(output), expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(expected, axis=1), 1, atol=1e-5)
    assert json.loads((output / "sentence_bert_config.json").read_text())["max_seq_length"] == 12


def test_an_adapter_opens_as_one(tiny_decoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    output = tmp_path / "model"
    fit(tiny_decoder, dataset(tmp_path / "data"), output, options={"pooling": "last", "prompt": PROMPT}, lora=4)
    assert (output / "adapter_config.json").is_file()
    assert not (output / "model.safetensors").exists()
    found = with_gis(output)
    np.testing.assert_allclose(found, with_auto_model(output, "last", normalize=False), atol=1e-5)
    np.testing.assert_allclose(found, with_sentence_transformers(output), atol=1e-5)


def test_an_adapter_of_an_encoder_with_a_pooler_opens(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """Training takes the pooler away; whoever opens the adapter, from whatever folder, has a backbone with one."""
    pytest.importorskip("peft")
    output, data = tmp_path / "model", dataset(tmp_path / "data")
    monkeypatch.chdir(tiny_bert.parent)
    fit(Path(tiny_bert.name), data, output, options={"pooling": "mean"}, lora=4, learning_rate=1e-2)
    assert not [
        str(warning.message) for warning in recwarn if "peft" in warning.filename or "checkpoint" in str(warning)
    ]
    monkeypatch.chdir(tmp_path)
    found = with_gis(output)
    assert not np.allclose(found, with_gis(tiny_bert), atol=1e-3)
    np.testing.assert_allclose(found, with_auto_model(output, "mean", normalize=False), atol=1e-5)
    np.testing.assert_allclose(found, with_sentence_transformers(output), atol=1e-5)


def test_a_chat_template_is_left_out(tiny_decoder: Path, tmp_path: Path) -> None:
    """sentence-transformers would put every text into it."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_decoder)
    tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    base = tmp_path / "base"
    transformers.AutoModel.from_pretrained(tiny_decoder).save_pretrained(base)
    tokenizer.save_pretrained(base)
    fit(base, dataset(tmp_path / "data"), tmp_path / "model", options={"pooling": "last"})
    np.testing.assert_allclose(with_gis(tmp_path / "model"), with_sentence_transformers(tmp_path / "model"), atol=1e-5)


def test_the_manifest_is_no_part_of_the_model(tiny_bert: Path, tmp_path: Path) -> None:
    output = tmp_path / "model"
    fit(tiny_bert, dataset(tmp_path / "data"), output)
    before = load_model(Spec(str(output)), LoadSettings(device="cpu")).card.identity
    (output / "gis_training.json").unlink()
    assert load_model(Spec(str(output)), LoadSettings(device="cpu")).card.identity == before

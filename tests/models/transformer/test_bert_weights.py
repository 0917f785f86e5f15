"""Plain weights give what transformers' own modules around them give."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from gis.errors import GisError
from gis.models.transformer import loading
from gis.models.transformer.flat import post_norm, products
from gis.models.transformer.flat.bert_weights import BertWeights, read_bert
from gis.models.transformer.flat.model import FlatModel
from tests.models.helpers import TEXTS, edit_json, encoder, needs_minilm, settings
from tests.tiny_models import save_bert, save_roberta


def _read(folder: Path, dtype: torch.dtype = torch.float32) -> BertWeights | None:
    return read_bert(folder, transformers.AutoConfig.from_pretrained(folder), dtype)


@pytest.mark.parametrize("kind", ["Bert", "Roberta", "XLMRoberta", "Camembert"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_vectors_are_exactly_those_of_transformers_modules(
    tmp_path: Path, kind: str, precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_bert(tmp_path / "m") if kind == "Bert" else save_roberta(tmp_path / "m", kind=kind)
    assert isinstance(_read(folder), BertWeights)
    own = encoder(folder, settings(precision=precision)).encode(TEXTS)
    monkeypatch.setattr(loading, "read_bert", lambda *_: None)
    assert np.array_equal(encoder(folder, settings(precision=precision)).encode(TEXTS), own)


def test_a_body_under_a_head_is_read_and_what_no_vector_passes_through_is_not(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "m")
    expected = encoder(folder).encode(TEXTS)
    weights = {f"bert.{name}": tensor for name, tensor in load_file(folder / "model.safetensors").items()}
    save_file({**weights, "cls.predictions.bias": torch.zeros(3)}, folder / "model.safetensors", {"format": "pt"})
    assert isinstance(_read(folder), BertWeights)
    assert np.array_equal(encoder(folder).encode(TEXTS), expected)


def test_anything_unusual_is_left_to_transformers(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "m")
    for change in ({"hidden_act": "relu"}, {"is_decoder": True}, {"quantization_config": {"quant_method": "x"}}):
        config = transformers.AutoConfig.from_pretrained(folder)
        for name, value in change.items():
            setattr(config, name, value)
        assert read_bert(folder, config, torch.float32) is None
    weights = load_file(folder / "model.safetensors")
    other_body = {f"body.{name}": tensor for name, tensor in weights.items()}
    for changed in ({**weights, "other.weight": torch.zeros(1)}, dict(list(weights.items())[1:]), other_body):
        save_file(changed, folder / "model.safetensors", {"format": "pt"})
        assert _read(folder) is None
    (folder / "model.safetensors").write_bytes(b"cut")
    assert _read(folder) is None
    (folder / "model.safetensors").unlink()
    assert _read(folder) is None
    edit_json(folder / "config.json", num_hidden_layers=1)
    assert _read(save_roberta(tmp_path / "electra", kind="Electra")) is None


def test_weights_under_two_names_are_those_that_transformers_takes(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    others = {f"bert.{name}": tensor * 2 for name, tensor in weights.items()}
    save_file({**weights, **others}, folder / "model.safetensors", {"format": "pt"})
    assert _read(folder) is None
    model = transformers.AutoModel.from_pretrained(folder)
    ids = transformers.AutoTokenizer.from_pretrained(folder)("a cat", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        expected = model(ids).last_hidden_state.mean(1).numpy()
    assert np.allclose(encoder(folder).encode(["a cat"]), expected, atol=1e-5)


def test_a_config_that_transformers_cannot_run_is_left_to_it(tmp_path: Path) -> None:
    roberta, bert = save_roberta(tmp_path / "roberta"), save_bert(tmp_path / "bert")
    edit_json(roberta / "config.json", pad_token_id=None)  # positions begin behind it
    assert _read(roberta) is None
    for heads in (0, 5):
        edit_json(bert / "config.json", num_attention_heads=heads)
        assert _read(bert) is None
    with pytest.raises(GisError, match="32\\) is not a multiple of the number of attention heads"):
        encoder(bert).encode(["a cat"])


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("vocab_size", 9, "weights have another shape than config.json says$"),
        ("layer_norm_eps", None, "'layer_norm_eps': TypeError: .* expected float, got NoneType"),
    ],
)
def test_what_is_wrong_in_a_config_is_said_in_one_line(
    tmp_path: Path, setting: str, value: object, message: str
) -> None:
    folder = save_bert(tmp_path / "m")
    edit_json(folder / "config.json", **{setting: value})
    with pytest.raises(GisError, match=message):
        encoder(folder).encode(["a cat"])


def test_where_packed_products_give_other_numbers_nothing_is_packed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = save_bert(tmp_path / "m")
    expected = encoder(folder).encode(TEXTS)
    packed = products.product

    def wrong(layers: Sequence[Any], activation: object = None, *, frozen: bool) -> products.Product:
        made = packed(layers, activation, frozen=frozen)
        return (lambda x: made(x) * 1.01) if frozen else made

    monkeypatch.setattr(post_norm, "product", wrong)
    assert np.allclose(encoder(folder).encode(TEXTS), expected, atol=1e-6)


def test_a_vocabulary_of_five_tokens_has_plain_products(tmp_path: Path) -> None:
    config = transformers.BertConfig(
        vocab_size=5, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    transformers.BertModel(config, add_pooling_layer=False).save_pretrained(tmp_path)
    weights = _read(tmp_path)
    assert weights is not None
    assert FlatModel.of(weights) is not None


def test_weights_are_wrapped_as_they_are(tmp_path: Path) -> None:
    weights = _read(save_bert(tmp_path / "m"), torch.bfloat16)
    assert weights is not None
    assert weights.dtype == torch.bfloat16
    assert not any(parameter.requires_grad for parameter in weights.parameters())
    assert isinstance(FlatModel.of(weights), FlatModel)


@needs_minilm
@pytest.mark.slow
def test_a_bench_of_minilm_imports_neither_the_modelling_code_nor_scipy_stats() -> None:
    code = (
        "import sys; sys.argv = 'gis bench --model minilm --task sample --limit 9 --no-cache --quiet'.split()\n"
        "from gis.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'transformers.modeling_utils', 'torch._dynamo', 'scipy.stats', 'sentence_transformers', 'datasets'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)

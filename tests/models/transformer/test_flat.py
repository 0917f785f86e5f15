from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from gis.models.transformer import loading
from gis.models.transformer.flat import attention
from gis.models.transformer.flat.model import FlatModel
from tests.models.helpers import TEXTS, encoder
from tests.tiny_models import HIDDEN, POSITIONS, save_bert, save_roberta

LENGTHS = (40, 17, 17, 17, 5, 3, 3, 2, 1)


def _load(folder: Path, **config: Any) -> Any:  # noqa: ANN401
    return transformers.AutoModel.from_pretrained(folder, **config).eval()


def _texts(lengths: tuple[int, ...] = LENGTHS) -> list[np.ndarray[Any, np.dtype[np.int32]]]:
    rng = np.random.default_rng(0)
    return [rng.integers(3, 60, size=length).astype(np.int32) for length in lengths]


def _padded(model: Any, texts: list[Any]) -> list[list[torch.Tensor]]:  # noqa: ANN401
    """The hidden states of each text, computed by transformers in one padded batch; the last as its model gives it."""
    longest, padding = max(len(text) for text in texts), model.config.pad_token_id or 0
    ids = torch.tensor([[*text.tolist(), *[padding] * (longest - len(text))] for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
    output = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    states = [*output.hidden_states[:-1], output.last_hidden_state]
    return [[state[row, : len(text)] for state in states] for row, text in enumerate(texts)]


def _of_config(kind: str, **config: Any) -> Any:  # noqa: ANN401
    torch.manual_seed(0)
    return getattr(transformers, f"{kind}Model")(getattr(transformers, f"{kind}Config")(**config)).eval()


SMALL = {
    "vocab_size": 60,
    "hidden_size": HIDDEN,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "max_position_embeddings": POSITIONS,
}
MODELS: dict[str, Callable[[Path], Any]] = {
    "bert": lambda folder: _load(save_bert(folder)),
    "bert-relu": lambda folder: _load(save_bert(folder, hidden_act="relu", num_hidden_layers=3, layer_norm_eps=1e-5)),
    "bert-tanh-gelu": lambda folder: _load(save_bert(folder, hidden_act="gelu_new")),
    "roberta": lambda folder: _load(save_roberta(folder)),
    "xlm-roberta": lambda folder: _load(save_roberta(folder, kind="XLMRoberta")),
    "camembert": lambda folder: _load(save_roberta(folder, kind="Camembert")),
    "electra": lambda _: _of_config("Electra", **SMALL, embedding_size=16),
    "mpnet": lambda _: _of_config("MPNet", **SMALL, pad_token_id=1),
    "distilbert": lambda _: _of_config("DistilBert", vocab_size=60, dim=HIDDEN, hidden_dim=64, n_layers=3, n_heads=4),
    "modernbert": lambda _: _of_config(
        "ModernBert", **SMALL, local_attention=8, global_attn_every_n_layers=2, pad_token_id=0
    ),
}


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Any:  # noqa: ANN401
    return MODELS[request.param](tmp_path / "model")


def _states(flat: FlatModel, texts: list[Any], *arguments: Any) -> list[torch.Tensor]:  # noqa: ANN401
    return [state for states, _ in flat(texts, *arguments) for state in states]


@pytest.mark.parametrize("trainable", [False, True])
@torch.inference_mode()
def test_every_layer_equals_the_padded_model(model: Any, trainable: bool) -> None:  # noqa: ANN401
    flat = FlatModel.of(model, trainable=trainable)
    assert flat is not None
    texts = _texts()
    expected = _padded(model, texts)
    for layer in range(model.config.num_hidden_layers + 1):
        for state, states in zip(_states(flat, texts, (layer,)), expected, strict=True):
            torch.testing.assert_close(state, states[layer], atol=1e-5, rtol=1e-5)
    for state, states in zip(_states(flat, texts, (1, -1)), expected, strict=True):
        torch.testing.assert_close(state, (states[1] + states[-1]) / 2, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("token", "place"), [("first", 0), ("last", -1)])
@torch.inference_mode()
def test_one_token_of_each_text_equals_the_padded_models(model: Any, token: str, place: int) -> None:  # noqa: ANN401
    flat = FlatModel.of(model)
    assert flat is not None
    texts = _texts()
    for state, states in zip(_states(flat, texts, (-1,), token), _padded(model, texts), strict=True):
        torch.testing.assert_close(state, states[-1][place][None], atol=1e-5, rtol=1e-5)


def test_gradients_equal_those_of_the_padded_model(model: Any) -> None:  # noqa: ANN401
    flat = FlatModel.of(model, trainable=True)
    assert flat is not None
    texts = _texts()
    sums = []
    for states in (_states(flat, texts), [states[-1] for states in _padded(model, texts)]):
        model.zero_grad()
        sum((state**2).sum() for state in states).backward()  # type: ignore[union-attr]
        sums.append({name: weight.grad.clone() for name, weight in model.named_parameters() if weight.grad is not None})
    assert sums[0].keys() == sums[1].keys()
    for name, gradient in sums[0].items():
        torch.testing.assert_close(gradient, sums[1][name], atol=1e-3, rtol=1e-3)


@torch.inference_mode()
def test_texts_of_equal_length_are_one_run(tiny_bert: Path) -> None:
    flat = FlatModel.of(_load(tiny_bert))
    assert flat is not None
    assert [tuple(states.shape) for states, _ in flat(_texts())] == [
        (1, 40, HIDDEN),
        (3, 17, HIDDEN),
        (1, 5, HIDDEN),
        (2, 3, HIDDEN),
        (1, 2, HIDDEN),
        (1, 1, HIDDEN),
    ]


@torch.inference_mode()
def test_the_longest_text_that_fits_is_read(tmp_path: Path) -> None:
    roberta = _load(save_roberta(tmp_path / "model"))
    flat = FlatModel.of(roberta)
    assert flat is not None
    texts = _texts((POSITIONS - 2,))
    torch.testing.assert_close(_states(flat, texts)[0], _padded(roberta, texts)[0][-1], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_a_decoder_bert_is_left_to_transformers(tmp_path: Path) -> None:
    assert FlatModel.of(_load(save_bert(tmp_path / "model", is_decoder=True))) is None


@torch.inference_mode()
def test_other_architectures_are_left_to_transformers(tiny_decoder: Path) -> None:
    assert FlatModel.of(_of_config("Albert", **SMALL, embedding_size=16)) is None
    assert FlatModel.of(_load(tiny_decoder)) is None


@torch.inference_mode()
def test_a_model_whose_numbers_differ_is_left_to_transformers(tiny_bert: Path) -> None:
    model = _load(tiny_bert)
    attention = model.encoder.layer[1].attention
    attention.register_forward_hook(lambda _module, _inputs, output: (output[0] * 1.1, *output[1:]))
    assert FlatModel.of(model) is None


@torch.inference_mode()
def test_without_onednn_the_numbers_are_the_same(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, texts = _load(tiny_bert), _texts()
    packed = FlatModel.of(model)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    plain = FlatModel.of(model)
    assert packed is not None
    assert plain is not None
    for state, expected in zip(_states(packed, texts), _states(plain, texts), strict=True):
        torch.testing.assert_close(state, expected, atol=1e-5, rtol=1e-5)


def test_the_encoder_gives_the_same_vectors_with_and_without_it(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = encoder(tiny_bert).encode(TEXTS)
    monkeypatch.setattr(loading, "read_bert", lambda *_: None)
    monkeypatch.setattr(FlatModel, "of", lambda _model, **_settings: None)
    np.testing.assert_allclose(encoder(tiny_bert).encode(TEXTS), flat, atol=1e-5)


@pytest.mark.parametrize("scores", [1, 40, 2**20])
@pytest.mark.parametrize("heads_of_bias", [0, 1, 3])
@pytest.mark.parametrize("asking", [1, 11])
def test_products_in_blocks_are_attention(
    monkeypatch: pytest.MonkeyPatch, scores: int, heads_of_bias: int, asking: int
) -> None:
    monkeypatch.setattr(attention, "SCORES", scores)
    torch.manual_seed(0)
    query, key, value = (torch.randn(2, 3, length, 8).bfloat16() for length in (asking, 11, 11))
    bias = torch.randn(heads_of_bias, asking, 11).bfloat16() if heads_of_bias else None
    weights = query.float() @ key.float().transpose(2, 3) * 8**-0.5 + (0 if bias is None else bias.float())
    expected = weights.softmax(-1) @ value.float()
    found = attention.attend(query, key, value, bias, 0.0)
    torch.testing.assert_close(found.float(), expected, atol=0.02, rtol=0)

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from gis.models.transformer.padding_free import PaddingFreeBert
from tests.models.helpers import TEXTS, encoder
from tests.tiny_models import HIDDEN, POSITIONS, save_bert, save_roberta

LENGTHS = (40, 17, 17, 17, 5, 3, 3, 2, 1)


def _load(folder: Path, **config: Any) -> Any:  # noqa: ANN401
    return transformers.AutoModel.from_pretrained(folder, **config).eval()


def _texts(lengths: tuple[int, ...] = LENGTHS) -> list[np.ndarray[Any, np.dtype[np.int32]]]:
    rng = np.random.default_rng(0)
    return [rng.integers(3, 60, size=length).astype(np.int32) for length in lengths]


def _padded(model: Any, texts: list[Any]) -> list[tuple[torch.Tensor, torch.Tensor]]:  # noqa: ANN401
    """First and last layer of each text, computed by transformers in one padded batch."""
    longest, padding = max(len(text) for text in texts), model.config.pad_token_id or 0
    ids = torch.tensor([[*text.tolist(), *[padding] * (longest - len(text))] for text in texts])
    mask = torch.tensor([[1] * len(text) + [0] * (longest - len(text)) for text in texts])
    output = model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
    return [
        (output.hidden_states[1][row, : len(text)], output.last_hidden_state[row, : len(text)])
        for row, text in enumerate(texts)
    ]


@pytest.fixture(params=["bert", "bert-relu", "roberta", "xlm-roberta", "camembert"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Any:  # noqa: ANN401
    match request.param:
        case "bert":
            return _load(save_bert(tmp_path / "model"))
        case "bert-relu":
            return _load(save_bert(tmp_path / "model", hidden_act="relu", num_hidden_layers=3, layer_norm_eps=1e-5))
        case "roberta":
            return _load(save_roberta(tmp_path / "model"))
        case "xlm-roberta":
            return _load(save_roberta(tmp_path / "model", kind="XLMRoberta"))
        case _:
            return _load(save_roberta(tmp_path / "model", kind="Camembert"))


@torch.inference_mode()
def test_both_layers_equal_the_padded_model(model: Any) -> None:  # noqa: ANN401
    flat = PaddingFreeBert.of(model)
    assert flat is not None
    texts = _texts()
    runs = flat(texts, 1)
    first = [row for run, _ in runs if run is not None for row in run]
    last = [row for _, run in runs for row in run]
    for row, (expected_first, expected_last) in enumerate(_padded(model, texts)):
        torch.testing.assert_close(first[row], expected_first, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(last[row], expected_last, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_texts_of_equal_length_are_one_run(tiny_bert: Path) -> None:
    flat = PaddingFreeBert.of(_load(tiny_bert))
    assert flat is not None
    assert [tuple(last.shape) for _, last in flat(_texts())] == [
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
    flat = PaddingFreeBert.of(roberta)
    assert flat is not None
    texts = _texts((POSITIONS - 2,))
    torch.testing.assert_close(flat(texts)[0][1][0], _padded(roberta, texts)[0][1], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_a_decoder_bert_is_left_to_transformers(tmp_path: Path) -> None:
    assert PaddingFreeBert.of(_load(save_bert(tmp_path / "model", is_decoder=True))) is None


@torch.inference_mode()
def test_other_architectures_are_left_to_transformers(tiny_decoder: Path) -> None:
    config = transformers.DistilBertConfig(vocab_size=60, dim=HIDDEN, hidden_dim=64, n_layers=2, n_heads=4)
    assert PaddingFreeBert.of(transformers.DistilBertModel(config)) is None
    assert PaddingFreeBert.of(_load(tiny_decoder)) is None


@torch.inference_mode()
def test_a_model_whose_numbers_differ_is_left_to_transformers(tiny_bert: Path) -> None:
    model = _load(tiny_bert)
    attention = model.encoder.layer[1].attention
    attention.register_forward_hook(lambda _module, _inputs, output: (output[0] * 1.1, *output[1:]))
    assert PaddingFreeBert.of(model) is None


def test_the_encoder_gives_the_same_vectors_with_and_without_it(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = encoder(tiny_bert).encode(TEXTS)
    monkeypatch.setattr(PaddingFreeBert, "of", lambda _model, **_settings: None)
    np.testing.assert_allclose(encoder(tiny_bert).encode(TEXTS), flat, atol=1e-5)

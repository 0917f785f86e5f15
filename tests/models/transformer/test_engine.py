"""The engine against transformers and peft, computed by hand."""

import sys
from collections.abc import Sequence
from functools import partialmethod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import embed
from gis.console import QUIET
from gis.errors import GisError
from gis.models.transformer import engine
from gis.models.transformer.encoder import SentenceEncoder
from gis.models.transformer.engine import cut
from tests.errors import error_line
from tests.models.helpers import LONG, SHORT, TEXTS, assert_close, counts, encoder, needs_peft, settings
from tests.tiny_models import copy, save_bert, save_lora, save_roberta, wordpiece_tokenizer

POOLINGS = ["cls", "mean", "max", "last", "cls_avg", "first-last-avg", "last2avg"]
WITHOUT_EMPTY = [text for text in TEXTS if text]


def _by_hand(folder: Path, texts: Sequence[str], pooling: str, model: Any = None, limit: int = 64) -> Any:  # noqa: ANN401
    """One text at a time through transformers, pooled as the definitions say: no padding, no masks."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = model or transformers.AutoModel.from_pretrained(folder)
    return np.stack([_pooled(model.eval(), tokenizer, text, pooling, limit) for text in texts])


@torch.inference_mode()
def _pooled(model: Any, tokenizer: Any, text: str, pooling: str, limit: int) -> Any:  # noqa: ANN401
    ids = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")["input_ids"]
    states = model(input_ids=ids, output_hidden_states=True).hidden_states
    tokens = states[-1][0]
    match pooling:
        case "cls":
            return tokens[0].numpy()
        case "mean":
            return tokens.mean(0).numpy()
        case "max":
            return tokens.max(0).values.numpy()
        case "last":
            return tokens[-1].numpy()
        case "cls_avg":
            return ((tokens[0] + tokens.mean(0)) / 2).numpy()
        case "first-last-avg":
            return ((states[1][0] + tokens) / 2).mean(0).numpy()
        case _:
            return ((states[-2][0] + tokens) / 2).mean(0).numpy()


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_bert_equals_transformers_by_hand(tiny_bert: Path, pooling: str) -> None:
    assert_close(encoder(tiny_bert, pooling=pooling).encode(TEXTS), _by_hand(tiny_bert, TEXTS, pooling))


@pytest.mark.parametrize("pooling", ["first-last-avg", "last2avg"])
@pytest.mark.parametrize("layers", [1, 4])
def test_averages_take_two_of_any_number_of_layers(tmp_path: Path, layers: int, pooling: str) -> None:
    folder = save_bert(tmp_path / "model", num_hidden_layers=layers)
    assert_close(encoder(folder, pooling=pooling).encode(TEXTS), _by_hand(folder, TEXTS, pooling))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_decoder_equals_transformers_by_hand(tiny_decoder: Path, pooling: str) -> None:
    found = encoder(tiny_decoder, pooling=pooling).encode(WITHOUT_EMPTY)
    assert_close(found, _by_hand(tiny_decoder, WITHOUT_EMPTY, pooling))


@pytest.mark.parametrize("pooling", POOLINGS)
def test_a_text_without_tokens_is_the_zero_vector_in_any_company(tiny_decoder: Path, pooling: str) -> None:
    model = encoder(tiny_decoder, pooling=pooling)
    for texts in ([""], ["", ""], ["", SHORT], [LONG, "", "cat"]):
        vectors = model.encode(texts)
        assert not vectors[texts.index("")].any()
        assert all(vectors[row].any() for row, text in enumerate(texts) if text)


@pytest.mark.parametrize("kind", ["Roberta", "XLMRoberta"])
def test_a_roberta_reads_as_many_tokens_as_fit_behind_the_paddings_row(tmp_path: Path, kind: str) -> None:
    folder = save_roberta(tmp_path / "model", kind=kind)
    model = encoder(folder)
    assert model.card.max_tokens == 62
    assert_close(model.encode(TEXTS), _by_hand(folder, TEXTS, "mean", limit=62))


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_text_that_names_the_padding_equals_transformers_by_hand(tmp_path: Path, kind: str) -> None:
    folder = save_bert(tmp_path / "model") if kind == "bert" else save_roberta(tmp_path / "model")
    texts = ["a cat", "the [PAD] token is on the mat", "the dog sat on a red mat"]
    assert_close(encoder(folder).encode(texts), _by_hand(folder, texts, "mean", limit=62))


def test_another_architecture_equals_transformers_by_hand(tmp_path: Path) -> None:
    tokenizer = wordpiece_tokenizer()
    torch.manual_seed(0)
    config = transformers.DistilBertConfig(
        vocab_size=len(tokenizer), dim=32, hidden_dim=64, n_layers=2, n_heads=4, max_position_embeddings=64
    )
    transformers.DistilBertModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert_close(encoder(tmp_path, pooling="first-last-avg").encode(TEXTS), _by_hand(tmp_path, TEXTS, "first-last-avg"))


def test_of_an_encoder_and_decoder_the_encoder_is_taken(tmp_path: Path) -> None:
    tokenizer = wordpiece_tokenizer()
    torch.manual_seed(0)
    config = transformers.T5Config(vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4)
    model = transformers.T5Model(config)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert_close(encoder(tmp_path).encode(TEXTS), _by_hand(tmp_path, TEXTS, "mean", model.get_encoder()), 1e-4)


def test_weights_without_a_pooler_or_with_a_head_are_complete(tmp_path: Path, tiny_bert: Path) -> None:
    torch.manual_seed(0)
    config = transformers.AutoConfig.from_pretrained(tiny_bert)
    transformers.BertForMaskedLM(config).save_pretrained(tmp_path)
    wordpiece_tokenizer().save_pretrained(tmp_path)
    reference = transformers.BertForMaskedLM.from_pretrained(tmp_path).bert
    assert_close(encoder(tmp_path).encode(TEXTS), _by_hand(tmp_path, TEXTS, "mean", reference))


@needs_peft
def test_a_lora_adapter_equals_peft(tiny_decoder: Path, tiny_lora: Path) -> None:
    import peft

    base = transformers.AutoModel.from_pretrained(tiny_decoder)
    reference = _by_hand(tiny_decoder, WITHOUT_EMPTY, "last", peft.PeftModel.from_pretrained(base, str(tiny_lora)))
    found = encoder(tiny_lora).encode(WITHOUT_EMPTY)
    assert_close(found, reference, 1e-4)
    assert np.abs(found - encoder(tiny_decoder, pooling="last").encode(WITHOUT_EMPTY)).max() > 0.1


@needs_peft
def test_a_lora_adapter_takes_another_backbone_when_told(tmp_path: Path, tiny_decoder: Path, tiny_lora: Path) -> None:
    moved = copy(tiny_decoder, tmp_path / "moved")
    assert_close(encoder(tiny_lora, base=moved).encode([SHORT]), encoder(tiny_lora).encode([SHORT]))


@needs_peft
def test_a_lora_adapters_own_tokenizer_is_taken(tmp_path: Path) -> None:
    base = save_bert(tmp_path / "base", lower=False)
    folder = save_lora(tmp_path / "adapter", base, modules=("query", "value"))
    assert counts(encoder(folder), ["CAT"]) == counts(encoder(base), ["CAT"]) == [(3, 3)]
    wordpiece_tokenizer().save_pretrained(folder)
    assert counts(encoder(folder), ["CAT"]) == [(1, 1)]


@needs_peft
def test_two_adapters_differ(tmp_path: Path, tiny_decoder: Path, tiny_lora: Path) -> None:
    other = save_lora(tmp_path / "other", tiny_decoder, seed=1)
    assert np.abs(encoder(other).encode([SHORT]) - encoder(tiny_lora).encode([SHORT])).max() > 0.1


def test_without_peft_an_adapter_names_the_extra(tiny_lora: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(GisError, match=r"pip install 'gis-similarity\[lora\]'"):
        encoder(tiny_lora).load()


def _let_the_processor_have(monkeypatch: pytest.MonkeyPatch, *features: str) -> None:
    capabilities = {"architecture": "x86_64", **dict.fromkeys(features, True)}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_decoder", "tiny_sentence_transformer"])
def test_half_precision_gives_float32_vectors_close_to_full_ones(
    kind: str, precision: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_the_processor_have(monkeypatch, "avx512_bf16", "avx512_fp16")
    folder: Path = request.getfixturevalue(kind)
    half = encoder(folder, settings(precision=precision)).encode(WITHOUT_EMPTY)
    full = encoder(folder).encode(WITHOUT_EMPTY)
    assert half.dtype == np.float32
    cosines = (half * full).sum(1) / np.linalg.norm(half, axis=1) / np.linalg.norm(full, axis=1)
    assert cosines.min() > 0.99
    assert not np.array_equal(half, full)


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_sentence_transformer"])
def test_a_precision_that_the_processor_lacks_is_refused(
    kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_the_processor_have(monkeypatch, "avx512_bf16")
    with error_line("this processor has no arithmetic for fp16; it has fp32 and bf16"):
        encoder(request.getfixturevalue(kind), settings(precision="fp16")).load()
    _let_the_processor_have(monkeypatch)
    with error_line("no arithmetic for bf16; it has fp32$"):
        encoder(request.getfixturevalue(kind), settings(precision="bf16")).load()


@pytest.mark.parametrize("batch_tokens", [1, 20, 64, 10_000])
def test_the_size_of_batches_changes_no_vector(tiny_bert: Path, batch_tokens: int) -> None:
    model = encoder(tiny_bert, settings(batch_tokens=batch_tokens))
    assert_close(model.encode(TEXTS), encoder(tiny_bert).encode(TEXTS))
    for batch in model.batches(TEXTS):
        assert len(batch.rows) == 1 or len(batch.rows) * (batch.kept.max() + 2) <= batch_tokens


def test_the_longest_texts_come_first(tiny_bert: Path) -> None:
    batches = list(encoder(tiny_bert, settings(batch_tokens=1)).batches(TEXTS))
    kept = np.concatenate([batch.kept for batch in batches]).tolist()
    assert kept == sorted(kept, reverse=True)


OUT_OF_MEMORY = [torch.OutOfMemoryError("too much"), RuntimeError("DefaultCPUAllocator: can't allocate memory: …")]


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_a_batch_that_does_not_fit_into_memory_is_halved(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    expected = encoder(tiny_bert).encode(TEXTS)
    model = encoder(tiny_bert)
    model.load()
    original = SentenceEncoder._hidden_states
    sizes: list[int] = []

    def small_memory(self: SentenceEncoder, ids: Any) -> Any:  # noqa: ANN401
        sizes.append(len(ids))
        if len(ids) > 2:
            raise error
        return original(self, ids)

    monkeypatch.setattr(SentenceEncoder, "_hidden_states", small_memory)
    assert_close(model.encode(TEXTS), expected)
    assert max(sizes) > 2


@pytest.mark.parametrize("error", OUT_OF_MEMORY)
def test_one_text_that_does_not_fit_into_memory_is_told(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch, error: RuntimeError
) -> None:
    model = encoder(tiny_bert)
    model.load()

    def no_memory(_self: SentenceEncoder, _ids: Any) -> Any:  # noqa: ANN401
        raise error

    monkeypatch.setattr(SentenceEncoder, "_hidden_states", no_memory)
    with error_line(r"a text of 64 tokens does not fit into the memory of cpu.*--max-length"):
        model.encode(TEXTS)


def test_a_model_that_gives_a_text_another_vector_each_time_is_refused(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(100))
    original = SentenceEncoder._hidden_states

    def drifting(self: SentenceEncoder, ids: Any) -> Any:  # noqa: ANN401
        step = next(calls)
        return [(hidden + step, mask) for hidden, mask in original(self, ids)]

    monkeypatch.setattr(SentenceEncoder, "_hidden_states", drifting)
    with error_line("the model gives a text different vectors twice: it cannot be scored"):
        encoder(tiny_bert).load()


def test_blocks_are_tokenised_ahead_and_every_text_comes_once(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = encoder(tiny_bert).encode(TEXTS)
    monkeypatch.setattr(engine, "TEXTS_PER_BLOCK", 3)
    model = encoder(tiny_bert)
    assert_close(model.encode(TEXTS), expected)
    batches = list(model.batches(TEXTS))
    assert sorted(np.concatenate([batch.rows for batch in batches]).tolist()) == list(range(len(TEXTS)))
    shares = [batch.share for batch in batches]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_missing_weights_are_named(tmp_path: Path, tiny_bert: Path) -> None:
    folder = copy(tiny_bert, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "encoder.layer.1." not in name}
    save_file(kept, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(GisError, match=r"lacks 16 weights of its architecture \(encoder\.layer\.1\.attention"):
        encoder(folder).load()


def test_weights_of_another_shape_are_refused(tmp_path: Path, tiny_bert: Path) -> None:
    folder = copy(tiny_bert, tmp_path / "model")
    other = save_bert(tmp_path / "other", intermediate_size=16)
    (folder / "model.safetensors").write_bytes((other / "model.safetensors").read_bytes())
    with pytest.raises(GisError, match=str(folder)):
        encoder(folder).load()


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_a_broken_weights_file_is_refused(tmp_path: Path, tiny_bert: Path, name: str) -> None:
    folder = copy(tiny_bert, tmp_path / "model")
    whole = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").unlink()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GisError, match=str(folder)):
        encoder(folder).load()


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_decoder"])
def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    folder = copy(request.getfixturevalue(kind), tmp_path / "model")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(GisError, match=r"(?i)tokenizer"):
        encoder(folder).encode([SHORT])


def test_a_broken_tokenizer_is_refused(tmp_path: Path, tiny_bert: Path) -> None:
    folder = copy(tiny_bert, tmp_path / "model")
    (folder / "tokenizer.json").write_text('{"version": "1.0", "mod')
    with pytest.raises(GisError, match=str(folder)):
        encoder(folder).load()


def test_an_unknown_architecture_is_refused(tmp_path: Path, tiny_bert: Path) -> None:
    folder = copy(tiny_bert, tmp_path / "model")
    (folder / "config.json").write_text('{"model_type": "never-heard-of"}')
    with pytest.raises(GisError, match="never-heard-of"):
        encoder(folder).load()


@pytest.mark.parametrize("device", ["gpu", "cuda:99"])
def test_a_device_that_is_not_there_is_named(tiny_bert: Path, device: str) -> None:
    with error_line(f"no device '{device}' here .*use auto, cpu, cuda or mps"):
        encoder(tiny_bert, settings(device=device)).load()


def test_auto_takes_the_cpu_where_there_is_nothing_else(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    model = encoder(tiny_bert, settings(device="auto"))
    model.load()
    assert model.hardware.startswith("cpu: ")
    assert f"{torch.get_num_threads()} threads" in model.hardware


def test_batches_hold_a_bounded_number_of_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BATCH_ROWS", 3)
    assert [len(rows) for rows in cut(np.full(8, 5), budget=10_000, workers=1)] == [3, 3, 2]


def test_little_work_is_spread_over_the_workers() -> None:
    assert [len(rows) for rows in cut(np.full(8, 5), budget=10_000, workers=4)] == [2, 2, 2, 2]
    assert [rows.tolist() for rows in cut(np.array([1, 9, 0, 3]), budget=4, workers=1)] == [[1], [3], [0, 2]]


@needs_peft
@pytest.mark.parametrize("spoiled", ["one factor is missing", "another shape"])
def test_an_adapter_that_does_not_fit_is_refused(
    tmp_path: Path, tiny_decoder: Path, tiny_lora: Path, spoiled: str
) -> None:
    adapter = copy(tiny_lora, tmp_path / "adapter")
    weights = load_file(adapter / "adapter_model.safetensors")
    name = min(weights)
    if spoiled == "another shape":
        weights[name] = torch.zeros(3, 5)
    else:
        del weights[name]
    save_file(weights, adapter / "adapter_model.safetensors", {"format": "pt"})
    with pytest.raises(GisError, match=str(adapter)):
        encoder(adapter, base=tiny_decoder).load()


@pytest.mark.parametrize(
    ("precision", "remedy"), [("fp32", "check the model's weights"), ("bf16", "try --precision fp32, or check")]
)
def test_a_text_whose_vector_is_not_a_number_is_named(
    tmp_path: Path, precision: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _let_the_processor_have(monkeypatch, "avx512_bf16")
    folder = save_bert(tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    weights["encoder.layer.1.output.dense.bias"][0] = torch.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with error_line(f"gave NaN or infinity for 1 of 1 texts of a batch, first for 'a cat'; {remedy}"):
        embed(encoder(folder, settings(precision=precision)), ["a cat"], EmbeddingCache(None, ""), "", QUIET)


@pytest.fixture
def two_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with two devices, both of which are the processor."""
    monkeypatch.setattr(engine, "choose_devices", lambda *_: [torch.device("cpu")] * 2)


@pytest.mark.usefixtures("two_devices")
@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_several_devices_give_the_vectors_of_one_in_order(
    tiny_bert: Path, pooling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f"{text} {number}" for number in range(40) for text in TEXTS]
    used: set[int] = set()
    forward = SentenceEncoder.forward

    def watched(own: SentenceEncoder, ids: Any) -> torch.Tensor:  # noqa: ANN401
        used.add(id(own))
        return forward(own, ids)

    model = encoder(tiny_bert, settings(batch_tokens=64), pooling=pooling)
    model.load()
    assert model.hardware.startswith("2 × cpu")
    monkeypatch.setattr(SentenceEncoder, "forward", watched)
    vectors = model.encode(texts)
    assert len(used) == 2
    monkeypatch.undo()
    assert_close(vectors, encoder(tiny_bert, settings(batch_tokens=64), pooling=pooling).encode(texts))


@pytest.mark.usefixtures("two_devices")
def test_a_device_that_fails_or_gives_other_vectors_is_named(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first: list[SentenceEncoder] = []
    forward = SentenceEncoder.forward

    def second(own: SentenceEncoder, ids: Any, *, fails: bool) -> torch.Tensor:  # noqa: ANN401
        first[:] = first or [own]
        if own is not first[0] and fails:
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return forward(own, ids) if own is first[0] else forward(own, ids) + 1

    for fails, message in (
        (True, "the model failed on cpu: CUDA error: an illegal memory access.* use one of the others"),
        (False, "the model gives other vectors on cpu than on cpu; use one device: --device cpu"),
    ):
        first.clear()
        monkeypatch.setattr(SentenceEncoder, "forward", partialmethod(second, fails=fails))
        with error_line(message):
            encoder(tiny_bert).encode(TEXTS)

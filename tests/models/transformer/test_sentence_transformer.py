"""Folders of sentence-transformers against sentence-transformers itself, in both engines."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from gis.errors import GisError, UsageError
from gis.models.transformer.engine import TransformerEngine
from gis.models.transformer.pretrained_encoder import PretrainedEncoder
from gis.models.transformer.sentence_transformer import SentenceTransformerEngine
from tests.errors import error_line
from tests.models.helpers import LONG, SHORT, TEXTS, assert_close, counts, edit_json, encoder, needs_peft, settings
from tests.tiny_models import (
    HIDDEN,
    copy,
    save_bert,
    save_roberta,
    save_sentence_transformer,
    save_static,
)

pytestmark = pytest.mark.slow

PROMPTS = {"query": "report: ", "document": "issue is "}
SPACED = (*TEXTS, "  a cat  ", "\tcrash\n\nerror ", " ")


def _reference(folder: Path, texts: Sequence[str] = SPACED, **how: Any) -> Any:  # noqa: ANN401
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu").encode(list(texts), show_progress_bar=False, **how)


def _assert_equal(folder: Path, how: dict[str, Any] | None = None, **options: object) -> None:
    assert_close(encoder(folder, **options).encode(SPACED), _reference(folder, **(how or {})))


def _engine(folder: Path, **options: object) -> type:
    model = encoder(folder, **options)
    assert isinstance(model, PretrainedEncoder)
    return type(model._engine)


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "lasttoken"])
def test_poolings_equal_sentence_transformers(tmp_path: Path, tiny_bert: Path, pooling: str, normalize: bool) -> None:
    folder = save_sentence_transformer(tmp_path / "model", tiny_bert, pooling=pooling, normalize=normalize)
    assert _engine(folder) is TransformerEngine
    _assert_equal(folder)


@pytest.mark.parametrize("kind", ["Roberta", "XLMRoberta"])
def test_the_roberta_family_equals_sentence_transformers(tmp_path: Path, kind: str) -> None:
    body = save_roberta(tmp_path / "body", kind=kind)
    _assert_equal(save_sentence_transformer(tmp_path / "model", body, max_seq_length=30))


def test_a_tokenizer_that_gives_tokens_a_type_is_left_to_sentence_transformers(tmp_path: Path) -> None:
    folder = save_bert(tmp_path / "model")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    for part in tokenizer["post_processor"]["single"]:
        next(iter(part.values()))["type_id"] = 1
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    assert _engine(folder) is TransformerEngine  # which the model does not get to see
    edit_json(folder / "tokenizer_config.json", model_input_names=["input_ids", "token_type_ids", "attention_mask"])
    assert _engine(folder) is SentenceTransformerEngine
    _assert_equal(folder)


def test_a_decoder_with_last_token_equals_sentence_transformers(tmp_path: Path, tiny_decoder: Path) -> None:
    folder = save_sentence_transformer(tmp_path / "model", tiny_decoder, pooling="lasttoken", max_seq_length=20)
    assert _engine(folder) is TransformerEngine
    texts = [text for text in SPACED if text]
    assert_close(encoder(folder).encode(texts), _reference(folder, texts))


LEGACY_POOLING = {
    "word_embedding_dimension": HIDDEN,
    "pooling_mode_cls_token": False,
    "pooling_mode_mean_tokens": False,
    "pooling_mode_max_tokens": False,
    "pooling_mode_mean_sqrt_len_tokens": False,
}


def _as_older_versions_save(folder: Path, active: str) -> Path:
    """Rewrite a folder as sentence-transformers 2 to 5 leave it: flags of poolings, the limit in its own file."""
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({**LEGACY_POOLING, active: True}))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 12, "do_lower_case": false}')
    modules = json.loads((folder / "modules.json").read_text())
    for module, name in zip(modules, ("Transformer", "Pooling", "Normalize"), strict=False):
        module["type"] = f"sentence_transformers.models.{name}"
    (folder / "modules.json").write_text(json.dumps(modules))
    edit_json(folder / "tokenizer_config.json", model_max_length=512)
    return folder


@pytest.mark.parametrize(
    "active",
    [
        "pooling_mode_cls_token",
        "pooling_mode_mean_tokens",
        "pooling_mode_max_tokens",
        "pooling_mode_lasttoken",
        "pooling_mode_mean_sqrt_len_tokens",
    ],
)
def test_folders_of_older_versions_equal_sentence_transformers(
    tmp_path: Path, tiny_sentence_transformer: Path, active: str
) -> None:
    folder = _as_older_versions_save(copy(tiny_sentence_transformer, tmp_path / "model"), active)
    _assert_equal(folder)
    assert encoder(folder).card.max_tokens == 12


@pytest.mark.parametrize("pooling", ["cls", "weightedmean"])
def test_a_transformer_in_a_folder_of_its_own_is_found(tmp_path: Path, tiny_bert: Path, pooling: str) -> None:
    whole = save_sentence_transformer(tmp_path / "whole", tiny_bert, pooling=pooling)
    folder = copy(whole, tmp_path / "model")
    body = folder / "0_Transformer"
    body.mkdir()
    for name in (
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "sentence_bert_config.json",
    ):
        (folder / name).rename(body / name)
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["path"] = "0_Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    _assert_equal(folder)
    assert_close(encoder(folder).encode(TEXTS), encoder(whole).encode(TEXTS))


def test_lower_casing_outside_the_tokenizer_equals_sentence_transformers(tmp_path: Path) -> None:
    body = save_bert(tmp_path / "body", lower=False)
    folder = save_sentence_transformer(tmp_path / "model", body, lowercase=True)
    _assert_equal(folder)
    (folder / "tokenizer.json").write_bytes((body / "tokenizer.json").read_bytes())  # as older versions leave it
    edit_json(folder / "sentence_bert_config.json", do_lower_case=True)
    _assert_equal(folder)
    assert_close(encoder(folder).encode(["CRASH"]), encoder(folder).encode(["crash"]))


@pytest.fixture(scope="module", params=[False, True], ids=["own engine", "fallback"])
def prompted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    return save_sentence_transformer(
        tmp_path_factory.mktemp("prompted") / "model",
        tiny_bert,
        dense=request.param,
        prompts=PROMPTS,
        default_prompt="query",
    )


class TestPrompts:
    def test_the_default_prompt_is_used(self, prompted: Path) -> None:
        _assert_equal(prompted)
        assert encoder(prompted).card.settings["prompt"] == "report: {text}"

    def test_a_prompt_can_be_named(self, prompted: Path) -> None:
        _assert_equal(prompted, {"prompt_name": "document"}, prompt_name="document")

    def test_a_prompt_can_be_given(self, prompted: Path) -> None:
        _assert_equal(prompted, {"prompt": "bug "}, prompt="bug ")

    def test_the_default_prompt_can_be_left_out(self, prompted: Path) -> None:
        _assert_equal(prompted, {"prompt": ""}, prompt="{text}")

    def test_an_unknown_prompt_is_named_with_the_known_ones(self, prompted: Path) -> None:
        with pytest.raises(
            UsageError, match=r"has no prompt 'title'; it has: (query, document|document, query); gis has: prompteol"
        ):
            encoder(prompted, prompt_name="title")

    def test_text_behind_the_text_is_read(self, prompted: Path) -> None:
        found = encoder(prompted, prompt="issue {text} crash").encode(["a cat"])
        assert_close(found, encoder(prompted, prompt="{text}").encode(["issue a cat crash"]))


def test_without_a_default_no_stored_prompt_is_used(tmp_path: Path, tiny_bert: Path) -> None:
    folder = save_sentence_transformer(tmp_path / "model", tiny_bert, prompts=PROMPTS)
    _assert_equal(folder)
    assert encoder(folder).card.settings["prompt"] == "{text}"


@pytest.fixture(scope="module")
def dense(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> Path:
    return save_sentence_transformer(tmp_path_factory.mktemp("dense") / "model", tiny_bert, dense=True)


class TestFallback:
    def test_a_dense_layer_equals_sentence_transformers(self, dense: Path) -> None:
        assert _engine(dense) is SentenceTransformerEngine
        assert encoder(dense).encode([SHORT]).shape == (1, 8)
        _assert_equal(dense)

    @pytest.mark.parametrize("pooling", [("mean", "max"), "weightedmean", "mean_sqrt_len_tokens"], ids=str)
    def test_other_poolings_equal_sentence_transformers(
        self, tmp_path: Path, tiny_bert: Path, pooling: str | tuple[str, ...]
    ) -> None:
        folder = save_sentence_transformer(tmp_path / "model", tiny_bert, pooling=pooling)
        assert _engine(folder) is SentenceTransformerEngine
        _assert_equal(folder)

    def test_a_prompt_outside_the_pooling_equals_sentence_transformers(self, tmp_path: Path, tiny_bert: Path) -> None:
        folder = save_sentence_transformer(tmp_path / "model", tiny_bert, prompts=PROMPTS, default_prompt="query")
        edit_json(folder / "1_Pooling" / "config.json", include_prompt=False)
        assert _engine(folder) is SentenceTransformerEngine
        _assert_equal(folder)

    def test_truncated_dimensions_equal_sentence_transformers(
        self, tmp_path: Path, tiny_sentence_transformer: Path
    ) -> None:
        folder = copy(tiny_sentence_transformer, tmp_path / "model")
        edit_json(folder / "config_sentence_transformers.json", truncate_dim=6)
        _assert_equal(folder)

    def test_static_embeddings_equal_sentence_transformers(self, tmp_path: Path) -> None:
        folder = save_static(tmp_path / "model")
        texts = [text for text in SPACED if text.strip()]
        assert_close(encoder(folder).encode(texts), _reference(folder, texts))

    def test_static_embeddings_read_everything(self, tmp_path: Path) -> None:
        model = encoder(save_static(tmp_path / "model"))
        assert counts(model, ["cat dog", "cat " * 300]) == [(2, 2), (300, 300)]
        assert next(iter(model.batches(["cat"]))).kept.dtype == np.int64

    def test_static_embeddings_cannot_be_cut(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="max_length"):
            encoder(save_static(tmp_path / "model"), settings(max_length=3)).load()

    def test_a_prompt_that_leaves_no_room_for_a_text_is_refused(self, dense: Path) -> None:
        with error_line("max_length 5 leaves no room for a text beside the prompt and special tokens"):
            encoder(dense, prompt="the cat on {text}", max_length=5).encode([SHORT])

    def test_a_file_of_angle_beside_the_folder_does_not_replace_its_modules(self, dense: Path) -> None:
        file = dense.parent / "angle_config.json"
        file.write_text('{"pooling_strategy": "cls", "max_length": 12}')
        try:
            assert _engine(dense) is SentenceTransformerEngine
        finally:
            file.unlink()

    def test_the_limit_is_told(self, dense: Path) -> None:
        assert encoder(dense).card.max_tokens == 16

    def test_counts_leave_the_special_tokens_out(self, dense: Path) -> None:
        texts = ["cat " * words for words in (3, 14, 15, 40)]
        assert counts(encoder(dense), texts) == [(3, 3), (14, 14), (15, 14), (40, 14)]

    def test_max_length_shortens_what_is_read(self, dense: Path) -> None:
        short = encoder(dense, max_length=6)
        assert_close(short.encode(["cat dog sat on the mat"]), short.encode(["cat dog sat on"]))
        assert short.card.max_tokens == 6
        by_settings = encoder(dense, settings(max_length=6))
        assert np.array_equal(by_settings.encode(TEXTS), short.encode(TEXTS))

    def test_max_length_lets_more_be_read(self, dense: Path) -> None:
        from sentence_transformers import SentenceTransformer

        reference = SentenceTransformer(str(dense), device="cpu")
        reference.max_seq_length = 40
        assert_close(encoder(dense, max_length=40).encode([LONG]), reference.encode([LONG]))

    def test_more_texts_than_one_slice_keep_their_order(self, dense: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("gis.models.transformer.sentence_transformer.TEXTS_PER_CALL", 3)
        assert len(list(encoder(dense).batches(TEXTS))) == 3
        _assert_equal(dense)

    def test_half_precision_gives_float32_vectors(self, dense: Path) -> None:
        half = encoder(dense, settings(precision="bf16")).encode(TEXTS)
        assert half.dtype == np.float32
        np.testing.assert_allclose(half, encoder(dense).encode(TEXTS), atol=0.05)

    def test_missing_weights_are_told(self, dense: Path, tmp_path: Path) -> None:
        folder = copy(dense, tmp_path / "model")
        weights = load_file(folder / "model.safetensors")
        kept = {name: weight for name, weight in weights.items() if "encoder.layer.1." not in name}
        save_file(kept, folder / "model.safetensors", {"format": "pt"})
        with pytest.raises(GisError, match=r"encoder\.layer\.1"):
            encoder(folder).load()

    def test_a_dense_layer_without_its_file_is_told(self, dense: Path, tmp_path: Path) -> None:
        folder = copy(dense, tmp_path / "model")
        (folder / "2_Dense" / "model.safetensors").unlink()
        with pytest.raises(GisError, match=str(folder)):
            encoder(folder).load()

    def test_another_pooling_cannot_drop_the_dense_layer_in_silence(self, dense: Path) -> None:
        with pytest.raises(UsageError, match="pooling"):
            encoder(dense, pooling="cls")


@needs_peft
def test_an_adapter_saved_by_sentence_transformers_keeps_its_pooling(tmp_path: Path, tiny_bert: Path) -> None:
    import peft
    from sentence_transformers import SentenceTransformer

    base = save_sentence_transformer(tmp_path / "base", tiny_bert, pooling="mean")
    model = SentenceTransformer(str(base), device="cpu")
    config = peft.LoraConfig(r=2, target_modules=["query", "value"], init_lora_weights=False)
    torch.manual_seed(0)
    model.add_adapter(config)
    folder = tmp_path / "model"
    model.save(str(folder), create_model_card=False)
    assert (folder / "modules.json").is_file()
    assert (folder / "adapter_config.json").is_file()
    _assert_equal(folder)


def test_a_tokenizer_that_cuts_on_the_left_equals_sentence_transformers(
    tmp_path: Path, tiny_sentence_transformer: Path
) -> None:
    folder = copy(tiny_sentence_transformer, tmp_path / "model")
    edit_json(folder / "tokenizer_config.json", truncation_side="left")
    _assert_equal(folder)


@pytest.mark.parametrize("missing", ["1_Pooling/config.json", "config.json", "model.safetensors"])
def test_a_missing_file_is_told(tmp_path: Path, tiny_sentence_transformer: Path, missing: str) -> None:
    folder = copy(tiny_sentence_transformer, tmp_path / "model")
    (folder / missing).unlink()
    with pytest.raises(GisError, match=str(folder)):
        encoder(folder).load()


def test_own_counts_are_those_of_the_tokenizer(tiny_sentence_transformer: Path) -> None:
    texts = ["cat " * words for words in (0, 3, 14, 15, 40)]
    assert counts(encoder(tiny_sentence_transformer), texts) == [(0, 0), (3, 3), (14, 14), (15, 14), (40, 14)]


def test_a_plain_folder_equals_what_sentence_transformers_makes_of_it(tiny_bert: Path) -> None:
    _assert_equal(tiny_bert)

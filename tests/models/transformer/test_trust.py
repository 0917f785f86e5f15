"""Folders that lead outside themselves, or need code: refused by their names alone, before anything is loaded."""

import json
from pathlib import Path
from typing import Any

import pytest

from gis.errors import GisError
from gis.models.transformer.trust import check_architecture, check_files, check_module

OUTSIDE = ("../other", "/etc", "a/../../other", "..\\other", "C:/x", "C:x", "\\\\server\\share")
INSIDE = ("", ".", "1_Pooling", "a/b", "weights..v2", ".hidden")


def write(path: Path, content: Any = None) -> Path:  # noqa: ANN401
    """Write a JSON file and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({} if content is None else content))
    return path


class TestFiles:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        write(tmp_path / "model" / "config.json")
        write(tmp_path / "model" / "1_Dense" / "config.json")
        check_files(tmp_path / "model")
        return tmp_path / "model"

    @pytest.mark.parametrize("name", ["vocab.txt", "model.safetensors", "0_Part/config.json", "own.py"])
    def test_a_link_to_a_file_outside_is_refused(self, folder: Path, name: str) -> None:
        target = write(folder.parent / "elsewhere" / "file")
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(target)
        with pytest.raises(GisError, match="is a link that leads outside"):
            check_files(folder)

    def test_a_linked_folder_outside_is_refused(self, folder: Path) -> None:
        write(folder.parent / "elsewhere" / "config.json")
        (folder / "2_Dense").symlink_to(folder.parent / "elsewhere")
        with pytest.raises(GisError, match="is a link that leads outside"):
            check_files(folder)

    def test_a_link_that_stays_inside_is_followed(self, folder: Path) -> None:
        (folder / "tokenizer_config.json").symlink_to(folder / "config.json")
        check_files(folder)

    def test_a_folder_may_itself_be_a_link(self, folder: Path) -> None:
        link = folder.parent / "link"
        link.symlink_to(folder)
        check_files(link)

    def test_links_of_the_hubs_cache_lead_to_its_blobs_and_no_further(self, tmp_path: Path) -> None:
        repository = tmp_path / "models--org--name"
        blob = write(repository / "blobs" / "abc")
        snapshot = repository / "snapshots" / "main"
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").symlink_to(blob)
        check_files(snapshot)
        (snapshot / "vocab.txt").symlink_to(write(tmp_path / "secret"))
        with pytest.raises(GisError, match="leads outside"):
            check_files(snapshot)

    @pytest.mark.parametrize("name", OUTSIDE)
    def test_shards_outside_are_refused(self, folder: Path, name: str) -> None:
        write(folder / "model.safetensors.index.json", {"weight_map": {"a": "one.safetensors", "b": name}})
        with pytest.raises(GisError, match=r"index\.json leads outside its folder"):
            check_files(folder)


class TestModules:
    @pytest.mark.parametrize("path", OUTSIDE)
    def test_a_path_outside_is_refused(self, tmp_path: Path, path: str) -> None:
        with pytest.raises(GisError, match="leads outside its folder"):
            check_module(tmp_path, path, "sentence_transformers.models.Pooling", trusted=True)

    @pytest.mark.parametrize("path", INSIDE)
    def test_a_path_inside_is_followed(self, tmp_path: Path, path: str) -> None:
        check_module(tmp_path, path, "sentence_transformers.models.Pooling", trusted=False)

    @pytest.mark.parametrize("kind", ["model_args", "tokenizer_args", "processor_kwargs", "config_kwargs"])
    def test_a_file_outside_among_the_arguments_is_refused(self, tmp_path: Path, kind: str) -> None:
        reference = "sentence_transformers.models.Transformer"
        settings = tmp_path / "0_Body" / "sentence_bert_config.json"
        write(settings, {kind: {"attn_implementation": "eager", "cache_dir": "/home/me", "max_length": 3}})
        check_module(tmp_path, "0_Body", reference, trusted=False)
        write(settings, {kind: {"tokenizer_file": "../other/tokenizer.json"}})
        with pytest.raises(GisError, match="leads outside its folder"):
            check_module(tmp_path, "0_Body", reference, trusted=True)

    @pytest.mark.parametrize("reference", ["own.Pooling", "os.system", "sentence_transformersX.models.Pooling"])
    def test_a_class_from_elsewhere_needs_trust(self, tmp_path: Path, reference: str) -> None:
        with pytest.raises(GisError, match="only with trust_remote_code"):
            check_module(tmp_path, "", reference, trusted=False)
        check_module(tmp_path, "", reference, trusted=True)

    def test_an_activation_that_is_code_needs_trust(self, tmp_path: Path) -> None:
        reference = "sentence_transformers.models.Dense"
        write(tmp_path / "2_Dense" / "config.json", {"activation_function": "torch.nn.modules.activation.Tanh"})
        check_module(tmp_path, "2_Dense", reference, trusted=False)
        write(tmp_path / "2_Dense" / "config.json", {"activation_function": "own.Activation"})
        with pytest.raises(GisError, match=r"own\.Activation"):
            check_module(tmp_path, "2_Dense", reference, trusted=False)

    @pytest.mark.parametrize("types", [{"q": "own.Encoder"}, {"../q": "sentence_transformers.models.Pooling"}])
    def test_modules_inside_a_router_are_checked(self, tmp_path: Path, types: dict[str, str]) -> None:
        write(tmp_path / "router_config.json", {"types": types, "structure": {}})
        with pytest.raises(GisError, match=r"own\.Encoder|leads outside"):
            check_module(tmp_path, "", "sentence_transformers.models.Router", trusted=False)

    def test_the_architecture_of_a_transformer_inside_a_router_is_checked(self, tmp_path: Path) -> None:
        types = {"query_0_T": "sentence_transformers.base.modules.transformer.Transformer"}
        write(tmp_path / "router_config.json", {"types": types, "structure": {"query": ["query_0_T"]}})
        write(tmp_path / "query_0_T" / "config.json", {"model_type": "brand_new", "auto_map": {"AutoModel": "own.Own"}})
        with pytest.raises(GisError, match=r"query_0_T is a model that transformers does not have"):
            check_module(tmp_path, "", "sentence_transformers.base.modules.Router", trusted=False)


class TestArchitecture:
    @pytest.mark.parametrize(
        "config",
        [
            {"auto_map": {"AutoModel": "own.Own"}},
            {"model_type": "brand_new", "auto_map": {"AutoConfig": "org/other--own.Own"}},
            {"model_type": "bert", "sentence_transformers": {"activation_fn": "own.Activation"}},
            {"model_type": "bert", "sbert_ce_default_activation_function": "os.getcwd"},
        ],
        ids=json.dumps,
    )
    def test_code_needs_trust(self, tmp_path: Path, config: dict[str, Any]) -> None:
        write(tmp_path / "config.json", config)
        with pytest.raises(GisError, match="only with trust_remote_code") as caught:
            check_architecture(tmp_path, trusted=False)
        assert "trust_remote_code=true" in caught.value.remedy
        check_architecture(tmp_path, trusted=True)

    @pytest.mark.parametrize(
        "config",
        [
            {"model_type": "brand_new"},
            {"model_type": "bert", "auto_map": {"AutoModel": "own.Own"}},
            {"model_type": "bert", "sentence_transformers": {"activation_fn": "torch.nn.modules.linear.Identity"}},
            {"model_type": "bert", "sentence_transformers": {"version": "5.0.0"}},
        ],
        ids=json.dumps,
    )
    def test_what_runs_no_code_of_the_folder_does_not(self, tmp_path: Path, config: dict[str, Any]) -> None:
        write(tmp_path / "config.json", config)
        check_architecture(tmp_path, trusted=False)

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from gis.errors import UsageError
from gis.models.registry import ADAPTERS, PRETRAINED, adapter_of, load_model
from gis.spec import Spec
from tests.models.helpers import settings


@pytest.mark.parametrize("name", [*ADAPTERS])
def test_every_adapter_has_a_factory_and_says_what_it_does(name: str) -> None:
    adapter = ADAPTERS[name]
    module, _, factory = adapter.factory.partition(":")
    assert callable(getattr(import_module(module), factory))
    assert adapter.summary
    assert adapter_of(Spec(name)) is adapter


def test_a_folder_and_a_hub_id_are_pretrained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("org/name", "model", str(tmp_path)):
        assert adapter_of(Spec(name)) is PRETRAINED


@pytest.mark.parametrize(("typed", "close"), [("jacard", "jaccard"), ("tf-idf", "tfidf"), ("MiniLM", "minilm")])
def test_an_unknown_model_gets_its_close_match(typed: str, close: str) -> None:
    with pytest.raises(UsageError, match=rf"unknown model '{typed}'. Did you mean {close}\b.*a folder must exist"):
        load_model(Spec(typed), settings())


def test_a_name_far_from_all_gets_the_list() -> None:
    with pytest.raises(UsageError, match=r"unknown model 'xyzzy'\. Known: bm25, fusion, jaccard, length,"):
        load_model(Spec("xyzzy"), settings())


def test_an_unknown_option_gets_its_close_match() -> None:
    with pytest.raises(UsageError, match=r"unknown option of openai 'modell'. Did you mean model\?"):
        load_model(Spec("openai", {"modell": "x"}), settings())


def test_nothing_heavy_is_imported_to_list_models() -> None:
    code = (
        "import sys, gis.models.registry\n"
        "heavy = {'torch', 'transformers', 'sklearn', 'openai', 'huggingface_hub'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["jaccard", "tfidf"])
def test_every_model_takes_a_display_name_that_leaves_its_identity(name: str) -> None:
    plain, named = (load_model(Spec(name, options), settings()) for options in ({}, {"name": "Mine, the best"}))
    assert named.card.name == "Mine, the best"
    assert named.card.identity == plain.card.identity


def test_a_display_name_is_not_an_option_of_the_model(tiny_bert: Path) -> None:
    plain = load_model(Spec(str(tiny_bert)), settings())
    named = load_model(Spec(str(tiny_bert), {"name": "tiny"}), settings())
    assert (named.card.name, named.card.identity) == ("tiny", plain.card.identity)
    with pytest.raises(UsageError, match=r"unknown option of .* 'naame'"):
        load_model(Spec(str(tiny_bert), {"naame": "tiny"}), settings())

"""A model folder's card: from the start, for older folders too, with an example that runs."""

import re
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import ModelCard

from gis.replacing import write_text
from gis.training.output.manifest import MANIFEST
from gis.training.output.model_card import model_card
from tests.training.helpers import dataset, fit
from tests.training.output.test_manifest import OLD
from tests.training.output.test_saving import TEXTS, with_gis

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    data = dataset(folder / "my-issues")
    write_text(data / "README.md", "---\nlicense: mit\nlanguage: [en]\n---\n# Mine\n")
    fit(tiny_bert, data, folder / "my_model", options={"pooling": "mean"})
    return folder / "my_model"


def test_a_trained_folder_has_a_card(trained: Path) -> None:
    card = ModelCard.load(trained / "README.md")
    assert (card.data.library_name, card.data.pipeline_tag) == ("sentence-transformers", "sentence-similarity")
    assert card.data.language == ["en"]
    (result,) = card.data.eval_results or []
    assert (result.metric_type, result.dataset_split) == ("spearman_cosine", "validation")
    for words in ("gis bench", "SentenceTransformer(", "AutoModel", "48 labelled pairs", "mit", "2024.acl-long.101"):
        assert words in card.content, words
    assert "learning\\_rate" in card.content
    assert "/tiny-bert" not in card.content, "the card names no folders of this machine"
    assert str(trained.parent) not in card.content


def test_the_example_with_transformers_gives_the_vectors_of_gis(trained: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", model_card(trained).content, re.DOTALL)
    code = next(block for block in blocks if "AutoModel" in block)
    code = code.replace("./my_model", str(trained)).replace('["first text", "second text"]', repr(TEXTS))
    names: dict[str, np.ndarray] = {}
    exec(code, names)
    np.testing.assert_allclose(names["vectors"], with_gis(trained), atol=1e-5)


def test_a_folder_of_version_0_1_gets_a_card(tiny_bert: Path, tmp_path: Path) -> None:
    import json
    import shutil

    folder = Path(shutil.copytree(tiny_bert, tmp_path / "old"))
    old = {**OLD, "settings": {"model": "minilm", "objective": "gis"}, "validation": {"source": "hub:org/p", "rows": 9}}
    (folder / MANIFEST).write_text(json.dumps(old), encoding="utf-8")
    card = model_card(folder)
    assert card.data.get("base_model") == "sentence-transformers/all-MiniLM-L6-v2"
    assert "**20.00** at step 3" in card.content
    bare = model_card(folder, {"train": {"source": "hub:org/pairs"}})
    assert bare.data.get("datasets") == ["org/pairs"]
    assert "no validation split" in bare.content

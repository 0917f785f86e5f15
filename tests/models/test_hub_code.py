"""Models on the Hub that bring code: it runs when the model is trusted, and never otherwise."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.benchmark.results import read_results
from tests.benchmark.worker import Done, Worker, worker
from tests.hub_server import COMMIT, Hub, serve
from tests.models.helpers import edit_json
from tests.tiny_models import copy, save_sentence_transformer

pytestmark = pytest.mark.slow

MODULE = """
from pathlib import Path
from sentence_transformers.base.modules.transformer import Transformer as Base
Path({mark!r}).touch()
class Transformer(Base):
    pass
"""
ARCHITECTURE = """
from pathlib import Path
from transformers import BertConfig, BertModel
Path({mark!r}).touch()
class OwnConfig(BertConfig):
    model_type = "own"
class OwnModel(BertModel):
    config_class = OwnConfig
"""


@pytest.fixture(scope="module")
def mark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the code of every model here leaves when it runs."""
    return tmp_path_factory.mktemp("mark") / "ran"


@pytest.fixture(scope="module")
def gis(
    tiny_bert: Path, tiny_sentence_transformer: Path, mark: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worker]:
    """A gis whose Hub has org/module, org/architecture and org/nested."""
    folders = tmp_path_factory.mktemp("folders")
    module = copy(tiny_sentence_transformer, folders / "module")
    _name_own_class(module)
    (module / "own.py").write_text(MODULE.format(mark=str(mark)))

    architecture = copy(tiny_bert, folders / "architecture")
    nested = save_sentence_transformer(folders / "nested", tiny_bert, pooling="weightedmean")
    for folder in (architecture, nested):
        auto_map = {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}
        edit_json(folder / "config.json", model_type="own", auto_map=auto_map, architectures=["OwnModel"])
        (folder / "own.py").write_text(f"# {folder.name}\n{ARCHITECTURE.format(mark=str(mark))}")
    with serve(Hub()) as hub:
        for folder in (module, architecture, nested):
            hub.add_folder("models", f"org/{folder.name}", folder)
        with worker(hub.url, tmp_path_factory.mktemp("home")) as process:
            yield process


def _name_own_class(folder: Path) -> None:
    modules = json.loads((folder / "modules.json").read_text())
    modules[0]["type"] = "own.Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))


def bench(gis: Worker, model: str, output: Path) -> Done:
    return gis.run("bench", "--model", model, "--task", "sample", "--limit", "20", "--output", output)


@pytest.mark.parametrize("revision", ["", f",revision={COMMIT}"], ids=["latest", "pinned"])
@pytest.mark.parametrize("name", ["module", "architecture", "nested"])
def test_code_runs_only_when_it_is_trusted(gis: Worker, mark: Path, tmp_path: Path, name: str, revision: str) -> None:
    mark.unlink(missing_ok=True)
    done = bench(gis, f"org/{name}{revision}", tmp_path)
    assert done.status == 1, done
    assert "trust_remote_code=true" in done.stderr
    assert "Traceback" not in done.stderr
    assert not mark.exists()
    assert not list(tmp_path.glob("*/*/*.json"))

    if not revision:  # Python imports a module once, so only its first load leaves a mark
        done = bench(gis, f"org/{name},trust_remote_code=true", tmp_path)
        assert done.status == 0, done
        assert mark.exists()
        (result,) = read_results(tmp_path)
        assert result.model.settings["trust_remote_code"] is True

"""A bit flipped in a trained model or in a checkpoint: named, or without effect; never other vectors."""

from pathlib import Path
from shutil import copytree

import pytest

from gis.errors import GisError
from gis.models.base import Encoder, LoadSettings
from gis.models.registry import load_model
from gis.spec import Spec
from gis.training.loop.checkpoints import last_complete
from tests.command_line import run_gis
from tests.faults.damage import COUNTS, Verdict, flips, verdicts
from tests.training.helpers import dataset, fit
from tests.training.loop.test_checkpoints import checkpoint

TEXTS = ["a cat sat on the mat", "the window closes"]
CONTENT = ["model.safetensors", "config.json", "modules.json", "tokenizer.json", "1_Pooling/config.json"]


def vectors(folder: Path) -> list[list[float]]:
    model = load_model(Spec(str(folder)), LoadSettings(device="cpu", offline=True))
    assert isinstance(model, Encoder)
    rows: list[list[float]] = model.encode(TEXTS).tolist()
    return rows


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    fit(tiny_bert, dataset(folder / "data"), folder / "model")
    return folder / "model"


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> Path:
    return Path(copytree(trained, tmp_path / "model"))


@pytest.mark.slow
@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", [*CONTENT, "gis_training.json", "README.md"])
def test_a_flipped_bit_is_named_or_changes_no_vector(model: Path, name: str, count: int) -> None:
    expected = vectors(model)

    def use() -> Verdict:
        assert vectors(model) == expected
        return "same"

    counts = verdicts(model / name, count if name in CONTENT else count // 4, use, [str(model)])
    assert counts["named"] == (count if name in CONTENT else counts["named"])
    assert counts["same"] or name != "README.md"


@pytest.mark.slow
def test_a_bench_names_every_file_that_is_not_as_it_was_trained(model: Path, tmp_path: Path) -> None:
    (model / "tokenizer.json").unlink()
    next(flips(model / "model.safetensors", 1))
    done = run_gis("bench", "--model", model, "--task", "sample", "--output", tmp_path / "results", "--device", "cpu")
    assert done.status == 1
    assert f"{model} is not as gis train wrote it: " in done.err
    assert "tokenizer.json is missing" in done.err
    assert "model.safetensors was changed" in done.err
    assert f"or delete {model / 'gis_training.json'} to use its files as they are" in done.err


@pytest.mark.slow
def test_without_its_manifest_a_changed_model_is_used_as_it_is(model: Path) -> None:
    settings = model / "config_sentence_transformers.json"
    settings.write_text(settings.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(GisError, match=r"config_sentence_transformers\.json was changed"):
        vectors(model)
    (model / "gis_training.json").unlink()
    assert vectors(model)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("name", ["model.safetensors", "trainer_state.json", "complete.json"])
def test_a_checkpoint_with_a_flipped_bit_is_never_gone_on_from(tmp_path: Path, name: str, count: int) -> None:
    before, damaged = checkpoint(tmp_path, 3), checkpoint(tmp_path, 6)

    def use() -> Verdict:
        assert last_complete(tmp_path) == before
        return "repaired"

    assert verdicts(damaged / name, count, use, []).total() == count

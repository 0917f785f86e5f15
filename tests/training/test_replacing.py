"""A finished model stands until the next one is whole: kills, full disks, files of others, damage."""

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from gis.errors import GisError
from gis.hashes import sha256_of_file
from gis.replacing import replaceable
from gis.training import run as run_module
from gis.training.output.folder import CHECKPOINTS, RETRAINING
from gis.training.output.manifest import MANIFEST
from gis.training.run import train
from tests.faults.kills import can_fork, killed_at_some_calls
from tests.training.helpers import dataset, fit, loaded, settings

pytestmark = [pytest.mark.slow, can_fork]


class ReachedError(Exception):
    """The last phase of a training begins."""


def contents(folder: Path) -> Mapping[str, str]:
    """The files of a model by their hashes; checkpoints are no part of it."""
    names = {path: path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {
        str(name): sha256_of_file(path) for path, name in names.items() if not name.parts[0].startswith(CHECKPOINTS)
    }


def last_phase(monkeypatch: pytest.MonkeyPatch, model: Path, data: Path, output: Path) -> Callable[[], None]:
    """Train up to the last phase, and return it."""
    finish, phases = run_module._finish, []

    def reached(*arguments: Any, **options: Any) -> None:  # noqa: ANN401
        phases.append(lambda: finish(*arguments, **options))
        raise ReachedError

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "_finish", reached)
        with pytest.raises(ReachedError):
            fit(model, data, output, force=True, learning_rate=5e-4)
    return phases[0]


@pytest.mark.parametrize("replaces", [False, True], ids=["train", "train --force"])
def test_killed_at_any_change_of_the_last_phase_the_old_or_the_new_model_stands(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, replaces: bool
) -> None:
    data, output, begun = dataset(tmp_path / "data"), tmp_path / "models" / "mine", tmp_path / "begun"
    if replaces:
        fit(tiny_bert, data, output)
        (output / "notes.txt").write_text("of somebody else", encoding="utf-8")
    finish = last_phase(monkeypatch, tiny_bert, data, output)
    old = contents(output)
    shutil.copytree(output, begun)
    finish()
    new = contents(output)
    assert (MANIFEST in old, "notes.txt" in new) == (replaces, replaces)

    def prepare() -> None:
        shutil.rmtree(output.parent)
        shutil.copytree(begun, output)

    kills = 0
    for _ in killed_at_some_calls(finish, prepare):
        kills += 1
        assert not output.exists() or contents(output) in (old, new)
        replaceable(output)
        assert contents(output) in (old, new)
        if contents(output) == old:
            assert (output / (RETRAINING if replaces else CHECKPOINTS)).is_dir()  # to go on from
            finish()
        assert contents(output) == new
        assert [path.name for path in output.parent.iterdir()] == ["mine"]
    assert kills > 3


@pytest.mark.parametrize("force", [False, True])
def test_a_second_training_of_one_folder_is_refused(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    data, output, finish, refused = dataset(tmp_path / "data"), tmp_path / "model", run_module._finish, []

    def second_begins(*arguments: Any, **options: Any) -> None:  # noqa: ANN401
        with pytest.raises(GisError, match=f"another training writes {output}") as caught:
            fit(tiny_bert, data, output, learning_rate=5e-4, force=force)
        refused.append(caught.value.remedy)
        finish(*arguments, **options)

    monkeypatch.setattr(run_module, "_finish", second_begins)
    assert fit(tiny_bert, data, output, force=force).steps == 3
    assert refused == ["wait for it, or choose a different --output"]
    monkeypatch.undo()
    assert fit(tiny_bert, data, output, learning_rate=5e-4, force=True).steps == 3  # nobody is at work any more


def test_training_again_goes_on_where_it_was_stopped_and_keeps_the_files_of_others(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, output = dataset(tmp_path / "data"), tmp_path / "model"
    fit(tiny_bert, data, output)
    old = contents(output)
    (output / "results").mkdir()
    (output / "results" / "mine.json").write_text("{}", encoding="utf-8")
    last_phase(monkeypatch, tiny_bert, data, output)
    assert contents(output).items() > old.items()  # the finished model is untouched
    with pytest.raises(GisError, match="trained with other settings"):
        fit(tiny_bert, data, output, learning_rate=5e-4)
    report = fit(tiny_bert, data, output, learning_rate=5e-4, force=True)
    assert report.pairs == 48  # those before the stop are counted
    assert sorted(path.name for path in output.glob("*") if path.is_dir()) == ["1_Pooling", "results"]
    assert contents(output).items() != old.items()
    assert fit(tiny_bert, data, output, learning_rate=5e-4) == report


def test_a_finished_model_that_is_damaged_is_named_and_trained_again(tiny_bert: Path, tmp_path: Path) -> None:
    data, output = dataset(tmp_path / "data"), tmp_path / "model"
    fit(tiny_bert, data, output)
    expected = contents(output)
    weights = output / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-5] ^= 1
    weights.write_bytes(content)
    with pytest.raises(GisError, match=r"model\.safetensors is missing, or has changed"):
        fit(tiny_bert, data, output)
    fit(tiny_bert, data, output, force=True)
    assert contents(output)["model.safetensors"] == expected["model.safetensors"]
    (output / MANIFEST).write_text("{", encoding="utf-8")
    with pytest.raises(GisError, match="is broken"):
        fit(tiny_bert, data, output)
    fit(tiny_bert, data, output, force=True)
    assert contents(output)["model.safetensors"] == expected["model.safetensors"]


def test_kept_checkpoints_are_in_the_folder_and_no_part_of_the_model(tiny_bert: Path, tmp_path: Path) -> None:
    data, output = loaded(dataset(tmp_path / "data")), tmp_path / "model"
    without = train(settings(tiny_bert), data, output, device="cpu").load().card.identity
    for _ in range(2):
        trained = train(settings(tiny_bert), data, output, device="cpu", force=True, keep_checkpoints=True)
        assert [path.name for path in (output / CHECKPOINTS).glob("checkpoint-*")] == ["checkpoint-3"]
        assert not (output / RETRAINING).exists()
        assert trained.load().card.identity == without


def test_what_a_process_leaves_that_has_hardly_begun_does_not_stop_the_next(tiny_bert: Path, tmp_path: Path) -> None:
    data, checkpoints = dataset(tmp_path / "data"), tmp_path / "model" / CHECKPOINTS
    checkpoints.mkdir(parents=True)
    (checkpoints / ".run.json.x.json").touch()
    assert fit(tiny_bert, data, checkpoints.parent).steps == 3
    other = tmp_path / "other" / CHECKPOINTS
    other.mkdir(parents=True)
    (other / "mine.pt").touch()
    with pytest.raises(GisError, match="gis did not train it"):
        fit(tiny_bert, data, other.parent, force=True)


@pytest.mark.parametrize("name", ["run.json", "complete.json", "modules.json", MANIFEST])
def test_a_full_disk_is_told_and_the_same_command_continues(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The record of the run, the mark of a checkpoint, the model, the manifest: each is the first that does not fit."""
    data, output, write = dataset(tmp_path / "data"), tmp_path / "model", Path.write_text

    def written(path: Path, *arguments: Any, **options: Any) -> int:  # noqa: ANN401
        if name in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", written)
        with pytest.raises(GisError, match=f"no space left on the disk for {output}") as caught:
            fit(tiny_bert, data, output)
    assert "the same command then continues" in caught.value.remedy
    assert not (output / MANIFEST).exists()
    assert fit(tiny_bert, data, output).pairs == 48

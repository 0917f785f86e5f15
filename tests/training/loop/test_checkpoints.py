"""A checkpoint counts when all of it was written and nothing of it has changed since."""

import json
from pathlib import Path

import pytest

from gis.console import Reporter
from gis.training.loop.callbacks import TrainingMonitor
from gis.training.loop.checkpoints import MARKER, STATE, is_complete, last_complete, mark_complete, remove_incomplete
from gis.training.run import train
from tests.training.helpers import dataset, loaded, settings
from tests.training.test_run import same


def checkpoint(folder: Path, step: int, *, best: int | None = None, marked: bool = True) -> Path:
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    named = None if best is None else f"/elsewhere/checkpoint-{best}"
    (path / STATE).write_text(json.dumps({"best_model_checkpoint": named}), encoding="utf-8")
    (path / "model.safetensors").write_bytes(b"weights")
    if marked:
        mark_complete(path)
    return path


def test_the_last_complete_one_is_taken(tmp_path: Path) -> None:
    assert last_complete(tmp_path) is None
    second = [checkpoint(tmp_path, step) for step in (9, 10)][1]
    checkpoint(tmp_path, 100, marked=False)
    (tmp_path / "checkpoint-x").mkdir()
    assert last_complete(tmp_path) == second


@pytest.mark.parametrize("damage", ["flipped", "cut", "missing", "no marker", "broken marker", "a list as marker"])
def test_whatever_is_damaged_is_noticed(tmp_path: Path, damage: str) -> None:
    path = checkpoint(tmp_path, 3)
    assert is_complete(path)
    weights, marker = path / "model.safetensors", path / MARKER
    if damage == "missing":
        weights.unlink()
    elif damage == "no marker":
        marker.unlink()
    elif "marker" in damage:
        marker.write_text("{" if damage == "broken marker" else "[1]", encoding="utf-8")
    else:
        weights.write_bytes(b"weighty" if damage == "flipped" else b"wei")
    assert not is_complete(path)


def test_one_whose_best_is_lost_is_not_taken(tmp_path: Path) -> None:
    """At the end of the training, the best weights could not be loaded."""
    first = checkpoint(tmp_path, 3, best=3)
    checkpoint(tmp_path, 6, best=4)
    assert last_complete(tmp_path) == first


def test_an_incomplete_one_is_removed_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint(tmp_path, 3)
    broken = checkpoint(tmp_path, 6, marked=False)
    remove_incomplete(tmp_path, Reporter())
    assert f"{broken} is incomplete or damaged" in capsys.readouterr().err.replace("\n", " ")
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-3"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["model.safetensors", "optimizer.pt", "rng_state.pth", "trainer_state.json", "counts.json"]
)
def test_a_training_goes_on_from_the_one_before_a_damaged_one(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Stopped in its third epoch with two checkpoints of whole epochs; a bit of the last is flipped."""
    data = loaded(dataset(tmp_path / "data"))
    chosen = settings(tiny_bert, epochs=3, eval_steps=2)
    expected = train(chosen, data, tmp_path / "whole", device="cpu").report
    original = TrainingMonitor.on_step_end

    def stopping(self: TrainingMonitor, args: object, state: object, control: object, **more: object) -> None:
        self.stop_requested = state.global_step >= 5  # type: ignore[attr-defined]
        original(self, args, state, control, **more)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingMonitor, "on_step_end", stopping)
        with pytest.raises(KeyboardInterrupt):
            train(chosen, data, tmp_path / "stopped", device="cpu")
    file = tmp_path / "stopped" / "checkpoints" / "checkpoint-5" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    report = train(chosen, data, tmp_path / "stopped", device="cpu").report
    assert same(tmp_path / "whole", tmp_path / "stopped")
    assert (report.pairs, report.steps, report.best) == (expected.pairs, expected.steps, expected.best)

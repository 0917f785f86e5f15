"""A training from its settings to its folder: it learns, repeats itself, continues, and keeps the best."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import GisError, UsageError
from gis.models.base import Encoder
from gis.models.registry import load_model
from gis.spec import Spec
from gis.training.data.loading import load_training_data
from gis.training.loop.callbacks import TrainingMonitor
from gis.training.loop.validation import Validation
from gis.training.output.manifest import MANIFEST, read_manifest
from gis.training.run import train, train_seeds
from tests.training.helpers import LOAD, dataset, fit, graded_rows, loaded, settings, write_rows

pytestmark = pytest.mark.slow


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def same(first: Path, second: Path) -> bool:
    a, b = weights(first), weights(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_a_tiny_model_learns(tiny_bert: Path, tmp_path: Path) -> None:
    """Held-out pairs: neither the training nor the choice of the checkpoint has seen them.

    With five seeds and two versions of torch, the correlations rose by 0.18 to 0.39.
    """
    data = dataset(tmp_path / "data", train=512, validation=300)
    held_out = write_rows(tmp_path / "held" / "test.jsonl", graded_rows(500, seed=3))
    report = fit(tiny_bert, data, tmp_path / "model", epochs=12, batch_size=16, learning_rate=3e-3)
    assert report.before is not None
    assert report.best is not None
    assert report.best > report.before + 0.1
    before, after = (spearman_of(folder, held_out) for folder in (tiny_bert, tmp_path / "model"))
    assert after > before + 0.1


def spearman_of(model: Path, file: Path) -> float:
    from gis.benchmark.tasks.catalogue import resolve_tasks
    from gis.benchmark.tasks.sources import SourceSettings, load_task
    from gis.models.similarity import cosine
    from gis.statistics.metrics import spearman

    pairs = load_task(resolve_tasks([Spec(str(file))], None)[0], SourceSettings()).pairs
    encoder = load_model(Spec(str(model)), LOAD)
    assert isinstance(encoder, Encoder)
    found = spearman(cosine(encoder.encode(pairs.text1), encoder.encode(pairs.text2)), pairs.gold)
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize(
    "changes",
    [{}, {"objective": "sbert-softmax"}, {"random_init": True}],
    ids=["weights", "a classifier beside them", "random weights"],
)
def test_the_same_seed_gives_the_same_weights(tiny_bert: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    data = dataset(tmp_path / "data")
    for name, seed in (("one", 7), ("again", 7), ("other", 8)):
        torch.manual_seed(len(name))  # what came before must not matter
        fit(tiny_bert, data, tmp_path / name, seed=seed, **changes)
    assert same(tmp_path / "one", tmp_path / "again")
    assert not same(tmp_path / "one", tmp_path / "other")


@pytest.mark.parametrize("stop_after", [1, 3, 4])
def test_a_stopped_training_ends_as_if_it_had_not_been(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop_after: int
) -> None:
    """Three steps an epoch, its losses logged after it: stopped within one, at the end of one, and within the next."""
    monkeypatch.setattr("gis.training.loop.arguments.LOGS_PER_RUN", 2)
    data = dataset(tmp_path / "data")
    expected = fit(tiny_bert, data, tmp_path / "whole", epochs=2)
    original = TrainingMonitor.on_step_end

    def stopping(self: TrainingMonitor, args: object, state: object, control: object, **more: object) -> None:
        self.stop_requested = state.global_step >= stop_after  # type: ignore[attr-defined]
        original(self, args, state, control, **more)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingMonitor, "on_step_end", stopping)
        with pytest.raises(KeyboardInterrupt):
            fit(tiny_bert, data, tmp_path / "stopped", epochs=2)
    assert not (tmp_path / "stopped" / MANIFEST).exists()
    broken = tmp_path / "stopped" / "checkpoints" / "checkpoint-99"  # as a kill in the middle of writing leaves it
    broken.mkdir()
    (broken / "model.safetensors").write_bytes(b"half")
    found = fit(tiny_bert, data, tmp_path / "stopped", epochs=2)
    assert same(tmp_path / "whole", tmp_path / "stopped")
    assert (found.best, found.best_step, found.steps) == (expected.best, expected.best_step, expected.steps)
    assert found.pairs == expected.pairs == 2 * 48
    assert [entry["step"] for entry in found.losses] == [3, 6]
    assert found.losses == expected.losses
    assert not (tmp_path / "stopped" / "checkpoints").exists()


def test_the_best_checkpoint_is_kept(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores that are best in the middle: its weights are saved, not the last ones."""
    data = dataset(tmp_path / "data")
    fit(tiny_bert, data, tmp_path / "one-epoch", epochs=1, warmup=0.0, seed=7)
    scores = iter([0.1, 0.2, 0.9, 0.3])
    monkeypatch.setattr(Validation, "score", lambda *_: next(scores))
    report = fit(tiny_bert, data, tmp_path / "three", epochs=3)
    assert (report.before, report.best, report.best_step, report.steps) == (0.1, 0.9, 6, 9)
    assert [entry["spearman"] for entry in report.validations] == [0.2, 0.9, 0.3]


def test_a_finished_model_is_kept_and_another_is_not_overwritten(tiny_bert: Path, tmp_path: Path) -> None:
    data, output = dataset(tmp_path / "data"), tmp_path / "model"
    first = fit(tiny_bert, data, output)
    changed = (output / "model.safetensors").stat().st_mtime_ns
    assert fit(tiny_bert, data, output) == first
    assert (output / "model.safetensors").stat().st_mtime_ns == changed
    with pytest.raises(GisError, match=r"other settings or data: learning_rate 0\.001 \(now 0\.0001\)"):
        fit(tiny_bert, data, output, learning_rate=1e-4)
    fit(tiny_bert, data, output, learning_rate=1e-4, force=True)
    assert (output / "model.safetensors").stat().st_mtime_ns != changed
    shutil.copytree(output, tmp_path / "foreign")
    (tmp_path / "foreign" / MANIFEST).unlink()
    for force in (False, True):
        with pytest.raises(GisError, match="gis did not train it"):
            fit(tiny_bert, data, tmp_path / "foreign", force=force)


def test_the_manifest_records_what_was_done(tiny_bert: Path, tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    report = fit(tiny_bert, data, tmp_path / "model", objective="preprint,angle=0.5")
    manifest = json.loads((tmp_path / "model" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["settings"]["objective"] == "preprint,angle=0.5"
    assert manifest["train"]["rows"] == manifest["report"]["pairs"] == 48
    assert manifest["train"]["splits"] == ["train"]
    assert manifest["validation"]["splits"] == ["validation"]
    assert {"torch", "transformers", "gis"} <= manifest["versions"].keys()
    assert {"cosine", "in_batch", "angle", "loss", "step"} <= manifest["report"]["losses"][0].keys()
    read = read_manifest(tmp_path / "model")
    assert read is not None
    assert read.report == report


def test_without_a_validation_split_the_last_weights_are_kept(
    tiny_bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = dataset(tmp_path / "data", validation=0)
    report = fit(tiny_bert, data, tmp_path / "model")
    assert (report.before, report.best, report.best_step) == (None, None, 3)
    assert "no validation split" in capsys.readouterr().err


@pytest.mark.parametrize("objective", ["sbert-cosine", "sbert-softmax", "simcse-unsup", "cosent", "angle-emb-0.5.5"])
def test_every_kind_of_objective_trains(tiny_bert: Path, tmp_path: Path, objective: str) -> None:
    report = fit(tiny_bert, dataset(tmp_path / "data"), tmp_path / "model", objective=objective)
    assert report.steps >= 3
    saved = weights(tmp_path / "model")
    assert not any("mlp" in name or "classifier" in name for name in saved)


def test_positives_and_triplets_train(tiny_bert: Path, tmp_path: Path) -> None:
    rows = graded_rows(40, seed=5)
    pairs = [{"anchor": row["text1"], "positive": row["text2"]} for row in rows]
    triplets = [{**pair, "negative": other["text1"]} for pair, other in zip(pairs, reversed(rows), strict=True)]
    texts = [{"text": row["text1"]} for row in rows]
    for name, found in (("texts", texts), ("positives", pairs), ("triplets", triplets)):
        write_rows(tmp_path / name / "train.jsonl", found)
        report = fit(tiny_bert, tmp_path / name, tmp_path / f"{name}-model")
        assert set(report.losses[0]) - {"loss", "step"} == (
            {"in_batch", "hard_negative", "cosine", "angle"} if name == "triplets" else {"in_batch"}
        )


def test_several_seeds(tiny_bert: Path, tmp_path: Path) -> None:
    data = loaded(dataset(tmp_path / "data"))
    trained = train_seeds(settings(tiny_bert), 2, data, tmp_path / "models", device="cpu")
    assert [model.folder.name for model in trained] == ["seed-7", "seed-8"]
    assert not same(*(model.folder for model in trained))
    assert trained[0].load().encode(["cat sat"]).shape == (1, 32)


def test_layers_and_random_weights(tiny_bert: Path, tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    fit(tiny_bert, data, tmp_path / "one", layers=1)
    assert not any("layer.1." in name for name in weights(tmp_path / "one"))
    fit(tiny_bert, data, tmp_path / "random", random_init=True, learning_rate=0.0)
    assert not same(tmp_path / "random", tiny_bert)
    with pytest.raises(UsageError, match="has 2 layers, not 3"):
        fit(tiny_bert, data, tmp_path / "three", layers=3)


def test_impossible_requests_are_refused(tiny_bert: Path, tmp_path: Path) -> None:
    data = dataset(tmp_path / "data")
    with pytest.raises(UsageError, match="first-last-avg cannot be saved"):
        fit(tiny_bert, data, tmp_path / "a", options={"pooling": "first-last-avg"})
    many = write_rows(tmp_path / "many" / "train.jsonl", [{"text1": "a", "text2": "b", "label": n} for n in range(30)])
    with pytest.raises(UsageError, match="needs classes"):
        fit(tiny_bert, many, tmp_path / "b", objective="sbert-softmax")
    spoilt = tmp_path / "spoilt"
    shutil.copytree(tiny_bert, spoilt)
    save_file({name: value * float("nan") for name, value in weights(spoilt).items()}, spoilt / "model.safetensors")
    with pytest.raises(GisError, match="the loss became nan at step 1") as caught:
        fit(spoilt, data, tmp_path / "c")
    assert "--learning-rate" in caught.value.remedy


def test_a_checkpoint_holds_no_more_than_is_trained(tiny_bert: Path, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    data = loaded(dataset(tmp_path / "data"))
    train(settings(tiny_bert, lora=4), data, tmp_path / "model", device="cpu", keep_checkpoints=True)
    saved = next((tmp_path / "model" / "checkpoints").glob("checkpoint-*"))
    assert all("lora_" in name for name in load_file(saved / "model.safetensors"))


def test_pairs_are_counted_exactly_and_a_sample_is_recorded(tiny_bert: Path, tmp_path: Path) -> None:
    """21 rows in batches of 16: the second batch of an epoch has 5."""
    data = load_training_data(Spec(str(dataset(tmp_path / "data"))), SourceSettings(limit=21, seed=1))
    report = train(settings(tiny_bert, epochs=2), data, tmp_path / "model", device="cpu").report
    assert (report.pairs, report.steps) == (42, 4)
    manifest = json.loads((tmp_path / "model" / MANIFEST).read_text(encoding="utf-8"))
    assert (manifest["train"]["rows"], manifest["train"]["limit"]) == (21, 21)


@pytest.mark.parametrize(
    ("rows", "objective", "message"),
    [
        ({"text1": "a", "text2": "b", "label": 1}, "simcse-sup", r"cannot train on labelled pairs .* on triplets"),
        ({"anchor": "a", "positive": "b"}, "cosent", r"cannot train on positive pairs .* on labelled pairs"),
        ({"anchor": "a", "positive": "b"}, "cosent,cosine=0", "all its weights are 0"),
    ],
)
def test_an_objective_that_cannot_use_the_data_is_refused_before_any_work(
    tiny_bert: Path, tmp_path: Path, rows: dict[str, object], objective: str, message: str
) -> None:
    other = {name: 0 if name == "label" else f"other {name}" for name in rows}
    write_rows(tmp_path / "data" / "train.jsonl", [rows, other])
    with pytest.raises(UsageError, match=message):
        fit(tiny_bert, tmp_path / "data", tmp_path / "model", objective=objective)
    assert not (tmp_path / "model").exists()


def test_the_private_methods_that_are_overridden_exist() -> None:
    """A newer transformers without them would train on silently, and lose what they do."""
    for name in ("_save", "_load_from_checkpoint", "_load_best_model"):
        assert callable(getattr(transformers.Trainer, name)), name
    assert isinstance(transformers.TrainingArguments(use_cpu=True, report_to="none").n_gpu, int)


def test_a_training_that_failed_before_its_first_checkpoint_leaves_the_folder_free(
    tiny_bert: Path, tmp_path: Path
) -> None:
    data = dataset(tmp_path / "data")
    with pytest.raises(UsageError, match="has 2 layers, not 3"):
        fit(tiny_bert, data, tmp_path / "model", layers=3)
    assert not (tmp_path / "model").exists()
    spoilt = Path(shutil.copytree(tiny_bert, tmp_path / "spoilt"))
    save_file({name: value * float("nan") for name, value in weights(spoilt).items()}, spoilt / "model.safetensors")
    with pytest.raises(GisError, match="the loss became"):
        fit(spoilt, data, tmp_path / "model")
    assert not (tmp_path / "model").exists()
    assert fit(tiny_bert, data, tmp_path / "model", learning_rate=1e-4).steps == 3


def test_rows_with_unequal_numbers_of_hard_negatives_train(tiny_bert: Path, tmp_path: Path) -> None:
    pairs = [{"anchor": row["text1"], "positive": row["text2"]} for row in graded_rows(40, seed=5)]
    rows = [{**pair, **{f"negative_{k}": f"cat {n} dog {k}" for k in range(n % 3)}} for n, pair in enumerate(pairs)]
    report = fit(tiny_bert, write_rows(tmp_path / "train.jsonl", rows), tmp_path / "model", objective="simcse-sup")
    assert report.pairs == 40
    assert report.effective_batch_texts == round(16 * (2 + 39 / 40))


def test_an_adapter_needs_a_backbone_that_is_saved(tiny_bert: Path, tmp_path: Path) -> None:
    for changes in ({"layers": 1}, {"random_init": True}):
        with pytest.raises(UsageError, match="saved without its backbone"):
            settings(tiny_bert, lora=2, **changes)
    pytest.importorskip("peft")
    data = dataset(tmp_path / "data")
    fit(tiny_bert, data, tmp_path / "adapter", lora=2)
    with pytest.raises(UsageError, match="adapter is an adapter, and another one cannot be trained"):
        fit(tmp_path / "adapter", data, tmp_path / "second", lora=2)
    fit(tmp_path / "adapter", data, tmp_path / "merged")
    assert (tmp_path / "merged" / "model.safetensors").is_file()


def test_weights_decide_what_is_learnt_and_are_recorded(tiny_bert: Path, tmp_path: Path) -> None:
    rows = graded_rows(24, 0)
    weighings = {"none": None, "equal": [0.5] * 24, "unequal": [0.2 + number / 24 for number in range(24)]}
    for name, weighing in weighings.items():
        of_rows = [{} if weighing is None else {"weight": weighing[number]} for number in range(24)]
        write_rows(tmp_path / name / "train.jsonl", [{**row, **more} for row, more in zip(rows, of_rows, strict=True)])
        fit(tiny_bert, tmp_path / name, tmp_path / f"model-{name}")
    none, equal, unequal = (tmp_path / f"model-{name}" for name in weighings)
    assert same(none, equal)
    assert not same(none, unequal)
    manifest = json.loads((unequal / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["train"]["weights"]["most"] == pytest.approx(1.7055, abs=1e-4)
    assert "weighted from 0.29 to 1.71" in (unequal / "README.md").read_text(encoding="utf-8")
    assert "weights" not in json.loads((equal / MANIFEST).read_text(encoding="utf-8"))["train"]

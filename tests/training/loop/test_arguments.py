"""transformers' settings for ours."""

from pathlib import Path
from typing import Any

import pytest
import torch

from gis.errors import UsageError
from gis.spec import Spec
from gis.training.loop.arguments import training_arguments
from gis.training.settings import TrainSettings

CPU = torch.device("cpu")


def test_an_epoch_ends_with_a_validation(tmp_path: Path) -> None:
    settings = TrainSettings(model=Spec("minilm"), batch_size=16, accumulate=2, epochs=3, precision="fp32")
    arguments = training_arguments(settings, 100, CPU, tmp_path, validates=True)  # 7 batches, 4 steps
    assert (arguments.eval_steps, arguments.save_steps, arguments.logging_steps) == (4, 4, 1)
    assert arguments.load_best_model_at_end
    assert (arguments.use_cpu, arguments.bf16) == (True, False)
    assert arguments.metric_for_best_model == "eval_spearman"


def test_without_validation_nothing_is_evaluated(tmp_path: Path) -> None:
    settings = TrainSettings(model=Spec("minilm"), eval_steps=5, precision="bf16")
    arguments = training_arguments(settings, 1000, CPU, tmp_path, validates=False)
    assert arguments.eval_strategy == "no"
    assert (arguments.save_steps, arguments.bf16) == (5, True)
    assert not arguments.load_best_model_at_end


@pytest.mark.parametrize("epochs", [0.0, -1.0, float("nan"), float("inf")])
def test_epochs_must_be_above_0(epochs: float) -> None:
    with pytest.raises(UsageError, match="epochs must be above 0"):
        TrainSettings(model=Spec("minilm"), epochs=epochs)


@pytest.mark.parametrize(
    "changes",
    [
        {"batch_size": 0},
        {"batch_size": 1.5},
        {"accumulate": 0},
        {"mini_batch_tokens": 0},
        {"learning_rate": -1},
        {"learning_rate": float("inf")},
        {"warmup": 5},
        {"weight_decay": float("nan")},
        {"eval_steps": 0},
        {"lora": -1},
        {"layers": 0},
        {"seed": -1},
        {"seed": 2**32},
        {"precision": "fp16"},
        {"epochs": "1"},
    ],
)
def test_an_impossible_setting_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=rf"not {next(iter(changes.values()))!r}|unknown precision|above 0"):
        TrainSettings(model=Spec("minilm"), **changes)

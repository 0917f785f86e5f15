"""gis train, gis ablate and gis objectives as they are typed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gis.training.output.manifest import MANIFEST
from tests.command_line import Gis
from tests.training.helpers import dataset, graded_rows, write_rows


@pytest.mark.slow
def test_train_several_then_score(gis: Gis, tiny_bert: Path, tmp_path: Path) -> None:
    data, output = dataset(tmp_path / "data"), tmp_path / "models"
    write_rows(data / "test.jsonl", graded_rows(30, seed=9))
    command = ["train", "--model", f"{tiny_bert},pooling=cls,name=mine", "--task", str(data), "--output", str(output)]
    command += ["--seeds", "2", "--seed", "3", "--batch-size", "16", "--lr", "0.001", "--device", "cpu"]
    done = gis(*command)
    assert done.status == 0, done.err
    assert "mean ± deviation of 2" in done.out
    assert "before training: Spearman" in done.err
    assert "48 labelled pairs" in done.err
    again = gis(*command)
    assert again.out == done.out
    assert again.err.count("trained already") == 2
    scored = gis("bench", "--model", str(output / "seed-3"), "--task", str(data), "--output", str(tmp_path / "results"))
    assert scored.status == 0, scored.err


@pytest.mark.slow
def test_ctrl_c_leaves_a_checkpoint_and_the_same_command_continues(gis: Gis, tiny_bert: Path, tmp_path: Path) -> None:
    data = dataset(tmp_path / "data", train=400)
    command = [sys.executable, "-m", "gis", "train", "--model", str(tiny_bert), "--task", str(data), "--device", "cpu"]
    command += ["--output", str(tmp_path / "model"), "--batch-size", "4", "--epochs", "30", "--eval-steps", "20"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    checkpoints = tmp_path / "model" / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob("checkpoint-*/trainer_state.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "stopping after this step" in told
    assert "the same command continues" in told
    assert "Traceback" not in told
    assert not (tmp_path / "model" / MANIFEST).exists()
    shorter = [*command[: command.index("--epochs")], "--epochs", "31", *command[command.index("--epochs") + 2 :]]
    refused = gis(*shorter[3:])
    assert refused.status == 1
    assert "the beginning of a training with other settings or data: epochs 30.0 (now 31.0)" in refused.err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--objective", "angel"], "unknown objective 'angel'"),
        (["--objective", "gis,angel=1"], "Did you mean angle"),
        (["--objective", "gis,angle=x"], "angle must be a number"),
        (["--objective", "gis,angle=-1"], "0 or more"),
        (["--objective", "gis,angle_temperature=0"], "above 0"),
        (["--objective", "gis,angle_form=sum"], "abs-sum or phase"),
        (["--objective", "gis,acl"], "one name is wanted"),
        (["--model", "nothing"], "unknown model 'nothing'"),
        (["--model", "tfidf"], "no weights to train"),
        (["--task", "nothing"], "unknown task 'nothing'"),
        (["--task", "sts"], "one task at a time"),
        (["--data", "/nowhere"], "no such folder"),
        (["--device", "tpu9"], "no device 'tpu9'"),
        (["--epochs", "0"], "epochs must be above 0, not 0; choose other --epochs"),
        (["--objective", "simcse-sup"], "cannot train on labelled pairs"),
    ],
)
def test_a_wrong_request_is_told(gis: Gis, tiny_bert: Path, tmp_path: Path, changes: list[str], message: str) -> None:
    data = dataset(tmp_path / "data")
    options = {"--model": str(tiny_bert), "--task": str(data), "--output": str(tmp_path / "model")}
    options |= dict(zip(changes[::2], changes[1::2], strict=True))
    done = gis("train", *(part for pair in options.items() for part in pair))
    assert message in done.err
    assert done.status == 2
    assert not (tmp_path / "model").exists()

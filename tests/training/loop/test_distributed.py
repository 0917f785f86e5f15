"""Two processes of half a batch compute what one of a whole batch does: value, gradient, and the same weights."""

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, distributed
from torch.multiprocessing.spawn import spawn

from gis.models.losses import AngleLoss
from gis.training.loop.distributed import gather_batch

WIDTH = 8
PARTS = (5, 3)  # rows of each process: they may differ


def batch() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    count = sum(PARTS)
    x, y, n = (torch.randn(count, WIDTH, dtype=torch.float64, generator=generator) for _ in range(3))
    labels = torch.randint(0, 4, (count,), generator=generator).double()
    return x, y, n, labels, torch.randint(0, 12, (count, 3), generator=generator)


def total(loss: AngleLoss, kind: str, weight: Tensor, rows: slice) -> Tensor:
    """The loss of some rows after one linear layer, which stands for the encoder."""
    x, y, n, labels, ids = (each[rows] for each in batch())
    x, y, n = x @ weight, y @ weight, n @ weight
    if kind == "pairs":
        return loss(x, y, labels, text_ids=ids[:, :2]).total
    if kind == "positives":
        return loss(x, y, text_ids=ids[:, :2]).total
    return loss(x, y, negatives=n, text_ids=ids).total


def in_processes(work: Callable[[int, str, Path], None], kind: str, folder: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    spawn(_process, (work, kind, folder, port), nprocs=len(PARTS))  # type: ignore[no-untyped-call]


def _process(rank: int, work: Callable[[int, str, Path], None], kind: str, folder: Path, port: int) -> None:
    distributed.init_process_group("gloo", f"tcp://127.0.0.1:{port}", rank=rank, world_size=len(PARTS))
    torch.set_num_threads(1)
    work(rank, kind, folder)
    distributed.destroy_process_group()


def half(rank: int, kinds: str, folder: Path) -> None:
    """What one process computes; the mean of the gradients is what data-parallel training takes."""
    rows = slice(sum(PARTS[:rank]), sum(PARTS[: rank + 1]))
    for kind in kinds.split(","):
        weight = torch.eye(WIDTH, dtype=torch.float64).requires_grad_()
        loss = AngleLoss(positive_threshold=2.0, regression=0.0, gather=gather_batch)
        value = total(loss, kind, weight, rows)
        (gradient,) = torch.autograd.grad(value, weight)
        distributed.all_reduce(gradient)
        torch.save((value.detach(), gradient / len(PARTS)), folder / f"{kind}-{rank}.pt")


@pytest.mark.slow
def test_two_halves_are_one_whole(tmp_path: Path) -> None:
    kinds = ["pairs", "positives", "triplets"]
    in_processes(half, ",".join(kinds), tmp_path)
    for kind in kinds:
        weight = torch.eye(WIDTH, dtype=torch.float64).requires_grad_()
        value = total(AngleLoss(positive_threshold=2.0), kind, weight, slice(None))
        (gradient,) = torch.autograd.grad(value, weight)
        for rank in range(len(PARTS)):
            found, mean = torch.load(tmp_path / f"{kind}-{rank}.pt")
            torch.testing.assert_close(found, value.detach(), rtol=1e-12, atol=1e-12)
            torch.testing.assert_close(mean, gradient, rtol=1e-12, atol=1e-12)


def launch(command: list[str], count: int) -> None:
    """Run ``command`` as torchrun does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    common = {**os.environ, "OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    common["WORLD_SIZE"] = common["LOCAL_WORLD_SIZE"] = str(count)
    running = [
        subprocess.Popen(
            command,
            env={**common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]
    for process in running:
        out, err = process.communicate(timeout=200)
        assert process.returncode == 0, out + err


@pytest.mark.slow
def test_training_in_two_processes_gives_the_weights_of_one(tiny_bert: Path, tmp_path: Path) -> None:
    """Without dropout: the command in two processes of 8 rows against this process with 16."""
    from tests.training.helpers import dataset, fit  # not above: the processes that are spawned need none of it

    model = tmp_path / "model"
    shutil.copytree(tiny_bert, model)
    config = json.loads((model / "config.json").read_text(encoding="utf-8"))
    config.update(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    (model / "config.json").write_text(json.dumps(config), encoding="utf-8")
    data = dataset(tmp_path / "data")
    fit(model, data, tmp_path / "in-1", seed=42)
    command = [sys.executable, "-m", "gis", "train", "--model", str(model), "--task", str(data), "--device", "cpu"]
    launch([*command, "--output", str(tmp_path / "in-2"), "--batch-size", "8", "--lr", "0.001"], 2)
    one, two = (load_file(tmp_path / f"in-{count}" / "model.safetensors") for count in (1, 2))
    before = load_file(model / "model.safetensors")
    moved = max(float((one[name] - before[name]).abs().max()) for name in one)
    for name in one:
        # Adam divides by the size of a gradient, so that one of pure rounding moves a weight as far as any other.
        if "key.bias" not in name:
            assert float((one[name] - two[name]).abs().max()) < 0.05 * moved, name
    assert moved > 1e-3


@pytest.mark.parametrize("rows", [1, 4])
def test_one_process_gathers_nothing(rows: int) -> None:
    part = torch.ones(rows, 2)
    assert gather_batch(part) is part

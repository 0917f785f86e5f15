"""Time the losses against angle_emb's functions: one thread, forward and backward, each row in a process of its own.

Every process makes one batch of random embeddings and times one loss after one untimed call on a small batch; its
largest memory is what the batch added at the end. The two programs take turns.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

BATCH, WIDTH = 8192, 384
ROWS = ("cosine", "angle", "in-batch", "all three")
SMALL = (64, 256, 1024)


def batch(size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Embeddings of both sides and binary labels."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(size, WIDTH, generator=generator)
    y = x + torch.randn(size, WIDTH, generator=generator)
    labels = torch.randint(0, 2, (size,), generator=generator).float()
    return x.requires_grad_(), y.requires_grad_(), labels


def ours(row: str, size: int) -> Callable[[], torch.Tensor]:
    """The loss of gis, on a batch that is there already."""
    from gis.models.losses import AngleLoss, angle_objective, cosine_objective, in_batch_negative_objective

    x, y, labels = batch(size)
    losses: dict[str, Callable[[], torch.Tensor]] = {
        "cosine": lambda: cosine_objective(x, y, labels),
        "angle": lambda: angle_objective(x, y, labels),
        "angle, phase": lambda: angle_objective(x, y, labels, form="phase"),
        "in-batch": lambda: in_batch_negative_objective(x, y, labels),
        "all three": lambda: AngleLoss()(x, y, labels).total,
    }
    return losses[row]


def theirs(row: str, size: int) -> Callable[[], torch.Tensor]:
    """The loss of angle_emb, on a batch that is there already."""
    from angle_emb.loss import angle_loss, cosine_loss, in_batch_negative_loss

    x, y, labels = batch(size)
    texts, marks = (
        torch.stack([x, y], 1).reshape(-1, WIDTH).detach().requires_grad_(),
        labels.repeat_interleave(2)[:, None],
    )
    parts: dict[str, Callable[[], torch.Tensor]] = {
        "cosine": lambda: cosine_loss(marks, texts, 20.0),
        "angle": lambda: angle_loss(marks, texts, 20.0),
        "in-batch": lambda: in_batch_negative_loss(marks, texts, 20.0),
    }
    return parts.get(row) or (lambda: torch.stack([part() for part in parts.values()]).sum())


def child(program: str, row: str, size: int) -> None:
    """Time one loss and print seconds and MiB."""
    torch.set_num_threads(1)
    make = ours if program == "gis" else theirs
    make(row, 64)().backward()  # type: ignore[no-untyped-call]
    loss = make(row, size)
    repeats = 1 if size == BATCH else 20
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    for _ in range(repeats):
        loss().backward()  # type: ignore[no-untyped-call]
    seconds = (time.perf_counter() - started) / repeats
    print(json.dumps([seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))  # noqa: T201


def measure(python: str, program: str, row: str, size: int) -> tuple[float, float]:
    """Seconds and MiB of one loss in a process of its own."""
    command = [python, str(Path(__file__).resolve()), "--child", program, row, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{program} {row}: {done.stderr[-2000:]}")
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(memory)


def product_seconds() -> float:
    """One product of all similarities of a batch, 2 batch x 2 batch x width, row block by row block."""
    torch.set_num_threads(1)
    z = torch.randn(2 * BATCH, WIDTH)
    z[:1024] @ z.T
    started = time.perf_counter()
    for start in range(0, 2 * BATCH, 1024):
        z[start : start + 1024] @ z.T
    return time.perf_counter() - started


def main() -> None:
    """Run all rounds and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="Python of the environment with angle_emb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, metavar=("PROGRAM", "ROW", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], options.child[1], int(options.child[2]))
        return
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    products = []
    for number in range(options.rounds):
        products.append(product_seconds())
        for row in (*ROWS, "angle, phase"):
            for program in ("gis", "angle_emb") if number % 2 == 0 else ("angle_emb", "gis"):
                if (program == "gis" or row in ROWS) and (program == "gis" or options.peers):
                    python = sys.executable if program == "gis" else options.peers
                    found.setdefault((program, row), []).append(measure(python, program, row, BATCH))
    print(f"| B = {BATCH} | gis s | angle_emb s | ratio, round by round | gis MiB | angle_emb MiB |")  # noqa: T201
    print("| :-- | --: | --: | --: | --: | --: |")  # noqa: T201
    for row in (*ROWS, "angle, phase"):
        mine, other = found["gis", row], found.get(("angle_emb", row), [])
        ratios = ", ".join(f"{b[0] / a[0]:.1f}" for a, b in zip(mine, other, strict=False)) or "–"
        cells = [f"{statistics.median(run[n] for run in runs):.{d}f}" if runs else "–" for runs, n, d in
                 ((mine, 0, 3), (other, 0, 2), (mine, 1, 0), (other, 1, 0))]  # fmt: skip
        print(f"| {row} | {cells[0]} | {cells[1]} | {ratios} | {cells[2]} | {cells[3]} |")  # noqa: T201
    bound = 2 * statistics.median(products)
    share = bound / statistics.median(run[0] for run in found["gis", "in-batch"])
    print(f"\nTwo products of all similarities take {bound:.2f} s: {share:.0%} of the in-batch term.")  # noqa: T201
    for size in SMALL:
        print(f"B = {size}: all three {1000 * measure(sys.executable, 'gis', 'all three', size)[0]:.1f} ms")  # noqa: T201


if __name__ == "__main__":
    main()

"""Time the losses against angle_emb's functions: one thread, forward and backward, each row in a process of its own.

Every process makes one batch of random embeddings and times one loss after one untimed call on a small batch. Its
memory is what that loss added to the largest the process ever held (Linux). The two programs take turns.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

BATCH, WIDTH = 8192, 384
ROWS = ("cosine", "angle", "in-batch", "all three")
OURS_ONLY = "angle, phase"
BLOCK = 1024
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
        OURS_ONLY: lambda: angle_objective(x, y, labels, form="phase"),
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


def peak() -> float:
    """MiB that this process held at the most. Not ru_maxrss, which starts at the parent's."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def child(program: str, row: str, size: int) -> None:
    """Time one loss and print seconds and MiB."""
    torch.set_num_threads(1)
    make = ours if program == "gis" else theirs
    make(row, 64)().backward()  # type: ignore[no-untyped-call]
    loss = make(row, size)
    repeats = 1 if size == BATCH else 20
    before = peak()
    started = time.perf_counter()
    for _ in range(repeats):
        loss().backward()  # type: ignore[no-untyped-call]
    seconds = (time.perf_counter() - started) / repeats
    print(json.dumps([seconds, peak() - before]))


def measure(python: str, program: str, row: str, size: int) -> tuple[float, float]:
    """Seconds and MiB of one loss in a process of its own."""
    command = [python, str(Path(__file__).resolve()), "--child", program, row, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{program} {row}: {done.stderr[-2000:]}")
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return float(seconds), float(memory)


def product_seconds() -> float:
    """All similarities of a batch once, 2 batch x 2 batch x width, in blocks that stay in the cache."""
    torch.set_num_threads(1)
    z = torch.randn(2 * BATCH, WIDTH)
    block = torch.empty(BLOCK, BLOCK)
    torch.mm(z[:BLOCK], z[:BLOCK].T, out=block)
    started = time.perf_counter()
    for row in range(0, len(z), BLOCK):
        for column in range(0, len(z), BLOCK):
            torch.mm(z[row : row + BLOCK], z[column : column + BLOCK].T, out=block)
    return time.perf_counter() - started


def fewest_products() -> float:
    """How many such products the in-batch term needs for value and gradient, if each similarity is made twice.

    Only texts of positive pairs, a share h of all, have a softmax; similarity is symmetric, so h - h²/2 of the matrix
    is made, for the value and again for the gradient, and serves both of its texts there: 4 (h - h²/2). Plain code
    makes all of it once and multiplies it twice: 3.
    """
    share = batch(BATCH)[2].mean().item()
    return 4 * (share - share**2 / 2)


def cells(runs: list[tuple[float, float]]) -> tuple[str, str]:
    """Seconds, the fastest round and the middle one, and MiB."""
    if not runs:
        return "–", "–"
    seconds = [run[0] for run in runs]
    return f"{min(seconds):.3g} / {statistics.median(seconds):.3g}", f"{max(run[1] for run in runs):.0f}"


def main() -> None:
    """Run all rounds and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", help="Python of the environment with angle_emb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, help="file for the table")
    parser.add_argument("--child", nargs=3, metavar=("PROGRAM", "ROW", "SIZE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], options.child[1], int(options.child[2]))
        return
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    products = []
    for number in range(options.rounds):
        products.append(product_seconds())
        for row in (*ROWS, OURS_ONLY):
            for program in ("gis", "angle_emb") if number % 2 == 0 else ("angle_emb", "gis"):
                if program == "gis" or (row in ROWS and options.peers):
                    python = sys.executable if program == "gis" else options.peers
                    found.setdefault((program, row), []).append(measure(python, program, row, BATCH))
    lines = [
        f"| B = {BATCH} | gis, s (min / median) | angle_emb, s | ratio, round by round | gis, MiB | angle_emb, MiB |",
        "| :-- | --: | --: | --: | --: | --: |",
    ]
    for row in (*ROWS, OURS_ONLY):
        mine, other = found["gis", row], found.get(("angle_emb", row), [])
        ratios = ", ".join(f"{b[0] / a[0]:.1f}" for a, b in zip(mine, other, strict=False)) or "–"
        (seconds, memory), (their_seconds, their_memory) = cells(mine), cells(other)
        lines.append(f"| {row} | {seconds} | {their_seconds} | {ratios} | {memory} | {their_memory} |")
    needed, product = fewest_products(), min(products)
    reached = min(run[0] for run in found["gis", "in-batch"]) / (needed * product)
    lines += [
        "",
        f"All similarities once take {product:.2f} s. The in-batch term needs {needed:.2f} times that (plain code 3 "
        f"times) and takes {reached:.2f} times its bound, in the fastest round of each.",
    ]
    small = {size: 1000 * min(measure(sys.executable, "gis", "all three", size)[0] for _ in range(2)) for size in SMALL}
    lines += ["", "All three: " + ", ".join(f"{cost:.1f} ms at B = {size}" for size, cost in small.items()) + "."]
    table = "\n".join(lines) + "\n"
    print(table)
    if options.output:
        options.output.write_text(table, encoding="utf-8")


if __name__ == "__main__":
    main()

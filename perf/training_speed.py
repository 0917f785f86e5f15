"""Measure how many pairs per second gis, sentence-transformers and angle_emb train on: same model, batch and data.

Half of the pairs are short (STS-B), half are long (issues of 256 tokens and more), in random order. Each program trains
one epoch in its own process. Only the training is timed: with tokenising, without imports and without loading the model
(the time of gis includes loading and saving it). The programs take turns, in a different order each round.
"""

import argparse
import gzip
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAMS = ("gis", "sentence-transformers", "angle_emb")
SHORT, LONG = "stsb/train.jsonl.gz", "rust_issues/test.jsonl.gz"


def mixed_pairs(data: Path, rows: int, seed: int) -> list[dict[str, object]]:
    """Return ``rows`` pairs, half of them short and half long, with labels from 0 to 1, in random order."""
    mixed = []
    for name, count in ((SHORT, rows - rows // 2), (LONG, rows // 2)):
        with gzip.open(data / name, "rt", encoding="utf-8") as file:
            pairs = [json.loads(line) for line in file]
        labels = [float(row["label"] if "label" in row else row["score"]) for row in pairs]
        highest = max(labels)
        chosen = random.Random(seed).sample(range(len(pairs)), count)
        mixed += [
            {"text1": pairs[n]["text1"], "text2": pairs[n]["text2"], "label": labels[n] / highest} for n in chosen
        ]
    random.Random(seed).shuffle(mixed)
    return mixed


def measure(program: str, python: str, pairs: Path, threads: int, batch_size: int) -> float:
    """Return the seconds that ``program`` needs to train on ``pairs``."""
    script = HERE / ("train_with_gis.py" if program == "gis" else "train_with_peer.py")
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "true",
    }
    with tempfile.TemporaryDirectory() as output:
        command = [python, str(script), "--pairs", str(pairs), "--output", output, "--batch-size", str(batch_size)]
        if program != "gis":
            command += ["--library", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{program} failed:\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return float(json.loads(done.stdout.splitlines()[-1])["seconds"])


def main() -> None:
    """Run all rounds and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with stsb/ and rust_issues/")
    parser.add_argument("--peers", required=True, help="Python of the environment with the peers")
    parser.add_argument("--rows", type=int, default=640)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {program: [] for program in PROGRAMS}
    with tempfile.TemporaryDirectory() as folder:
        pairs = Path(folder) / "train.jsonl"
        rows = mixed_pairs(options.data, options.rows, options.seed)
        pairs.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        for number in range(options.rounds):
            turn = number % len(PROGRAMS)
            for program in PROGRAMS[turn:] + PROGRAMS[:turn]:
                python = sys.executable if program == "gis" else options.peers
                taken = measure(program, python, pairs, options.threads, options.batch_size)
                seconds[program].append(taken)
                print(f"round {number + 1}: {program} {taken:.1f} s", file=sys.stderr, flush=True)
    lines = ["| program | pairs/s (median) | speed of gis relative to it, in each round |", "| :-- | --: | --: |"]
    for program, times in seconds.items():
        ratios = [theirs / ours for ours, theirs in zip(seconds["gis"], times, strict=True)]
        shown = "1" if program == "gis" else ", ".join(f"{ratio:.2f}" for ratio in ratios)
        lines.append(f"| {program} | {options.rows / statistics.median(times):.1f} | {shown} |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()

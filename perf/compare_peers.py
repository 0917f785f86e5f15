"""Measure gis bench against mteb and plain sentence-transformers: same scores, how much time.

Every program scores MiniLM on the same seven test sets, as a whole process, from its start to its end. They take
turns, each round in another order, so that what slows the machine for a while slows no one program. Needs nothing
but Python; exits with 1 where the scores differ by more than TOLERANCE. gis also runs in lower precisions,
whose scores may differ by more.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TASKS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")
TOLERANCE = 1e-4
HERE = Path(__file__).resolve().parent
PEERS = {"mteb": HERE / "mteb_scores.py", "sentence-transformers": HERE / "st_scores.py"}
REDUCED = {"gis bf16": ("bf16", 5e-4), "gis int8": ("int8", 5e-3)}  # precision, and how far scores may be from fp32
PROGRAMS = ("gis", *PEERS, *REDUCED)
SHOWN_LINES = 20  # of the output of a program that failed


@dataclass(frozen=True)
class Setup:
    """Where the programs and the data are, and the environment that all programs get."""

    data: Path
    gis: str
    peers: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Run:
    """What one process said and how long it took."""

    scores: dict[str, float]
    seconds: float


def run(program: str, tasks: Sequence[str], setup: Setup) -> Run:
    """Run a program once, with nothing kept from earlier runs."""
    with tempfile.TemporaryDirectory() as name:
        output = Path(name) / "output"
        common = ["--data", str(setup.data), "--output", str(output)]
        if program not in PEERS:
            precision = REDUCED[program][0] if program in REDUCED else "fp32"
            options = ["--model", "minilm", "--task", ",".join(tasks), "--device", "cpu", "--no-cache", "--quiet"]
            command = [setup.gis, "bench", *options, "--precision", precision, *common]
        else:
            command = [setup.peers, str(PEERS[program]), "--tasks", ",".join(tasks), *common]
        started = time.perf_counter()
        call(command, setup)
        seconds = time.perf_counter() - started
        scores = gis_scores(output) if program not in PEERS else json.loads(output.read_text(encoding="utf-8"))
        return Run({task: float(scores[task]) for task in tasks}, seconds)


def call(command: list[str], setup: Setup) -> str:
    """Run a command and return what it printed; stop with its last lines where it failed."""
    done = subprocess.run(command, env=setup.environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stdout + done.stderr).splitlines()[-SHOWN_LINES:]
        sys.exit("\n".join([f"exit status {done.returncode}: {' '.join(command)}", *last]))
    return done.stdout


def gis_scores(results: Path) -> dict[str, float]:
    """The scores of the one model in a folder of gis's results, by task."""
    return {path.stem: json.loads(path.read_bytes())["scores"]["main"] for path in results.glob("*/*/*.json")}


def measure(rounds: int, setup: Setup) -> dict[str, list[Run]]:
    """Run each program ``rounds`` times, in turn."""
    runs: dict[str, list[Run]] = {program: [] for program in PROGRAMS}
    for number in range(rounds):
        first = number % len(PROGRAMS)
        for program in PROGRAMS[first:] + PROGRAMS[:first]:
            latest = run(program, TASKS, setup)
            runs[program].append(latest)
            sys.stderr.write(f"round {number + 1} of {rounds}: {program} {latest.seconds:.1f} s\n")
    return runs


def difference(runs: dict[str, list[Run]], task: str, programs: Sequence[str] = ("gis", *PEERS)) -> float:
    """The largest difference between any two scores of a task by some programs; NaN where one is NaN."""
    scores = [each.scores[task] for program in programs for each in runs[program]]
    return math.nan if any(map(math.isnan, scores)) else max(scores) - min(scores)


def score_rows(runs: dict[str, list[Run]], tasks: Sequence[str]) -> list[str]:
    """Rows of scores: the first run's, and the largest difference among all runs."""
    rows = []
    for task in tasks:
        scores = " | ".join(f"{runs[program][0].scores[task]:.6f}" for program in PROGRAMS)
        rows.append(f"| {task} | {scores} | {difference(runs, task):.1e} |")
    return rows


def time_rows(runs: dict[str, list[Run]]) -> list[str]:
    """Rows of wall seconds, and how many times as long as gis each program took in the same round."""
    rows = []
    for program, done in runs.items():
        seconds = [each.seconds for each in done]
        ratios = [each.seconds / gis.seconds for each, gis in zip(done, runs["gis"], strict=True)]
        spread = f"{min(seconds):.1f} | {statistics.median(seconds):.1f} | {max(seconds):.1f}"
        rounds = ", ".join(f"{ratio:.2f}" for ratio in ratios)
        rows.append(f"| {program} | {spread} | {statistics.median(ratios):.2f} | {rounds} |")
    return rows


def describe(rounds: int, threads: int, load: float, setup: Setup) -> str:
    """What was compared, on what."""
    names = ("mteb", "sentence-transformers", "torch")
    ask = f"from importlib.metadata import version; print(*('%s %s' % (n, version(n)) for n in {names!r}), sep=', ')"
    peers = call([setup.peers, "-c", ask], setup).strip()
    return (
        f"{rounds} rounds on {threads} of {os.cpu_count()} processor threads; load average before them {load:.2f}; "
        f"peers: {peers}."
    )


def main() -> None:
    """Run the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="folder with <task>/<split>.jsonl.gz")
    options.add_argument("--peers", required=True, help="the python of the peers' environment")
    options.add_argument("--gis", default="gis", help="the gis command (default: %(default)s)")
    options.add_argument("--rounds", type=int, default=3, help="runs of each program (default: %(default)s)")
    options.add_argument("--threads", type=int, default=2, help="threads of each program (default: %(default)s)")
    options.add_argument("--output", type=Path, help="also write the table to this file")
    options.add_argument(
        "--check-sickr-mteb", action="store_true", help="also compare, untimed, on all 9,927 pairs of SICK"
    )
    chosen = options.parse_args()
    if chosen.rounds < 1:
        options.error("--rounds must be at least 1")
    # OMP is torch's limit, RAYON the tokenizers'.
    limits = {"OMP_NUM_THREADS": str(chosen.threads), "RAYON_NUM_THREADS": str(chosen.threads), "HF_HUB_OFFLINE": "1"}
    setup = Setup(chosen.data.resolve(), chosen.gis, chosen.peers, os.environ | limits)

    load = os.getloadavg()[0]
    setting = describe(chosen.rounds, chosen.threads, load, setup)
    runs = measure(chosen.rounds, setup)
    head = f"| Spearman | {' | '.join(PROGRAMS)} | largest difference in fp32 |"
    lines = [setting, "", head, f"|---{'|---:' * (len(PROGRAMS) + 1)}|"]
    lines += score_rows(runs, TASKS)
    differences = [difference(runs, task) for task in TASKS]
    reduced = [
        (max(difference(runs, task, ("gis", program)) for task in TASKS), allowed)
        for program, (_, allowed) in REDUCED.items()
    ]
    if chosen.check_sickr_mteb:
        extra = {program: [run(program, ["sickr-mteb"], setup)] for program in PROGRAMS}
        lines += score_rows(extra, ["sickr-mteb"])
        differences.append(difference(extra, "sickr-mteb"))
    lines += [
        "",
        "| wall seconds | min | median | max | times gis (median) | in each round |",
        "|---|---:|---:|---:|---:|---|",
    ]
    lines += time_rows(runs)
    table = "\n".join(lines) + "\n"
    sys.stdout.write(table)
    if chosen.output is not None:
        chosen.output.write_text(table, encoding="utf-8")
    # "not all <=" and not "any >": NaN must fail too.
    if not all(each <= TOLERANCE for each in differences):
        sys.exit(f"the scores differ by more than {TOLERANCE}")
    if not all(each <= allowed for each, allowed in reduced):
        sys.exit(f"scores of a lower precision differ too much: {reduced}")


if __name__ == "__main__":
    main()

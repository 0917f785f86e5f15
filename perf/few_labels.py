"""Measure what graded pairs are worth beside few labels, and draw it: docs/few-labels.svg.

    perf/few_labels.py DATASET GRADED --output FOLDER --figure docs/few-labels.svg

DATASET is a folder of gis build, GRADED one of gis annotate with pairs of other issues. The first layer of MiniLM is
trained, with three seeds, on a share of the train split alone and with all graded pairs beside it; the validation split
chooses the weights. What is trained already is kept.
"""

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pyarrow.parquet as pq
from matplotlib import pyplot as plt
from numpy.typing import NDArray

import gis
from gis.benchmark.results import Result

SHARES = (1, 5, 25, 100)  # per cent of the train split
SEEDS = (42, 43, 44)
ROWS = 2048  # that a training sees, so that a few labels are seen often; those of more rows see each once
TOP = 5.0  # the level of a positive pair
SETTINGS = "--model minilm --layers 1 --max-length 64 --lr 1e-4 --eval-steps 16 --quiet".split()
ALONE, BESIDE = "labels alone", "labels and graded pairs"
COLOURS = {ALONE: "#1f5fa8", BESIDE: "#c2571a"}

Row = dict[str, Any]


class Mixture(NamedTuple):
    """What a model is trained on: a share of the labels in per cent, alone or with graded pairs beside them."""

    name: str
    kind: str
    share: int
    rows: Sequence[Row]


def mixtures(dataset: Path, graded: Path) -> Iterator[Mixture]:
    """Yield the training sets."""
    table = pq.read_table(next((dataset / "data").glob("train-*.parquet"))).to_pylist()
    labels = [
        {"id": f"label-{n}", "text1": row["text1"], "text2": row["text2"], "score": TOP * row["label"], "weight": 1.0}
        for n, row in enumerate(table)
    ]
    random.Random(0).shuffle(labels)
    lines = (graded / "train.jsonl").read_text(encoding="utf-8").splitlines()
    pairs = [{name: json.loads(line)[name] for name in labels[0]} for line in lines]
    yield Mixture("graded", BESIDE, 0, pairs)
    for share in SHARES:
        some = labels[: round(len(labels) * share / 100)]
        yield Mixture(f"gold-{share}", ALONE, share, some)
        yield Mixture(f"both-{share}", BESIDE, share, some + pairs)


def train(mixture: Mixture, seed: int, dataset: Path, output: Path) -> Path:
    """Train a model unless it is there, and return its folder."""
    folder = output / "models" / mixture.name / str(seed)
    if not (folder / "gis_training.json").is_file():
        file = output / f"{mixture.name}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in mixture.rows), encoding="utf-8")
        epochs = max(ROWS / len(mixture.rows), 1.0)
        data = ["--task", str(file), "--validation", f"{dataset},split=valid", "--epochs", f"{epochs:.4f}"]
        command = [sys.executable, "-m", "gis", "train", *SETTINGS, *data, "--seed", str(seed), "--output", str(folder)]
        subprocess.run(command, check=True)
    return folder


def percent(result: Result) -> tuple[float, float]:
    """Return Spearman's correlation × 100 and half the width of its interval."""
    interval = result.scores.main_interval
    assert interval is not None
    assert isinstance(result.scores.main, float)
    return 100 * result.scores.main, 50 * (interval.high - interval.low)


def draw(scores: dict[tuple[str, int], NDArray[np.float64]], figure: Path) -> None:
    """Draw a line for each kind, with the deviation over seeds; ``scores`` has those of each kind and share."""
    mpl.rcParams["svg.hashsalt"] = "gis"  # the same bytes each time
    plot, axis = plt.subplots(figsize=(7, 4))
    shares = (0, *SHARES)
    for kind, colour in COLOURS.items():
        of_kind = {share: values for (of, share), values in scores.items() if of == kind}
        places = [shares.index(share) for share in of_kind]
        means = [values.mean() for values in of_kind.values()]
        deviations = [values.std(ddof=1) for values in of_kind.values()]
        axis.errorbar(places, means, yerr=deviations, fmt="o-", color=colour, capsize=3, label=kind)
    axis.set_xticks(range(len(shares)), [f"{share} %" for share in shares])
    axis.set_xlabel("labels of the train split")
    axis.set_ylabel("Spearman × 100, test split")
    axis.grid(axis="y", color="#dddddd")
    axis.set_axisbelow(True)
    axis.legend(frameon=False)
    plot.tight_layout()
    plot.savefig(figure, metadata={"Date": None})


def main() -> None:
    """Train, score and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("graded", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--figure", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    scores = {}
    for mixture in mixtures(options.dataset, options.graded):
        models = [str(train(mixture, seed, options.dataset, options.output)) for seed in SEEDS]
        results = gis.bench(models, str(options.dataset), output=options.output / "results")
        values, widths = np.array([percent(result) for result in results]).T
        scores[mixture.kind, mixture.share] = values
        print(
            f"{mixture.share:3} %  {mixture.kind:24} {len(mixture.rows):5} rows  "
            f"{values.mean():.1f} ± {values.std(ddof=1):.1f} ({widths.mean():.1f})",
            flush=True,
        )
    draw(scores, options.figure)


if __name__ == "__main__":
    main()

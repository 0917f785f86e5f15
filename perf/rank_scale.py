"""How long a leaderboard takes: make a folder of results with the scores of their pairs, then rank its models.

Run: python perf/rank_scale.py FOLDER --models 50 --tasks 10 [--pairs 2500]
"""

import argparse
import resource
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from gis.benchmark.results import Result, RunRecord, TaskRecord, TextRecord, result_path, write_result
from gis.benchmark.scoring import score_pairs
from gis.benchmark.tasks.pairs import Pairs
from gis.hashes import sha256_of
from gis.leaderboard.table import load_table
from gis.models.base import ModelCard


def write_results(folder: Path, models: int, tasks: int, pairs: int) -> None:
    """Write a result of each model on each task; the pairs of a task form chains of shared texts."""
    rng = np.random.default_rng(0)
    for number in range(tasks):
        task = f"task{number:02}"
        first = np.arange(pairs) + np.cumsum(rng.random(pairs) < 0.4)
        latent = rng.normal(size=pairs)
        of_task = Pairs(
            text1=tuple(map(str, first)),
            text2=tuple(map(str, first + 1)),
            gold=np.round(latent, 1),
            ids=tuple(map(str, range(pairs))),
        )
        ids = of_task.text_ids
        for model in range(models):
            scores = np.round(latent + (0.5 + model / models) * rng.normal(size=pairs), 7)
            columns = {"id": of_task.ids, "gold": of_task.gold, "score": scores}
            table = pd.DataFrame({**columns, "text_id1": ids.first, "text_id2": ids.second})
            result = replace(
                _result(f"model{model:03}", task, pairs), scores=score_pairs(of_task, scores, binary=False)
            )
            write_result(result_path(folder, result.model, task), result, table)


def _result(model: str, task: str, pairs: int) -> Result:
    record = TaskRecord(
        name=task,
        label="graded",
        text="plain",
        source="drawn",
        revision=None,
        pinned=True,
        splits=("test",),
        rows=pairs,
        sha256=sha256_of(task),
        verified=None,
        limit=None,
        seed=0,
        licence=None,
        citation=None,
        mteb=None,
    )
    none = Pairs(text1=("a",), text2=("b",), gold=np.zeros(1), ids=("0",))
    return Result(
        model=ModelCard(name=model, identity=sha256_of(model)),
        task=record,
        scores=score_pairs(none, np.zeros(1), binary=False),
        texts=TextRecord(pairs=pairs, texts=2 * pairs, empty=0, pairs_with_empty=0),
        run=RunRecord(
            command="perf/rank_scale.py",
            date="2026-01-01T00:00:00+00:00",
            seconds=1.0,
            from_cache=0,
            hardware=("cpu",),
            precision="fp32",
            threads=1,
            batch_tokens=None,
            versions={},
        ),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=2500)
    arguments = parser.parse_args()
    if not arguments.folder.exists():
        write_results(arguments.folder, arguments.models, arguments.tasks, arguments.pairs)
    started, processor = time.perf_counter(), time.process_time()
    board = load_table(arguments.folder)
    elapsed, processor = time.perf_counter() - started, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(board.rows)} models, {len(board.columns)} columns, {len(board.rankings)} ranked: ", end="")
    print(f"{elapsed:.1f} s ({processor:.1f} s of processor time), {peak:.0f} MiB")

"""Leaderboards of models that were never run, with scores of their pairs."""

from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np
import pandas as pd

from gis.benchmark.runner import ScoredTask
from gis.leaderboard import table
from gis.leaderboard.board import Leaderboard
from gis.statistics.metrics import auroc, spearman, spearman_ceiling
from tests.leaderboard.helpers import result

GRADED = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr", "lee50")
BINARY = ("mrpc", "qnli", "rust_issues")
STRATA = ("random", "same_label", "cross_referenced")
COMMAND = "gis bench --model models/{},name={} --task sts,mrpc,qnli,lee50,rust_issues --data tasks --quiet"
VERSIONS = {"python": "3.11.7", "gis": "0.1.0", "numpy": "2.4.6", "scipy": "1.17.1", "torch": "2.13.0"}
SETTINGS: dict[str, str | int] = {"pooling": "mean", "prompt": "{text}", "max_tokens": 512, "precision": "fp32"}
HARDWARE = ("cpu: x86_64, 2 threads",)


def make_board(models: Sequence[str], tasks: Sequence[str] = GRADED + BINARY, *, pairs: int = 120) -> Leaderboard:
    """A leaderboard of models, each a little worse than the one before it, on tasks with ``pairs`` pairs."""
    return table.make_table([_scored(model, n, task, pairs) for n, model in enumerate(models) for task in tasks])


def _scored(model: str, place: int, task: str, pairs: int) -> ScoredTask:
    binary = task in BINARY
    of_task = np.random.default_rng([7, *task.encode()])
    gold = np.arange(pairs) % 2 if binary else of_task.uniform(0, 5, pairs).round(1)
    tokens = of_task.integers(5, 900, pairs)
    noise = np.random.default_rng([place, *task.encode()]).standard_normal(pairs)
    scores = (gold - gold.mean()) / gold.std() + (0.6 + 0.15 * place) * noise
    frame = pd.DataFrame(
        {
            "id": [f"{n}" for n in range(pairs)],
            "gold": gold,
            "score": scores,
            "text_id1": np.arange(pairs) * 2,
            "text_id2": np.arange(pairs) * 2 + 1,
            "tokens1": tokens,
            "kept1": np.minimum(tokens, 512),
            "tokens2": tokens // 2,
            "kept2": tokens // 2,
        }
    )
    main = float(spearman(scores, gold))  # type: ignore[arg-type]
    strata = None
    if task == "rust_issues":
        frame["stratum"] = ["" if label else STRATA[n // 2 % len(STRATA)] for n, label in enumerate(gold)]
        strata = dict.fromkeys(STRATA, main)
    record = result(
        model,
        task,
        main,
        label="binary" if binary else "graded",
        strata=strata,
        truncated=int((tokens > 512).sum()),
        binary=(float(auroc(scores, gold)), float(spearman_ceiling(gold))) if binary else None,  # type: ignore[arg-type]
        settings=SETTINGS,
        rows=pairs,
    )
    size = 10**6 * (2 + 7 * place)
    return ScoredTask(
        replace(
            record,
            model=replace(record.model, max_tokens=512 if place % 2 else 8192, parameters=size, dimension=384),
            texts=replace(record.texts, pairs=pairs, unit="tokens", tokens=90_000, tokens_kept=80_000 - place),
            run=replace(
                record.run,
                command=COMMAND.format(model, model),
                seconds=2.0 + place,
                hardware=HARDWARE,
                versions=VERSIONS,
            ),
            notes=(f"{record.texts.truncated} of 240 texts were cut at 512 tokens; 88.8% of all tokens were read",),
            sha256=sha256(f"{model}{task}".encode()).hexdigest(),
        ),
        table=frame,
    )

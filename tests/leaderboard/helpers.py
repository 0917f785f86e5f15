"""Results that no model had to be run for."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from gis.benchmark.metrics import Metric, Undefined
from gis.benchmark.results import Result, RunRecord, TaskRecord, TextRecord
from gis.benchmark.scoring import TaskScores, ViewScores
from gis.models.base import ModelCard

STS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")


def result(
    model: str,
    task: str,
    score: float | None,
    *,
    label: str = "graded",
    identity: str = "",
    strata: Mapping[str, float] | None = None,
    truncated: int = 0,
    **fields: Any,  # noqa: ANN401
) -> Result:
    """A result of ``model`` on ``task``; no score is an undefined one. ``fields`` are those of its TaskRecord."""
    main: Metric = Undefined("all scores are equal") if score is None else score
    by_view: Mapping[str, Metric] = strata or {"all": main}
    views = tuple(ViewScores(name, 10, value, value, value) for name, value in by_view.items())
    record = {
        "text": "html",
        "source": "here",
        "revision": None,
        "pinned": False,
        "splits": ("test",),
        "rows": 10,
        "sha256": "0" * 64,
        "verified": None,
        "limit": None,
        "seed": 0,
        "licence": None,
        "citation": None,
        "mteb": None,
        **fields,
    }
    return Result(
        ModelCard(model, identity or sha256(model.encode()).hexdigest()),
        TaskRecord(name=task, label=label, **record),
        TaskScores(main, "Spearman over all pairs", views),
        TextRecord(10, 20, 0, 0, truncated=truncated),
        RunRecord("gis bench", "2025-01-01T00:00:00+00:00", 1.0, 0, ("cpu",), "fp32", 1, None, {}),
    )


def suite(model: str, *scores: float, **fields: Any) -> list[Result]:  # noqa: ANN401
    """Results on the first tasks of the sts suite."""
    return [result(model, task, score, **fields) for task, score in zip(STS, scores, strict=False)]

"""Results that no model had to be run for."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from gis.benchmark.results import Result, RunRecord, TaskRecord, TextRecord
from gis.benchmark.runner import ScoredTask
from gis.benchmark.scoring import BinaryScores, TaskScores, ViewScores
from gis.hashes import sha256_of
from gis.leaderboard import table
from gis.leaderboard.board import Leaderboard
from gis.models.base import ModelCard
from gis.models.lexical import BASELINES
from gis.statistics.metrics import Metric, Undefined

STS = ("sts12", "sts13", "sts14", "sts15", "sts16", "stsb", "sickr")

HOSTILE = (
    "a|b",
    "<script>alert(1)</script>",
    "`code`",
    "two\nlines",
    "carriage\rreturn",
    "**bold**",
    "[link](javascript:alert(1))",
    "![image](http://example.com/x.png)",
    "a\\|b",
    "<img src=x onerror=alert(1)>",
    "_under_",
    "&lt;script&gt;",
    "<!-- gis leaderboard: end -->",
)


def result(
    model: str,
    task: str,
    score: float | None,
    *,
    label: str = "graded",
    identity: str = "",
    strata: Mapping[str, float] | None = None,
    truncated: int = 0,
    binary: tuple[float, float] | None = None,
    settings: Mapping[str, str | int] | None = None,
    **fields: Any,  # noqa: ANN401
) -> Result:
    """A result of ``model`` on ``task``; no score is an undefined one. ``fields`` are those of its TaskRecord.

    ``binary`` is AUROC and the ceiling of Spearman in each view.
    """
    main: Metric = Undefined("all scores are equal") if score is None else score
    by_view: Mapping[str, Metric] = strata or {"all": main}
    of_binary = None
    if binary is not None:
        of_binary = BinaryScores(
            positives=5,
            auroc=binary[0],
            average_precision=0.5,
            best_accuracy=0.5,
            best_threshold=None,
            spearman_ceiling=binary[1],
            share_of_ceiling=0.5,
        )
    views = tuple(
        ViewScores(view=name, pairs=10, spearman=value, pearson=value, kendall=value, binary=of_binary)
        for name, value in by_view.items()
    )
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
    if model in BASELINES and not identity:
        identity = sha256_of({"adapter": model, **(settings or {})})
    return Result(
        model=ModelCard(name=model, identity=identity or sha256(model.encode()).hexdigest(), settings=settings or {}),
        task=TaskRecord(name=task, label=label, **record),
        scores=TaskScores(main=main, main_definition="Spearman over all pairs", views=views),
        texts=TextRecord(pairs=10, texts=20, empty=0, pairs_with_empty=0, truncated=truncated),
        run=RunRecord(
            command="gis bench",
            date="2025-01-01T00:00:00+00:00",
            seconds=1.0,
            from_cache=0,
            hardware=("cpu",),
            precision="fp32",
            threads=1,
            batch_tokens=None,
            versions={},
        ),
    )


def make_table(results: Iterable[Result], tasks: Sequence[str] = ()) -> Leaderboard:
    """The leaderboard of results without the scores of their pairs."""
    return table.make_table([ScoredTask(each) for each in results], tasks)


def suite(model: str, *scores: float, **fields: Any) -> list[Result]:  # noqa: ANN401
    """Results on the first tasks of the sts suite."""
    return [result(model, task, score, **fields) for task, score in zip(STS, scores, strict=False)]

"""Score models on tasks: every text embedded once, every result written the moment it exists."""

import platform
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import Embeddings, PairRows, TextPool, embed
from gis.benchmark.results import (
    NewerResultError,
    Result,
    RunRecord,
    TaskRecord,
    TextRecord,
    read_result,
    result_path,
    write_result,
)
from gis.benchmark.scoring import ALL, score_similarities, score_vectors
from gis.benchmark.similarity import cosine
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import LoadedTask
from gis.console import Reporter
from gis.errors import GisError
from gis.models.base import Encoder, LoadSettings, Model, PairScorer
from gis.versions import versions_of

LIBRARIES = (
    "gis",
    "numpy",
    "scipy",
    "torch",
    "transformers",
    "tokenizers",
    "sentence-transformers",
    "scikit-learn",
    "bm25s",
)


@dataclass(frozen=True)
class RunSettings:
    """How a run is carried out.

    Attributes:
        output: Folder of the results.
        cache: Folder of the embedding cache; None keeps nothing.
        load: How models are loaded.
        force: Score again what has a result already.
        command: The command line, for the record.
    """

    output: Path
    cache: Path | None
    load: LoadSettings
    force: bool = False
    command: str = ""


def run_model(model: Model, tasks: Sequence[LoadedTask], settings: RunSettings, reporter: Reporter) -> Iterator[Result]:
    """Score one model on ``tasks``; yields each result after it is written, first those that exist already.

    Raises:
        GisError: The model failed; results and vectors made before are kept.
    """
    open_tasks = []
    for task in tasks:
        kept = None if settings.force else _existing(model, task, settings)
        if kept is None:
            open_tasks.append(task)
        else:
            reporter.say(f"{model.card.name}: {task.task.name} was scored on {kept.run.date[:10]}, kept")
            yield kept
    if not open_tasks:
        return
    if isinstance(model, Encoder):
        outcomes = _encoded(model, open_tasks, settings, reporter)
    else:
        outcomes = _compared(model, open_tasks, settings, reporter)
    for result, pairs in outcomes:
        write_result(result_path(settings.output, model.card, result.task.name, result.task.limit), result, pairs)
        for note in result.notes:
            reporter.warn(f"{model.card.name}: {result.task.name}: {note}")
        yield result


def _existing(model: Model, task: LoadedTask, settings: RunSettings) -> Result | None:
    """The result of an earlier run, if it is of the same data and sample."""
    path = result_path(settings.output, model.card, task.task.name, task.limit)
    if not path.is_file():
        return None
    try:
        found = read_result(path)
    except NewerResultError:
        raise
    except GisError:
        return None  # damaged: scored again and replaced
    current = _task_record(task, settings.load.seed)
    same_sample = task.limit is None or found.task.seed == current.seed
    same_views = {view.view for view in found.scores.views} - {ALL} == _groups(task.pairs)
    same_data = found.task.sha256 == current.sha256 and found.task.text == current.text
    return found if same_data and same_sample and same_views else None


def _groups(pairs: Pairs) -> set[str]:
    """The sub-sets or strata that get scores of their own."""
    groups = pairs.groups or ()
    if pairs.grouped_by == "stratum" and pairs.binary:
        return {group for group, gold in zip(groups, pairs.gold, strict=True) if gold == 0}
    return set(groups) if pairs.grouped_by == "subset" else set()


Outcome = tuple[Result, pd.DataFrame]


def _encoded(
    model: Encoder, tasks: Sequence[LoadedTask], settings: RunSettings, reporter: Reporter
) -> Iterator[Outcome]:
    """Score an encoder: all tasks' texts as one pool, then cosine a pair."""
    pool = TextPool()
    rows = [pool.add(task.pairs) for task in tasks]
    names = ", ".join(task.task.name for task in tasks)
    label = f"{model.card.name}: {names if len(tasks) <= 3 else f'{len(tasks)} tasks'}"
    with EmbeddingCache(settings.cache, model.card.identity) as cache:
        found = embed(model, pool.texts, cache, label, reporter)
    for task, where in zip(tasks, rows, strict=True):
        first, second = found.vectors[where.first], found.vectors[where.second]
        scores = score_vectors(task, first, second)
        distinct = where.distinct
        texts = _text_record(task.pairs, where, found, model.card.length_unit)
        run = _run_record(
            settings,
            seconds=float(found.seconds[distinct].sum()),
            from_cache=int(found.from_cache[distinct].sum()),
            hardware=tuple(sorted(set(found.hardware[distinct]))),
        )
        lengths = {
            "tokens1": found.tokens[where.first],
            "kept1": found.kept[where.first],
            "tokens2": found.tokens[where.second],
            "kept2": found.kept[where.second],
        }
        notes = _notes(task, texts, model.card.max_tokens)
        result = Result(model.card, _task_record(task, settings.load.seed), scores, texts, run, notes)
        yield result, _pair_table(task.pairs, cosine(first, second), lengths)


def _compared(
    model: PairScorer, tasks: Sequence[LoadedTask], settings: RunSettings, reporter: Reporter
) -> Iterator[Outcome]:
    """Score a model that only compares."""
    for task in tasks:
        pairs = task.pairs
        started = time.perf_counter()
        similarity = model.score(list(zip(pairs.text1, pairs.text2, strict=True)))
        seconds = time.perf_counter() - started
        if not np.isfinite(similarity).all():
            row = int(np.flatnonzero(~np.isfinite(similarity))[0])
            raise GisError(
                f"{model.card.name} gave NaN or infinity on {task.task.name}, first for pair {pairs.ids[row]}"
            )
        reporter.say(f"{model.card.name}: {task.task.name}, {len(pairs):,} pairs in {seconds:.1f} s")
        scores = score_similarities(task, similarity)
        texts = _text_record(pairs, TextPool().add(pairs))
        run = _run_record(settings, seconds, from_cache=0, hardware=(f"cpu: {platform.machine()}",))
        notes = _notes(task, texts, None)
        result = Result(model.card, _task_record(task, settings.load.seed), scores, texts, run, notes)
        yield result, _pair_table(pairs, similarity, {})


def _pair_table(pairs: Pairs, similarity: np.ndarray[Any, Any], lengths: Mapping[str, Any]) -> pd.DataFrame:
    """One row a pair, no texts: results may be published where texts may not."""
    columns: dict[str, Any] = {"id": list(pairs.ids), "gold": pairs.gold, "score": similarity}
    if pairs.grouped_by is not None:
        columns[pairs.grouped_by] = list(pairs.groups or ())
    return pd.DataFrame({**columns, **lengths})


def _task_record(task: LoadedTask, seed: int) -> TaskRecord:
    about = task.task
    return TaskRecord(
        name=about.name,
        label=task.label,
        text=about.text,
        source=task.source,
        revision=task.revision,
        pinned=task.revision is not None or bool(task.verified),
        splits=task.splits,
        rows=task.full_rows,
        sha256=task.sha256,
        verified=task.verified,
        limit=task.limit,
        seed=seed,
        licence=about.licence,
        citation=about.citation,
        mteb=about.mteb,
    )


def _text_record(pairs: Pairs, rows: PairRows, found: Embeddings | None = None, unit: str | None = None) -> TextRecord:
    empty = [not first.strip() or not second.strip() for first, second in zip(pairs.text1, pairs.text2, strict=True)]
    texts = {*pairs.text1, *pairs.text2}
    counts = TextRecord(len(pairs), len(texts), sum(not text.strip() for text in texts), sum(empty))
    if found is None:
        return counts
    distinct = rows.distinct
    cut = found.kept < found.tokens
    return TextRecord(
        **{name: value for name, value in asdict(counts).items() if value is not None},
        unit=unit,
        tokens=int(found.tokens[distinct].sum()),
        tokens_kept=int(found.kept[distinct].sum()),
        truncated=int(cut[distinct].sum()),
        pairs_truncated=int((cut[rows.first] | cut[rows.second]).sum()),
        zero_vectors=int((~found.vectors[distinct].any(axis=1)).sum()),
    )


def _notes(task: LoadedTask, texts: TextRecord, limit: int | None) -> tuple[str, ...]:
    """What the reader of the number must know."""
    notes = []
    if texts.truncated and texts.tokens:
        share, unit = (texts.tokens_kept or 0) / texts.tokens, texts.unit
        cut = f"{texts.truncated:,} of {texts.texts:,} texts were cut at {limit} {unit}"
        notes.append(f"{cut}; {share:.1%} of all {unit} were read")
    if texts.empty:
        notes.append(f"{texts.empty:,} texts are empty, in {texts.pairs_with_empty:,} pairs; kept, as published")
    if texts.zero_vectors:
        notes.append(f"{texts.zero_vectors:,} texts have the zero vector; their cosine counts as 0")
    if task.verified is False:
        notes.append("the data is not, to the letter, what the catalogue's hash was taken from")
    if task.limit is not None:
        notes.append(f"partial: a sample of {len(task.pairs):,} of {task.full_rows:,} pairs")
    return tuple(notes)


def _run_record(settings: RunSettings, seconds: float, from_cache: int, hardware: tuple[str, ...]) -> RunRecord:
    torch = sys.modules.get("torch")  # asked only if a model brought it: importing it takes seconds
    return RunRecord(
        command=settings.command,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seconds, 3),
        from_cache=from_cache,
        hardware=hardware,
        precision=settings.load.precision,
        threads=torch.get_num_threads() if torch else 1,
        batch_tokens=settings.load.batch_tokens,
        versions=versions_of(LIBRARIES),
    )

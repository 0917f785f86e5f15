"""Score one model on tasks: encoders embed each text once, the rest compares, and a record says how it was done."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import Embeddings, TextPool, embed, in_words, remedy_for_nan
from gis.benchmark.invariance import check_invariance
from gis.benchmark.precision import agreement_with_fp32
from gis.benchmark.records import notes_on, read_text_record, run_record, task_record, text_record
from gis.benchmark.results import Result, TextRecord
from gis.benchmark.scoring import TaskScores, score_similarities, score_vectors
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import LoadedTask
from gis.console import Reporter
from gis.errors import GisError
from gis.models.base import Encoder, LoadSettings, Model, ModelCard, PairLengths, PairScorer
from gis.models.composite import Composite, PairRows, encoders_of, leaves
from gis.models.similarity import cosine

if TYPE_CHECKING:
    import pandas as pd


class ScoredPairs(NamedTuple):
    """A result, and the scores of its pairs."""

    result: Result
    table: "pd.DataFrame"


class _Reader(NamedTuple):
    """A part of the model that cuts texts: its card, the lengths of a task's texts, and its vectors of all texts."""

    card: ModelCard
    lengths: PairLengths
    vectors: NDArray[np.float32] | None = None


class _Compared(NamedTuple):
    """The similarities of a task's pairs, their scores, and how long comparing took, without what embedding did."""

    similarities: NDArray[np.float64]
    scores: TaskScores
    seconds: float


def score_tasks(
    model: Model,
    tasks: Sequence[LoadedTask],
    *,
    cache: Path | None,
    load: LoadSettings,
    command: str,
    invariance: bool = False,
    reporter: Reporter,
) -> Iterator[ScoredPairs]:
    """Score one model on tasks; a text of several tasks is embedded once by each encoder that the model needs.

    Args:
        model: An encoder, a model that only compares, or one that is made of others.
        tasks: What to score it on.
        cache: Folder of the embedding cache; None neither reads nor keeps embeddings.
        load: How the model was loaded, for the record.
        command: The command line, for the record.
        invariance: Prove over a sample of the texts that each has one vector, alone and in its batch.
        reporter: Where progress goes.

    Raises:
        GisError: The model failed.
    """
    pool = TextPool()
    rows_by_task = [pool.add(task.pairs) for task in tasks]
    encoders = encoders_of(model)
    embedded: dict[str, Embeddings] = {}
    for key, encoder in encoders.items():
        label = f"{encoder.card.name}: {_names(tasks)}"
        with EmbeddingCache(cache if encoder.reproducible else None, encoder.card.identity) as stored:
            embedded[key] = embed(encoder, pool.texts, stored, label, reporter)
        if invariance:
            check_invariance(encoder, pool.texts, embedded[key].vectors, reporter)
    vectors = {key: embeddings.vectors for key, embeddings in embedded.items()}
    scorers = [leaf for leaf in leaves(model) if isinstance(leaf, PairScorer)]
    own = None
    if isinstance(model, Encoder):
        (own,) = vectors.values()
        compared = _by_cosine(own, tasks, rows_by_task)
    else:
        compared = _by_model(model, vectors, tasks, rows_by_task, reporter)
    agreement = agreement_with_fp32(model, pool.texts, rows_by_task, own, cache=cache, reporter=reporter)
    for (similarities, scores, seconds), task, rows in zip(compared, tasks, rows_by_task, strict=True):
        readers = _readers(encoders, embedded, scorers, task.pairs, rows)
        card, texts, lengths = _as_read(model, readers, task.pairs, rows)
        distinct, made = rows.distinct, list(embedded.values())
        hardware = {name for embeddings in made for name in embeddings.hardware[distinct]}
        hardware |= {scorer.hardware if scorer.reproducible else "not known" for scorer in scorers}
        seconds += sum(float(embeddings.seconds[distinct].sum()) for embeddings in made)
        cached = int(np.all([embeddings.from_cache[distinct] for embeddings in made], axis=0).sum()) if made else 0
        run = run_record(
            card, load, command, seconds=seconds, from_cache=cached, hardware=hardware, agreement=agreement
        )
        notes = notes_on(task, texts, card)
        result = Result(model=card, task=task_record(task), scores=scores, texts=texts, run=run, notes=notes)
        yield ScoredPairs(result, _pair_table(task.pairs, similarities, lengths))


def _by_cosine(
    vectors: NDArray[np.float32], tasks: Sequence[LoadedTask], rows_by_task: Sequence[PairRows]
) -> Iterator[_Compared]:
    """Score an encoder by its vectors of all tasks' texts."""
    for task, rows in zip(tasks, rows_by_task, strict=True):
        first, second = vectors[rows.first], vectors[rows.second]
        yield _Compared(cosine(first, second), score_vectors(task, first, second), 0.0)


def _by_model(
    model: PairScorer,
    vectors: Mapping[str, NDArray[np.float32]],
    tasks: Sequence[LoadedTask],
    rows_by_task: Sequence[PairRows],
    reporter: Reporter,
) -> Iterator[_Compared]:
    """Score a model that compares pairs, by the ``vectors`` of its encoders where it has some."""
    name, total = model.card.name, sum(len(task.pairs) for task in tasks)
    spent = 0.0
    with reporter.track(f"{name}: {_names(tasks)}", total, "pairs") as tracker:
        for task, rows in zip(tasks, rows_by_task, strict=True):
            started = time.perf_counter()
            pairs = list(zip(task.pairs.text1, task.pairs.text2, strict=True))
            if isinstance(model, Composite):
                similarities = model.score_with(vectors, rows, pairs)
            else:
                similarities = model.score(pairs)
            seconds = time.perf_counter() - started
            spent += seconds
            tracker.advance(len(pairs), (tracker.done + len(pairs)) / total)
            if not np.isfinite(similarities).all():
                row = int(np.flatnonzero(~np.isfinite(similarities))[0])
                raise GisError(
                    f"{name} gave NaN or infinity on {task.task.name}, first for pair {task.pairs.ids[row]}",
                    remedy=remedy_for_nan(model),
                )
            yield _Compared(similarities, score_similarities(task, similarities), seconds)
    reporter.say(f"{name}: {total:,} pairs in {in_words(spent)}")


def _readers(
    encoders: Mapping[str, Encoder],
    embedded: Mapping[str, Embeddings],
    scorers: Sequence[PairScorer],
    pairs: Pairs,
    rows: PairRows,
) -> list[_Reader]:
    """Return the parts of a model that cut texts, with what they read of a task's pairs."""
    readers = []
    for key, embeddings in embedded.items():
        lengths = PairLengths(embeddings.lengths.of(rows.first), embeddings.lengths.of(rows.second))
        readers.append(_Reader(encoders[key].card, lengths, embeddings.vectors))
    texts = list(zip(pairs.text1, pairs.text2, strict=True))
    counted = [(scorer.card, scorer.pair_lengths(texts)) for scorer in scorers]
    return readers + [_Reader(card, lengths) for card, lengths in counted if lengths is not None]


class _Reading(NamedTuple):
    """What was read of a task's texts: the card with the limit, the counts, and the lengths for each pair."""

    card: ModelCard
    texts: TextRecord
    lengths: Mapping[str, NDArray[np.int64]]


def _as_read(model: Model, readers: Sequence[_Reader], pairs: Pairs, rows: PairRows) -> _Reading:
    """Return what the part of the model read that read the least of the texts: only it can say what was left out."""
    if not readers:
        return _Reading(model.card, text_record(pairs), {})
    records = [
        read_text_record(pairs, rows, reader.lengths, reader.card.length_unit, reader.vectors) for reader in readers
    ]

    def share(number: int) -> tuple[float, float]:
        texts = records[number]
        return (texts.tokens_kept or 0) / (texts.tokens or 1), readers[number].card.max_tokens or np.inf

    least = min(range(len(records)), key=share)
    reader = readers[least]
    card = replace(model.card, max_tokens=reader.card.max_tokens, length_unit=reader.card.length_unit)
    if isinstance(model, Encoder) and reader.vectors is not None:
        card = replace(card, dimension=reader.vectors.shape[1])
    first, second = reader.lengths
    lengths = {"tokens1": first.tokens, "kept1": first.kept, "tokens2": second.tokens, "kept2": second.kept}
    zero = max((texts.zero_vectors for texts in records if texts.zero_vectors is not None), default=None)
    return _Reading(card, replace(records[least], zero_vectors=zero), lengths)


def _names(tasks: Sequence[LoadedTask]) -> str:
    return ", ".join(task.task.name for task in tasks) if len(tasks) <= 3 else f"{len(tasks)} tasks"


def _pair_table(pairs: Pairs, similarity: NDArray[np.float64], lengths: Mapping[str, Any]) -> "pd.DataFrame":
    """Make one row per pair, without texts: results may be published where texts may not.

    Equal texts have equal numbers, which show the pairs that are not independent of each other.
    """
    import pandas as pd

    columns: dict[str, Any] = {"id": list(pairs.ids), "gold": pairs.gold, "score": similarity}
    columns |= {"text_id1": pairs.text_ids.first.astype(np.int32), "text_id2": pairs.text_ids.second.astype(np.int32)}
    if pairs.grouped_by is not None:
        columns[pairs.grouped_by] = list(pairs.groups or ())
    return pd.DataFrame({**columns, **lengths})

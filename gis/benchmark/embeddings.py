"""The texts of all chosen tasks as one pool without repeats, embedded once."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.tasks.pairs import Pairs
from gis.console import Reporter
from gis.errors import GisError
from gis.models.base import EncodedBatch, Encoder, Model, TextLengths, with_rows
from gis.models.composite import PairRows


class TextPool:
    """Distinct texts, in order of appearance."""

    def __init__(self) -> None:
        self._position: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        """The texts so far."""
        return list(self._position)

    def add(self, pairs: Pairs) -> PairRows:
        """Add the texts of ``pairs`` and return their positions."""
        sides = (pairs.text1, pairs.text2)
        first, second = (
            np.array([self._position.setdefault(text, len(self._position)) for text in side], dtype=np.intp)
            for side in sides
        )
        return PairRows(first, second)


@dataclass(frozen=True, kw_only=True)
class Embeddings:
    """Vectors of a pool's n texts, with what they cost.

    Attributes:
        vectors: (n, dim) float32.
        tokens: (n,) length of each text in the model's unit.
        kept: (n,) how much of it was read.
        seconds: (n,) what embedding it cost.
        from_cache: (n,) whether an earlier run had made the vector.
        hardware: For each text, what its vector was made on.
    """

    vectors: NDArray[np.float32]
    tokens: NDArray[np.int64]
    kept: NDArray[np.int64]
    seconds: NDArray[np.float64]
    from_cache: NDArray[np.bool_]
    hardware: NDArray[np.object_]

    @property
    def lengths(self) -> TextLengths:
        """How long the texts are, and how much of each was read."""
        return TextLengths(self.tokens, self.kept)


def embed(model: Encoder, texts: list[str], cache: EmbeddingCache, label: str, reporter: Reporter) -> Embeddings:
    """Embed n texts, taking from ``cache`` what it has and adding what it lacked.

    Args:
        model: The encoder.
        texts: Distinct texts.
        cache: The embeddings of this model that are on disk.
        label: What the progress bar says.
        reporter: Where progress goes.

    Raises:
        GisError: The model gave NaN or infinity, and the text is named; or vectors of different widths. What came
            before is kept in the cache.
    """
    n = len(texts)
    vectors: NDArray[np.float32] | None = None
    tokens, kept, seconds = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n)
    from_cache, hardware = np.zeros(n, bool), np.empty(n, object)
    for position, stored in cache.find(texts):
        vectors = with_rows(vectors, n, slice(position, position + 1), stored.vector[None], model.card.name)
        tokens[position], kept[position], seconds[position] = stored.tokens, stored.kept, stored.seconds
        from_cache[position], hardware[position] = True, stored.hardware
    if cache.damaged:
        reporter.warn(f"{model.card.name}: {cache.damaged:,} damaged entries of the embedding cache are computed again")
    missing = np.flatnonzero(~from_cache)
    if len(missing):
        missing_texts = [texts[position] for position in missing]
        for batch, cost in _timed(model, missing_texts, label, reporter):
            _check_finite(batch, missing_texts, model)
            rows = missing[batch.rows]
            vectors = with_rows(vectors, n, rows, batch.vectors, model.card.name)
            tokens[rows], kept[rows] = batch.tokens, batch.kept
            weights = np.maximum(batch.kept, 1)
            seconds[rows] = cost * weights / weights.sum()
            hardware[rows] = model.hardware
            cache.add([texts[row] for row in rows], batch, seconds[rows], model.hardware)
    reporter.say(f"{model.card.name}: {_finished(n, len(missing), float(seconds[missing].sum()))}")
    return Embeddings(
        vectors=np.zeros((n, 1), dtype=np.float32) if vectors is None else vectors,
        tokens=tokens,
        kept=kept,
        seconds=seconds,
        from_cache=from_cache,
        hardware=hardware,
    )


def _finished(total: int, embedded: int, seconds: float) -> str:
    """Say what was done: "33,123 texts in 74 s, 448 texts/s; 306 more from the cache"."""
    if not embedded:
        return f"{total:,} texts, all from the cache"
    line = f"{embedded:,} texts in {in_words(seconds)}, {embedded / max(seconds, 1e-9):,.0f} texts/s"
    return line if embedded == total else f"{line}; {total - embedded:,} more from the cache"


def in_words(seconds: float) -> str:
    """Write down a duration: "0.4 s", "74 s", "12 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.0f} min"


def _timed(model: Encoder, texts: list[str], label: str, reporter: Reporter) -> Iterable[tuple[EncodedBatch, float]]:
    """Yield the model's batches with the seconds each took; loading the model is not counted as the cost of a text."""
    if type(model).load is not Encoder.load:  # it has something to load
        reporter.say(f"{label}: loading the model")
        model.load()
    with reporter.track(label, len(texts), "texts") as tracker:
        started = time.perf_counter()
        for batch in model.batches(texts):
            cost = time.perf_counter() - started
            tracker.advance(len(batch.rows), batch.share)
            yield batch, cost
            started = time.perf_counter()


def _check_finite(batch: EncodedBatch, texts: list[str], model: Encoder) -> None:
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(batch.vectors).all(axis=1))
    if not finite.all():
        text = texts[int(batch.rows[np.flatnonzero(~finite)[0]])]
        raise GisError(
            f"{model.card.name} gave NaN or infinity for {int((~finite).sum())} of {len(finite)} texts of a batch, "
            f"first for {text[:60]!r}",
            remedy=remedy_for_nan(model),
        )


def remedy_for_nan(model: Model) -> str:
    """Return what to do about a model that gives NaN: half precision can be the reason."""
    check = "check the model's weights"
    return check if model.in_full_precision() is None else f"try --precision fp32, or {check}"

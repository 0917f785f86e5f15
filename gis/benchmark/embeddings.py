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
from gis.models.base import EncodedBatch, Encoder


@dataclass(frozen=True)
class PairRows:
    """Where the two texts of each pair stand in the pool: two (n,) arrays."""

    first: NDArray[np.intp]
    second: NDArray[np.intp]

    @property
    def distinct(self) -> NDArray[np.intp]:
        """Every text once."""
        return np.unique(np.concatenate([self.first, self.second]))


class TextPool:
    """Distinct texts, in order of appearance."""

    def __init__(self) -> None:
        self._position: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        """The texts so far."""
        return list(self._position)

    def add(self, pairs: Pairs) -> PairRows:
        """Add the texts of ``pairs`` and tell where they stand."""
        sides = (pairs.text1, pairs.text2)
        first, second = (
            np.array([self._position.setdefault(text, len(self._position)) for text in side], dtype=np.intp)
            for side in sides
        )
        return PairRows(first, second)


@dataclass(frozen=True)
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


def embed(model: Encoder, texts: list[str], cache: EmbeddingCache, label: str, reporter: Reporter) -> Embeddings:
    """Embed ``texts``, taking from ``cache`` what it has and adding what it lacked.

    Raises:
        GisError: The model gave NaN or infinity; names the text. What came before is kept in the cache.
    """
    n = len(texts)
    vectors: NDArray[np.float32] | None = None
    tokens, kept, seconds = np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n)
    from_cache, hardware = np.zeros(n, bool), np.empty(n, object)
    for position, stored in cache.find(texts):
        vectors = _room(vectors, n, len(stored.vector))
        vectors[position] = stored.vector
        tokens[position], kept[position], seconds[position] = stored.tokens, stored.kept, stored.seconds
        from_cache[position], hardware[position] = True, stored.hardware
    missing = np.flatnonzero(~from_cache)
    if len(missing):
        wanted = [texts[position] for position in missing]
        for batch, cost in _timed(model, wanted, label, reporter):
            _check_finite(batch, wanted, model)
            rows = missing[batch.rows]
            vectors = _room(vectors, n, batch.vectors.shape[1])
            vectors[rows] = batch.vectors
            tokens[rows], kept[rows] = batch.tokens, batch.kept
            weights = np.maximum(batch.kept, 1)
            seconds[rows] = cost * weights / weights.sum()
            hardware[rows] = model.hardware
            cache.add([texts[row] for row in rows], batch, seconds[rows], model.hardware)
    return Embeddings(_room(vectors, n, 1), tokens, kept, seconds, from_cache, hardware)


def _room(vectors: NDArray[np.float32] | None, n: int, dimension: int) -> NDArray[np.float32]:
    return np.zeros((n, dimension), dtype=np.float32) if vectors is None else vectors


def _timed(model: Encoder, texts: list[str], label: str, reporter: Reporter) -> Iterable[tuple[EncodedBatch, float]]:
    """The model's batches, each with its seconds; loading the model is no text's cost."""
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
            f"first for {text[:60]!r}; try --precision fp32, or check the model's weights"
        )

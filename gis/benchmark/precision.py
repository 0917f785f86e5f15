"""How far a model in less than full precision agrees with itself in fp32, on pairs of the run."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import embed
from gis.benchmark.results import PrecisionAgreement
from gis.console import Reporter
from gis.errors import GisError
from gis.models.base import Encoder, Model, PairScorer
from gis.models.composite import PairRows, PairVectors
from gis.statistics.metrics import spearman

SAMPLED_PAIRS = 250
SEED = 0


def agreement_with_fp32(
    model: Model,
    texts: Sequence[str],
    rows_by_task: Sequence[PairRows],
    vectors: NDArray[np.float32] | None,
    *,
    cache: Path | None,
    reporter: Reporter,
) -> PrecisionAgreement | None:
    """Return the rank correlation of a model's similarities with its own in fp32, on a sample of all tasks' pairs.

    Args:
        model: A model; one that runs in fp32, or in a precision that is not gis's choice, has nothing to compare.
        texts: The distinct texts of all tasks.
        rows_by_task: Where the texts of each task's pairs are among them.
        vectors: The model's vectors of the texts, where it has some.
        cache: Folder of the embedding cache, from which vectors in fp32 are taken, and to which they are added.
        reporter: Where progress goes, and the warning if the model fails in fp32.
    """
    twin = model.in_full_precision()
    if twin is None:
        return None
    sample = sampled_pairs(rows_by_task)
    pairs = [(texts[first], texts[second]) for first, second in zip(sample.first, sample.second, strict=True)]
    try:
        if vectors is None:
            assert isinstance(model, PairScorer)
            own = model.score(pairs)
        else:
            own = PairVectors(vectors, sample).similarities()
        full = _embedded(twin, texts, sample, cache, reporter) if isinstance(twin, Encoder) else twin.score(pairs)
    except GisError as error:
        reporter.warn(f"how far {model.card.name} agrees with fp32 is not known: {error}")
        return None
    return PrecisionAgreement(pairs=len(pairs), spearman=spearman(own, full))


def sampled_pairs(rows_by_task: Sequence[PairRows]) -> PairRows:
    """Return up to 250 of all tasks' pairs, the same ones in every run of these tasks."""
    first, second = (np.concatenate([getattr(rows, side) for rows in rows_by_task]) for side in ("first", "second"))
    drawn = np.random.default_rng(SEED).choice(len(first), min(SAMPLED_PAIRS, len(first)), replace=False)
    return PairRows(first[drawn], second[drawn])


def _embedded(
    twin: Encoder, texts: Sequence[str], sample: PairRows, cache: Path | None, reporter: Reporter
) -> NDArray[np.float64]:
    distinct = sample.distinct
    rows = PairRows(*(np.searchsorted(distinct, side) for side in (sample.first, sample.second)))
    with EmbeddingCache(cache if twin.reproducible else None, twin.card.identity) as stored:
        embeddings = embed(twin, [texts[row] for row in distinct], stored, twin.card.name, reporter)
    return PairVectors(embeddings.vectors, rows).similarities()

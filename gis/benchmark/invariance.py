"""The proof that a text has one vector: alone, alone again, and in the batch that it was embedded in."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gis.console import Reporter
from gis.errors import GisError
from gis.models.base import Encoder

SAMPLED_TEXTS = 64
SEED = 0
# How far two vectors of a text may lie apart by rounding alone, as a share of their length.
TOLERANCES = {"fp32": 1e-4, "bf16": 3e-2, "fp16": 1e-2, "int8": 5e-2}


def check_invariance(encoder: Encoder, texts: Sequence[str], vectors: NDArray[np.float32], reporter: Reporter) -> None:
    """Embed a sample of texts alone, twice, and compare with the vectors that they had in their batches.

    Args:
        encoder: The model.
        texts: n distinct texts.
        vectors: (n, dim) their vectors, as they are scored.
        reporter: Where the largest difference goes.

    Raises:
        GisError: A text has several vectors, further apart than rounding explains; the text is named.
    """
    rows = sampled_texts(texts)
    precision = str(encoder.card.settings.get("precision", "fp32"))
    tolerance = TOLERANCES.get(precision, TOLERANCES["fp32"])
    alone, again = (np.concatenate([encoder.encode([texts[row]]) for row in rows]) for _ in range(2))
    largest = 0.0
    for others, how in ((again, "twice alone"), (vectors[rows], "alone and in its batch")):
        apart = _distances(alone, others)
        worst = int(apart.argmax())
        largest = max(largest, float(apart[worst]))
        if not apart[worst] <= tolerance:
            text = texts[rows[worst]]
            raise GisError(
                f"{encoder.card.name} gives the text {text[:60]!r} of {len(text):,} characters different vectors "
                f"{how}: {apart[worst]:.2g} of their length apart, where {precision} explains {tolerance:g}",
                remedy="check the code and settings of the model, and where vectors are in the cache, add --no-cache",
            )
    reporter.say(
        f"{encoder.card.name}: {len(rows)} texts have one vector each, alone, again and in their batches; the largest "
        f"difference is {largest:.2g} of a vector's length ({precision} explains {tolerance:g})"
    )


def sampled_texts(texts: Sequence[str]) -> NDArray[np.intp]:
    """Return the rows of up to 64 texts, the longest among them, the same ones in every run of these texts."""
    drawn = np.random.default_rng(SEED).permutation(len(texts))[:SAMPLED_TEXTS]
    longest = max(range(len(texts)), key=lambda row: len(texts[row]))
    return np.array([longest, *(row for row in drawn if row != longest)][:SAMPLED_TEXTS], dtype=np.intp)


def _distances(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how far each vector is from its other, as a share of its length; 0 for two zero vectors."""
    apart = np.linalg.norm(vectors.astype(np.float64) - others, axis=1)
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
    shares: NDArray[np.float64] = np.where(apart == 0, 0.0, np.inf)
    np.divide(apart, lengths, out=shares, where=lengths > 0)
    return shares

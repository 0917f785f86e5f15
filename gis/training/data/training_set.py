"""What a model is trained on: labelled pairs, positive pairs, or triplets with hard negatives."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Format = Literal["pairs", "positives", "triplets"]
FORMAT_NAMES: Mapping[str, str] = {
    "pairs": "labelled pairs",
    "positives": "positive pairs",
    "triplets": "triplets",
}


@dataclass(frozen=True, kw_only=True)
class TrainingSet:
    """Rows of texts to train on.

    Attributes:
        texts: The distinct texts.
        rows: (n, 2) positions in ``texts``; of triplets (n, 2 + most hard negatives of a row), filled up with -1.
        labels: (n,) gold similarity in the data's own unit; None where every pair is positive.
        groups: (texts,) equal for texts that are known to mean the same: linked by positive pairs or a named cluster.
        positive_threshold: The lowest label of a positive pair.
        source: Where the rows came from.
        revision: The Hub commit, or None.
        splits: The splits that were read.
        limit: The size of the sample that was asked for; None for all rows.
        sha256: Hash of the rows in their order.
        licence: Terms of the texts, where the catalogue or the data's card names them.
        languages: Languages of the texts, as codes, where the data's card names them.
        mended_texts: How many texts of the data held half of a character, which U+FFFD replaced.
        weights: (n,) how much each row counts, 1 on average; None where all count the same.
    """

    texts: tuple[str, ...]
    rows: NDArray[np.intp]
    labels: NDArray[np.float64] | None
    groups: NDArray[np.int64]
    positive_threshold: float
    source: str
    revision: str | None
    splits: tuple[str, ...]
    limit: int | None
    sha256: str
    licence: str | None
    languages: tuple[str, ...]
    mended_texts: int = 0
    weights: NDArray[np.float64] | None = None

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    @property
    def format(self) -> Format:
        """The kind of rows: labelled pairs, positive pairs or triplets."""
        if self.labels is not None:
            return "pairs"
        return "triplets" if self.rows.shape[1] > 2 else "positives"

    @property
    def description(self) -> str:
        """The rows in words, for messages."""
        rows = f"{len(self):,} {FORMAT_NAMES[self.format]} from {self.source}, {len(self.texts):,} distinct texts"
        if self.weights is None:
            return rows
        return f"{rows}, weighted: as much as {effective_rows(self.weights):,.0f} equal rows"

    def scaled_labels(self) -> NDArray[np.float64]:
        """Return (n,) labels, scaled so that the lowest is 0 and the highest 1."""
        labels = np.ones(len(self)) if self.labels is None else self.labels
        low, high = float(labels.min()), float(labels.max())
        return (labels - low) / (high - low) if high > low else np.ones(len(self))

    def each_with_itself(self) -> "TrainingSet":
        """Pair every distinct text with itself, as unsupervised SimCSE trains."""
        own = np.arange(len(self.texts))
        return replace(self, rows=np.stack([own, own], axis=1), labels=None, groups=own.astype(np.int64), weights=None)


def effective_rows(weights: NDArray[np.float64]) -> float:
    """Return how many rows of equal weight are worth as much as these: (sum of w)² / sum of w².

    Kish, "Survey Sampling", 1965.
    """
    return float(weights.sum() ** 2 / (weights**2).sum())

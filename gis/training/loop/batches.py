"""Tokenised rows, and batches of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from gis.models.transformer.encoder import TokenIds
from gis.models.transformer.tokens import TextTokenizer
from gis.training.data.training_set import TrainingSet


@dataclass(frozen=True)
class TokenizedRows(Dataset[int]):
    """A training set, tokenised once.

    Attributes:
        ids: Token ids of each distinct text.
        rows: (n, 2) positions of the two texts of each pair in ``ids``; after them those of its hard negatives, -1
            where a row has fewer than others.
        labels: (n,) labels as the loss takes them, or None.
        groups: (texts,) equal for texts that are not each other's negatives.
        share_cut: Share of the distinct texts that were cut at the model's limit.
        weights: (n,) how much each row counts; None where all count the same.
    """

    ids: list[TokenIds]
    rows: NDArray[np.intp]
    labels: NDArray[np.float64] | None
    groups: NDArray[np.int64]
    share_cut: float
    weights: NDArray[np.float64] | None = None

    @property
    def texts_per_row(self) -> float:
        """The mean number of texts of a row."""
        return float(np.mean(np.sum(self.rows >= 0, axis=1)))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __getitem__(self, row: int) -> int:
        """Return the row's number: batches are made from the whole."""
        return row

    def batch(self, numbers: list[int]) -> dict[str, Any]:
        """Return the rows ``numbers`` as a batch.

        Its texts are all first texts, all second ones, then the hard negatives there are: ``negatives`` has the row of
        each and its id, or is None where the data has no hard negatives.
        """
        rows = self.rows[numbers]
        pairs, hard = rows[:, :2], rows[:, 2:]
        owners, columns = np.nonzero(hard >= 0)
        texts = np.concatenate([pairs.T.reshape(-1), hard[owners, columns]])
        labels: Tensor | None = None if self.labels is None else torch.from_numpy(self.labels[numbers])
        negatives = {
            "negative_rows": torch.from_numpy(owners),
            "negative_ids": torch.from_numpy(self.groups[hard[owners, columns]]),
        }
        return {
            "texts": [self.ids[int(text)] for text in texts],
            "pairs": len(rows),
            "gold": labels,
            "text_ids": torch.from_numpy(self.groups[pairs]),
            "negatives": negatives if hard.shape[1] else None,
            "weights": None if self.weights is None else torch.from_numpy(self.weights[numbers]).float(),
        }


def tokenized_rows(data: TrainingSet, labels: NDArray[np.float64] | None, tokenize: TextTokenizer) -> TokenizedRows:
    """Tokenise each distinct text of ``data`` once."""
    tokenized = tokenize(data.texts)
    share_cut = float(np.mean(tokenized.kept < tokenized.tokens)) if len(data.texts) else 0.0
    return TokenizedRows(tokenized.ids, data.rows, labels, data.groups, share_cut, data.weights)

"""An encoder during training: batches in pieces that fit into memory, and heads that only training uses."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from gis.models.losses import pair_features
from gis.models.transformer.encoder import SentenceEncoder, TokenIds

SHORTEST_SHARE = 0.5  # of a piece's longest text: padding beyond that costs more than a piece more


class TrainableEncoder(nn.Module):
    """A ``SentenceEncoder`` with the heads and the mini-batches that only training needs.

    Args:
        encoder: The encoder that is trained.
        mini_batch_tokens: Tokens that go through the encoder at once. The activations of a piece are then made again in
            the backward pass instead of kept, so that memory does not grow with the batch (gradient caching, Gao et
            al. 2021); dropout falls on the same places. None keeps all.
        mlp: Put a dense layer with tanh after the pooling, as SimCSE does.
        classes: Number of classes of a classifier over pairs, as in Sentence-BERT; 0 for no classifier.
    """

    accepts_loss_kwargs = False  # transformers' Trainer asks: the loss is a mean already, accumulation must divide it

    def __init__(
        self, encoder: SentenceEncoder, *, mini_batch_tokens: int | None = None, mlp: bool = False, classes: int = 0
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.mini_batch_tokens = mini_batch_tokens
        self.mlp = nn.Sequential(nn.Linear(encoder.width, encoder.width), nn.Tanh()) if mlp else None
        self.classifier = nn.Linear(3 * encoder.width, classes, bias=False) if classes else None

    def forward(self, texts: Sequence[TokenIds], pairs: int) -> tuple[Tensor, Tensor | None]:
        """Embed a batch.

        Args:
            texts: Token ids of all first texts, then of all second ones, then of others.
            pairs: The number of first texts, and of second ones.

        Returns:
            (texts, dim) float32 embeddings, and the classifier's (pairs, classes) logits if it has one.
        """
        order = np.argsort([-len(ids) for ids in texts], kind="stable")
        pieces = [self._embed([texts[row] for row in order[piece]]) for piece in self._pieces(texts, order)]
        vectors = torch.cat(pieces)[torch.from_numpy(np.argsort(order)).to(pieces[0].device)]
        if self.mlp is not None:
            vectors = self.mlp(vectors)
        logits = None
        if self.classifier is not None:
            logits = self.classifier(pair_features(vectors[:pairs], vectors[pairs : 2 * pairs]))
        return vectors, logits

    def _embed(self, texts: list[TokenIds]) -> Tensor:
        if self.mini_batch_tokens is None or not torch.is_grad_enabled():
            vectors: Tensor = self.encoder(texts)
        else:
            vectors = checkpoint(self.encoder, texts, use_reentrant=False)
        return vectors

    def _pieces(self, texts: Sequence[TokenIds], order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Iterator[slice]:
        """Cut texts, longest first, where a piece would be too large or would be padded too much."""
        start = 0
        for stop in range(1, len(order) + 1):
            longest = len(texts[order[start]])
            full = self.mini_batch_tokens is not None and longest * (stop + 1 - start) > self.mini_batch_tokens
            ends = stop == len(order)
            if ends or full or (self.encoder.pads and len(texts[order[stop]]) < SHORTEST_SHARE * longest):
                yield slice(start, stop)
                start = stop

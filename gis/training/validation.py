"""Spearman on the validation split while a model is trained, as gis bench would score it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gis.benchmark.metrics import Undefined, spearman
from gis.benchmark.similarity import cosine
from gis.benchmark.tasks.pairs import Pairs
from gis.models.transformer.encoder import SentenceEncoder, TokenIds
from gis.models.transformer.tokens import TextTokenizer

BATCH_TOKENS = {"cpu": 4096}
BATCH_TOKENS_ELSEWHERE = 65536
WORST = -1.0  # where the correlation is undefined, as with a model whose vectors are all equal


class Validation:
    """Pairs to validate on, tokenised once."""

    def __init__(self, pairs: Pairs, tokenize: TextTokenizer) -> None:
        texts = list(dict.fromkeys([*pairs.text1, *pairs.text2]))
        index = {text: n for n, text in enumerate(texts)}
        self._ids = tokenize(texts).ids
        self._first = np.array([index[text] for text in pairs.text1])
        self._second = np.array([index[text] for text in pairs.text2])
        self._gold = pairs.gold

    def score(self, encoder: SentenceEncoder) -> float:
        """Spearman's correlation, -1 to 1, of cosine and label; -1 where it is undefined."""
        vectors = embed_tokens(encoder, self._ids)
        found = spearman(cosine(vectors[self._first], vectors[self._second]), self._gold)
        return WORST if isinstance(found, Undefined) else found


def embed_tokens(encoder: SentenceEncoder, ids: Sequence[TokenIds]) -> NDArray[np.float32]:
    """Embed tokenised texts without dropout: (n, width), batches by length."""
    budget = BATCH_TOKENS.get(encoder.device.type, BATCH_TOKENS_ELSEWHERE)
    vectors = np.zeros((len(ids), encoder.width), dtype=np.float32)
    order = np.argsort([-len(text) for text in ids], kind="stable")
    training = encoder.training
    encoder.eval()
    start = 0
    with torch.no_grad():
        while start < len(order):
            rows = order[start : start + max(budget // max(len(ids[order[start]]), 1), 1)]
            vectors[rows] = encoder([ids[row] for row in rows]).cpu().numpy()
            start += len(rows)
    encoder.train(training)
    return vectors

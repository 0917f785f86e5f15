"""Score a model while it is trained, exactly as ``gis bench`` would score it."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from gis.benchmark.scoring import score_vectors
from gis.benchmark.tasks.sources import LoadedTask
from gis.models.transformer.encoder import SentenceEncoder, TokenIds
from gis.models.transformer.tokens import TextTokenizer
from gis.statistics.metrics import Undefined

BATCH_TOKENS = {"cpu": 4096}
BATCH_TOKENS_ELSEWHERE = 65536
WORST = -1.0  # the score where the correlation is undefined, as for a model whose vectors are all equal


class Validation:
    """A task to validate on, tokenised once.

    Args:
        task: The validation pairs with the protocol that scores them: where they are stratified, the score is the mean
            over the strata.
        tokenize: The tokenizer of the model that is trained.
    """

    def __init__(self, task: LoadedTask, tokenize: TextTokenizer) -> None:
        pairs = task.pairs
        texts = list(dict.fromkeys([*pairs.text1, *pairs.text2]))
        index = {text: n for n, text in enumerate(texts)}
        self._task = task
        self._ids = tokenize(texts).ids
        self._first = np.array([index[text] for text in pairs.text1])
        self._second = np.array([index[text] for text in pairs.text2])

    def score(self, encoder: SentenceEncoder) -> float:
        """Return the number that a leaderboard would show, -1 to 1; -1 where it is undefined."""
        vectors = embed_tokens(encoder, self._ids)
        score = score_vectors(self._task, vectors[self._first], vectors[self._second]).main
        return WORST if isinstance(score, Undefined) else score


def embed_tokens(encoder: SentenceEncoder, ids: Sequence[TokenIds]) -> NDArray[np.float32]:
    """Embed tokenised texts without dropout, in batches of similar length.

    Args:
        encoder: The encoder; it is left in the mode it was in.
        ids: The n texts' token ids.

    Returns:
        (n, dim) embeddings.
    """
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

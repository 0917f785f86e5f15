"""Late interaction: two texts are compared token by token (MaxSim)."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gis.models.similarity import DECIMALS, unit

MEAN_MAXSIM = "mean over the tokens of either text of the largest cosine with a token of the other"
PAIRS_AT_A_TIME = 128  # token vectors of as many pairs are held at once

TokenVectors = NDArray[np.float32]


def mean_maxsim(first: TokenVectors, second: TokenVectors) -> float:
    """Return how well the tokens of two texts find each other, between -1 and 1; 0 where a text has no token.

    ColBERT's MaxSim (Khattab and Zaharia 2020) sums, over the tokens of a query, the largest cosine with a token of the
    document. Texts of a pair are neither, so it is divided by the number of tokens, and both directions are averaged.

    Args:
        first: (tokens, dim) vectors of the one text.
        second: (tokens, dim) vectors of the other.
    """
    if not len(first) or not len(second):
        return 0.0
    cosines = unit(first.astype(np.float64)) @ unit(second.astype(np.float64)).T
    return round(float(cosines.max(axis=1).mean() + cosines.max(axis=0).mean()) / 2, DECIMALS)


def score_by_tokens(
    pairs: Sequence[tuple[str, str]], token_vectors: Callable[[Sequence[str]], Sequence[TokenVectors]]
) -> NDArray[np.float64]:
    """Score pairs by ``mean_maxsim``, a few at a time, those of one first text together.

    Token vectors take too much room to keep those of all texts.

    Args:
        pairs: n pairs.
        token_vectors: Gives the (tokens, dim) vectors of each of some texts.

    Returns:
        (n,) scores between -1 and 1.
    """
    scores = np.zeros(len(pairs))
    order = sorted(range(len(pairs)), key=lambda number: pairs[number][0])
    for start in range(0, len(pairs), PAIRS_AT_A_TIME):
        part = order[start : start + PAIRS_AT_A_TIME]
        texts = list(dict.fromkeys(text for number in part for text in pairs[number]))
        vectors = dict(zip(texts, token_vectors(texts), strict=True))
        for number in part:
            scores[number] = mean_maxsim(*(vectors[text] for text in pairs[number]))
    return scores

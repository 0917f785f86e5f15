"""Baselines without weights: chance, lengths, and words in common. They anchor every leaderboard."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.hashes import sha256_of
from gis.models.base import FITTED_ON_TASK, LoadSettings, ModelCard, PairScorer, Setting
from gis.models.bm25 import K1, B, bm25_weights
from gis.spec import Spec
from gis.words import METHOD, words

Pairs = Sequence[tuple[str, str]]
# The baselines, and what each reads of a text.
BASELINES = {"random": "nothing", "length": "length", "jaccard": "words", "tfidf": "words", "bm25": "words"}


def baseline_of(card: ModelCard) -> str | None:
    """Return which baseline a card is of, whatever the model was called; None for other models."""
    return next((name for name in BASELINES if card.identity == _identity(name, card.settings)), None)


def _identity(name: str, settings: Mapping[str, Setting]) -> str:
    return sha256_of({"adapter": name, **settings})


def _card(spec: Spec, fitted_on: str | None = None, **settings: Setting) -> ModelCard:
    spec.check_options(())
    return ModelCard(
        name=spec.name,
        identity=_identity(spec.name, settings),
        settings=settings,
        fitted_on=fitted_on,
        length_unit="words",
    )


class Random(PairScorer):
    """Uniform numbers: what chance looks like."""

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:
        self.card = _card(spec, seed=settings.seed)
        self._seed = settings.seed

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Draw one number a pair; the same seed and count give the same numbers."""
        return np.random.default_rng(self._seed).random(len(pairs))


class Length(PairScorer):
    """The difference in characters and nothing else: shows how much of a label the lengths give away."""

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:  # noqa: ARG002
        self.card = _card(spec, score="-|characters of text1 - characters of text2|")

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Score a pair by minus the absolute difference of its lengths."""
        return np.array([-abs(len(first) - len(second)) for first, second in pairs], dtype=np.float64)


class Jaccard(PairScorer):
    """Words in common over words in either; 0 where neither text has a word."""

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:  # noqa: ARG002
        self.card = _card(spec, words=METHOD)

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Score a pair by the Jaccard index of its two sets of words."""
        sets = [(set(words(first)), set(words(second))) for first, second in pairs]
        return np.array([len(a & b) / len(a | b) if a or b else 0.0 for a, b in sets], dtype=np.float64)


class TfIdf(PairScorer):
    """Cosine of TF-IDF vectors (sublinear term frequency), fitted on both columns of the pairs that are scored."""

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:  # noqa: ARG002
        self.card = _card(spec, FITTED_ON_TASK, words=METHOD, sublinear_tf=True, norm="l2")

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Score a pair by cosine; 0 where a text has no word."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = _both_columns(pairs)
        if not any(words(text) for text in texts):
            return np.zeros(len(pairs))
        weights = TfidfVectorizer(tokenizer=words, token_pattern=None, sublinear_tf=True).fit_transform(texts)
        return _row_products(weights[: len(pairs)], weights[len(pairs) :])


class Bm25(PairScorer):
    """BM25 made symmetric: each text once the query and once the document, the two shares averaged.

    A share is the score divided by what the query scores against itself. Plain BM25 ranks documents for one query; over
    pairs it would mostly rank the queries by length. Okapi BM25 in Lucene's form (k1 1.5, b 0.75), inverse document
    frequencies from both columns of the pairs that are scored.
    """

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:  # noqa: ARG002
        self.card = _card(
            spec,
            FITTED_ON_TASK,
            words=METHOD,
            method="lucene",
            k1=K1,
            b=B,
            score="mean share of self-score",
        )

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Score a pair by the mean share of both directions; 0 where a text has no word."""
        from sklearn.feature_extraction.text import CountVectorizer

        texts, n = _both_columns(pairs), len(pairs)
        if not any(words(text) for text in texts):
            return np.zeros(n)
        counter = CountVectorizer(tokenizer=words, token_pattern=None)
        queries = counter.fit_transform(texts)
        tokens = [[counter.vocabulary_[word] for word in words(text)] for text in texts]
        documents = bm25_weights(tokens, counter.vocabulary_).tocsr()  # a pair's score is one row product
        own = _row_products(queries, documents)
        forth, back = _row_products(queries[:n], documents[n:]), _row_products(queries[n:], documents[:n])
        shares = [np.divide(s, o, out=np.zeros(n), where=o > 0) for s, o in ((forth, own[:n]), (back, own[n:]))]
        return (shares[0] + shares[1]) / 2


def _both_columns(pairs: Pairs) -> list[str]:
    return [first for first, _ in pairs] + [second for _, second in pairs]


def _row_products(a: Any, b: Any) -> NDArray[np.float64]:  # noqa: ANN401 - scipy's sparse matrices, untyped
    """Return the scalar product of each row of one sparse matrix with the same row of another."""
    return np.asarray(a.multiply(b).sum(axis=1), dtype=np.float64).ravel()

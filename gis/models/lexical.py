"""Baselines without weights: chance, lengths, and words in common. They anchor every leaderboard."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gis.files import sha256_of
from gis.models.base import LoadSettings, ModelCard, PairScorer, Setting
from gis.spec import Spec

Pairs = Sequence[tuple[str, str]]
FITTED_ON_TASK = "the texts of the task that is scored"
WORD = re.compile(r"\w\w+")  # the token pattern of scikit-learn's vectorizers, so that all lexical rows agree


def words(text: str) -> list[str]:
    """Lower-cased runs of two or more word characters."""
    return WORD.findall(text.lower())


def _card(spec: Spec, fitted_on: str | None = None, **settings: Setting) -> ModelCard:
    spec.check_options(())
    return ModelCard(
        name=spec.name,
        identity=sha256_of({"adapter": spec.name, **settings}),
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
        self.card = _card(spec, words=WORD.pattern)

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Score a pair by the Jaccard index of its two sets of words."""
        sets = [(set(words(first)), set(words(second))) for first, second in pairs]
        return np.array([len(a & b) / len(a | b) if a or b else 0.0 for a, b in sets], dtype=np.float64)


class TfIdf(PairScorer):
    """Cosine of TF-IDF vectors (sublinear term frequency), fitted on the texts that are scored."""

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:  # noqa: ARG002
        self.card = _card(spec, FITTED_ON_TASK, words=WORD.pattern, sublinear_tf=True, norm="l2")

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Score a pair by cosine; 0 where a text has no word."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts, first, second = _distinct(pairs)
        if not any(words(text) for text in texts):
            return np.zeros(len(pairs))
        weights = TfidfVectorizer(tokenizer=words, token_pattern=None, sublinear_tf=True).fit_transform(texts)
        return np.asarray(weights[first].multiply(weights[second]).sum(axis=1), dtype=np.float64).ravel()


class Bm25(PairScorer):
    """BM25 made symmetric: each text once the query and once the document, the two scores averaged.

    Okapi BM25 in Lucene's form (k1 1.5, b 0.75), inverse document frequencies from the texts that are scored.
    """

    K1, B = 1.5, 0.75

    def __init__(self, spec: Spec, settings: LoadSettings) -> None:  # noqa: ARG002
        self.card = _card(
            spec, FITTED_ON_TASK, words=WORD.pattern, method="lucene", k1=self.K1, b=self.B, symmetric="mean"
        )

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        """Score a pair by the mean of both directions; 0 where a text has no word."""
        import bm25s
        from scipy.sparse import csc_matrix
        from sklearn.feature_extraction.text import CountVectorizer

        texts, first, second = _distinct(pairs)
        if not any(words(text) for text in texts):
            return np.zeros(len(pairs))
        counter = CountVectorizer(tokenizer=words, token_pattern=None)
        queries = counter.fit_transform(texts)
        vocabulary = counter.vocabulary_
        index = bm25s.BM25(method="lucene", k1=self.K1, b=self.B)
        tokens = [[vocabulary[word] for word in words(text)] for text in texts]
        index.index((tokens, vocabulary), create_empty_token=False, show_progress=False)
        stored = index.scores
        # bm25s keeps the weight of every (document, word) as a sparse matrix; a pair's score is one row product.
        documents = csc_matrix(
            (stored["data"], stored["indices"], stored["indptr"]), shape=(len(texts), len(vocabulary))
        ).tocsr()
        forth = queries[first].multiply(documents[second]).sum(axis=1)
        back = queries[second].multiply(documents[first]).sum(axis=1)
        return np.asarray(forth + back, dtype=np.float64).ravel() / 2


def _distinct(pairs: Pairs) -> tuple[list[str], NDArray[np.intp], NDArray[np.intp]]:
    """The texts without repeats, in order of appearance, and the positions of each pair's two sides."""
    position: dict[str, int] = {}
    for pair in pairs:
        for text in pair:
            position.setdefault(text, len(position))
    first = np.array([position[pair[0]] for pair in pairs], dtype=np.intp)
    second = np.array([position[pair[1]] for pair in pairs], dtype=np.intp)
    return list(position), first, second

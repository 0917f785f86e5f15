from collections import Counter
from dataclasses import replace
from math import log

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from gis.errors import UsageError
from gis.models.lexical import BASELINES, baseline_of
from gis.models.registry import load_model
from gis.spec import Spec
from gis.words import words
from tests.models.helpers import scorer, settings

PAIRS = [
    ("The cat sat on the mat", "the dog sat on the cat, the cat!"),
    ("Compiler panics: error 42", "error when compiling"),
    ("größer café", "CAFÉ Größer"),
    ("!!!", "cat"),
    ("", ""),
    ("snake_case is one word", "snake case is two"),
]


def test_words_are_lower_cased_runs_of_word_characters() -> None:
    assert words("Don't panic: größe=42, snake_case!") == ["don", "t", "panic", "größe", "42", "snake_case"]


def test_random_depends_on_the_seed_and_says_so() -> None:
    zero, again, one = (scorer("random", settings(seed=seed)) for seed in (0, 0, 1))
    assert np.array_equal(zero.score(PAIRS), again.score(PAIRS))
    assert not np.array_equal(zero.score(PAIRS), one.score(PAIRS))
    assert zero.card.identity == again.card.identity != one.card.identity


@pytest.mark.parametrize("name", BASELINES)
def test_a_baseline_is_known_whatever_it_is_called(name: str) -> None:
    card = scorer(name, settings(seed=3)).card
    assert baseline_of(card.renamed("mine")) == name
    assert baseline_of(replace(card, identity="a" * 64)) is None
    assert baseline_of(replace(card, settings={**card.settings, "words": "others"})) is None


def test_random_is_uniform_on_zero_to_one() -> None:
    found = scorer("random").score([("a", "b")] * 4000)
    assert 0 <= found.min() < 0.01
    assert 0.99 < found.max() < 1
    assert found.mean() == pytest.approx(0.5, abs=0.03)


def test_length_is_minus_the_difference_in_characters() -> None:
    found = scorer("length").score([("cat", "window"), ("", "日本語"), ("same", "four")])
    assert found.tolist() == [-3, -3, 0]


def test_jaccard_is_words_in_common_over_words_in_either() -> None:
    found = scorer("jaccard").score(
        [
            ("the cat sat", "The dog sat"),  # {the, sat} of {the, cat, sat, dog}
            ("cat cat cat", "cat"),
            ("cat", "dog"),
            ("", "cat"),
            ("?!", "..."),
        ]
    )
    assert found.tolist() == [0.5, 1, 0, 0, 0]


def test_tfidf_equals_scikit_learns_cosine() -> None:
    texts = [first for first, _ in PAIRS] + [second for _, second in PAIRS]
    vectors = TfidfVectorizer(token_pattern=r"\w+", sublinear_tf=True).fit_transform(texts).toarray()
    expected = [first @ second for first, second in zip(vectors[: len(PAIRS)], vectors[len(PAIRS) :], strict=True)]
    np.testing.assert_allclose(scorer("tfidf").score(PAIRS), expected, atol=1e-12)


def test_tfidf_by_hand() -> None:
    # Two texts; "red" is in both, the others in one: idf = ln((1 + 2) / (1 + df)) + 1.
    rare = log(3 / 2) + 1
    repeated = 1 + log(2)  # sublinear count of "cat", twice in the first text
    expected = 1 / np.sqrt(1 + (repeated * rare) ** 2) / np.sqrt(1 + rare**2)
    assert scorer("tfidf").score([("red cat cat", "red dog")]) == pytest.approx([expected])


def test_bm25_by_hand() -> None:
    # Two texts of two words: every term weighs 1 / (1 + 1.5), which cancels. idf = ln(1 + (2 - df + 0.5) / (df + 0.5)).
    common, rare = log(1 + 0.5 / 2.5), log(1 + 1.5 / 1.5)
    assert scorer("bm25").score([("red cat", "red dog")]) == pytest.approx([common / (common + rare)])


def test_bm25_follows_its_formula() -> None:
    np.testing.assert_allclose(scorer("bm25").score(PAIRS), _bm25(PAIRS), atol=1e-5)


def _bm25(pairs: list[tuple[str, str]], k1: float = 1.5, b: float = 0.75) -> list[float]:
    documents = [words(first) for first, _ in pairs] + [words(second) for _, second in pairs]
    n = len(documents)
    mean_length = sum(len(document) for document in documents) / n
    in_documents = Counter(word for document in documents for word in set(document))

    def rarity(word: str) -> float:
        return log(1 + (n - in_documents[word] + 0.5) / (in_documents[word] + 0.5))

    def score(query: list[str], document: list[str]) -> float:
        counted = Counter(document)
        norm = k1 * (1 - b + b * len(document) / mean_length)
        return sum(rarity(word) * counted[word] / (counted[word] + norm) for word in query)

    def share(query: list[str], document: list[str]) -> float:
        return score(query, document) / score(query, query) if query else 0.0

    half = len(pairs)
    return [
        (share(first, second) + share(second, first)) / 2
        for first, second in zip(documents[:half], documents[half:], strict=True)
    ]


@pytest.mark.parametrize("name", ["tfidf", "bm25"])
def test_identical_texts_score_one(name: str) -> None:
    assert scorer(name).score([("the cat sat", "the cat sat"), ("a dog", "ran")])[0] == pytest.approx(1)


@pytest.mark.parametrize("name", ["jaccard", "tfidf", "bm25"])
def test_texts_without_words_score_zero(name: str) -> None:
    assert scorer(name).score([("", ""), ("!!", "??")]).tolist() == [0, 0]
    assert scorer(name).score([("!!", "cat"), ("dog", ""), ("the cat", "the cat")])[:2].tolist() == [0, 0]


@pytest.mark.parametrize("name", ["tfidf", "bm25"])
def test_fitted_scorers_say_what_they_are_fitted_on(name: str) -> None:
    assert scorer(name).card.fitted_on == "the texts of the task that is scored"
    assert scorer("jaccard").card.fitted_on is None


def test_baselines_take_no_options() -> None:
    with pytest.raises(UsageError, match="'tfidf' takes no options"):
        load_model(Spec("tfidf", {"k1": "2"}), settings())

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from gis.models.bm25 import bm25_weights
from gis.models.term_matrix import TermMatrix
from gis.words import words

TEXTS = ("the cat sat", "the dog ran, the dog", "", "a compiler panics when compiling")


def test_tfidf_is_that_of_scikit_learn() -> None:
    vectorizer = TfidfVectorizer(tokenizer=words, token_pattern=None, sublinear_tf=True)
    fitted = vectorizer.fit_transform(TEXTS)
    other = ["a dog and a cat"]
    terms = TermMatrix.of(TEXTS)
    expected = (vectorizer.transform(other) @ fitted.T).toarray()
    computed = (terms.tfidf(terms.counts_of(other)) @ terms.tfidf(terms.counts).T).toarray()
    assert computed == pytest.approx(expected)


def test_bm25_weighs_a_word_once_however_the_matrix_is_stored() -> None:
    terms = TermMatrix.of(TEXTS)
    scores = ((terms.counts_of(["dog cat"]) > 0).astype(float) @ terms.bm25.T).toarray()[0]
    assert np.flatnonzero(scores).tolist() == [0, 1]


def test_texts_without_known_words_match_nothing() -> None:
    terms = TermMatrix.of(TEXTS)
    assert (terms.tfidf(terms.counts_of(["zebra", ""])) @ terms.tfidf(terms.counts).T).nnz == 0


def test_no_words_at_all_make_an_empty_matrix() -> None:
    terms = TermMatrix.of(["", "!"])
    assert terms.counts.shape == (2, 1)
    assert terms.tfidf(terms.counts).nnz == 0


def test_bm25_is_that_of_the_baseline() -> None:
    terms = TermMatrix.of(TEXTS)
    tokens = [[terms.vocabulary[word] for word in words(text)] for text in TEXTS]
    assert terms.bm25.toarray() == pytest.approx(bm25_weights(tokens, terms.vocabulary).toarray(), abs=1e-6)

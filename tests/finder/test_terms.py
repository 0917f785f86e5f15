"""The words of a corpus by word: the same numbers as by text, in one part or several."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest

from gis.finder.parts import Order
from gis.finder.terms import Postings, Terms, keys_of
from gis.models.term_matrix import TermMatrix

TEXTS = ("a panic at the start", "the panic panic", "", "colours of the toolbar", "the toolbar at night")
QUERIES = (*TEXTS, "panic in the toolbar, toolbar", "nothing of that", "")


def in_parts(texts: Sequence[str], *sizes: int, rows: Sequence[int] | None = None) -> Terms:
    starts = np.cumsum([0, *sizes])
    parts = [Postings.of(texts[start:end]) for start, end in pairwise(starts.tolist())]
    return Terms(tuple(parts), Order(sizes, None if rows is None else np.array(rows)))


@pytest.mark.parametrize("query", QUERIES)
def test_similarities_are_those_of_the_matrix_of_counts(query: str) -> None:
    terms, matrix = Terms.of(TEXTS), TermMatrix.of(TEXTS)
    counts = matrix.counts_of([query])
    tfidf = (matrix.tfidf(counts) @ matrix.tfidf(matrix.counts).T).toarray()[0]
    bm25 = ((counts > 0) @ matrix.bm25.T).toarray()[0] / max(matrix.highest_bm25(counts)[0], 1e-9)
    words = terms.query(query)
    assert np.allclose(terms.tfidf(words), tfidf, atol=1e-6)
    assert np.allclose(terms.bm25(words), bm25, atol=1e-6)


@pytest.mark.parametrize("sizes", [(2, 3), (1, 1, 3), (4, 1)])
def test_it_does_not_matter_in_how_many_parts_they_are(sizes: tuple[int, ...]) -> None:
    one, other = Terms.of(TEXTS), in_parts(TEXTS, *sizes)
    for query in QUERIES:
        assert np.allclose(one.tfidf(one.query(query)), other.tfidf(other.query(query)), atol=1e-6)
        assert np.allclose(one.bm25(one.query(query)), other.bm25(other.query(query)), atol=1e-6)
        assert one.shared(query.split(), 4) == other.shared(query.split(), 4)


def test_texts_that_count_no_longer_have_no_influence() -> None:
    gone = (*TEXTS[:2], "the unheard of panic toolbar", *TEXTS[2:])
    one, other = Terms.of(TEXTS), in_parts(gone, 4, 2, rows=[0, 1, 3, 4, 5])
    for query in (*QUERIES, "unheard of"):
        assert np.allclose(one.tfidf(one.query(query)), other.tfidf(other.query(query)), atol=1e-6)
        assert np.allclose(one.bm25(one.query(query)), other.bm25(other.query(query)), atol=1e-6)
    assert other.shared(["the", "panic"], 1) == {"the": 4, "panic": 2}


def test_texts_without_any_word_are_like_nothing() -> None:
    terms = Terms.of(["", "!"])
    assert terms.tfidf(terms.query("some words")).tolist() == [0, 0]
    assert terms.bm25(terms.query("some words")).tolist() == [0, 0]


def test_a_word_that_occurs_very_often_is_counted() -> None:
    postings = Postings.of(["word " * 300, "word"])
    assert postings.counts.tolist() == [300, 1]
    assert postings.lengths.tolist() == [300, 1]


def test_words_are_found_whatever_they_are_made_of() -> None:
    keys = keys_of(["naïve", "工具", "\udcff"])
    assert len(set(keys.tolist())) == 3
    assert Postings.of(["工具"]).find(keys_of(["工具", "工"])).texts.tolist() == [0]

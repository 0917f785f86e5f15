from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gis.models.transformer.windows import Span, ends_spans, window_spans, window_weights

SIZES = st.integers(2, 40)
WORDS = st.lists(st.booleans(), max_size=300).map(lambda flags: np.array([True, *flags][: len(flags)], dtype=bool))


@example(np.array([True, True, *[False] * 6, True, False]), 8)
@given(WORDS, SIZES)
def test_windows_hold_every_token_and_none_is_too_long(begins_word: NDArray[np.bool_], size: int) -> None:
    spans = window_spans(begins_word, size)
    assert spans[0].start == 0
    assert spans[-1].stop == len(begins_word)
    assert all(span.stop - span.start <= size for span in spans)
    assert all(later.start <= earlier.stop for earlier, later in pairwise(spans))
    assert all(later.start > earlier.start for earlier, later in pairwise(spans))
    assert all(later.stop > earlier.stop for earlier, later in pairwise(spans))


@given(WORDS, SIZES)
def test_weights_are_those_of_the_tokens(begins_word: NDArray[np.bool_], size: int) -> None:
    weights = window_weights(window_spans(begins_word, size), len(begins_word))
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(max(len(begins_word), 1))


@given(WORDS, SIZES)
def test_both_ends_fit(begins_word: NDArray[np.bool_], size: int) -> None:
    spans = ends_spans(begins_word, size)
    assert spans[0].start == 0
    assert spans[-1].stop == len(begins_word)
    assert sum(span.stop - span.start for span in spans) <= max(size, 0)
    assert all(span.stop > span.start for span in spans) or not len(begins_word)


def test_windows_by_hand() -> None:
    one_token_words = np.ones(20, dtype=bool)
    assert window_spans(one_token_words, 8) == [Span(0, 8), Span(6, 14), Span(12, 20)]
    assert window_weights([Span(0, 8), Span(6, 14), Span(12, 20)], 20).tolist() == [7, 6, 7]
    assert ends_spans(one_token_words, 8) == [Span(0, 4), Span(16, 20)]
    assert window_spans(one_token_words, 20) == [Span(0, 20)]


def test_windows_begin_and_end_between_words() -> None:
    three_token_words = np.arange(30) % 3 == 0
    spans = window_spans(three_token_words, 8)
    assert spans[0] == Span(0, 6)
    assert all(span.start % 3 == 0 and span.stop % 3 == 0 for span in spans)


def test_a_word_longer_than_a_window_is_cut() -> None:
    one_word = np.arange(30) == 0
    assert [span.stop - span.start for span in window_spans(one_word, 8)][:3] == [8, 8, 8]

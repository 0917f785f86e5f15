"""Cut a text that is longer than its model reads into overlapping windows, between words."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

OVERLAP = 4  # one part in four of a window is read again in the next


class Span(NamedTuple):
    """Tokens ``start`` to ``stop`` of a text."""

    start: int
    stop: int


def window_spans(begins_word: NDArray[np.bool_], size: int) -> list[Span]:
    """Cut tokens into windows of at most ``size``, of which each begins a quarter of its size before the last ended.

    Windows begin and end between words; only a word of more than half a window is cut.

    Args:
        begins_word: (tokens,) whether a token is the first of its word.
        size: Tokens of a window.

    Returns:
        At least one window; together they hold every token.
    """
    tokens = len(begins_word)
    spans, start = [], 0
    while start + size < tokens:
        stop = _last_beginning(begins_word, start + size // 2, start + size) or start + size
        spans.append(Span(start, stop))
        again = stop - size // OVERLAP
        start = _last_beginning(begins_word, max(start, stop - size // 2), again) or max(again, start + 1)
    return [*spans, Span(start, tokens)]


def _last_beginning(begins_word: NDArray[np.bool_], after: int, until: int) -> int | None:
    """Return the last token that begins a word, among those behind ``after`` and up to ``until``."""
    places = np.flatnonzero(begins_word[after + 1 : until + 1])
    return after + 1 + int(places[-1]) if len(places) else None


def window_weights(spans: Sequence[Span], tokens: int) -> NDArray[np.float64]:
    """Return how many tokens each window stands for: one that two windows read counts half in each.

    Args:
        spans: The windows of a text.
        tokens: Tokens of the text; the weights sum to them.

    Returns:
        (windows,) weights; 1 for the only window of a text without tokens.
    """
    times = np.zeros(tokens)
    for span in spans:
        times[span.start : span.stop] += 1
    weights = np.array([(1 / times[span.start : span.stop]).sum() for span in spans])
    return weights if tokens else np.ones(1)


def ends_spans(begins_word: NDArray[np.bool_], size: int) -> list[Span]:
    """Return the first and the last half of ``size`` tokens, between words; all of them where they fit."""
    tokens = len(begins_word)
    if tokens <= size:
        return [Span(0, tokens)]
    half = size // 2
    head = _last_beginning(begins_word, half // 2, half) or half
    first = tokens - (size - head)
    places = np.flatnonzero(begins_word[first : first + half // 2])
    return [Span(0, head), Span(first + int(places[0]) if len(places) else first, tokens)]

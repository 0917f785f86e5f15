"""The words of a corpus, kept by word: a query reads only where its own words occur.

What a word weighs depends on all texts, and so is computed when it is asked for, from counts that are files mapped into
memory. So the statistics are those of the corpus as it is, however many parts it was made in.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.finder.parts import Mask, Order, Positions
from gis.models.bm25 import K1, B, inverse_frequencies
from gis.models.term_matrix import TermMatrix
from gis.words import words

Array = NDArray[np.float64]
Keys = NDArray[np.uint64]
MOST_OF_A_WORD = 65_535  # in one text; texts of an index have at most 50,000 characters
LOGS = 1 + np.log(np.maximum(np.arange(MOST_OF_A_WORD + 1), 1)).astype(np.float32)  # sublinear term frequency
BLOCK = 1 << 18  # occurrences that are weighed at a time: they stay in the processor's cache
RUN = 1 << 22  # occurrences whose weights are summed up at a time


@dataclass(frozen=True)
class Found:
    """Where some words occur in a part: for each word, one after the other, the texts that have it.

    Attributes:
        starts: (k + 1,) where the part of each word begins.
        texts: (m,) the texts.
        counts: (m,) how often each has the word.
    """

    starts: NDArray[np.int32]
    texts: NDArray[np.int32]
    counts: NDArray[Any]

    def frequencies(self, mask: Mask | None) -> NDArray[np.int64]:
        """Return the (k,) number of texts that have each word, of those in ``mask``."""
        if mask is None:
            return np.diff(self.starts)
        before = np.concatenate([[0], np.cumsum(mask[self.texts])])
        return np.diff(before[self.starts])

    def weighted(self, weights: NDArray[Any], of_words: NDArray[Any], texts: int) -> NDArray[Any]:
        """Return the (texts,) sum of what each word weighs there, times a factor of each word."""
        from scipy.sparse import csc_matrix

        shape = (texts, len(of_words))
        return np.asarray(csc_matrix((weights, self.texts, self.starts), shape=shape) @ of_words)


@dataclass(frozen=True, kw_only=True)
class Postings:
    """Where each word occurs in n texts.

    Attributes:
        keys: (w,) a hash of each word, ascending. Two of a million words share one with a chance of 3 in 10^8.
        starts: (w + 1,) where the part of each word begins.
        texts: (m,) the texts that have a word, ascending for each word.
        counts: (m,) how often each has it.
        lengths: (n,) how many words each text has.
    """

    keys: Keys
    starts: NDArray[np.int64]
    texts: NDArray[np.int32]
    counts: NDArray[Any]
    lengths: NDArray[np.int32]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Postings":
        """Count the words of texts."""
        from scipy.sparse import csr_matrix

        terms = TermMatrix.of(texts)
        keys = keys_of(terms.vocabulary)
        order = np.argsort(keys, kind="stable")
        column = np.empty(len(order), np.int32)
        column[order] = np.arange(len(order), dtype=np.int32)
        rows = terms.counts
        by_word = csr_matrix((rows.data, column[rows.indices], rows.indptr), rows.shape).tocsc()
        counts = np.minimum(by_word.data, MOST_OF_A_WORD)
        return cls(
            keys=keys[order],
            starts=by_word.indptr[: len(order) + 1].astype(np.int64),
            texts=by_word.indices.astype(np.int32, copy=False),
            counts=counts.astype(np.min_scalar_type(int(counts.max(initial=0)))),
            lengths=np.asarray(rows.sum(axis=1), np.int32).ravel(),
        )

    def __len__(self) -> int:
        return len(self.lengths)

    def find(self, keys: Keys) -> Found:
        """Return where some words occur."""
        spans = list(zip(self._start(keys, "left"), self._start(keys, "right"), strict=True))
        starts = np.concatenate([[0], np.cumsum([end - start for start, end in spans])]).astype(np.int32)
        parts = [slice(start, end) for start, end in spans if start < end] or [slice(0, 0)]
        return Found(
            starts,
            np.concatenate([self.texts[part] for part in parts]),
            np.concatenate([self.counts[part] for part in parts]),
        )

    def _start(self, keys: Keys, side: Any) -> list[int]:  # noqa: ANN401 - a literal of numpy's
        return [int(start) for start in self.starts[np.searchsorted(self.keys, keys, side)]]

    def blocks(self) -> Iterable[tuple[slice, Found]]:
        """Yield all words in runs of neighbours with about ``RUN`` occurrences, with where they occur."""
        first = 0
        while first < len(self.keys):
            last = int(np.searchsorted(self.starts, self.starts[first] + RUN, "right")) - 1
            run = slice(first, max(last, first + 1))
            start, end = int(self.starts[run.start]), int(self.starts[run.stop])
            starts = (self.starts[run.start : run.stop + 1] - start).astype(np.int32)
            yield run, Found(starts, self.texts[start:end], self.counts[start:end])
            first = run.stop


@dataclass(frozen=True)
class QueryTerms:
    """The words of a query that occur in a corpus.

    Attributes:
        counts: (k,) how often the query has each.
        frequencies: (k,) in how many of the known texts each occurs.
        found: Where they occur, for each part.
    """

    counts: Array
    frequencies: Array
    found: Sequence[Found]


@dataclass(frozen=True)
class Terms:
    """The words of a corpus of n texts.

    Attributes:
        parts: The words of each part.
        order: Which of their texts these are.
        known: The texts that the statistics of words are from; None for all. In a replay of the past, its own.
    """

    parts: tuple[Postings, ...]
    order: Order
    known: Positions | None = None

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Terms":
        """Count the words of texts, as one part."""
        postings = Postings.of(texts)
        return cls((postings,), Order((len(postings),)))

    @property
    def texts(self) -> int:
        """How many texts are known."""
        return len(self.order) if self.known is None else len(self.known)

    def query(self, text: str) -> QueryTerms:
        """Find the words of a text."""
        counts = Counter(words(text))
        keys = keys_of(counts)
        numbers = np.fromiter(counts.values(), np.float64, len(counts))
        found = [part.find(keys) for part in self.parts]
        occurs = np.zeros(len(keys), np.bool_)
        for part, mask in zip(found, self.order.masks(), strict=True):
            occurs |= part.frequencies(mask) > 0
        if not occurs.all():
            keys, numbers = keys[occurs], numbers[occurs]
            found = [part.find(keys) for part in self.parts]
        frequencies = np.zeros(len(keys))
        for part, mask in zip(found, self._known, strict=True):
            frequencies += part.frequencies(mask)
        return QueryTerms(numbers, frequencies, found)

    def tfidf(self, query: QueryTerms) -> NDArray[np.float32]:
        """Return the (n,) cosines of the TF-IDF vectors of a query and each text (sublinear term frequency)."""
        weights = self._inverse_frequencies(query.frequencies)
        own = (1 + np.log(query.counts)) * weights
        own /= np.linalg.norm(own) or 1.0
        of_words = (own * weights).astype(np.float32)
        cosines = [
            found.weighted(_logs(found.counts), of_words, len(part)) / lengths
            for part, found, lengths in zip(self.parts, query.found, self._tfidf_lengths, strict=True)
        ]
        return self.order.of(cosines)

    def bm25(self, query: QueryTerms) -> NDArray[np.float32]:
        """Return the (n,) share of the BM25 score that no text reaches for the distinct words of a query."""
        weights = inverse_frequencies(query.frequencies, self.texts)
        of_words = (weights / max(float(weights.sum()), 1e-9)).astype(np.float32)
        scores = [
            found.weighted(_saturated(found, norms), of_words, len(part))
            for part, found, norms in zip(self.parts, query.found, self._bm25_norms, strict=True)
        ]
        return self.order.of(scores)

    def shared(self, distinct: Sequence[str], position: int) -> dict[str, int]:
        """Return which of some words the text at a position has, with the number of known texts that have each."""
        part, row = self.order.place(position)
        keys = keys_of(distinct)
        found = [other.find(keys) for other in self.parts]
        frequencies = sum(
            (other.frequencies(mask) for other, mask in zip(found, self._known, strict=True)), np.zeros(len(keys))
        )
        texts, starts = found[part].texts, found[part].starts
        return {word: int(frequencies[n]) for n, word in enumerate(distinct) if row in texts[starts[n] : starts[n + 1]]}

    def _inverse_frequencies(self, frequencies: Array) -> Array:
        return np.log((1 + self.texts) / (1 + frequencies)) + 1  # as scikit-learn does

    @cached_property
    def _known(self) -> list[Mask | None]:
        return self.order.masks(self.known)

    @cached_property
    def _tfidf_lengths(self) -> list[NDArray[np.float32]]:
        """The length of the TF-IDF vector of each text, by part; 1 where a text has no word."""
        lengths = []
        for part, frequencies in zip(self.parts, self._frequencies, strict=True):
            squares = np.zeros(len(part))
            of_words = self._inverse_frequencies(frequencies) ** 2
            for run, found in part.blocks():
                squares += found.weighted(_logs(found.counts) ** 2, of_words[run], len(part))
            lengths.append(np.sqrt(np.where(squares > 0, squares, 1)).astype(np.float32))
        return lengths

    @cached_property
    def _bm25_norms(self) -> list[NDArray[np.float32]]:
        total = sum(
            int(part.lengths[... if mask is None else mask].sum())
            for part, mask in zip(self.parts, self._known, strict=True)
        )
        mean = max(total / max(self.texts, 1), 1e-9)
        return [(K1 * (1 - B + B * part.lengths / mean)).astype(np.float32) for part in self.parts]

    @cached_property
    def _frequencies(self) -> list[Array]:
        """In how many known texts of all parts each word of each part occurs."""
        own = []
        for part, mask in zip(self.parts, self._known, strict=True):
            if mask is None:
                own.append(np.diff(part.starts))
            else:
                own.append(
                    np.concatenate([found.frequencies(mask) for _, found in part.blocks()] or [np.zeros(0, np.int64)])
                )
        sums = [frequencies.astype(np.float64) for frequencies in own]
        for n, part in enumerate(self.parts):
            for m, other in enumerate(self.parts[:n]):
                here, there = _common(part.keys, other.keys)
                sums[n][here] += own[m][there]
                sums[m][there] += own[n][here]
        return sums


def keys_of(distinct: Iterable[str]) -> Keys:
    """Return the hashes of words."""
    return np.array(
        [int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()) for word in distinct],
        np.uint64,
    )


def _common(one: Keys, other: Keys) -> tuple[Positions, Positions]:
    """Return where two ascending arrays hold the same keys; the shorter one is looked up in the longer one."""
    if len(one) > len(other):
        there, here = _common(other, one)
        return here, there
    places = np.searchsorted(other, one)
    places[places == len(other)] = 0
    here = np.flatnonzero(other[places] == one) if len(other) else np.empty(0, np.intp)
    return here, places[here]


def _logs(counts: NDArray[Any]) -> NDArray[np.float32]:
    logs = np.empty(len(counts), np.float32)
    for start in range(0, len(counts), BLOCK):
        block = slice(start, start + BLOCK)
        np.take(LOGS, counts[block], out=logs[block], mode="clip")
    return logs


def _saturated(found: Found, norms: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what each occurrence weighs in BM25, without the word's inverse document frequency."""
    weights, norm = np.empty(len(found.counts), np.float32), np.empty(BLOCK, np.float32)
    for start in range(0, len(weights), BLOCK):
        counts = weights[start : start + BLOCK]
        counts[:] = found.counts[start : start + BLOCK]
        divisor = norm[: len(counts)]
        np.take(norms, found.texts[start : start + BLOCK], out=divisor, mode="clip")
        divisor += counts
        counts /= divisor
    return weights

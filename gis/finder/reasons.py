"""Why two issues look like duplicates, in words that a person can check by reading them."""

import re
from dataclasses import dataclass

from gis.finder.search import Candidates, Queries, SearchedCorpus
from gis.words import words

ERROR = re.compile(
    r"\b(?:error|panicked|panic|exception|assertion|assert|failed|failure|fatal|traceback|segfault|segmentation fault"
    r"|undefined|abort|aborted|cannot|unresolved|mismatched|overflow|denied|unreachable|not found|stack overflow)\b",
    re.IGNORECASE,
)
VARYING = re.compile(r"0x[0-9a-f]+|\d+|\s+", re.IGNORECASE)  # addresses, numbers and blanks differ between runs
SHORTEST_LINE, LONGEST_LINE = 15, 400  # characters of a line that may identify an error
MOST_LINES, MOST_WORDS = 2, 5
RARE = 0.005  # share of the issues that a rare word occurs in, at most
ALWAYS_RARE = 3  # issues; a word in so few is rare in a small store, too
SHORTEST_WORD = 3


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """What two issues have in common.

    Attributes:
        error_lines: Lines of the candidate with a rare word that report an error, and are in the query, too, but for
            numbers and addresses.
        rare_words: Words of both that few issues have, the rarest first.
        title_words: Share of the words of the titles that both have, 0 to 1.
        cosine: Of the embeddings of their texts.
        same_author: Whether one person opened both.
    """

    error_lines: tuple[str, ...]
    rare_words: tuple[str, ...]
    title_words: float
    cosine: float
    same_author: bool


def reasons(searched: SearchedCorpus, queries: Queries, candidates: Candidates, place: int) -> Reasons:
    """Return what a query has in common with one of its candidates.

    Args:
        searched: The corpus.
        queries: The queries.
        candidates: Those of one query.
        place: Which of them.
    """
    position = int(candidates.positions[place])
    text, title = queries.texts[candidates.query], queries.titles[candidates.query]
    corpus = searched.corpus
    rare = _rare_words(searched, text, position)
    lines = [line for line in shared_error_lines(text, corpus.texts[position]) if rare.keys() & set(words(line))]
    return Reasons(
        error_lines=tuple(lines[:MOST_LINES]),
        rare_words=tuple(sorted(rare, key=rare.__getitem__)[:MOST_WORDS]),
        title_words=_overlap(title, corpus.titles[position]),
        cosine=round(float(candidates.similarity("cosine")[place]), 4),
        same_author=bool(candidates.similarity("same author")[place]),
    )


def shared_error_lines(one: str, other: str) -> list[str]:
    """Return the lines of ``other`` that report an error which ``one`` reports too."""
    known = _error_lines(one).keys()
    return [line for key, line in _error_lines(other).items() if key in known]


def _error_lines(text: str) -> dict[str, str]:
    """Return the lines that report an error, each by what does not vary of it."""
    lines = (line.strip() for line in text.splitlines())
    return {
        VARYING.sub(lambda match: " " if match[0].isspace() else "0", line).lower(): line
        for line in lines
        if SHORTEST_LINE <= len(line) <= LONGEST_LINE and ERROR.search(line)
    }


def _rare_words(searched: SearchedCorpus, text: str, position: int) -> dict[str, int]:
    """Return the words of a text that an issue and few others have, with how many do."""
    terms = searched.terms
    most = max(ALWAYS_RARE, RARE * terms.texts)
    return {
        word: count
        for word, count in terms.shared(list(dict.fromkeys(words(text))), position).items()
        if count <= most and len(word) >= SHORTEST_WORD and not word.isdecimal()
    }


def _overlap(one: str, other: str) -> float:
    first, second = set(words(one)), set(words(other))
    return round(len(first & second) / len(first | second), 4) if first | second else 0.0

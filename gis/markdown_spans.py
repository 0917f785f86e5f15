"""Read Markdown: where code, quotes and hidden text are. The only place that knows what these look like.

One pass, in time linear in the length of the text, whatever the text is. The rules are those of CommonMark and
GitHub, without the nesting of lists: https://spec.commonmark.org/0.31.2, https://github.github.com/gfm.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Literal, NamedTuple

Kind = Literal[
    "fence",  # from a line of ``` or ~~~ to the next such line, or to the end of the text
    "quote",  # lines that begin with >
    "indented_code",  # lines indented by four columns that do not continue a paragraph
    "indented_line",  # any line indented by four columns: code, or part of a list or a paragraph
    "inline_code",  # between equally long runs of backticks in one line: a lone backtick hides no paragraph
    "html_comment",  # <!-- --> or <!-- to the end of the text
    "html_element",  # <blockquote>, <code> or <pre> to its end tag, or to the end of the text
    "struck",  # between ~~ and ~~ in one line
]
# What GitHub shows apart from what somebody says. (An indented line may be part of that.)
KINDS: tuple[Kind, ...] = (
    "fence", "quote", "indented_code", "inline_code", "html_comment", "html_element", "struck",
)  # fmt: skip

FENCE_LINE = r" {0,3}(?P<marks>`{3,}+|~{3,}+)"
QUOTE_LINE = r" {0,3}>"
INDENTED_LINE = r" {4}| {0,3}\t"
# How each kind begins; where two begin at one place, the first of them counts.
OPENINGS: Mapping[Kind, str] = {
    "fence": f"^{FENCE_LINE}",
    "quote": f"^{QUOTE_LINE}",
    "indented_line": f"^(?:{INDENTED_LINE})",
    "indented_code": f"^(?:{INDENTED_LINE})",
    "inline_code": "`(?!`)[^`\\n]*+`(?!`)|`+",  # the most frequent is read at once
    "html_comment": "<!--",
    "html_element": r"<(?P<tag>blockquote|code|pre)\b",
    "struck": r"~~(?=[^~\n]{1,300}~~)",
}
FENCE, QUOTE, INDENTED = re.compile(FENCE_LINE), re.compile(QUOTE_LINE), re.compile(INDENTED_LINE)
END_TAGS = {tag: re.compile(f"</{tag}>", re.IGNORECASE) for tag in ("blockquote", "code", "pre")}


class Span(NamedTuple):
    """A part of a text: ``text[start:end]``. Spans of lines include the newline that ends them."""

    kind: Kind
    start: int
    end: int


def spans(text: str, *kinds: Kind) -> list[Span]:
    r"""Find the spans of some kinds.

    Args:
        text: Markdown whose lines end in ``\n``.
        kinds: What to look for, ``KINDS`` if nothing is named; any other kind is read as plain text.

    Returns:
        The spans in order. They do not overlap: what is inside a span is not looked at again.
    """
    return list(_scan(text, kinds))


def parts(text: str, *kinds: Kind) -> Iterator[tuple[Kind | None, str]]:
    """Divide a text into its spans and the plain text between them, whose kind is None; joined they are the text."""
    end = 0
    for span in _scan(text, kinds):
        if span.start > end:
            yield None, text[end : span.start]
        yield span.kind, text[span.start : span.end]
        end = span.end
    if end < len(text):
        yield None, text[end:]


def _scan(text: str, kinds: tuple[Kind, ...]) -> Iterator[Span]:
    return _Scanner(text).scan(_openings(kinds or KINDS))


@cache
def _openings(kinds: tuple[Kind, ...]) -> re.Pattern[str]:
    """Return the pattern of all openings; its last group is the kind."""
    alternatives = (f"(?P<{kind}>{opening})" for kind, opening in OPENINGS.items() if kind in kinds)
    return re.compile(f"(?=[`~<]|^)(?:{'|'.join(alternatives)})", re.MULTILINE | re.IGNORECASE)  # skips most characters


class _Scanner:
    """Finds where spans end; each search starts where an earlier one of its kind stopped, or ends the span."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0  # of the last span
        self._line_end = -1  # of the last line with inline code
        self._backticks: dict[int, list[int]] | None = None  # starts of the runs of backticks, by length
        self._end_of: Mapping[Kind, Callable[[re.Match[str]], int | None]] = {
            "fence": self._end_of_fence,
            "quote": lambda opening: self._end_of_lines(opening, QUOTE),
            "indented_line": lambda opening: self._end_of_lines(opening, INDENTED),
            "indented_code": self._end_of_indented_code,
            "inline_code": self._end_of_inline_code,
            "html_comment": lambda opening: self._after(text.find("-->", opening.end()), 3),
            "html_element": self._end_of_element,
            "struck": lambda opening: self._after(text.find("~~", opening.end()), 2),
        }

    def scan(self, openings: re.Pattern[str]) -> Iterator[Span]:
        at = 0
        while opening := openings.search(self._text, at):
            kind: Kind = opening.lastgroup  # type: ignore[assignment]
            end = self._end_of[kind](opening)
            if end is not None:
                yield Span(kind, opening.start(), end)
                self._end = end
            at = opening.end() if end is None else end

    def _end_of_fence(self, opening: re.Match[str]) -> int:
        text, end = self._text, self._next_line(opening.end())
        while end < len(text):
            start, end = end, self._next_line(end)
            closing = FENCE.match(text, start, end)
            if closing and closing["marks"].startswith(opening["marks"]) and not text[closing.end() : end].strip():
                break
        return end

    def _end_of_indented_code(self, opening: re.Match[str]) -> int | None:
        start = opening.start()
        line_before = self._text[self._text.rfind("\n", 0, max(start - 1, 0)) + 1 : start]
        continues_paragraph = line_before.strip() and start != self._end
        return None if continues_paragraph else self._end_of_lines(opening, INDENTED)

    def _end_of_lines(self, opening: re.Match[str], beginning: re.Pattern[str]) -> int:
        """Return the end of the lines that begin alike."""
        end = opening.start()
        while beginning.match(self._text, end):
            end = self._next_line(end)
        return end

    def _end_of_inline_code(self, opening: re.Match[str]) -> int | None:
        """Return the end of the next run of as many backticks in the same line."""
        if opening[0].strip("`"):
            return opening.end()
        if self._backticks is None:
            self._backticks = defaultdict(list)
            for run in re.finditer("`+", self._text):
                self._backticks[len(run[0])].append(run.start())
        if opening.start() >= self._line_end:
            self._line_end = self._next_line(opening.start())
        length = len(opening[0])
        starts = self._backticks[length]
        place = bisect_right(starts, opening.start())
        return starts[place] + length if place < len(starts) and starts[place] < self._line_end else None

    def _end_of_element(self, opening: re.Match[str]) -> int:
        closing = END_TAGS[opening["tag"].lower()].search(self._text, opening.end())
        return closing.end() if closing else len(self._text)

    def _after(self, closing: int, length: int) -> int:
        return len(self._text) if closing < 0 else closing + length

    def _next_line(self, at: int) -> int:
        return self._text.find("\n", at) + 1 or len(self._text)

"""Read Markdown: where code, quotes and hidden text are. The only place that knows what these look like.

One pass, in time linear in the length of the text, whatever the text is. The rules are those of CommonMark and
GitHub, without the nesting of lists: https://spec.commonmark.org/0.31.2, https://github.github.com/gfm.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Generator, Iterator
from typing import Literal, NamedTuple

Kind = Literal[
    "fence",  # from a line of ``` or ~~~ to the next such line, or to the end of the text
    "indented_code",  # lines indented by four columns that do not continue a paragraph
    "indented_line",  # any line indented by four columns: code, or part of a list or a paragraph
    "quote",  # lines that begin with >
    "inline_code",  # between equally long runs of backticks in one line: a lone backtick hides no paragraph
    "html_comment",  # <!-- --> or <!-- to the end of the text
    "html_element",  # <blockquote>, <code> or <pre> to its end tag, or to the end of the text
    "struck",  # between ~~ and ~~ in one line
]
# What GitHub shows apart from what somebody says. (An indented line may be part of that.)
KINDS: tuple[Kind, ...] = (
    "fence", "indented_code", "quote", "inline_code", "html_comment", "html_element", "struck",
)  # fmt: skip

FENCE = re.compile(r" {0,3}(?P<fence>`{3,}+|~{3,}+)")
QUOTE = re.compile(r" {0,3}>")
INDENT = re.compile(r" {4}| {0,3}\t")
BACKTICKS = re.compile(r"`+")
INLINE = re.compile(
    r"""
      (?P<line_end>\n)
    | (?P<inline_code>`+)
    | (?P<html_comment><!--)
    | (?P<html_element><(?P<tag>blockquote|code|pre)\b)
    | (?P<struck>~~(?=[^~\n]{1,300}~~))
    """,
    re.VERBOSE | re.IGNORECASE,
)
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
    return list(_Scanner(text, frozenset(kinds or KINDS)).scan())


def parts(text: str, *kinds: Kind) -> Iterator[tuple[Kind | None, str]]:
    """Divide a text into its spans and the plain text between them, whose kind is None; joined they are the text."""
    end = 0
    for span in spans(text, *kinds):
        if span.start > end:
            yield None, text[end : span.start]
        yield span.kind, text[span.start : span.end]
        end = span.end
    if end < len(text):
        yield None, text[end:]


class _Scanner:
    def __init__(self, text: str, kinds: frozenset[Kind]) -> None:
        self._text = text
        self._kinds = kinds
        self._line_end = -1  # of the line that was looked at last
        self._backticks: dict[int, list[int]] = defaultdict(list)  # starts of the runs of backticks, by length
        if "inline_code" in kinds:
            for run in BACKTICKS.finditer(text):
                self._backticks[len(run[0])].append(run.start())

    def scan(self) -> Iterator[Span]:
        start, in_paragraph = 0, False
        while start < len(self._text):
            block = self._block(start, in_paragraph=in_paragraph)
            if block is not None:
                yield block
                start, in_paragraph = block.end, False
            else:
                end = yield from self._line(start)
                in_paragraph = bool(self._text[start:end].strip())
                start = end

    def _block(self, start: int, *, in_paragraph: bool) -> Span | None:
        """Return the span of whole lines that begins at a line's start."""
        kinds, text = self._kinds, self._text
        if "fence" in kinds and (fence := FENCE.match(text, start)):
            return Span("fence", start, self._end_of_fence(fence))
        if "quote" in kinds and QUOTE.match(text, start):
            return Span("quote", start, self._end_of_lines(start, QUOTE))
        if INDENT.match(text, start):
            if "indented_line" in kinds:
                return Span("indented_line", start, self._end_of_lines(start, INDENT))
            if "indented_code" in kinds and not in_paragraph:
                return Span("indented_code", start, self._end_of_lines(start, INDENT))
        return None

    def _end_of_fence(self, fence: re.Match[str]) -> int:
        end = self._next_line(fence.end())
        while end < len(self._text):
            start, end = end, self._next_line(end)
            closing = FENCE.match(self._text, start, end)
            if closing and closing["fence"].startswith(fence["fence"]) and not self._text[closing.end() : end].strip():
                break
        return end

    def _end_of_lines(self, start: int, beginning: re.Pattern[str]) -> int:
        """Return the end of the lines from ``start`` on that begin alike."""
        while beginning.match(self._text, start):
            start = self._next_line(start)
        return start

    def _next_line(self, at: int) -> int:
        return self._text.find("\n", at) + 1 or len(self._text)

    def _line(self, start: int) -> Generator[Span, None, int]:
        """Yield the spans that begin in a line; return where the next line starts that is in none of them."""
        at = start
        while match := INLINE.search(self._text, at):
            if match["line_end"]:
                return match.end()
            kind: Kind = match.lastgroup if match.lastgroup != "tag" else "html_element"  # type: ignore[assignment]
            end = self._end_of_inline(kind, match) if kind in self._kinds else None
            if end is not None:
                yield Span(kind, match.start(), end)
            at = match.end() if end is None else end
        return len(self._text)

    def _end_of_inline(self, kind: Kind, opening: re.Match[str]) -> int | None:
        text, at = self._text, opening.end()
        if kind == "inline_code":
            return self._end_of_inline_code(opening)
        if kind == "html_comment":
            return text.find("-->", at) + 3 if text.find("-->", at) >= 0 else len(text)
        if kind == "struck":
            return text.index("~~", at) + 2
        closing = END_TAGS[opening["tag"].lower()].search(text, at)
        return closing.end() if closing else len(text)

    def _end_of_inline_code(self, opening: re.Match[str]) -> int | None:
        """Return the end of the next run of as many backticks in the same line."""
        if opening.start() >= self._line_end:
            self._line_end = self._next_line(opening.start())
        length = len(opening[0])
        starts = self._backticks[length]
        place = bisect_right(starts, opening.start())
        return starts[place] + length if place < len(starts) and starts[place] < self._line_end else None

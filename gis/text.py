"""What several parts need of texts: words, plain text from HTML, text that is safe to show, wrapped lines."""

import html
import re
import textwrap

BLOCKS = frozenset(
    "address article aside blockquote dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li"
    " main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
INLINE = frozenset(
    "a abbr b bdi bdo br cite code data del dfn em font g-emoji i img input ins kbd label mark path picture q rp rt"
    " ruby s samp small source span strike strong sub sup svg task-lists time tt u var video wbr".split()
)
TAG = re.compile(r"""<!--.*?-->|<(/?)([a-zA-Z][\w-]*)(?:\s(?:"[^"]*"|'[^']*'|[^<>"'])*)?/?>""", re.DOTALL)
WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Lower-cased runs of word characters."""
    return WORD.findall(text.lower())


def visible(text: str) -> str:
    """Put a blank for each control character, so that text from anywhere can be shown."""
    return "".join(character if character.isprintable() else " " for character in text)


def wrapped(text: str, width: int, *, indent: str = "") -> str:
    """Wrap each line of ``text`` between words; a word that is longer than ``width`` stays whole.

    Args:
        text: Any text; its line breaks are kept.
        width: The longest line, in characters.
        indent: What the second and further lines of a wrapped line begin with.
    """
    lines = [
        textwrap.fill(line, max(width, 1), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
        for line in text.splitlines()
    ]
    return "\n".join(lines)


def plain_text(markup: str) -> str:
    """Strip the markup of rendered HTML, keeping line breaks between blocks and the indentation of code.

    Only names that HTML uses for text count as tags: ``Vec<T>`` in an issue's title is text.
    """
    parts: list[str] = []
    end = 0
    for tag in TAG.finditer(markup):
        parts += [markup[end : tag.start()], _replacement(tag, at_line_start=_ends_a_line(parts, markup, end, tag))]
        end = tag.end()
    text = html.unescape("".join([*parts, markup[end:]]))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _ends_a_line(parts: list[str], markup: str, end: int, tag: re.Match[str]) -> bool:
    between = markup[end : tag.start()]
    before = between or next((part for part in reversed(parts) if part), "\n")
    return before.endswith("\n")


def _replacement(tag: re.Match[str], *, at_line_start: bool) -> str:
    name = (tag[2] or "").lower()  # a comment has none
    if name == "br":
        return "\n"
    if name in BLOCKS:
        return "" if at_line_start else "\n"
    return "" if name in INLINE or not name else tag[0]

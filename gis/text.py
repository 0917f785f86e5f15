"""Text as several parts need it: words, plain text from HTML, text that is safe to print, wrapped lines."""

import html
import re
import textwrap
from collections.abc import Iterator

BLOCKS = frozenset(
    "address article aside blockquote dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li"
    " main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
INLINE = frozenset(
    "a abbr b bdi bdo br cite code data del dfn em font g-emoji i img input ins kbd label mark path picture q rp rt"
    " ruby s samp small source span strike strong sub sup svg task-lists time tt u var video wbr".split()
)
TAG = re.compile(r"""<!--|</?(?P<name>[a-zA-Z][\w-]*)(?:\s(?:"[^"]*+"|'[^']*+'|[^<>"'])*+)?+/?>""")
BLANK_LINES = re.compile(r"\n{3,}")


def whole_characters(text: str) -> str:
    """Return ``text`` with each lone surrogate (half of a character, as JSON allows) replaced by U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def visible(text: str) -> str:
    """Replace each control character by a blank, so that untrusted text can be printed."""
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

    Only names that HTML uses for text count as tags, so that ``Vec<T>`` in an issue's title stays: parsers such as
    inscriptis would drop it.
    """
    chunks: list[str] = []
    end, at_line_start = 0, True
    for tag, tag_end in _tags(markup):
        before = markup[end : tag.start()]
        at_line_start = before.endswith("\n") if before else at_line_start
        replacement = _replacement(tag, at_line_start=at_line_start)
        at_line_start = replacement.endswith("\n") if replacement else at_line_start
        chunks += [before, replacement]
        end = tag_end
    text = html.unescape("".join([*chunks, markup[end:]]))
    return BLANK_LINES.sub("\n\n", text).strip()


def _tags(markup: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield each tag and closed comment with its end; in time linear in the length of the markup."""
    at, more_comments = 0, True
    while tag := TAG.search(markup, at):
        at = tag.end()
        if tag["name"] is None:
            comment_end = markup.find("-->", at) + 3 if more_comments else 0
            if comment_end < 3:
                more_comments = False
                continue
            at = comment_end
        yield tag, at


def _replacement(tag: re.Match[str], *, at_line_start: bool) -> str:
    name = (tag["name"] or "").lower()
    if name == "br":
        return "\n"
    if name in BLOCKS:
        return "" if at_line_start else "\n"
    return "" if name in INLINE or not name else tag[0]

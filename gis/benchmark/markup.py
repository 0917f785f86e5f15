"""Rendered HTML to plain text."""

import re
from html.parser import HTMLParser

BLOCKS = frozenset(
    "address article aside blockquote dd details div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li"
    " main nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
INLINE = frozenset(
    "a abbr b bdi bdo br cite code data del dfn em font g-emoji i img input ins kbd label mark path picture q rp rt"
    " ruby s samp small source span strike strong sub sup svg task-lists time tt u var video wbr".split()
)


def plain_text(html: str) -> str:
    """Strip the markup of rendered HTML, keeping line breaks between blocks.

    Only names that HTML knows count as tags: ``Vec<T>`` in an issue's title is text.
    """
    parser = _Text()
    parser.feed(html)
    parser.close()
    return re.sub(r"\n{3,}", "\n\n", "".join(parser.parts)).strip()


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag == "br":
            self.parts.append("\n")
        elif tag in BLOCKS:
            self._break()
        elif tag not in INLINE:
            self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._break()
        elif tag not in INLINE:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def _break(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

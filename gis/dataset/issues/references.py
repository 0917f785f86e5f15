"""Issues as people name them in text: #N, OWNER/NAME#N, and addresses."""

import re
from collections.abc import Iterator

from gis.collector.records import Reference

NAME = r"(?<![\w/.-])[A-Za-z0-9][\w-]{0,38}/[\w.-]{0,99}\w"
NUMBER = r"\d{1,9}(?!\d)"  # longer ones are no issue's; nothing here grows with the square of a text
REFERENCE = (
    r"(?:(?:https?://|(?<![\w./@:-]))(?:www\.)?github\.com/"
    r"(?P<page>[A-Za-z0-9][\w-]{0,38}/[\w.-]{0,99}\w)/(?P<kind>issues|pull)/"
    rf"(?P<page_number>{NUMBER})(?:[#?/][^\s)\]>,;]*)?"
    rf"|(?P<place>{NAME})#(?P<place_number>{NUMBER})"
    rf"|(?:(?<![\w/&])\#|\bGH-|\bgh-)(?P<number>{NUMBER}))(?![A-Za-z0-9])"
)
PATTERN = re.compile(REFERENCE)
UNNAMED = re.sub(r"\?P<\w+>", "?:", REFERENCE)  # for use inside other patterns


def references(text: str) -> Iterator[Reference]:
    """Every reference in ``text``, in order; a link whose text is another reference gives both."""
    for match in PATTERN.finditer(text):
        yield reference_of(match)


def reference_of(match: re.Match[str]) -> Reference:
    """What a match of ``PATTERN`` names; without a repository where the text names none."""
    if match["page"]:
        pull = True if match["kind"] == "pull" else None  # GitHub also shows pull requests under /issues/
        return Reference(match["page"], int(match["page_number"]), pull)
    if match["place"]:
        return Reference(match["place"], int(match["place_number"]))
    return Reference(None, int(match["number"]))

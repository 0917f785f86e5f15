"""Texts that resemble each other without being duplicates: epics, tracking issues, texts that say next to nothing."""

import re

from gis.words import words

EPIC_TITLE = re.compile(
    r"""
      ^\W*+ (?: tracking | meta | epic | umbrella | roadmap | checklist )\b
    | \b (?: tracking | meta | umbrella )[ -] (?: issue | bug | ticket | task )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
TASK = re.compile(r"^[ \t]*+[-*+][ ]\[[ xX]\]", re.MULTILINE)
FEWEST_TASKS = 5  # of a list of tasks that makes an epic
FEWEST_WORDS = 3


def gate(title: str, text: str) -> str:
    """Return why a text is not searched for, in words; "" where it is.

    Epics and tracking issues are written from a template and share most of their words with each other.

    Args:
        title: The title.
        text: Title and body, without templates.
    """
    if EPIC_TITLE.search(title):
        return "its title is that of a tracking issue or epic"
    if len(TASK.findall(text)) >= FEWEST_TASKS:
        return "it is a list of tasks"
    if len(words(text)) < FEWEST_WORDS:
        return f"it has fewer than {FEWEST_WORDS} words"
    return ""

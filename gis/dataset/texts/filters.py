"""Which texts are left out of a dataset: empty, short, long, or in another language."""

from gis.dataset.settings import TextSettings
from gis.dataset.texts.cleaning import prose
from gis.languages import possible_languages
from gis.words import words

REASONS = ("kept", "empty", "short", "long", "language", "removed")  # "removed": at the author's request


def judge(text: str, settings: TextSettings) -> int:
    """Return why a text is left out, as an index in ``REASONS``; 0 if it is kept."""
    count = len(words(text))
    if not count:
        return REASONS.index("empty")
    if count < settings.min_words:
        return REASONS.index("short")
    if len(text) > settings.max_chars:
        return REASONS.index("long")
    if settings.languages:
        possible = possible_languages(prose(text))
        if possible and possible.isdisjoint(settings.languages):
            return REASONS.index("language")
    return 0

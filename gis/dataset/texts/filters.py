"""Which texts are left out of a dataset: empty, short, long, or in another language."""

from collections.abc import Callable
from functools import cache

from gis.dataset.settings import TextSettings
from gis.dataset.texts.cleaning import prose
from gis.words import words

REASONS = ("kept", "empty", "short", "long", "language", "removed")  # "removed": at the author's request
# A language counts as known if it is at least this probable, in at least so many words.
LANGUAGE_PROBABILITY, MIN_LANGUAGE_WORDS = 0.95, 20
LANGUAGE_CHARS = 2000  # characters that a language is told by


def judge(text: str, settings: TextSettings) -> int:
    """Return why a text is left out, as an index in ``REASONS``; 0 if it is kept."""
    count = len(words(text))
    if not count:
        return REASONS.index("empty")
    if count < settings.min_words:
        return REASONS.index("short")
    if len(text) > settings.max_chars:
        return REASONS.index("long")
    if settings.languages and language(text) not in (*settings.languages, None):
        return REASONS.index("language")
    return 0


def language(text: str) -> str | None:
    """Return the ISO 639-1 code of the language of a text's prose; None where it is not certain."""
    sample = prose(text)[:LANGUAGE_CHARS]
    if len(words(sample)) < MIN_LANGUAGE_WORDS:
        return None
    code, probability = _identifier()(sample)
    return str(code) if probability >= LANGUAGE_PROBABILITY else None


@cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier.classify  # type: ignore[no-any-return]

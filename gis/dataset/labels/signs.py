"""What is in every ruling: ``rulings`` looks for it first, and an engine that reads an archive for nothing else."""

import re
from functools import cache

from gis.dataset.labels import english
from gis.dataset.labels.lexicon import LANGUAGES, Language
from gis.dataset.labels.portable import DIGIT, OTHER, any_case

# An issue is named, or is when the comment is cleaned.
NAMED = f"[#\uff03]{DIGIT}|/issues/|gh-{DIGIT}|issue{OTHER}{{1,8}}{DIGIT}|&#|#{OTHER}{{0,3}}{DIGIT}"
NAMED_PATTERN = re.compile(any_case(NAMED))
MARKED_PATTERN = re.compile(english.MARKED)


def signs_in(text: str) -> tuple[Language, ...] | None:
    """Return the languages, but English, that a ruling in a text may be in; None where there can be no ruling."""
    if not NAMED_PATTERN.search(text):
        return None
    lowered = text.lower()
    languages = tuple(language for language in LANGUAGES if language.may_be_in(lowered))
    return languages if languages or MARKED_PATTERN.search(lowered) else None


@cache
def portable_signs() -> tuple[str, str]:
    """Return two expressions, for any engine, that both find something in each text in which ``signs_in`` does."""
    stems = "|".join(stem for language in LANGUAGES for stem in language.stems.split())
    return any_case(NAMED), any_case(f"{stems}|{english.MARKED}")

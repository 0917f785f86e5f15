"""Which languages a text may be written in: told by its script first, then by its words."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache

from gis.words import words

# A language counts as known if it is at least this probable, in at least so many words.
LANGUAGE_PROBABILITY, MIN_LANGUAGE_WORDS = 0.95, 20
LANGUAGE_CHARS = 2000  # characters that a language is told by
# A script is that of the text if at least this share of the letters is of it, and at least so many of them.
SCRIPT_SHARE, MIN_SCRIPT_LETTERS = 0.5, 5
LATIN_LETTERS_OF = {"HAN": 3, "HANGUL": 3}  # letters that say about as much as one of these
KANA_SHARE = 0.05  # of Japanese; Chinese has none
# Languages of each script, but for Latin: the first word of a letter's name in Unicode, and ISO 639-1 codes
LANGUAGES_OF_SCRIPT: Mapping[str, frozenset[str]] = {
    script: frozenset(codes.split())
    for script, codes in {
        "HAN": "zh ja", "HANGUL": "ko", "CYRILLIC": "be bg kk ky mk mn ru sr tg tt uk", "GREEK": "el",
        "ARABIC": "ar fa ku ps sd ug ur", "HEBREW": "he yi", "ARMENIAN": "hy", "GEORGIAN": "ka", "ETHIOPIC": "am ti",
        "DEVANAGARI": "hi mr ne sa", "BENGALI": "as bn", "GUJARATI": "gu", "GURMUKHI": "pa", "ORIYA": "or",
        "TAMIL": "ta", "TELUGU": "te", "KANNADA": "kn", "MALAYALAM": "ml", "SINHALA": "si", "THAI": "th", "LAO": "lo",
        "KHMER": "km", "MYANMAR": "my", "TIBETAN": "bo dz",
    }.items()
}  # fmt: skip
HAN_NAMES = {"CJK": "HAN", "IDEOGRAPHIC": "HAN", "KATAKANA": "KANA", "HIRAGANA": "KANA", "HALFWIDTH": "KANA"}
ANY_LANGUAGE: frozenset[str] = frozenset()


def possible_languages(text: str) -> frozenset[str]:
    """Return the ISO 639-1 codes of the languages that a text may be in; none where it may be in any."""
    sample = text[:LANGUAGE_CHARS]
    of_script = _languages_by_script(sample)
    if len(of_script) == 1:
        return of_script
    if len(words(sample)) < MIN_LANGUAGE_WORDS:
        return of_script
    code, probability = _identifier()(sample)
    if probability >= LANGUAGE_PROBABILITY and (not of_script or code in of_script):
        return frozenset([code])
    return of_script


def language(text: str) -> str | None:
    """Return the ISO 639-1 code of the language of a text; None where it is not certain."""
    languages = possible_languages(text)
    return next(iter(languages)) if len(languages) == 1 else None


def _languages_by_script(text: str) -> frozenset[str]:
    """Return the languages of the script that most of a text is in; none where that is Latin, or not clear."""
    if text.isascii():
        return ANY_LANGUAGE
    letters = Counter(_script(character) for character in text if character.isalpha())
    kana = letters.pop("KANA", 0)
    letters["HAN"] += kana
    weights = {script: count * LATIN_LETTERS_OF.get(script, 1) for script, count in letters.items()}
    script = max(weights, key=lambda name: weights[name])
    if letters[script] < MIN_SCRIPT_LETTERS or weights[script] < SCRIPT_SHARE * sum(weights.values()):
        return ANY_LANGUAGE
    if script == "HAN" and kana >= KANA_SHARE * letters["HAN"]:
        return frozenset(["ja"])
    if script == "HAN" and letters["HAN"] >= MIN_LANGUAGE_WORDS:
        return frozenset(["zh"])
    return LANGUAGES_OF_SCRIPT.get(script, ANY_LANGUAGE)


@cache
def _script(letter: str) -> str:
    """Return the script of a letter, by the first word of its name in Unicode."""
    name = unicodedata.name(letter, "").partition(" ")[0].partition("-")[0]
    return HAN_NAMES.get(name, name)


@cache
def _identifier() -> Callable[[str], tuple[str, float]]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier.classify  # type: ignore[no-any-return]

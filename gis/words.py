"""Words of texts in any script: the one definition for baselines, hard negatives, filters and near-duplicates."""

import re
import unicodedata
from itertools import pairwise

# Scripts that put no blank between words. Characters of these ranges that are not word characters stay separators.
UNSPACED_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Lanna
    (0x3005, 0x3007),  # marks of repetition and zero among Han characters
    (0x3040, 0x312F),  # Hiragana, Katakana, Bopomofo
    (0x31A0, 0x31FF),  # more Bopomofo and Katakana
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xA9E0, 0xA9FF),  # more Burmese
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x1AFF0, 0x1B16F),  # more Kana
    (0x20000, 0x323AF),  # more Han
)
# Blocks whose vowels and signs are combining marks, which \w leaves out: they belong to the letter before them. The
# general combining marks (accents, variation selectors of emoji) are not among them.
MARKED_BLOCKS = (
    (0x0591, 0x08FF),  # Hebrew, Arabic, Syriac, Thaana, N'Ko
    (0x0900, 0x0DFF),  # Devanagari to Sinhala
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Burmese
    (0x1780, 0x1AAF),  # Khmer, Tai and their neighbours
    (0x1B00, 0x1CFF),  # Balinese to Vedic signs
    (0xA800, 0xABFF),  # Syloti Nagri to Meetei Mayek
)
UNSPACED = "".join(f"{chr(first)}-{chr(last)}" for first, last in UNSPACED_RANGES)
MARKS = "".join(
    chr(code)
    for first, last in MARKED_BLOCKS
    for code in range(first, last + 1)
    if unicodedata.category(chr(code)).startswith("M")
)
LETTER = re.compile(rf"[{UNSPACED}][{MARKS}]*")  # of a script without blanks, with the marks that it carries
WORD = re.compile(r"\w+")
IN_ANY_SCRIPT = re.compile(
    rf"(?P<unspaced>(?:(?=\w)[{UNSPACED}][{MARKS}]*)+)|(?:(?![{UNSPACED}])\w[{MARKS}]*)+",
)
NOT_PLAIN = re.compile(rf"[{UNSPACED}{MARKS}]")
MIN_SHARE = 0.1  # of a text's letters; with fewer of such characters, it is a text in another script that quotes them
METHOD = r"\w+ with the marks of its letters, bigrams in scripts without blanks, where these are a tenth of a text"


def words(text: str) -> list[str]:
    """Return the words of ``text``, in lower case.

    A word is a run of word characters with their combining marks. Chinese, Japanese, Thai, Lao, Khmer and Burmese put
    no blanks between words: each run of theirs gives its overlapping bigrams of characters, or the character itself
    where it is alone, as Lucene's CJK analyzer does: 打开文件 gives 打开, 开文, 文件. A text of which less than a
    tenth is in such scripts, an English one with a quotation, is read as one without.
    """
    lowered = text.lower()
    special = 0 if lowered.isascii() else len(NOT_PLAIN.findall(lowered))
    if not special or special < MIN_SHARE * sum(map(str.isalnum, lowered)):
        return WORD.findall(lowered)
    found: list[str] = []
    for run in IN_ANY_SCRIPT.finditer(lowered):
        if run["unspaced"] is None:
            found.append(run[0])
        else:
            letters = LETTER.findall(run[0])
            found += [first + second for first, second in pairwise(letters)] or letters
    return found

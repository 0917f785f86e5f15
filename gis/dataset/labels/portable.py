"""Regular expressions that Python, RE2, Java and Rust read alike, for queries on any engine.

They have no backslash, no look-around and no name of a class of characters: engines differ in what they take for a
letter or a digit that is not ASCII, and in how they make it small. The classes here are Python's with all that is not
ASCII.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import cache

WORD = "[0-9A-Z_a-z\x80-\u2018\u201a-\U0010ffff]"  # but no apostrophe
OTHER = "[^0-9A-Z_a-z]"
DIGIT = "[0-9\x80-\U0010ffff]"
LETTERS = re.compile(r"\[[^\]]{1,40}\]|[^\W\d_]")  # each letter that is not in a class, which has both cases of its own
CASED = range(0x20000)  # no letter behind these has cases


def any_case(expression: str) -> str:
    """Return an expression that also finds what Python finds where case is ignored, or in the text in lower case."""
    return LETTERS.sub(lambda match: _either(match[0]), expression)


def _either(letter: str) -> str:
    """Return a class of a letter and all that Python takes for it; a class as it is."""
    if len(letter) > 1:
        return letter
    small, large = _cased()
    same = {letter, *small[letter], *large[letter.upper()]}
    return f"[{''.join(sorted(same))}]" if len(same) > 1 else letter


@cache
def _cased() -> tuple[Mapping[str, set[str]], Mapping[str, set[str]]]:
    """Return the letters that become each one in lower case, and those that become each one in upper case."""
    small: dict[str, set[str]] = defaultdict(set)
    large: dict[str, set[str]] = defaultdict(set)
    for letter in map(chr, CASED):
        if letter != letter.lower() or letter != letter.upper():
            large[letter.upper()].add(letter)
            for part in letter.lower():  # one letter becomes two
                small[part].add(letter)
    return small, large

# ruff: noqa: RUF001
"""The words of rulings in other languages than English, from lexicon.toml: data for ``gis.dataset.labels.rulings``.

English, whose rules are finer, has its patterns in ``gis.dataset.labels.english``.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Language:
    """How people of one language say that an issue is a duplicate of #5; all but the stems are verbose expressions.

    Attributes:
        name: Its ISO 639-1 code.
        stems: What a comment must contain, at least one of them, for the patterns to be tried.
        duplicate: Words for a duplicate, which precede the reference: "duplicado" de #5.
        links: Words that may be between those and the reference.
        phrases: Other wordings that precede the reference: "ya se ha reportado en" #5.
        after: Wordings that follow the reference: #5 "の重複です".
        negation: Words that turn a ruling into its opposite, anywhere in the sentence.
        doubt: Words that turn a ruling into a suggestion.
        spaced: Whether words are divided by spaces.
    """

    name: str
    stems: str
    duplicate: str
    links: str
    phrases: str
    negation: str
    doubt: str
    after: str = "(?!)"
    spaced: bool = True

    @cached_property
    def before(self) -> re.Pattern[str]:
        """What precedes a reference in a ruling, up to its end."""
        links = rf"\b(?:{self.links})\b" if self.spaced else f"(?:{self.links})"
        gap = rf"(?: {links} | [\s:：;,，、()（）\[\]「」*_.→–—-] ){{0,12}}+"
        words = rf"\b(?:{self.duplicate})\b" if self.spaced else f"(?:{self.duplicate})"
        return self._compiled(rf"(?: {words} {gap} | (?<!\w) (?:{self.phrases}) [\s:：(（]{{0,3}} {gap} )$")

    @cached_property
    def behind(self) -> re.Pattern[str]:
        """What follows a reference in a ruling."""
        return self._compiled(rf"[\s)）]{{0,2}} (?:{self.after})")

    def may_be_in(self, lowered: str) -> bool:
        """Return whether a text in lower case has one of the stems; much faster than the patterns."""
        return any(stem in lowered for stem in self.stems.split())

    @cached_property
    def negated(self) -> re.Pattern[str]:
        """What denies a ruling."""
        return self._compiled(rf"\b(?:{self.negation})\b" if self.spaced else self.negation)

    @cached_property
    def doubted(self) -> re.Pattern[str]:
        """What makes a ruling a suggestion."""
        return self._compiled(rf"\b(?:{self.doubt})\b" if self.spaced else self.doubt)

    @staticmethod
    def _compiled(expression: str) -> re.Pattern[str]:
        return re.compile(expression, re.VERBOSE | re.IGNORECASE)


LANGUAGES = tuple(
    Language(name=name, **words)
    for name, words in tomllib.loads(Path(__file__).with_name("lexicon.toml").read_text(encoding="utf-8")).items()
)

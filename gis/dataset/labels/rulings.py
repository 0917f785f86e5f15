"""What a comment rules: read from its wording, but not from quotes, code, negations or questions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gis.collector.records import Reference
from gis.dataset.issues.references import PATTERN, UNNAMED, reference_of

Kind = Literal["import_status", "slash_command", "whole_comment", "inside_comment", "suggestion", "related"]

FENCE = re.compile(r"^[ ]{0,3}(?P<fence>```+|~~~+).*?(?:^[ ]{0,3}(?P=fence)[`~]*[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
HTML_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
INLINE_CODE = re.compile(r"(?P<ticks>`+)[^`].*?(?P=ticks)", re.DOTALL)
QUOTE = re.compile(r"^[ ]{0,3}>.*$", re.MULTILINE)
EMAIL_QUOTE = re.compile(r"^On .{5,120}wrote:\s*$.*", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[(?P<text>[^\[\]\n]{0,300})\]\((?P<url>[^)\s]{1,500})[^)\n]{0,300}\)")
STRUCK = re.compile(
    r"~~[^~\n]{1,300}~~|<(?P<tag>blockquote|pre|code)\b.*?(?:</(?P=tag)>|\Z)", re.DOTALL | re.IGNORECASE
)
INDENTED = re.compile(r"(?:\A|\n[ \t]*\n)(?:(?: {4}|\t)[^\n]*(?:\n|\Z))+")
QUOTED = re.compile(r"[\"\u201c][^\"\u201c\u201d\n]{1,200}[\"\u201d]")
SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?\n]?")
MARKER = re.compile(r"dup|merged into|same|favou?r|supersed|subsum|covered|tracked", re.IGNORECASE)

WORD = r"(?<![\w-])(?:dup(?:e|licates?|licated|s|es|lication)?)\b(?!\s?\()"
FILLER = (
    r"(?:[\s:;,()*_\"'\[\]\u2013\u2014-]|"
    r"\b(?:of|with|to|the|an?|as|is|this|issue|bug|ticket|report|existing|older|see|also|at|least)\b)*+"
)
TARGETS = rf"(?P<targets>{UNNAMED}(?:(?:[\s,&]|\band\b|\bor\b)*{UNNAMED})*)"
RULING = re.compile(rf"{WORD}{FILLER}{TARGETS}", re.IGNORECASE)
OPENING = (
    r"(?:(?:closing|closed?|marking|marked|this|is|as|an?|exact|the|it|looks?|like|i'm|am|going|to|thanks|hi|hello|yes|"
    r"so|ok|okay|indeed|actually|issue|also|just|another|seems|be|it's|that's|already|reported|i|think|believe|and|"
    r"likely|probably|definitely|ah|oh|for|report|bug|we|have|here|duplicating|sorry|yep|yup|now)\b"
    r"|[\s:;,.!*_()\"'\u2013\u2014-])*+"
)
CLOSING = (
    r"(?:[\s.,;:!)*_\"'\]\u2013\u2014-]|\b(?:closing|closed|thanks|thank|you|so|i'm|this|now|as|such|therefore|it|then|"
    r"please|follow|there|for|the|report|though|reporting)\b)*+"
)
# over sentences and lines: "Closing as duplicate. See #12."
WHOLE = re.compile(rf"{OPENING}{WORD}(?:\.|{FILLER.removesuffix('*+')})*+{TARGETS}{CLOSING}", re.IGNORECASE)
IMPORTED = re.compile(rf"\bmerged into(?: issue)?\W*(?P<targets>{UNNAMED})", re.IGNORECASE)
COMMAND = re.compile(
    rf"^[ \t]*/(?:dup|dupe|duplicate)\b[ \t]*(?:of[ \t]*)?(?P<targets>{UNNAMED})", re.IGNORECASE | re.MULTILINE
)
RELATED = re.compile(
    r"\b(?:in favou?r of|supersed\w+ by|subsumed (?:by|into|under)|covered (?:by|in)|tracked (?:by|in|at)|"
    r"same (?:\w+ ){0,2}as)\W{0,3}(?:\b(?:in|the|issue|bug|ticket|by)\b\W{0,3}){0,2}"
    rf"(?P<targets>{UNNAMED})",
    re.IGNORECASE,
)
NEGATION = re.compile(
    r"\b(?:not|never|no longer|cannot|isnt|wasnt|dont|unlike|rather than|instead of|without|non|nobody|neither|nor|"
    r"far from|unless|wrongly|incorrectly|mistakenly|thought|why|stop|searched|checked|looked|"
    r"less (?:convinced|sure|certain|likely)|hardly|(?<!no )doubt)\b|n['\u2019]t\b|"
    r"\b(?:no|for|any|other|more)\s*$",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?:possibl[ey]|may|maybe|might|could|perhaps|potential(?:ly)?|not sure|unsure|suspect|if|whether|"
    r"wonder(?:ing)?|almost|partial(?:ly)?|some(?:what)?|near|kind of|sort of|related|similar)\b",
    re.IGNORECASE,
)
GUESS = re.compile(r"\b(?:possible|potential|similar|might be|may be|likely)\b", re.IGNORECASE)
# "#5 is a duplicate of #6" speaks of #5, wherever it is said.
SUBJECT = re.compile(
    rf"(?P<subject>{UNNAMED})(?:"
    r"(?:[^\w,;.!?\n]{0,3}|,\s+(?=which\b))(?:(?!(?:this|it|i|and|but|or|so|then)\b)\w+[^\w,;.!?\n]+){0,3}?"
    r"(?:is|was|are|were|be|been|seems|looks|as|which)\b(?:(?!\bthis\b|\bit\b)[^,;.!?\n]){0,25}"
    r"|\s?\((?:\w+ ){0,2})$",
    re.IGNORECASE,
)
AGREED = re.compile(rf"\b(?:is|it|as|yes|yep|indeed|definitely|closing|a)\b[^.!?\n]{{0,20}}{WORD}", re.IGNORECASE)
CLAUSE = re.compile(r"[,;]\s|\bbut\b")
LEADING = (  # what may stand between a "not" and a "duplicate" that it denies
    r"(?:(?:really|actually|quite|exactly|strictly|necessarily|in|fact|an?|the|exact|true|real|strict|full|simple|just|be|as|of|"
    r"after|all|any|longer|more|think|believe|feel|sure|convinced|certain|if|whether|that|this|it|it's|they|these|is|was|are|"
    r"were|looks?|seems?|like|to|issue|bug)\b\W+){0,7}"
)
TAKEN_BACK = re.compile(
    r"(?:\b(?:is|was|are|were|be|actually|sorry|quite|it's|that's)\W+not\b|\bnot(?=\W+(?:quite|actually|really|an?|the)\b)|"
    rf"\b(?:isnt|wasnt|arent)\b|\b(?:is|was|are|were|does|do)n['\u2019]t\b)\W+{LEADING}dup(?:e|licates?)?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Ruling:
    """A wording that ties an issue to another.

    Attributes:
        kind: How plain it is.
        target: The other issue.
        guess: Whether it is put as a machine puts a guess ("possible duplicates").
        subject: The issue that is spoken of; None for the one that the comment is on.
    """

    kind: Kind
    target: Reference
    guess: bool = False
    subject: Reference | None = None


def spoken(text: str) -> str:
    """``text`` without quotes, code and hidden comments; links become their addresses."""
    text = text.replace("\r\n", "\n")
    for pattern in (FENCE, HTML_COMMENT, EMAIL_QUOTE, QUOTE, STRUCK, INDENTED, QUOTED):
        text = pattern.sub("\n", text)
    text = LINK.sub(lambda match: match["url"] if PATTERN.search(match["url"]) else match["text"], text)
    return INLINE_CODE.sub(lambda match: match[0].strip("`") if PATTERN.fullmatch(match[0].strip("`")) else " ", text)


def rulings(text: str) -> Iterator[Ruling]:
    """What ``text``, a comment on an issue, says that it is a duplicate of, or related to."""
    if not MARKER.search(text):
        return
    said = spoken(text)
    for kind, pattern in (("import_status", IMPORTED), ("slash_command", COMMAND)):
        for match in pattern.finditer(said):
            yield from _each(match, kind)  # type: ignore[arg-type]
    doubt = bool(TAKEN_BACK.search(said))  # "Duplicate of #5. Well, not quite a dup"
    whole = WHOLE.fullmatch(said.strip())
    if whole is not None and not doubt:
        yield from _each(whole, "whole_comment")
        return
    for sentence in SENTENCE.findall(said):
        if COMMAND.match(sentence):
            continue
        for pattern, kind in ((RULING, "inside_comment"), (RELATED, "related")):
            for match in pattern.finditer(sentence):
                clause = CLAUSE.split(sentence[: match.start()])[-1]
                if NEGATION.search(clause[-40:]):
                    continue
                subject = SUBJECT.search(sentence[: match.start()])
                named = None if subject is None else PATTERN.fullmatch(subject["subject"])
                other = None if named is None else reference_of(named)
                hedged = doubt or bool(HEDGE.search(clause[-60:])) or sentence.rstrip().endswith("?")
                guess = bool(GUESS.search(clause) or GUESS.search(sentence[match.end() :]))
                plain: Kind = "related" if kind == "related" else "suggestion" if hedged else "inside_comment"
                yield from _each(match, plain, guess, other)


def confirms(text: str) -> bool:
    """Whether ``text`` agrees that something is a duplicate, without naming it again."""
    if "dup" not in text.lower():
        return False
    for sentence in SENTENCE.findall(spoken(text)):
        for clause in CLAUSE.split(sentence):
            said = AGREED.search(clause)
            if said and not (NEGATION.search(clause) or HEDGE.search(clause) or clause.rstrip().endswith("?")):
                return True
    return False


def takes_back(text: str) -> bool:
    """Whether ``text`` says that something is not a duplicate after all."""
    return "dup" in text.lower() and bool(TAKEN_BACK.search(spoken(text)))


def _each(match: re.Match[str], kind: Kind, guess: bool = False, subject: Reference | None = None) -> Iterator[Ruling]:
    for target in PATTERN.finditer(match["targets"]):
        yield Ruling(kind, reference_of(target), guess, subject)

"""Rulings: comments that say which issue another one duplicates, read from their wording.

Quotes, code, negations, doubts and questions are recognised. The patterns were written against the comments of real
repositories; tests/dataset/labels/test_rulings.py has an example of each case.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from gis.collector.records import Reference
from gis.dataset.issues.references import GITHUB_HOST, reference_expression, reference_of, reference_pattern
from gis.markdown_spans import parts

RulingKind = Literal["import_status", "slash_command", "whole_comment", "inside_comment", "suggestion", "related"]

EMAIL_QUOTE = re.compile(r"^On .{5,120}wrote:\s*$.*", re.MULTILINE | re.DOTALL)  # "On Monday, ann wrote:" and below
QUOTATION = re.compile(r"[\"\u201c][^\"\u201c\u201d\n]{1,200}[\"\u201d]")
LINK = re.compile(r"\[(?P<text>[^\[\]\n]{0,300}+)\]\((?P<url>[^)\s]{1,500}+)[^)\n]{0,300}+\)")
SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?\n]?")
CLAUSE_END = re.compile(r"[,;]\s|\bbut\b")
NEGATION_REACH, HEDGE_REACH = 40, 60  # characters before a ruling, in its clause, where these count

MARKER = re.compile(r"dup|merged into|same|favou?r|supersed|subsum|covered|tracked", re.IGNORECASE)  # in all rulings

DUPLICATE = r"(?<![\w-]) dup(?:e|licates?|licated|s|es|lication)? \b (?!\s?\()"  # but not "dup()", "de-dup"
FILLER = r"""
    (?: [\s:;,()*_"'\[\]\u2013\u2014-]
      | \b(?: of|with|to|the|an?|as|is|this|issue|bug|ticket|report|existing|older|see|also|at|least )\b )
"""
OPENING = r"""
    (?: (?: closing|closed?|marking|marked|this|is|as|an?|exact|the|it|looks?|like|i'm|am|going|to|thanks|hi|hello|yes
          | so|ok|okay|indeed|actually|issue|also|just|another|seems|be|it's|that's|already|reported|i|think|believe|and
          | likely|probably|definitely|ah|oh|for|report|bug|we|have|here|duplicating|sorry|yep|yup|now )\b
      | [\s:;,.!*_()"'\u2013\u2014-] )*+
"""
CLOSING = r"""
    (?: [\s.,;:!)*_"'\]\u2013\u2014-]
      | \b(?: closing|closed|thanks|thank|you|so|i'm|this|now|as|such|therefore|it|then|please|follow|there|for|the
          | report|though|reporting )\b )*+
"""
NEGATION = re.compile(
    r"""
      \b(?: not|never|no\ longer|cannot|isnt|wasnt|dont|unlike|rather\ than|instead\ of|without|non|nobody|neither|nor
          | far\ from|unless|wrongly|incorrectly|mistakenly|thought|why|stop|searched|checked|looked
          | less\ (?:convinced|sure|certain|likely) | hardly
          | (?<!no\ )doubt )\b                 # but "no doubt a duplicate of #5" is a ruling
    | n['\u2019]t\b                            # "isn't a duplicate of #5"
    | \b(?: no|for|any|other|more )\s*$        # "I looked for duplicates, #5 is something else"
    """,
    re.VERBOSE | re.IGNORECASE,
)
HEDGE = re.compile(
    r"""
    \b(?: possibl[ey]|may|maybe|might|could|perhaps|potential(?:ly)?|not\ sure|unsure|suspect|if|whether
        | wonder(?:ing)?|almost|partial(?:ly)?|some(?:what)?|near|kind\ of|sort\ of|related|similar )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
GUESS = re.compile(r"\b(?:possible|potential|similar|might be|may be|likely)\b", re.IGNORECASE)
AGREEMENT = re.compile(
    rf"\b(?: is|it|as|yes|yep|indeed|definitely|closing|a )\b [^.!?\n]{{0,20}} {DUPLICATE}", re.VERBOSE | re.IGNORECASE
)
TAKEN_BACK = re.compile(
    r"""
    (?: \b(?: is|was|are|were|be|actually|sorry|quite|it's|that's )\W+not\b    # "this is not a duplicate"
      | \bnot (?= \W+(?: quite|actually|really|an?|the )\b )                   # "not quite a dup"
      | \b(?: isnt|wasnt|arent )\b
      | \b(?: is|was|are|were|does|do )n['\u2019]t\b                           # "I don't think it's a duplicate"
    )\W+
    (?: (?: really|actually|quite|exactly|strictly|necessarily|in|fact|an?|the|exact|true|real|strict|full|simple|just
          | be|as|of|after|all|any|longer|more|think|believe|feel|sure|convinced|certain|if|whether|that|this|it|it's
          | they|these|is|was|are|were|looks?|seems?|like|to|issue|bug )\b\W+ ){0,7}
    dup(?:e|licates?)?\b
    """,
    re.VERBOSE | re.IGNORECASE,
)


class _Patterns(NamedTuple):
    """The patterns of rulings on one server; all but ``subject`` have the other issues as ``targets``."""

    imported: re.Pattern[str]
    command: re.Pattern[str]
    whole: re.Pattern[str]
    inside: re.Pattern[str]
    related: re.Pattern[str]
    subject: re.Pattern[str]


@cache
def _patterns(host: str) -> _Patterns:
    reference = reference_expression(host)
    targets = rf"(?P<targets> {reference} (?: (?:[\s,&]|\band\b|\bor\b)* {reference} )* )"
    one_target = rf"(?P<targets> {reference} )"

    def compiled(expression: str) -> re.Pattern[str]:
        return re.compile(expression, re.VERBOSE | re.IGNORECASE)

    return _Patterns(
        # "Merged into issue #5": what an import from another tracker leaves
        imported=compiled(rf"\b merged\ into (?:\ issue)? \W* {one_target}"),
        # "/duplicate of #5"
        command=compiled(rf"(?m:^) [ \t]* /(?:dup|dupe|duplicate)\b [ \t]* (?: of[ \t]* )? {one_target}"),
        # "Closing as duplicate. See #5, thanks!": over sentences and lines
        whole=compiled(rf"{OPENING} {DUPLICATE} (?: \. | {FILLER} )*+ {targets} {CLOSING}"),
        # "duplicate of #5 and #6"
        inside=compiled(rf"{DUPLICATE} {FILLER}*+ {targets}"),
        related=compiled(rf"""
            \b(?: in\ favou?r\ of                    # "closing in favor of #5"
                | supersed\w+\ by                    # "superseded by #5"
                | subsumed\ (?:by|into|under)        # "subsumed by #5"
                | covered\ (?:by|in)                 # "covered by #5"
                | tracked\ (?:by|in|at)              # "tracked in #5"
                | same\ (?:\w+\ ){{0,2}}as           # "same root cause as #5"
            )\W{{0,3}} (?: \b(?: in|the|issue|bug|ticket|by )\b\W{{0,3}} ){{0,2}} {one_target}
        """),
        # The end of what precedes a ruling: "#4 is a" duplicate of #5, "#4 (" duplicate of #5)
        subject=compiled(rf"""
            (?P<subject> {reference} )
            (?: (?: [^\w,;.!?\n]{{0,3}} | ,\s+(?=which\b) )
                (?: (?! (?: this|it|i|and|but|or|so|then )\b ) \w+ [^\w,;.!?\n]+ ){{0,3}}?
                (?: is|was|are|were|be|been|seems|looks|as|which )\b
                (?: (?! \bthis\b | \bit\b ) [^,;.!?\n] ){{0,25}}
              | \s?\( (?:\w+\ ){{0,2}}
            )$
        """),
    )


@dataclass(frozen=True)
class Ruling:
    """A wording that ties an issue to another.

    Attributes:
        kind: How plain it is.
        target: The other issue.
        guess: Whether it is worded like a bot's guess ("possible duplicates").
        subject: The issue that it speaks of; None for the one that the comment is on.
    """

    kind: RulingKind
    target: Reference
    guess: bool = False
    subject: Reference | None = None


def spoken(text: str, host: str = GITHUB_HOST) -> str:
    """Return what the author of a comment says: without quotes, code and hidden text, links as their addresses.

    Args:
        text: The comment, Markdown.
        host: Host name of the server whose issues are meant.
    """
    reference = reference_pattern(host)
    said: list[str] = []
    for kind, part in parts(text.replace("\r\n", "\n")):
        if kind == "inline_code":
            code = part.strip("`")
            said.append(code if reference.fullmatch(code) else " ")
        else:
            said.append("\n" if kind else part)
    prose = QUOTATION.sub("\n", EMAIL_QUOTE.sub("\n", "".join(said)))
    return LINK.sub(lambda link: link["url"] if reference.search(link["url"]) else link["text"], prose)


def rulings(text: str, host: str = GITHUB_HOST) -> Iterator[Ruling]:
    """Yield what a comment says that its issue, or another one, is a duplicate of or related to.

    Args:
        text: The comment, Markdown.
        host: Host name of the server whose issues are meant.
    """
    if not MARKER.search(text):
        return
    said, patterns = spoken(text, host), _patterns(host)
    for match in patterns.imported.finditer(said):
        yield from _rulings_of(match, "import_status", host)
    for match in patterns.command.finditer(said):
        yield from _rulings_of(match, "slash_command", host)
    doubted = bool(TAKEN_BACK.search(said))  # "Duplicate of #5. Well, not quite a dup"
    whole = patterns.whole.fullmatch(said.strip())
    if whole is not None and not doubted:
        yield from _rulings_of(whole, "whole_comment", host)
        return
    for sentence in SENTENCE.findall(said):
        if not patterns.command.match(sentence):
            yield from _rulings_in_sentence(sentence, host, doubted=doubted)


def confirms(text: str) -> bool:
    """Return whether a comment agrees that something is a duplicate, without naming it again."""
    if "dup" not in text.lower():
        return False
    clauses = (clause for sentence in SENTENCE.findall(spoken(text)) for clause in CLAUSE_END.split(sentence))
    return any(
        AGREEMENT.search(clause)
        and not (NEGATION.search(clause) or HEDGE.search(clause) or clause.rstrip().endswith("?"))
        for clause in clauses
    )


def takes_back(text: str) -> bool:
    """Return whether a comment says that something is not a duplicate after all."""
    return "dup" in text.lower() and bool(TAKEN_BACK.search(spoken(text)))


def _rulings_in_sentence(sentence: str, host: str, *, doubted: bool) -> Iterator[Ruling]:
    patterns = _patterns(host)
    kinds: tuple[tuple[RulingKind, re.Pattern[str]], ...] = (
        ("suggestion" if doubted or sentence.rstrip().endswith("?") else "inside_comment", patterns.inside),
        ("related", patterns.related),
    )
    for kind, pattern in kinds:
        for match in pattern.finditer(sentence):
            before, after = sentence[: match.start()], sentence[match.end() :]
            clause = CLAUSE_END.split(before)[-1]
            if NEGATION.search(clause[-NEGATION_REACH:]):
                continue
            hedged = kind == "inside_comment" and HEDGE.search(clause[-HEDGE_REACH:])
            guess = bool(GUESS.search(clause) or GUESS.search(after))
            subject = patterns.subject.search(before)
            named = subject and reference_pattern(host).fullmatch(subject["subject"])
            about = reference_of(named) if named else None
            yield from _rulings_of(match, "suggestion" if hedged else kind, host, guess=guess, subject=about)


def _rulings_of(
    match: re.Match[str], kind: RulingKind, host: str, *, guess: bool = False, subject: Reference | None = None
) -> Iterator[Ruling]:
    for target in reference_pattern(host).finditer(match["targets"]):
        yield Ruling(kind, reference_of(target), guess, subject)

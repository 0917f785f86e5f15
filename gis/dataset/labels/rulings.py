"""Rulings: comments that say which issue another one duplicates, read from their wording.

A comment is read in stages: what its author says (``spoken``), its sentences, the references in each, and what stands
directly before and after each of these, at most ``REACH`` characters. So no text takes more than linear time. English
has the patterns below; the words of other languages are data (``lexicon``). tests/dataset/labels/data/wordings.tsv has
examples, tests/dataset/labels/test_wordings.py says how many of them are read.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

from gis.collector.records import Reference
from gis.dataset.issues.references import GITHUB_HOST, reference_expression, reference_of, reference_pattern
from gis.dataset.labels.lexicon import LANGUAGES, Language
from gis.dataset.labels.spoken import spoken as spoken

RulingKind = Literal["import_status", "slash_command", "whole_comment", "inside_comment", "suggestion", "related"]

REACH = 160  # characters before and after a reference that are looked at
NEGATION_REACH, HEDGE_REACH = 40, 60  # characters before a ruling, in its clause, where these count
SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?\n]?")
CLAUSE_END = re.compile(r"[,;]\s|\bbut\b")
MAY_NAME = re.compile(r"#\d|/issues/|gh-\d|issue\W{1,8}\d|&#", re.IGNORECASE)  # in all texts with a reference
GAP = re.compile(
    r"(?:[\s,&/+|、和及와과と-]|\band\b|\bor\b|\b(?:y|e|et|ou|und|oder|и|или)\b){1,12}"
)  # in lists of references
MARKER = re.compile(
    r"""dup|merged\ ?into|same|favou?r|supersed|subsum|covered|tracked|already|before|more\ (?:issues|reports)|which\ is
      | another\ report | (?:this|it)(?:\ is|'s)\ [^.\n]{0,20}\# """,
    re.IGNORECASE | re.VERBOSE,
)  # in all rulings in English

HEAD = r"(?<![\w/!-]) dup(?:e|licates?|licated|licating|s|es|lication)? \b (?!\s?\(\s?\))"  # not "dup()", "de-dup"
FILLER = r"""
    (?: [\s:;,()*_"'\[\]<>|\u2013\u2014\u2192-]
      | \b(?: of|with|to|the|an?|as|is|this|issue|bug|ticket|report|existing|older|see|also|at|least|exact|one|either
          | both|related|and|probably|just )\b
      | /(?=\s?related\b)
    )
"""
OPENING = r"""
    (?: (?: closing|closed?|marking|marked|this|is|as|an?|exact|the|it|looks?|like|i'm|am|going|to|thanks|hi|hello|yes
          | so|ok|okay|indeed|actually|issue|also|just|another|seems|be|it's|that's|already|reported|i|think|believe|and
          | likely|probably|definitely|ah|oh|for|report|bug|we|have|here|duplicating|sorry|yep|yup|now )\b
      | [\s:;,.!*_()"'\u2013\u2014-] )*+
"""
CLOSING = r"""
    (?: [\s.,;:!)\]>|*_"'\u2013\u2014-]
      | \b(?: closing|closed|thanks|thank|you|so|i'm|this|now|as|such|therefore|it|then|please|follow|there|for|the
          | report|though|reporting )\b )*+
"""


def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.VERBOSE | re.IGNORECASE)


# What precedes a reference, up to its end: see the examples
IMPORTED = _compiled(
    r"\b (?: merged\ ?into | superseder | dup_of ) (?: [\s:*>-] | \b(?: issues? | bug | set | to )\b ){0,8} $"
)
COMMAND = _compiled(
    r"""
    (?P<sign> (?<![\w/.]) [/!]) (?: triage\s )? (?: dup|dupe|duplicate )\b (?: [\s<-] | \bof\b ){0,5} $
    """
)
SPEAKS_OF_COMMAND = _compiled(
    r"\b(?: write|writes|type|typing|use|using|usage|command|say|saying|comment|enter|run )\b"
)
WHOLE = _compiled(rf"{OPENING} {HEAD} (?: \. | {FILLER} )*+")
ASKED = _compiled(rf"{HEAD} \s? \? {FILLER}*+ $")  # "Duplicate? #5"
INSIDE = _compiled(rf"{HEAD} (?: \.\s+(?=see\b) )? {FILLER}*+ $")
SAME_THING = r"""
    (?: issue|bug|problem|crash|error|report|thing|failure|panic|ICE|request|ticket
      | (?:crash\ |stack\ )?(?:signature|trace) )
"""
SAME_OPENING = r"""
    (?: ^ | [.!?:;(\n]\s* | ,\s+ (?= (?: this|it|i|i'm )\b ) )
    (?: \s* (?: this|it|that|issue|bug|one|problem|error|message|crash|is|isn['\u2019]t|['\u2019](?:s|m)|be|i|am|think
          | believe|guess|suspect|confident|pretty|sure|seems?|looks?|appears?|like|to|that|probably|presumably|likely
          | actually
          | basically|essentially|just|exactly|almost|certainly|definitely|ultimately|really|very|more\ or\ less|indeed
          | so|and|also|as|yes|yeah|yep|ah|oh|hm+|ok|okay|whoops|oops|sorry|auto-closing|[\s,:] )(?!\w) ){0,14} \s*
"""
SAME = _compiled(
    rf"""
    {SAME_OPENING} (?: the\ )? same\ (?: (?: exact\ )? {SAME_THING} \ )? as
    (?:\ in)? (?: \ (?:the|issue|bug|ticket) ){{0,2}} [\s:(]{{0,2}} $
    """
)
KNOWN = _compiled(
    r"""
      \b already (?: \ been)? \ (?: reported|filed|tracked|known|raised|opened|submitted )
      (?: \ (?: in|as|at|by|under|here|before|with|issue|bug|the ) ){1,3} [\s:(]{0,3} $
    | \b(?: reported|filed )\ before [\s:,]{0,3} (?: \b(?:in|as|see)\ )? $
    | \b already\ (?: have|an )\ (?: an\ )? (?: open\ )? (?: issue|bug|ticket|report )\ (?: for|about|on )
      \ (?: this|it|that ) \W{0,3} (?: in\ )? $
    | \b(?: more|other|another|additional )\ (?: issues?|reports?|instances? )\ (?: for|of|about|with )
      \ (?: this|the\ same )
      (?: \ (?: crash|bug|issue|problem|error ) )? [\s:]{0,3} $
    """
)
IDENTITY = _compiled(
    r"""
    (?: ^ | [.!,]\s ) \s* (?: this|it )(?: \ is | ['\u2019]s )
    (?: \ (?: just|really|basically|actually|exactly ) )? \s $
    """
)
IDENTITY_END = _compiled(r"\s* (?: again )? [\s.!]* (?: $ | \n )")
IS_THIS = _compiled(
    r"[\s,]{0,3} which\ is\ (?: (?: exactly|just|basically )\ )? (?: this | the\ same )\b (?!\s+\w+\s+\w)"
)
OF_THIS = r"(?: of | with | to | into ) \s+ this \b (?: \s+ (?: one|issue|bug|report|ticket ) )? (?! \s+ \w+ )"
REVERSED = _compiled(
    rf"""
    [\])]? \s+ (?: (?: is|was|are|were|has|have|been|be|marked|closed|as|an?|the|exact|just|also|another )\s+ ){{1,6}}
    (?: {HEAD} \s+ {OF_THIS} | merged \s+ into \s+ this \b )
    """
)
CLOSED_AS = _compiled(
    rf"""
    \b clos(?:ing|ed|e)\b (?: \ (?: this|it|one|now|issue ) ){{0,3}}, ? \ as\ (?: (?: an?|the|exact )\ ){{0,2}} {HEAD}
    | (?: ^ | [.!]\s ) \s* {HEAD} \s? [.!] | \b as\ it\ is\ a\ {HEAD} \s? [.!]?
    """
)
ABOUT_THIS = _compiled(rf"{HEAD} \s+ {OF_THIS}")
RELATED = _compiled(
    r"""
    \b(?: in\ favou?r\ of                    # "closing in favor of #5"
        | supersed\w{1,9}\ by                 # "superseded by #5"
        | subsumed\ (?:by|into|under)        # "subsumed by #5"
        | covered\ (?:by|in)                 # "covered by #5"
        | tracked\ (?:by|in|at)              # "tracked in #5"
        | same\ (?:\w{1,40}\ ){0,2}as        # "same root cause as #5"
    )\W{0,3} (?: \b(?: in|the|issue|bug|ticket|by )\b\W{0,3} ){0,2} $
    """
)
CLOSES = _compiled(r"\b(?: clos(?:e|ed|ing) | same\ report | continue\ there )\b")
FAVOURED = _compiled(r"\b clos(?:e|ed|ing)\b [^.!?\n]{0,20} \b in\ favou?r\ of\ (?: that|it|the\ other )\b")
IF = _compiled(r"\bif\ [\w\ ]*$")
CLOSES_ONLY = _compiled(CLOSING)
PULL_REQUEST = _compiled(r"\b(?: pull\ request | pr | branch | commit | patch )\b")
MARKING = _compiled(r"\b(?: mark(?:ing|ed)? | clos(?:ing|ed|e) )\ (?: issue\ | bug\ )? $")
AS_THIS = _compiled(rf"[\])]? \s+ as\s+ (?: (?: an?|the|exact )\s+ ){{0,2}} {HEAD} \s+ {OF_THIS}")
SAME_REPORT = _compiled(r"[^.!?\n]{0,30} \b same\ (?: report | bug | issue | problem )\b")
SAME_BUT = _compiled(r"[^.!?\n]{0,40} \b(?: but | except | only | applied | though )\b")
# In this order: the first that fits is taken.
KINDS_OF_FRAMES: tuple[tuple[RulingKind, re.Pattern[str]], ...] = (
    ("inside_comment", INSIDE),
    ("inside_comment", ASKED),
    ("inside_comment", SAME),
    ("inside_comment", KNOWN),
    ("inside_comment", IDENTITY),
    ("related", RELATED),
)

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
    \b(?: possibl[ey]|may|will\ be|would\ be|confidence|maybe
        |might|could|perhaps|potential(?:ly)?|not\ sure|unsure|suspect|if|whether
        | wonder(?:ing)?|almost|partial(?:ly)?|some(?:what)?|near|kind\ of|sort\ of|related|similar )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
GUESS = re.compile(r"\b(?:possible|potential|similar|might be|may be|likely)\b", re.IGNORECASE)
AGREEMENT = re.compile(
    rf"\b(?: is|it|as|yes|yep|indeed|definitely|closing|a )\b [^.!?\n]{{0,20}} {HEAD}", re.VERBOSE | re.IGNORECASE
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
DOUBT_BEHIND = re.compile(
    r"""
    \b(?: not\s(?:\w{1,12}\s){0,2}(?:sure|certain|positive)\b
          (?! \ (?: if|which|when|what|how|why|where|who )\b )
        | unsure | i\ guess | maybe | perhaps | possibly | could\ be\ wrong
        | might | if\ it\ (?:happens?|happened|is|was) | to\ confirm )\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
DENIED_BEHIND = re.compile(
    r"""^[^.!?\n]{0,30}\b(?: which\ (?:is\ (?:wrong|not|false)|i\ (?:deny|doubt)) | is\ wrong | was\ wrong | nonsense
        | not\ clos(?:ing|ed) )\b""",
    re.VERBOSE | re.IGNORECASE,
)
NEGATIVE_QUESTION = re.compile(
    r"\b(?:is|was|does|are)(?:n['\u2019]t|\ not)\ (?:this|it|that)\b[^.!?\n]*$", re.IGNORECASE
)
AGREED = re.compile(
    r"""\W{0,3}(?: yes|yep|yup|yeah|right|correct|indeed|exactly|true|agreed|it\ is|sure\ is
      | good\ (?:catch|find)|looks\ like\ it
      | sí|sim|oui|ja|да|tak|是的|对|はい|네|예 )\b
      (?! [^.!?\n]{0,80} (?: \bbut\b | \bnot\b | n['\u2019]t\b | \? ) )""",
    re.VERBOSE | re.IGNORECASE,
)


@cache
def _subject_pattern(host: str) -> re.Pattern[str]:
    """The end of what precedes a ruling: "#4 is a" duplicate of #5, "#4 (" duplicate of #5)."""
    return _compiled(rf"""
        (?P<subject> {reference_expression(host)} )
        (?: (?: [^\w,;.!?\n]{{0,3}} | ,\s+(?=which\b) )
            (?: (?! (?: this|it|i|and|but|or|so|then )\b ) \w{{1,40}} [^\w,;.!?\n]{{1,4}} ){{0,3}}?
            (?: is|was|are|were|be|been|seems|looks|as|which )\b
            (?: (?! \bthis\b | \bit\b ) [^,;.!?\n] ){{0,25}}
          | \s?\( (?:\w{{1,40}}\ ){{0,2}}
        )$
    """)


@dataclass(frozen=True)
class Ruling:
    """A wording that ties an issue to another.

    Attributes:
        kind: How plain it is.
        target: The other issue; None for the one that the comment is on.
        guess: Whether it is worded like a bot's guess ("possible duplicates").
        subject: The issue that it speaks of; None for the one that the comment is on.
    """

    kind: RulingKind
    target: Reference | None
    guess: bool = False
    subject: Reference | None = None


class _Group(NamedTuple):
    """References that are listed together, and where, in what is spoken."""

    references: tuple[Reference, ...]
    start: int
    end: int


@dataclass(frozen=True)
class _Context:
    """What stands around a group of references, in its sentence.

    Attributes:
        before: At most ``REACH`` characters before it.
        after: At most ``REACH`` characters after it, and of the next sentence as much as that leaves.
        asked: Whether the sentence is a question.
        doubted: Whether the comment takes back what it says.
        closes: Whether the comment says that its issue is closed.
        languages: The languages, but English, that the comment may be in.
        host: Host name of the server.
    """

    before: str
    after: str
    asked: bool
    doubted: bool
    closes: bool
    languages: tuple[Language, ...]
    host: str


def rulings(text: str, host: str = GITHUB_HOST) -> Iterator[Ruling]:
    """Yield what a comment says that its issue, or another one, is a duplicate of or related to.

    Args:
        text: The comment, Markdown.
        host: Host name of the server whose issues are meant.
    """
    if not MAY_NAME.search(text):
        return
    lowered = text.lower()
    languages = tuple(language for language in LANGUAGES if language.may_be_in(lowered))
    if not languages and not MARKER.search(text):
        return
    said = spoken(text, host)
    groups = _groups(said, host)
    if not groups:
        return
    doubted = _is_taken_back(said)  # "Duplicate of #5. Well, not quite a dup"
    if len(groups) == 1 and not doubted and _is_whole(said, groups[0]):
        yield from _rulings_of(groups[0], "whole_comment")
        return
    sentences = _Sentences(said)
    closes = bool(CLOSES.search(said))
    read = False
    for group in groups:
        start, end = sentences.around(group.start)
        if not said[start : group.start].strip() and start:  # "Duplicate? #5"
            start, _ = sentences.around(start - 1)
        after = said[group.end : group.end + REACH]
        context = _Context(
            before=said[max(start, group.start - REACH) : group.start],
            after=after,
            asked=said[group.end : max(end, group.end)].rstrip().endswith("?"),
            doubted=doubted,
            closes=closes,
            languages=languages,
            host=host,
        )
        for ruling in _read(group, context):
            read = True
            yield ruling
    if not read and len(groups) == 1 and not doubted:
        yield from _from_closing(said, groups[0])


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


def agrees(text: str) -> bool:
    """Return whether a comment, as the answer to a suggestion, says yes: "Yes, it is. Closing."."""
    return bool(AGREED.match(spoken(text).lstrip()))


def takes_back(text: str) -> bool:
    """Return whether a comment says that something is not a duplicate after all."""
    return "dup" in text.lower() and _is_taken_back(spoken(text))


def _is_taken_back(said: str) -> bool:
    """Return whether somebody says "this is not a duplicate", and not "if this is not a duplicate"."""
    return any(not IF.search(said, max(match.start() - 12, 0), match.start()) for match in TAKEN_BACK.finditer(said))


class _Sentences:
    """Where the sentences of a text are."""

    def __init__(self, said: str) -> None:
        self._ends = [
            match.end() for match in re.finditer(r"[.!?\u3002\uff01\uff1f](?=\s|$)|[\u3002\uff01\uff1f]|\n", said)
        ]
        self._length = len(said)

    def around(self, place: int) -> tuple[int, int]:
        """Return the start and the end of the sentence at a place."""
        index = bisect_right(self._ends, place)
        start = self._ends[index - 1] if index else 0
        return start, self._ends[index] if index < len(self._ends) else self._length


@cache
def _named(host: str) -> re.Pattern[str]:
    return _compiled(
        rf"{reference_pattern(host).pattern} | \b issue\ (?P<bare> \d{{1,9}} ) (?! \w | \.\d )"
        rf" | (?<=\d/) \# (?P<listed> \d{{1,9}} ) (?!\w)"  # #5/#6
    )


def _groups(said: str, host: str) -> list[_Group]:
    """Return the references in a text, those that are listed together as one group."""
    groups: list[_Group] = []
    for match in _named(host).finditer(said):
        bare = match["bare"] or match["listed"]
        named = Reference(None, int(bare)) if bare else reference_of(match)
        last = groups[-1] if groups else None
        if last and match.start() - last.end <= 40 and (_is_listed(last, named, said[last.end : match.start()])):
            listed = last.references if named in last.references else (*last.references, named)
            groups[-1] = _Group(listed, last.start, match.end())
        else:
            groups.append(_Group((named,), match.start(), match.end()))
    return groups


def _is_listed(group: _Group, named: Reference, between: str) -> bool:
    """Return whether a reference belongs to the list before it: "#5 and #6", or "#5 (https://...)" once more."""
    return bool(GAP.fullmatch(between) or (named in group.references and not between.strip(" ([:")))


def _is_whole(said: str, group: _Group) -> bool:
    """Return whether a comment says nothing but that its issue is a duplicate."""
    before, after = said[: group.start].lstrip(), said[group.end :].rstrip()
    return bool(WHOLE.fullmatch(before) and CLOSES_ONLY.fullmatch(after))


def _read(group: _Group, context: _Context) -> Iterator[Ruling]:
    """Yield what is said of one group of references."""
    before, after = context.before, context.after
    if IMPORTED.search(before) and not PULL_REQUEST.search(before):
        yield from _rulings_of(group, "import_status")
        return
    command = COMMAND.search(before)
    if command:
        if not SPEAKS_OF_COMMAND.search(before[: command.start()]):
            yield from _rulings_of(group, "slash_command")
        return
    if REVERSED.match(after) or (MARKING.search(before) and AS_THIS.match(after)):
        if not NEGATION.search(before[-NEGATION_REACH:]):
            yield from (Ruling("inside_comment", None, subject=named) for named in group.references)
        return
    yield from list(_read_english(group, context)) or _read_others(group, context)


def _read_english(group: _Group, context: _Context) -> Iterator[Ruling]:
    """Yield what is said in English: by the first frame that fits and is not denied."""
    before, after = context.before, context.after
    for kind, pattern in KINDS_OF_FRAMES:
        match = pattern.search(before)
        if match is None or not _fits_behind(pattern, group, context):
            continue
        clause = CLAUSE_END.split(before[: match.start()])[-1]
        question = context.asked or pattern is ASKED
        expects_yes = question and NEGATIVE_QUESTION.search(before)
        if DENIED_BEHIND.match(after) or (not expects_yes and NEGATION.search(clause[-NEGATION_REACH:])):
            continue
        hedged = HEDGE.search(clause[-HEDGE_REACH:]) or DOUBT_BEHIND.search(after[:HEDGE_REACH])
        if kind == "inside_comment" and (question or context.doubted or hedged):
            kind = "suggestion"
        elif pattern is RELATED and context.closes and SAME_REPORT.search(after):
            kind = "inside_comment"
        guess = bool(GUESS.search(clause) or GUESS.search(after.split("\n", 1)[0]))
        yield from _rulings_of(group, kind, guess=guess, subject=_subject(before[: match.start()], context.host))
        return
    if IS_THIS.match(after):
        yield from _rulings_of(group, "inside_comment")


def _fits_behind(pattern: re.Pattern[str], group: _Group, context: _Context) -> bool:
    """Return whether what follows a group lets a frame stand: "same as #5 but …" is not a ruling."""
    if pattern is IDENTITY:
        return bool(IDENTITY_END.match(context.after))
    if pattern is SAME:
        return not SAME_BUT.match(context.after) and (len(group.references) == 1 or context.closes)
    return True


def _subject(before: str, host: str) -> Reference | None:
    """Return the other issue that a ruling speaks of, as in "#4 is a duplicate of #5", or None."""
    subject = _subject_pattern(host).search(before)
    named = subject and reference_pattern(host).fullmatch(subject["subject"])
    return reference_of(named) if named else None


def _read_others(group: _Group, context: _Context) -> Iterator[Ruling]:
    """Yield what is said in another language than English."""
    before = context.before
    after = re.split(r"[.!?\n\u3002\uff01\uff1f](?:\s|$)|[\u3002\n]", context.after, maxsplit=1)[0]
    asked = context.asked or context.after[len(after) :].startswith(("?", "\uff1f"))
    speaking = [each for each in context.languages if each.before.search(before) or each.behind.match(after)]
    around = f"{before} {after}"
    if speaking and not any(language.negated.search(around) for language in speaking):
        weak = asked or any(language.doubted.search(around) for language in speaking)
        yield from _rulings_of(group, "suggestion" if weak else "inside_comment", guess=weak)


def _from_closing(said: str, group: _Group) -> Iterator[Ruling]:
    """Yield the ruling of a comment that closes its issue as a duplicate and names one other issue, wherever."""
    if FAVOURED.search(said):  # "I moved the label to #5 and close this in favor of that issue"
        yield from _rulings_of(group, "related")
        return
    closing = CLOSED_AS.search(said)
    if closing is None or ABOUT_THIS.search(said) or abs(closing.start() - group.start) > 2 * REACH:
        return
    sentence = re.split(r"[.!?\n]", said[max(closing.start() - REACH, 0) : closing.end()].rstrip(" .!"))[-1]
    clause = CLAUSE_END.split(sentence)[-1]
    if not (NEGATION.search(clause) or HEDGE.search(clause) or said[closing.end() :].lstrip().startswith("?")):
        yield from _rulings_of(group, "inside_comment")


def _rulings_of(
    group: _Group, kind: RulingKind, *, guess: bool = False, subject: Reference | None = None
) -> Iterator[Ruling]:
    for target in group.references:
        yield Ruling(kind, target, guess, subject)

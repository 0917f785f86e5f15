"""Rulings: comments that say which issue another one duplicates, read from their wording.

A comment is read in stages: what its author says (``spoken``), the references in it and what stands directly before and
after each (``mentions``), and whether that is a ruling, in English (``english``) or another language (``lexicon``). No
text takes more than linear time. tests/dataset/labels/data has examples, and docs/building.md says how many are read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gis.collector.records import Reference
from gis.dataset.issues.references import GITHUB_HOST, reference_of, reference_pattern
from gis.dataset.labels import english
from gis.dataset.labels.lexicon import Language
from gis.dataset.labels.mentions import REACH, Mention, Sentences, Surroundings, mentions
from gis.dataset.labels.replies import is_taken_back
from gis.dataset.labels.signs import signs_in
from gis.dataset.labels.spoken import spoken

RulingKind = Literal[
    "import_status", "slash_command", "whole_comment", "inside_comment", "judged", "suggestion", "related"
]

NEGATION_REACH, HEDGE_REACH = 40, 60  # characters before a ruling, in its clause, where these count
# In this order: the first that fits is taken.
KINDS_OF_FRAMES: tuple[tuple[RulingKind, re.Pattern[str]], ...] = (
    ("inside_comment", english.INSIDE),
    ("inside_comment", english.ASKED),
    ("inside_comment", english.SAME),
    ("inside_comment", english.KNOWN),
    ("inside_comment", english.HAVE),
    ("inside_comment", english.IDENTITY),
    ("suggestion", english.LOOKS_LIKE),
    ("related", english.RELATED),
)


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


@dataclass(frozen=True)
class _Comment:
    """What bears on all mentions of a comment.

    Attributes:
        doubted: Whether the comment takes back what it says.
        closes: Whether it says that its issue is closed.
        languages: The languages, but English, that it may be in.
        host: Host name of the server.
    """

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
    languages = signs_in(text)
    if languages is None:
        return
    said = spoken(text, host)
    named = mentions(said, host)
    if not named:
        return
    doubted = is_taken_back(said)  # "Duplicate of #5. Well, not quite a dup"
    if len(named) == 1 and not doubted and _is_whole(said, named[0]):
        yield from _rulings_of(named[0], "whole_comment")
        return
    comment = _Comment(doubted, bool(english.CLOSES.search(said)), languages, host)
    sentences = Sentences(said)
    read = (ruling for mention in named for ruling in _read(mention, sentences.around(mention), comment))
    if len(named) == 1 and not doubted:
        every_ruling = list(read)
        if all(ruling.kind == "related" for ruling in every_ruling):
            every_ruling = list(_from_closing(said, named[0])) or every_ruling
        yield from every_ruling
        return
    yield from read


def _is_whole(said: str, mention: Mention) -> bool:
    """Return whether a comment says nothing but that its issue is a duplicate."""
    before, after = said[: mention.start].lstrip(), said[mention.end :].rstrip()
    if english.QUESTION.match(before) or english.HEDGE.search(before[-REACH:]):
        return False
    return bool(english.WHOLE.fullmatch(before) and english.CLOSES_ONLY.fullmatch(after))


def _read(mention: Mention, around: Surroundings, comment: _Comment) -> Iterator[Ruling]:
    """Yield what is said of one mention."""
    before, after = around.before, around.after
    if english.IMPORTED.search(before) and not english.PULL_REQUEST.search(before):
        yield from _rulings_of(mention, "import_status")
        return
    command = english.COMMAND.search(before)
    if command:
        if not english.SPEAKS_OF_COMMAND.search(before[: command.start()]):
            yield from _rulings_of(mention, "slash_command")
        return
    if _is_the_duplicate(before, after):
        if not english.NEGATION.search(before[-NEGATION_REACH:]):
            kind: RulingKind = "suggestion" if around.asked else "inside_comment"
            yield from (Ruling(kind, None, subject=named) for named in mention.references)
        return
    yield from list(_read_english(mention, around, comment)) or _read_others(mention, around, comment.languages)


def _is_the_duplicate(before: str, after: str) -> bool:
    """Return whether it is the mentioned issue that duplicates this one: "#5 is a duplicate of this"."""
    return bool(
        english.REVERSED.match(after)
        or english.HAS_DUPLICATE.search(before)
        or (english.MARKING.search(before) and english.AS_THIS.match(after))
    )


def _read_english(mention: Mention, around: Surroundings, comment: _Comment) -> Iterator[Ruling]:
    """Yield what is said in English: by the first frame that fits and is not denied."""
    before, after = around.before, around.after
    if english.BARE.fullmatch(before) and english.LABELLED.match(after):
        yield from _rulings_of(mention, "suggestion" if comment.doubted else "inside_comment")
        return
    for kind, pattern in KINDS_OF_FRAMES:
        match = pattern.search(before)
        if match is None or not _fits_behind(pattern, mention, around, comment):
            continue
        *conditions, clause = english.CLAUSE_END.split(before[: match.start()])
        question = around.asked or pattern is english.ASKED or bool(english.QUESTION.match(before))
        expects_yes = question and english.NEGATIVE_QUESTION.search(before)
        if english.DENIED_BEHIND.match(after) or (
            not expects_yes and english.NEGATION.search(clause[-NEGATION_REACH:])
        ):
            continue
        about = clause[-HEDGE_REACH:] + match[0]
        hedged = (
            english.HEDGE.search(about)
            or english.DOUBT_BEHIND.search(after[:HEDGE_REACH])
            or (conditions and english.CONDITION.match(conditions[-1]))
        )
        if english.PARTIAL.search(about) or english.PARTIAL_BEHIND.match(after):
            kind = "related"
        elif kind == "inside_comment" and (question or comment.doubted or hedged):
            kind = "suggestion"
        elif pattern is english.RELATED and comment.closes and english.SAME_REPORT.search(after):
            kind = "inside_comment"
        guess = bool(english.GUESS.search(clause) or english.GUESS.search(after.split("\n", 1)[0]))
        yield from _rulings_of(mention, kind, guess=guess, subject=_subject(before[: match.start()], comment.host))
        return
    is_this, clause = english.IS_THIS.match(after), english.CLAUSE_END.split(before)[-1]
    if is_this and (is_this["which"] or not english.NEGATION.search(clause[-NEGATION_REACH:])):
        weak = around.asked or comment.doubted or english.HEDGE.search(clause[-HEDGE_REACH:])
        yield from _rulings_of(mention, "suggestion" if weak else "inside_comment")


def _fits_behind(pattern: re.Pattern[str], mention: Mention, around: Surroundings, comment: _Comment) -> bool:
    """Return whether what follows a mention lets a frame stand: "same as #5 but …" is not a ruling."""
    if pattern in (english.IDENTITY, english.LOOKS_LIKE):
        if english.THAT.search(around.before) and not comment.closes:
            return False
        return bool(english.IDENTITY_END.match(around.after))
    if pattern is english.HAVE:
        return bool(english.HAVE_END.match(around.after))
    if pattern is english.SAME:
        return not english.SAME_BUT.match(around.after) and (len(mention.references) == 1 or comment.closes)
    return True


def _subject(before: str, host: str) -> Reference | None:
    """Return the other issue that a ruling speaks of, as in "#4 is a duplicate of #5", or None."""
    subject = english.subject_pattern(host).search(before)
    named = subject and reference_pattern(host).fullmatch(subject["subject"])
    return reference_of(named) if named else None


def _read_others(mention: Mention, around: Surroundings, languages: tuple[Language, ...]) -> Iterator[Ruling]:
    """Yield what is said in another language than English."""
    before = around.before
    after = re.split(r"[.!?\n\u3002\uff01\uff1f](?:\s|$)|[\u3002\n]", around.after, maxsplit=1)[0]
    asked = around.asked or around.after[len(after) :].startswith(("?", "\uff1f"))
    speaking = [each for each in languages if each.before.search(before) or each.behind.match(after)]
    sentence = f"{before} {after}"
    if speaking and not any(language.negated.search(sentence) for language in speaking):
        weak = asked or any(language.doubted.search(sentence) for language in speaking)
        yield from _rulings_of(mention, "suggestion" if weak else "inside_comment", guess=weak)


def _from_closing(said: str, mention: Mention) -> Iterator[Ruling]:
    """Yield the ruling of a comment that calls its issue a duplicate and names one other issue, wherever."""
    if english.FAVOURED.search(said):  # "I moved the label to #5 and close this in favor of that issue"
        yield from _rulings_of(mention, "related")
        return
    closing = english.CLOSED_AS.search(said, max(mention.start - 2 * REACH, 0), mention.start + 3 * REACH)
    if closing is None or english.ABOUT_THIS.search(said) or abs(closing.start() - mention.start) > 2 * REACH:
        return
    sentence = re.split(r"[.!?\n]", said[max(closing.start() - REACH, 0) : closing.end()].rstrip(" .!"))[-1]
    *conditions, clause = english.CLAUSE_END.split(sentence)
    asked = said[closing.end() :].lstrip().startswith("?")
    if any(map(english.CONDITION.match, conditions)):
        return
    if not (english.NEGATION.search(clause) or english.HEDGE.search(clause) or asked):
        yield from _rulings_of(mention, "inside_comment")


def _rulings_of(
    mention: Mention, kind: RulingKind, *, guess: bool = False, subject: Reference | None = None
) -> Iterator[Ruling]:
    for target in mention.references:
        yield Ruling("related" if mention.alternatives else kind, target, guess, subject)

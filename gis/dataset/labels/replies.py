"""What a comment says of an earlier one: that it agrees with a suggestion, or that it takes a ruling back."""

import re

from gis.dataset.labels.english import CLAUSE_END, HEAD, HEDGE, NEGATION, compiled
from gis.dataset.labels.mentions import SENTENCE
from gis.dataset.labels.spoken import spoken

AGREEMENT = compiled(rf"\b(?: is|it|as|yes|yep|indeed|definitely|closing|a )\b [^.!?\n]{{0,20}} {HEAD}")
TAKEN_BACK = compiled(
    r"""
    \b (?=[iwabsqtnd])                                                          # most words need no further look
    (?: (?: is|was|are|were|be|actually|sorry|quite|it's|that's )\W{1,9}not\b    # "this is not a duplicate"
      | not (?= \W{1,9}(?: quite|actually|really|an?|the )\b )                   # "not quite a dup"
      | (?: isnt|wasnt|arent )\b
      | (?: is|was|are|were|does|do )n['\u2019]t\b                           # "I don't think it's a duplicate"
    )\W{1,9}+
    (?: (?: really|actually|quite|exactly|strictly|necessarily|in|fact|an?|the|exact|true|real|strict|full|simple|just
          | be|as|of|after|all|any|longer|more|think|believe|feel|sure|convinced|certain|if|whether|that|this|it's|it
          | they|these|is|was|are|were|looks?|seems?|like|to|issue|bug )\b\W{1,9}+ ){0,7}+
    dup(?:e|licates?)?\b
    """,
)
NOT = re.compile(r"not\b|n['\u2019]?t\b")  # in all of these, in lower case
QUESTION_BEHIND = compiled(r"[^.!?\n]{0,100} (?: [.!](?!\s) [^.!?\n]{0,100} ){0,9} \?")
IF = compiled(r"\bif\ [\w\ ]{0,12}$")
AGREED = compiled(
    r"""\W{0,3}(?: yes|yep|yup|yeah|right|correct|indeed|exactly|true|agreed|it\ is|sure\ is
      | good\ (?:catch|find)|looks\ like\ it
      | sí|sim|oui|ja|да|tak|是的|对|はい|네|예 )\b
      (?! [^.!?\n]{0,80} (?: \bbut\b | \bnot\b | n['\u2019]t\b | \? ) )""",
)
DISAGREED = compiled(
    r"""
    \W{0,3} (?: (?: oh|well|hm+|or|actually|sorry )\W{1,3} ){0,3}
    (?: maybe\ not | perhaps\ not | nope\b | no\b (?! \W*(?: doubt|problem|worries|objection ) )
      | i\ doubt | i\ don['\u2019]?t\ think\ so
      | not\ (?: precisely|exactly|quite|really|the\ same )\b | (?: it|this|that)(?:\ is|['\u2019]s )\ different
      | (?<=actually,\ )(?: this|it )\ (?: is|was )\ (?! [^.\n]{0,80} (?: dup|same ) ) )
    """
)


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


def disagrees(text: str) -> bool:
    """Return whether a comment, as the answer to a suggestion, says no: "Hm, not quite."."""
    return bool(DISAGREED.match(spoken(text).lstrip()))


def takes_back(text: str) -> bool:
    """Return whether a comment says that something is not a duplicate after all."""
    return "dup" in text.lower() and is_taken_back(spoken(text))


def is_taken_back(said: str) -> bool:
    """Return whether somebody says "this is not a duplicate", and does not ask it, or say it after "if"."""
    lowered = said.lower()
    if "dup" not in lowered or not NOT.search(lowered):  # found far faster
        return False
    return any(
        not IF.search(said, max(match.start() - 12, 0), match.start()) and not QUESTION_BEHIND.match(said, match.end())
        for match in TAKEN_BACK.finditer(said)
    )

"""The references in a comment, those that are listed together as one, and what stands around them in their sentence."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from itertools import islice

from gis.collector.records import Reference
from gis.dataset.issues.references import reference_of, reference_pattern

REACH = 160  # characters before and after a reference that are looked at
MOST_REFERENCES = 200  # of a comment; what has more is a list, and rules nothing
LISTED_WITHIN = 40  # characters between two references of one list
SENTENCE = re.compile(r"[^.!?\n]*(?:[.!?](?!\s|$)[^.!?\n]*)*[.!?\n]?")
SENTENCE_END = re.compile(r"[.!?\u3002\uff01\uff1f](?=\s|$)|[\u3002\uff01\uff1f]|\n")
GAP = re.compile(
    r"(?:[\s,&/+|、和及와과と-]|\band\b|\bor\b|\b(?:y|e|et|ou|und|oder|и|или|lub|veya|atau|hoặc)\b){1,12}"
)  # in lists of references
OR = re.compile(r"\b(?:or|ou|oder|или|lub|veya|atau|hoặc)\b|或", re.IGNORECASE)
ONE_OF = re.compile(
    r"\b(?:either|(?:one|any|some)\s+of)\b(?:\s|\bof\b|\bthe\b|\bissues?\b|\bbugs?\b|[:(-]){0,8}$", re.IGNORECASE
)


@dataclass
class Mention:
    """References that are listed together, and where, in what is spoken.

    Attributes:
        references: Each of them once, in order, as keys.
        start: Where the list starts.
        end: Where it ends.
        alternatives: Whether, of several, only one is meant: "#5 or #6".
    """

    references: dict[Reference, None]
    start: int
    end: int
    alternatives: bool


@dataclass(frozen=True)
class Surroundings:
    """What stands around a mention.

    Attributes:
        before: At most ``REACH`` characters before it, in its sentence.
        after: At most ``REACH`` characters after it, and of the next sentences as much as that leaves.
        asked: Whether the sentence ends as a question.
    """

    before: str
    after: str
    asked: bool


class Sentences:
    """Where the sentences of a text are.

    Args:
        said: What is spoken.
    """

    def __init__(self, said: str) -> None:
        self._said = said
        self._ends = [match.end() for match in SENTENCE_END.finditer(said)]

    def around(self, mention: Mention) -> Surroundings:
        """Return what stands around a mention; a sentence that it begins follows on the one before: "Dup? #5"."""
        said = self._said
        start, end = self._at(mention.start)
        if not said[start : mention.start].strip() and start:
            start, _ = self._at(start - 1)
        return Surroundings(
            before=said[max(start, mention.start - REACH) : mention.start],
            after=said[mention.end : mention.end + REACH],
            asked=said[mention.end : max(end, mention.end)].rstrip().endswith(("?", "\uff1f")),
        )

    def _at(self, place: int) -> tuple[int, int]:
        """Return the start and the end of the sentence at a place."""
        index = bisect_right(self._ends, place)
        start = self._ends[index - 1] if index else 0
        return start, self._ends[index] if index < len(self._ends) else len(self._said)


@cache
def _named(host: str) -> re.Pattern[str]:
    return re.compile(
        rf"(?=[a-z0-9\#]) (?: {reference_pattern(host).pattern}"  # most characters need no further look
        rf" | \b issue\ (?P<bare> \d{{1,9}} ) (?! \w | \.\d )"
        rf" | \# (?<=\d/\#) (?P<listed> \d{{1,9}} ) (?!\w) )",  # #5/#6
        re.VERBOSE | re.IGNORECASE,
    )


def mentions(said: str, host: str) -> list[Mention]:
    """Return the references in what is spoken, those that are listed together as one mention; none of a long list."""
    lists: list[Mention] = []
    matches = list(islice(_named(host).finditer(said), MOST_REFERENCES + 1))
    if len(matches) > MOST_REFERENCES:
        return lists
    for match in matches:
        bare = match["bare"] or match["listed"]
        named = Reference(None, int(bare)) if bare else reference_of(match)
        last = lists[-1] if lists else None
        if last and _is_listed(last, named, between := said[last.end : match.start()]):
            last.references[named] = None
            last.end = match.end()
            last.alternatives = last.alternatives or bool(OR.search(between))
        else:
            one_of = ONE_OF.search(said[max(match.start() - REACH, 0) : match.start()])
            lists.append(Mention({named: None}, match.start(), match.end(), bool(one_of)))
    for mention in lists:
        mention.alternatives = mention.alternatives and len(mention.references) > 1
    return lists


def _is_listed(mention: Mention, named: Reference, between: str) -> bool:
    """Return whether a reference belongs to the list before it: "#5 and #6", or "#5 (https://...)" once more."""
    if len(between) > LISTED_WITHIN:
        return False
    return bool(GAP.fullmatch(between) or (named in mention.references and not between.strip(" ([:")))

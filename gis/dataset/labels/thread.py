"""The comments of an issue, and what later ones make of a ruling: taken up, taken back or denied."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gis.collector.records import Reference
from gis.dataset.issues.references import GITHUB_HOST, references
from gis.dataset.labels.evidence import Tier
from gis.dataset.labels.replies import agrees, confirms, disagrees, takes_back
from gis.dataset.labels.rulings import Ruling
from gis.dataset.labels.spoken import spoken
from gis.dataset.labels.timeline import IssueTimeline

# A suggestion counts as taken up if the issue was closed at most this long before or after it, in seconds.
SETTLED_BEFORE, SETTLED_AFTER = 600, 7 * 86_400


@dataclass(frozen=True)
class ThreadComment:
    """A comment as the store has it, with what it says of earlier ones: each thing is read once, when needed."""

    number: int
    node_id: str
    author: str | None
    body: str
    created_at: str
    via_app: str | None
    host: str = GITHUB_HOST

    @cached_property
    def takes_back(self) -> bool:
        """Whether it says that something is not a duplicate after all."""
        return takes_back(self.body)

    @cached_property
    def confirms(self) -> bool:
        """Whether it agrees that something is a duplicate, without naming it again."""
        return confirms(self.body)

    @cached_property
    def agrees(self) -> bool:
        """Whether it says yes to a suggestion."""
        return agrees(self.body)

    @cached_property
    def disagrees(self) -> bool:
        """Whether it says no to a suggestion."""
        return disagrees(self.body)

    @cached_property
    def named(self) -> tuple[Reference, ...]:
        """The references in it."""
        return tuple(references(spoken(self.body, self.host), self.host))


def tier_of(ruling: Ruling, timeline: IssueTimeline, created_at: int, later: Sequence[ThreadComment]) -> Tier:
    """Return the tier of a ruling: a suggestion is settled if a close or a later comment took it up."""
    if ruling.kind != "suggestion":
        return ruling.kind
    to_close = timeline.seconds_to_close(created_at)
    if to_close is None or (later and later[0].disagrees):  # never closed, or said to be something else
        return "suggestion"
    if -SETTLED_BEFORE <= to_close <= SETTLED_AFTER or _taken_up(later):
        return "settled_suggestion"
    return "suggestion"


def _taken_up(later: Sequence[ThreadComment]) -> bool:
    """Return whether a later comment confirms a suggestion, or the next one says yes to it."""
    return any(comment.confirms for comment in later) or (bool(later) and later[0].agrees)


def contradicted(author: str | None, other: int, later: Sequence[ThreadComment]) -> str:
    """Return why a ruling no longer holds after later comments, or "".

    Args:
        author: Who made it.
        other: The number of the other issue; a comment that names only others does not contradict.
        later: The comments after it.
    """
    for comment in later:
        if comment.takes_back and (not comment.named or any(other == named.number for named in comment.named)):
            return "taken back" if author and comment.author == author else "denied"
    return ""

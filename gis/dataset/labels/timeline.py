"""What became of an issue: when it was closed and reopened, by whom, and what that says of evidence found on it."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import NamedTuple

from gis.collector.store import Store
from gis.dataset.issues.table import NOBODY, NOT_CLOSED, Issues, seconds


class Close(NamedTuple):
    """One closing of an issue: when, in seconds since 1970, and by whom."""

    at: int
    actor: str | None


@dataclass
class IssueEvents:
    """The events of an issue that bear on evidence, each in order of time.

    Attributes:
        closes: When it was closed, and by whom.
        reopened: When it was reopened, in seconds since 1970.
        unmarked: When GitHub's duplicate mark was taken off, in seconds since 1970.
    """

    closes: list[Close] = field(default_factory=list)
    reopened: list[int] = field(default_factory=list)
    unmarked: list[int] = field(default_factory=list)


def read_events(store: Store, key: int) -> dict[int, IssueEvents]:
    """Read the events of a repository, given by the store's key, by issue number."""
    by_number: dict[int, IssueEvents] = defaultdict(IssueEvents)
    for number, kind, created_at, actor in store.stream(
        "SELECT number, kind, created_at, actor FROM events WHERE repository = ? AND "
        "kind IN ('closed', 'reopened', 'unmarked_as_duplicate') ORDER BY number, created_at",
        (key,),
    ):
        events, at = by_number[number], seconds(created_at)
        if kind == "closed":
            events.closes.append(Close(at, actor))
        else:
            (events.reopened if kind == "reopened" else events.unmarked).append(at)
    return by_number


class IssueTimeline:
    """The closes of an issue, from its state and its events.

    Args:
        issues: All issues.
        position: The issue.
        events: Its events; without any where they are not known.
    """

    def __init__(self, issues: Issues, position: int, events: IssueEvents) -> None:
        self._people = issues.people
        self._events = events
        closed, closer = int(issues.closed[position]), int(issues.closer[position])
        self._is_open = closed == NOT_CLOSED
        self._closes = {close.at for close in events.closes} | (set() if self._is_open else {closed})
        self._closers = {self._index_of(close.actor) for close in events.closes} | {closer}
        self._closers.discard(NOBODY)

    def closed_by(self, login: str | None) -> bool:
        """Return whether this person ever closed the issue."""
        return self._index_of(login) in self._closers

    def seconds_to_close(self, at: int) -> int | None:
        """Return the seconds from ``at`` to the nearest close, negative if that came first; None if never closed."""
        return min((close - at for close in sorted(self._closes)), key=abs, default=None)

    def withdrawn_reason(self, at: int, *, structured: bool) -> str:
        """Return why evidence of the time ``at`` no longer holds, or "".

        Args:
            at: Seconds since 1970.
            structured: Whether it is GitHub's own mark, which also holds while the issue is open.
        """
        # GitHub makes its mark from a comment that says nothing but "duplicate of": who unmarks takes back both
        if any(unmarked >= at for unmarked in self._events.unmarked):
            return "unmarked"
        reopened = [moment for moment in self._events.reopened if moment > at]
        if reopened and not any(close > reopened[-1] for close in self._closes):
            return "reopened"
        return "open" if self._is_open and not structured else ""

    def _index_of(self, login: str | None) -> int:
        return self._people.get(login or "", NOBODY)

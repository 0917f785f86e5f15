"""What became of an issue, and what that says of evidence found on it."""

from pathlib import Path

import pytest

from gis.collector.records import Event
from gis.collector.store import Store
from gis.dataset.issues.table import Issues, load_issues, seconds
from gis.dataset.labels.timeline import Close, IssueEvents, IssueTimeline, read_events
from tests.dataset.stores import at, fill, issue, person

OPEN, CLOSED = 0, 1
START = seconds(at(0))
CLOSED_AT = START + 9000


@pytest.fixture
def issues(tmp_path: Path) -> Issues:
    """An open issue and one that "keeper" closed."""
    with Store(fill(tmp_path / "store.db", [issue(1), issue(2, closed=9000)])) as store:
        return load_issues(store)


def test_the_nearest_close_counts_whether_before_or_after(issues: Issues) -> None:
    timeline = IssueTimeline(issues, CLOSED, IssueEvents(closes=[Close(CLOSED_AT - 5000, "ann")]))
    assert timeline.seconds_to_close(CLOSED_AT - 10) == 10
    assert timeline.seconds_to_close(CLOSED_AT - 4990) == -10
    assert IssueTimeline(issues, OPEN, IssueEvents()).seconds_to_close(START) is None


def test_who_closed_it_at_any_time(issues: Issues) -> None:
    timeline = IssueTimeline(issues, CLOSED, IssueEvents(closes=[Close(CLOSED_AT - 5000, "reporter")]))
    assert timeline.closed_by("keeper")
    assert timeline.closed_by("reporter")
    assert not timeline.closed_by("stranger")
    assert not timeline.closed_by(None)


@pytest.mark.parametrize(
    ("position", "events", "structured", "reason"),
    [
        (CLOSED, IssueEvents(), False, ""),
        (OPEN, IssueEvents(), False, "open"),
        (OPEN, IssueEvents(), True, ""),  # GitHub's own mark
        (CLOSED, IssueEvents(unmarked=[START + 200]), True, "unmarked"),
        (CLOSED, IssueEvents(unmarked=[START + 50]), True, ""),  # before the evidence
        (CLOSED, IssueEvents(reopened=[CLOSED_AT + 1]), False, "reopened"),
        (CLOSED, IssueEvents(reopened=[CLOSED_AT - 1]), False, ""),  # and closed again
        (CLOSED, IssueEvents(reopened=[CLOSED_AT]), False, "reopened"),
        (CLOSED, IssueEvents(reopened=[CLOSED_AT - 9, CLOSED_AT + 1]), False, "reopened"),
        (OPEN, IssueEvents(reopened=[START + 100]), False, "open"),  # reopened as it was said, not after
        (CLOSED, IssueEvents(unmarked=[START + 100]), False, "unmarked"),
    ],
)
def test_why_evidence_no_longer_holds(
    issues: Issues, position: int, events: IssueEvents, structured: bool, reason: str
) -> None:
    timeline = IssueTimeline(issues, position, events)
    assert timeline.withdrawn_reason(START + 100, structured=structured) == reason


def test_events_are_read_by_issue_and_in_order(tmp_path: Path) -> None:
    events = [
        Event("reopened", at(30), person("ann")),
        Event("closed", at(20), person("ben")),
        Event("unmarked_as_duplicate", at(40), None),
        Event("renamed", at(50), None),
    ]
    with Store(fill(tmp_path / "store.db", [issue(1, events=events), issue(2)])) as store:
        (key,) = load_issues(store).keys
        assert read_events(store, key) == {
            1: IssueEvents(closes=[Close(START + 20, "ben")], reopened=[START + 30], unmarked=[START + 40])
        }

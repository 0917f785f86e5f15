"""What later comments make of a ruling."""

from pathlib import Path

import pytest

from gis.collector.store import Store
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.rulings import rulings
from gis.dataset.labels.thread import ThreadComment, contradicted, tier_of
from gis.dataset.labels.timeline import Close, IssueEvents, IssueTimeline
from tests.dataset.stores import DAY, at, issue, new_store


@pytest.mark.parametrize(
    ("ruling", "closes", "later", "tier"),
    [
        ("Dup of #1?", [], [], "suggestion"),
        ("Dup of #1?", [], ["Yes, it is a dup"], "suggestion"),  # it was never closed
        ("Dup of #1?", [1000 - 600], [], "settled_suggestion"),
        ("Dup of #1?", [1000 - 601], [], "suggestion"),
        ("Dup of #1?", [1000 + 7 * DAY], [], "settled_suggestion"),
        ("Dup of #1?", [1001 + 7 * DAY], [], "suggestion"),
        ("Dup of #1?", [1001 + 7 * DAY], ["Yes, it is a dup"], "settled_suggestion"),
        ("Dup of #1?", [1001 + 7 * DAY], ["Yes."], "settled_suggestion"),
        ("Dup of #1?", [1001 + 7 * DAY], ["Hm", "Yes."], "suggestion"),  # only the next comment is an answer
        ("Dup of #1?", [1001], ["Or maybe not"], "suggestion"),
        ("Dup of #1", [], [], "whole_comment"),
    ],
)
def test_a_suggestion_is_settled_by_a_close_or_a_comment(
    tmp_path: Path, ruling: str, closes: list[int], later: list[str], tier: str
) -> None:
    with Store(new_store(tmp_path, [issue(1)])) as store:
        issues = load_issues(store)
    start = int(issues.created[0])
    timeline = IssueTimeline(issues, 0, IssueEvents(closes=[Close(start + at, "ann") for at in closes]))
    (read,) = rulings(ruling)
    assert tier_of(read, timeline, start + 1000, [said_by("ann", body) for body in later]) == tier


@pytest.mark.parametrize(
    ("author", "later", "reason"),
    [
        ("ann", "Sorry, this is not a duplicate", "taken back"),
        ("ben", "Sorry, this is not a duplicate", "denied"),
        (None, "This is not a duplicate", "denied"),
        ("ben", "I don't think that it is a duplicate of #1, which is about Windows", "denied"),
        ("ben", "It is not a duplicate of #7 then", ""),
        ("ben", "Isn't this a duplicate of #1?", ""),
        ("ben", "Duplicate of #1", ""),
    ],
)
def test_a_ruling_is_contradicted_by_its_author_or_by_others(author: str | None, later: str, reason: str) -> None:
    assert contradicted(author, 1, [said_by("zoe", "Hm"), said_by("ann", later)]) == reason


def said_by(author: str | None, body: str) -> ThreadComment:
    return ThreadComment(1, "C1", author, body, at(0), None)

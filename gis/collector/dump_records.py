"""The records of some lines of a dump: issues, comments, cross-references and numbers of pull requests."""

import re
from dataclasses import dataclass, field

from gis.collector.dump_rows import DumpRows, is_pull_request, number_on_web
from gis.collector.fields import LARGEST_ISSUE_NUMBER, Fields
from gis.collector.github.rest_rows import (
    comment_from_row,
    is_on_pull_request,
    issue_from_row,
    number_of_commented,
    user_from_row,
)
from gis.collector.records import Comment, Event, Issue, Reference
from gis.collector.repositories import is_repository_name

NUMBER = re.compile(r"[0-9]{1,10}")


@dataclass
class DumpRecords:
    """The records of some lines.

    Attributes:
        issues: Issues.
        comments: Comments, each with the number of its issue.
        events: Cross-references, each with the number of the issue that is referred to.
        pull_requests: Numbers of pull requests.
    """

    issues: list[Issue] = field(default_factory=list)
    comments: list[tuple[int, Comment]] = field(default_factory=list)
    events: list[tuple[int, Event]] = field(default_factory=list)
    pull_requests: list[int] = field(default_factory=list)

    def add(self, rows: DumpRows) -> None:
        """Add an issue or a pull request with its comments: all of a line, or nothing of it."""
        on_pull_request = rows.issue is not None and is_pull_request(rows.issue)
        pull_requests: list[int] = []
        issues: list[Issue] = []
        comments: list[tuple[int, Comment]] = []
        if rows.issue is not None:
            if on_pull_request:
                pull_requests.append(Fields(rows.issue).issue_number("number"))
            else:
                issues.append(issue_from_row(Fields(rows.issue)))
        for row in rows.comments:
            if on_pull_request or is_on_pull_request(row):
                pull_requests.append(number_on_web(row) or number_of_commented(Fields(row)))
            else:
                comments.append(comment_from_row(Fields(row)))
        self.issues += issues
        self.comments += comments
        self.pull_requests += pull_requests

    def add_reference(self, row: Fields) -> None:
        """Add a cross-reference, and the pull request that it may be from."""
        event = _cross_reference(row)
        if event is None:
            return
        self.events.append(event)
        target = event[1].target
        if target is not None and target.pull_request and target.repository is None:
            self.pull_requests.append(target.number)


def _cross_reference(row: Fields) -> tuple[int, Event] | None:
    """Return the number of the issue that is referred to, and by what; None for the reference of a commit."""
    if row.row.get("event", "cross-referenced") != "cross-referenced":
        return None
    target = _source_of_reference(row)
    actor = row.row.get("actor")
    if isinstance(actor, str):
        actor = {"login": actor, "type": "Bot" if actor.endswith("[bot]") else "User"}
    user = user_from_row(None if actor is None else Fields.of(actor, "the field actor", "actor."))
    return row.issue_number("number"), Event("cross_referenced", row.time("date"), user, target)


def _source_of_reference(row: Fields) -> Reference:
    """Return the issue or pull request that a cross-reference is from: N, or OWNER/NAME#N."""
    source = row.row.get("from")
    repository, _, digits = (str(source) if isinstance(source, int | str) else "").rpartition("#")
    number = int(digits) if NUMBER.fullmatch(digits) else 0
    if not 0 < number <= LARGEST_ISSUE_NUMBER or (repository and not is_repository_name(repository)):
        raise row.error("from", "is neither a number nor OWNER/NAME#N")
    return Reference(repository or None, number, row.row.get("type") != "issue")

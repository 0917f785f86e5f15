"""The third pass: the repositories that are kept, as the collector reads them from any source."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq

from gis.archive.tables import COMMENT, PULL_REQUEST
from gis.collector.github.rest_rows import comment_from_row, event_from_row, issue_from_row
from gis.collector.quarantine import Quarantine, named
from gis.collector.records import NO_USAGE, Comment, Event, Issue, Page, Repository, Usage
from gis.collector.servers import GITHUB
from gis.collector.source import SourceKind
from gis.console import QUIET, Reporter

ISSUES_PER_PAGE = 200
ROWS_AT_ONCE = 1000
GHOST = "ghost"  # GitHub's account in place of those that were deleted
KINDS = ("closed", "reopened")
Row = Mapping[str, Any]


class SortedEvents:
    """The events of an archive, ordered by repository, issue and time: read once for all repositories in their order.

    Args:
        path: The Parquet file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: Iterator[Row] = iter(())
        self._next: Row | None = None
        self._at = math.inf  # the repository that was asked for last

    def of(self, repository: int) -> Iterator[Row]:
        """Yield the events of a repository, each once."""
        if repository <= self._at:  # behind: from the beginning
            self._rows = self._all()
            self._next = next(self._rows, None)
        self._at = repository
        seen: set[str] = set()
        while self._next is not None and self._next["repository_id"] <= repository:
            row, self._next = self._next, next(self._rows, None)
            if row["repository_id"] == repository and (row["id"] is None or row["id"] not in seen):
                seen.add(row["id"])
                yield row

    def _all(self) -> Iterator[Row]:
        with pq.ParquetFile(self._path) as file:
            for batch in file.iter_batches(ROWS_AT_ONCE):
                yield from batch.to_pylist()


class ArchiveSource:
    """A repository in the events of an archive.

    An issue has the first text that the archive saw of it, and the last state.

    Args:
        events: Returns its events, ordered by issue and time.
        repository: The repository.
        version: Of the events: what is collected from other ones is read again.
        about: Where they are from.
        reporter: Warned about what cannot be read.
    """

    kind: ClassVar[SourceKind] = "archive"

    def __init__(
        self,
        events: Callable[[], Iterator[Row]],
        repository: Repository,
        *,
        version: str,
        about: Mapping[str, Any],
        reporter: Reporter = QUIET,
    ) -> None:
        self.repository = repository
        self.expected_issues = 0
        self.capabilities = frozenset([version])
        self._events = events
        self._about = about
        self._quarantine = Quarantine(reporter)

    def provenance(self) -> Mapping[str, Any]:
        """Return where the events are from, and the server."""
        return {"server": GITHUB, **self._about}

    def pages(self, since: str | None, resume_from: Mapping[str, Any] | None) -> Iterator[Page]:  # noqa: ARG002
        """Yield every issue with its comments and events; see ``Source``."""
        after = 0 if resume_from is None else resume_from["number"]
        issues: list[Issue] = []
        pull_requests: list[int] = []
        number = after
        for number, rows in groupby(self._events(), key=itemgetter("number")):
            if number <= after:
                continue
            of_issue = [row for row in rows if row["line"] != PULL_REQUEST]
            if not of_issue:
                pull_requests.append(number)
                continue
            issue = self._issue(of_issue)
            issues += () if issue is None else (issue,)
            if len(issues) == ISSUES_PER_PAGE:
                yield self._page(issues, pull_requests, number, done=False)
                issues, pull_requests = [], []
        yield self._page(issues, pull_requests, number, done=True)
        self._quarantine.summarize(self.repository.name, "items")

    def issue_numbers(self, known: int) -> None:
        """Return None: an archive holds those issues to which something happened."""

    def fate_of(self, number: int) -> str:  # noqa: ARG002
        """Return that nothing is known."""
        return "not in the archive"

    def take_usage(self) -> Usage:
        """Return that nothing was spent."""
        return NO_USAGE

    def _page(self, issues: Sequence[Issue], pull_requests: Sequence[int], number: int, *, done: bool) -> Page:
        self.expected_issues += len(issues)
        return Page(
            resume_point={"number": number},
            done=done,
            issues=tuple(issues),
            pull_requests=tuple(pull_requests),
            left_out=self._quarantine.take(),
        )

    def _issue(self, rows: Sequence[Row]) -> Issue | None:
        """Return an issue with its comments and events, or None where it cannot be read."""
        number = rows[0]["number"]
        comments: dict[int, Comment] = {}
        events: list[Event] = []
        for row in rows:
            if row["line"] == COMMENT and row["comment_id"] not in comments and row["kind"] != "comment deleted":
                place = named("comment", row["comment_id"])
                comment = self._quarantine.read(comment_from_row, _comment(row), place, number=number)
                if comment is not None:
                    comments[row["comment_id"]] = comment[1]
            elif row["kind"] in KINDS:
                event = self._quarantine.read(event_from_row, _event(row), named("event", row["id"]), number=number)
                events += () if event is None else (event[1],)
        opened = next((row for row in rows if row["kind"] == "opened"), None)
        first = opened or next((row for row in rows if row["title"] is not None), rows[0])  # some comments have none
        issue = self._quarantine.read(issue_from_row, _issue(first, rows), f"issue {number}", number=number)
        if issue is None:
            return None
        return replace(
            issue,
            original_body=None if opened is None else issue.body or "",
            comments=tuple(comments.values()),
            events=tuple(events),
        )


def _issue(first: Row, rows: Sequence[Row]) -> Row:
    """Return an issue as REST would give it, with its first text and its last state."""
    latest, closes = rows[-1], [row for row in rows if row["kind"] == "closed"]
    state = latest["state"]
    changes = [row for row in rows if row["kind"] in KINDS]
    if changes and changes[-1]["at"] >= latest["at"]:  # a comment with which an issue is closed may show it open
        latest = changes[-1]
        state = "closed" if latest["kind"] == "closed" else "open"
    closed_at = latest["closed_at"] or (closes[-1]["at"] if closes else None)
    return {
        "number": first["number"],
        "id": first["issue_id"],
        "node_id": first["issue_node_id"],
        "title": first["title"],
        "body": first["body"],
        "state": state,
        "state_reason": latest["state_reason"],
        "locked": latest["locked"],
        "user": _user(first["author"], first["author_id"], first["author_type"]),
        "author_association": first["association"],
        "labels": latest["labels"] or [],  # not every engine has lists that are null
        "comments": latest["comment_count"],
        "created_at": first["created_at"],
        "updated_at": max(row["at"] for row in rows),
        "closed_at": closed_at if state == "closed" else None,
        "closed_by": _user(closes[-1]["actor"], closes[-1]["actor_id"]) if closes else None,
    }


def _comment(row: Row) -> Row:
    """Return a comment as REST would give it."""
    return {
        "id": row["comment_id"],
        "node_id": row["comment_node_id"],
        "issue_number": row["number"],
        "body": row["comment_body"],
        "user": _user(row["comment_author"], row["comment_author_id"], row["comment_author_type"]),
        "author_association": row["comment_association"],
        "created_at": row["comment_created_at"],
        "updated_at": row["comment_created_at"],
        "performed_via_github_app": None if row["comment_app"] is None else {"slug": row["comment_app"]},
    }


def _event(row: Row) -> Row:
    """Return a close or its opposite as REST would give it."""
    return {
        "event": row["kind"],
        "issue": {"number": row["number"]},
        "actor": _user(row["actor"], row["actor_id"]),
        "created_at": row["closed_at"] or row["at"],  # the event may be a second late
        "state_reason": row["state_reason"],
    }


def _user(login: str | None, identity: int | None, kind: str | None = None) -> Row | None:
    """Return an account as REST would give it; None for a deleted one."""
    if login is None or login == GHOST:
        return None
    return {"login": login, "id": identity, "type": kind or ("Bot" if login.endswith("[bot]") else "User")}

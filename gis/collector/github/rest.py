"""A repository's issues, comments and events through REST: all but the canonical issue of a duplicate."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from gis.collector.fields import FieldError, Fields
from gis.collector.github.client import Client, Response
from gis.collector.github.repository import RepositorySize, fate_of_missing_issue, resolve
from gis.collector.github.rest_rows import comment_from_row, event_from_row, is_on_pull_request, issue_from_row
from gis.collector.quarantine import Quarantine, named, number_in
from gis.collector.records import Comment, Issue, Page, Repository, Usage
from gis.collector.source import PaginationLimitError, SourceKind
from gis.console import QUIET, Reporter
from gis.errors import GisError

ROWS_PER_PAGE = 100
ISSUES, COMMENTS, EVENTS = "issues", "issues/comments", "issues/events"  # lists below the address of a repository
LISTS = (ISSUES, COMMENTS, EVENTS)  # in the order of the walk
MAX_PAGES = 1000  # of one list from one point in time; GitHub refuses far earlier ones
Rows = Sequence[Any]  # JSON values


@dataclass(frozen=True, kw_only=True)
class RestResumePoint:
    """Where a walk through the three lists continues.

    Attributes:
        list: The list to read.
        start: Only what changed at or after this time is walked; None for everything.
        since: Only rows that changed at or after this time are requested, as the walk has reached it; None for all.
        page: The page to request, from 1.
        done: Whether the walk is complete.
    """

    list: str
    start: str | None
    since: str | None
    page: int = 1
    done: bool = False

    @classmethod
    def first(cls, since: str | None) -> Self:
        """Return the beginning of a walk."""
        return cls(list=ISSUES, start=since, since=since)

    def after(self, rows: Rows, *, last_page: bool) -> Self:
        """Return where to continue after a page.

        Args:
            rows: The page.
            last_page: Whether GitHub lists no page after it.

        Raises:
            GisError: The page is older than what was asked for, so that the walk would not end.
        """
        last = _last_time(rows, "created_at" if self.list == EVENTS else "updated_at")
        if self.list == EVENTS:  # newest first: what is older than the walk was read by the one before
            last_page = last_page or (last is not None and last < (self.start or ""))
        if last_page:
            return self._next_list()
        if self.list == EVENTS or last in (None, self.since):  # a list without times, or a whole page of one second
            return replace(self, page=self.page + 1)
        if last is not None and last < (self.since or ""):
            raise GisError(f"GitHub lists what changed at {last} after what changed at {self.since}")
        return replace(self, since=last, page=1)

    def _next_list(self) -> Self:
        position = LISTS.index(self.list) + 1
        if position == len(LISTS):
            return replace(self, done=True)
        return replace(self, list=LISTS[position], since=self.start, page=1)

    def to_json(self) -> dict[str, Any]:
        """Return the form that the store keeps."""
        return {"list": self.list, "start": self.start, "since": self.since, "page": self.page, "done": self.done}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned."""
        return cls(**stored)


class RestSource:
    """A repository on GitHub, walked through its lists of issues, of comments and of events.

    Issues and comments are read oldest change first; each request asks for what changed since the last row, because
    GitHub refuses deep pages. Events come newest first and cannot be requested by time: they are read until they are
    older than the last walk.

    Args:
        client: Sends the requests.
        name: OWNER/NAME.
        reporter: Warned about events that are out of reach.
    """

    kind: ClassVar[SourceKind] = "rest"

    def __init__(self, client: Client, name: str, *, reporter: Reporter = QUIET) -> None:
        self.capabilities: frozenset[str] = frozenset({self.kind})
        self.expected_issues = 0  # REST does not count them
        self._client = client
        self._name = name
        self._reporter = reporter
        self._quarantine = Quarantine(reporter)

    @cached_property
    def repository(self) -> Repository:
        """The repository under its current name; see ``Source``."""
        return resolve(self._client, self._name)

    def provenance(self) -> Mapping[str, Any]:
        """Return the address of the server and the paths."""
        return {"server": self._client.url, "queries": [f"/repositories/ID/{path}" for path in LISTS]}

    def pages(self, since: str | None, resume_from: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield what changed at or after ``since``, one list after the other; see ``Source``."""
        point = RestResumePoint.first(since) if resume_from is None else RestResumePoint.from_json(resume_from)
        if point.done:
            point = RestResumePoint.first(since)
        rows: Rows = ()
        while not point.done:
            previous = rows
            rows, last_page = self._fetch_rows(point)
            if point.page > MAX_PAGES or (rows and rows == previous and point.page > 1):
                raise GisError(f"GitHub's list {point.list} does not end: page {point.page} is like the one before")
            list_read = point.list
            point = point.after(rows, last_page=last_page)
            page = Page(resume_point=point.to_json(), done=point.done, usage=self.take_usage())
            yield self._filled(page, list_read, rows)
        self._quarantine.summarize(self.repository.name, "rows")

    def issue_numbers(self, known: int) -> None:
        """Return None: a list of all numbers would take a request for every hundred, in every run."""

    def fate_of(self, number: int) -> str:
        """Return what became of an issue that is no longer listed."""
        return fate_of_missing_issue(self._client, self.repository, number)

    def take_usage(self) -> Usage:
        """Return the requests since the last call; each counts as a point."""
        return self._client.usage.take_delta()

    def size(self) -> RepositorySize:
        """Return how much the repository holds, estimated from its newest number and a sample."""
        path = f"/repositories/{self.repository.id}/issues"
        newest = _rows(self._client.get(path, state="all", sort="created", direction="desc", per_page=1))
        issues = Fields.of(newest[0], "an issue").issue_number("number") if newest else 0
        sample = _rows(self._client.get(path, state="all", per_page=ROWS_PER_PAGE))
        comments = sum(Fields.of(row, "an issue").number("comments") for row in sample) / max(len(sample), 1)
        return RepositorySize(issues=issues, pull_requests=0, comments=round(issues * comments))

    def _fetch_rows(self, point: RestResumePoint) -> tuple[Rows, bool]:
        """Return the rows of a page, and whether it is the last that GitHub lists."""
        # The path has the repository's number, since the redirect of a renamed repository would lose the parameters.
        path = f"/repositories/{self.repository.id}/{point.list}"
        parameters: dict[str, str | int] = {"per_page": ROWS_PER_PAGE, "page": point.page}
        if point.list != EVENTS:
            parameters |= {"sort": "updated", "direction": "asc", **({"since": point.since} if point.since else {})}
        if point.list == ISSUES:
            parameters["state"] = "all"
        try:
            response = self._client.get(path, **parameters)
        except PaginationLimitError:
            if point.list != EVENTS:
                raise GisError(
                    f"over REST, GitHub does not list beyond page {point.page} of what changed at {point.since}",
                    remedy="set a token in GITHUB_TOKEN, and it is read through GraphQL",
                ) from None
            self._reporter.warn(f"{self.repository.name}: GitHub lists no older events over REST; GraphQL would")
            return [], True
        rows = _rows(response)
        return rows, not rows or 'rel="next"' not in response.headers.get("link", "")

    def _filled(self, page: Page, list_read: str, rows: Rows) -> Page:
        """Return ``page`` with the records of the rows of a list that can be read."""
        read = self._quarantine.read
        if list_read == ISSUES:
            records = [read(_issue_or_pull_request, row, *self._names("issue", row)) for row in rows]
            page = replace(
                page,
                issues=tuple(record for record in records if isinstance(record, Issue)),
                pull_requests=tuple(record for record in records if isinstance(record, int)),
            )
        elif list_read == COMMENTS:
            comments = [read(_comment, row, *self._names("comment", row)) for row in rows]
            page = replace(page, comments=tuple(comment for comment in comments if comment is not None))
        else:
            events = [read(event_from_row, row, *self._names("event", row)) for row in rows]
            page = replace(page, events=tuple(event for event in events if event is not None))
        return replace(page, left_out=self._quarantine.take())

    def _names(self, kind: str, row: object) -> tuple[str, str]:
        """Return what a row is, and what messages call it."""
        place = kind if kind == "issue" else named(kind, row.get("id") if isinstance(row, dict) else None)
        return place, f"{self.repository.name}#{number_in(row) or 'unknown'}, {place}"


def _rows(response: Response) -> Rows:
    """Return the rows of a list.

    Raises:
        FieldError: The response is not a list.
    """
    return Fields({"answer": response.body}).items("answer")


def _issue_or_pull_request(row: Fields) -> Issue | int:
    return row.issue_number("number") if "pull_request" in row.row else issue_from_row(row)


def _comment(row: Fields) -> tuple[int, Comment] | None:
    return None if is_on_pull_request(row.row) else comment_from_row(row)


def _last_time(rows: Rows, name: str) -> str | None:
    """Return the time in the last row that has one."""
    for row in reversed(rows):
        with suppress(FieldError):
            return Fields.of(row, "a row").time(name)
    return None

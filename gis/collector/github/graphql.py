"""A repository's issues through GraphQL: each with its comments and events, up to a hundred issues in one request."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from gis.collector.fields import Fields, objects
from gis.collector.github.adaptive import AdaptiveClient, QueryMaker
from gis.collector.github.client import Client
from gis.collector.github.graphql_errors import CursorRefusedError
from gis.collector.github.graphql_nodes import issue_from_node
from gis.collector.github.node_pages import Cursors, NodePage
from gis.collector.github.page_size import PageSize
from gis.collector.github.queries import (
    MAX_NODES,
    more_comments_query,
    more_events_query,
    numbers_query,
    page_query,
    reactions_query,
    size_query,
    suggestions_query,
)
from gis.collector.github.repository import RepositorySize, fate_of_missing_issue, resolve
from gis.collector.github.responses import fetch_reactions, fetch_suggestions
from gis.collector.quarantine import Quarantine, number_in
from gis.collector.records import Asked, Issue, Page, Repository, Response, Usage
from gis.collector.source import QueryTimeoutError, SourceKind
from gis.console import QUIET, Reporter

ORIGINAL_BODIES = "first bodies"  # the capability, as stores name it


@dataclass(frozen=True, kw_only=True)
class GraphQLResumePoint:
    """Where a walk continues: issues in the order of their last change, and beside them pull requests by age.

    Attributes:
        since: Only issues that changed at or after this time are walked; None for all.
        issues_after: GitHub's cursor of the last issue.
        issues_done: Whether the last issue was reached.
        pulls_after: GitHub's cursor of the last pull request.
        pulls_done: Whether the last pull request was reached.
    """

    since: str | None
    issues_after: str | None = None
    issues_done: bool = False
    pulls_after: str | None = None
    pulls_done: bool = False

    @property
    def done(self) -> bool:
        """Return whether the walk is complete."""
        return self.issues_done and self.pulls_done

    def next_walk(self, since: str | None) -> Self:
        """Return the beginning of the next walk: pull requests never vanish, so the new ones follow the last cursor."""
        return replace(self, since=since, issues_after=None, issues_done=False, pulls_done=False)

    def after(self, issues: NodePage | None, pulls: NodePage | None) -> Self:
        """Return where to continue after a page of issues and one of pull requests; None where they were not asked."""
        point = self
        if issues is not None:
            point = replace(point, issues_after=issues.end or self.issues_after, issues_done=not issues.more)
        if pulls is not None:
            point = replace(point, pulls_after=pulls.end or self.pulls_after, pulls_done=not pulls.more)
        return point

    def to_json(self) -> dict[str, Any]:
        """Return the form that the store keeps."""
        return {
            "since": self.since,
            "after": self.issues_after,
            "issues_done": self.issues_done,
            "pulls": self.pulls_after,
            "pulls_done": self.pulls_done,
            "done": self.done,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` returned."""
        return cls(
            since=stored["since"],
            issues_after=stored["after"],
            issues_done=stored["issues_done"],
            pulls_after=stored["pulls"],
            pulls_done=stored["pulls_done"],
        )


class GraphQLSource:
    """A repository on GitHub, walked by the time of the last change.

    Args:
        client: Sends the requests.
        name: OWNER/NAME.
        largest: Maximum issues per page.
        original_bodies: Whether to fetch each body as it was first written, too.
        reporter: Warned about what the server lacks or withholds.
    """

    kind: ClassVar[SourceKind] = "graphql"

    def __init__(
        self,
        client: Client,
        name: str,
        *,
        largest: int = MAX_NODES,
        original_bodies: bool = False,
        reporter: Reporter = QUIET,
    ) -> None:
        self.capabilities: frozenset[str] = frozenset({self.kind, ORIGINAL_BODIES} if original_bodies else {self.kind})
        self.expected_issues = 0
        self._client = client
        self._server = AdaptiveClient(client, reporter)
        self._name = name
        self._largest = largest
        self._original_bodies = original_bodies
        self._reporter = reporter
        self._quarantine = Quarantine(reporter)

    @cached_property
    def repository(self) -> Repository:
        """The repository under its current name; see ``Source``."""
        return resolve(self._client, self._name)

    def provenance(self) -> Mapping[str, Any]:
        """Return the address of the server and the queries."""
        lacking = self._server.lacking
        queries = [self._page_query(lacking), more_comments_query(lacking), more_events_query(lacking), numbers_query()]
        queries += [reactions_query(lacking), suggestions_query(lacking)]
        return {"server": self._client.url, "queries": queries}

    def pages(self, since: str | None, resume_from: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield the issues that changed at or after ``since``, oldest change first; see ``Source``."""
        point = GraphQLResumePoint(since=since) if resume_from is None else GraphQLResumePoint.from_json(resume_from)
        if point.done:
            point = point.next_walk(since)
        size = PageSize(self._largest)
        issue_cursors, pull_cursors = Cursors(point.issues_after), Cursors(point.pulls_after)
        resumed = resume_from is not None
        while not point.done:
            try:
                repository = self._fetch_page(point, size)
            except QueryTimeoutError:
                size.shrink()
                continue
            except CursorRefusedError:
                if not resumed:
                    raise
                self._reporter.warn(f"{self.repository.name}: GitHub no longer knows where to continue; starting anew")
                point, resumed = GraphQLResumePoint(since=point.since), False
                issue_cursors, pull_cursors = Cursors(), Cursors()
                continue
            size.note_success()
            issues = None if point.issues_done else issue_cursors.read_page(repository, "issues")
            pulls = None if point.pulls_done else pull_cursors.read_page(repository, "pullRequests")
            point = point.after(issues, pulls)
            yield self._page(point, issues, pulls)
        self._quarantine.summarize(self.repository.name, "parts")

    def _page(self, point: GraphQLResumePoint, issues: NodePage | None, pulls: NodePage | None) -> Page:
        """Return the records of a page, and where to continue after it."""
        nodes = () if issues is None else issues.nodes
        self.expected_issues = (0 if issues is None else issues.total) or self.expected_issues
        if any(node is None for node in nodes):
            self._reporter.warn(f"{self.repository.name}: GitHub withheld an issue; continuing without it")
        records = (self._readable(node) for node in nodes if node is not None)
        return Page(
            issues=tuple(issue for issue in records if issue is not None),
            pull_requests=tuple(self._pull_requests(() if pulls is None else pulls.nodes)),
            left_out=self._quarantine.take(),
            resume_point=point.to_json(),
            done=point.done,
            usage=self.take_usage(),
        )

    def issue_numbers(self, known: int) -> Iterator[Sequence[int]] | None:
        """Return all numbers, a hundred for a point; None, for one point, if there are as many as ``known``."""
        return None if self.size().issues >= known else self._numbers()

    def fate_of(self, number: int) -> str:
        """Return what became of an issue that is no longer listed."""
        return fate_of_missing_issue(self._client, self.repository, number)

    def responses(self, comments: Sequence[Asked], issues: Sequence[Asked]) -> Iterator[Sequence[Response]]:
        """Yield what people answered to suggestions, a hundred of them in one request; see ``ListsResponses``."""
        yield from fetch_reactions(self._server, comments, self._reporter)
        yield from fetch_suggestions(self._server, issues, self._reporter)

    def take_usage(self) -> Usage:
        """Return what was spent since the last call."""
        return self._client.usage.take_delta()

    def size(self) -> RepositorySize:
        """Return how much the repository holds, for one point; comments are estimated from a sample."""
        repository = self._client.graphql(size_query(), self._owner_and_name()).object("repository")
        sample = [node.object("comments") for node in objects(repository.object("sample").items("nodes"), "an issue")]
        issues = repository.object("issues").number("totalCount")
        return RepositorySize(
            issues=issues,
            pull_requests=repository.object("pullRequests").number("totalCount"),
            comments=round(issues * sum(node.number("totalCount") for node in sample) / max(len(sample), 1)),
        )

    def _owner_and_name(self) -> dict[str, Any]:
        owner, name = self.repository.name.split("/")
        return {"owner": owner, "name": name}

    def _numbers(self) -> Iterator[Sequence[int]]:
        cursors, after, more = Cursors(), None, True
        while more:
            variables = {**self._owner_and_name(), "first": MAX_NODES, "after": after}
            repository = self._client.graphql(numbers_query(), variables).object("repository")
            page = cursors.read_page(repository, "issues")
            yield [_number_of(node) for node in objects(page.nodes, "an issue")]  # what this lacks counts as removed
            after, more = page.end, page.more

    def _page_query(self, without: Collection[str]) -> str:
        return page_query(without, edits=self._original_bodies)

    def _fetch_page(self, point: GraphQLResumePoint, size: PageSize) -> Fields:
        """Fetch the page at ``point``, and return the fields of the repository.

        Raises:
            QueryTimeoutError: The page is too large for the server.
        """
        variables = {
            **self._owner_and_name(),
            "first": size.issues,
            "after": point.issues_after,
            "since": point.since,
            "nested": size.nested,
            "pulls": MAX_NODES,
            "pullsAfter": point.pulls_after,
            "withIssues": not point.issues_done,
            "withPulls": not point.pulls_done,
        }
        answer = self._server.run(self._page_query, variables, shrinkable=not size.is_smallest)
        repository = answer.object("repository")
        if not point.issues_done and not size.is_smallest:
            issues = repository.object_or_none("issues")
            if issues is None or any(node is None for node in issues.items("nodes")):
                raise QueryTimeoutError  # an error took some of the page
        return repository

    def _pull_requests(self, nodes: Sequence[object]) -> Iterator[int]:
        """Yield the numbers of pull requests that can be read."""
        for node in nodes:
            number = None if node is None else self._quarantine.read(_number_of, node, "pull request")
            if number is not None:
                yield number

    def _readable(self, node: object) -> Issue | None:
        """Return an issue, or None for one that cannot be read."""
        name = f"{self.repository.name}#{number_in(node) or 'unknown'}"
        return self._quarantine.read(self._issue, node, "issue", name)

    def _issue(self, node: Fields) -> Issue:
        comments = self._all(node, "comments", more_comments_query)
        events = self._all(node, "timelineItems", more_events_query)
        return issue_from_node(node, comments, events, self._quarantine, original_body=self._original_bodies)

    def _all(self, node: Fields, connection: str, make_query: QueryMaker) -> list[Any]:
        """Return all nodes of a connection of one issue: those that came with it, and the others one page at a time."""
        cursors, size = Cursors(), MAX_NODES
        page = cursors.read_page(node, connection)
        nodes, total, after, more = list(page.nodes), page.total, page.end, page.more
        if not more and sum(item is not None for item in nodes) < total:  # some are missing: fetch them all again
            cursors, nodes, after, more = Cursors(), [], None, True
        while more:
            try:
                variables = {"id": node.text("id"), "first": size, "after": after}
                answer = self._server.run(make_query, variables, shrinkable=size > 1)
            except QueryTimeoutError:
                size = max(size // 2, 1)
                continue
            issue = answer.object_or_none("node")
            if issue is None:  # it was deleted or moved since its page came: the next run notices
                break
            page = cursors.read_page(issue, connection)
            nodes += page.nodes
            after, more = page.end, page.more
        present = [item for item in nodes if item is not None]
        if len(present) < total:
            self._reporter.warn(
                f"issue {number_in(node.row)}: GitHub counts {total} {connection} but returned {len(present)}"
            )
        return present


def _number_of(node: Fields) -> int:
    return node.issue_number("number")

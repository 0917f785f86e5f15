"""A repository's issues through GraphQL: each with its comments and events, up to a hundred issues in one request."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Self

from gis.collector.github.adaptive import AdaptiveClient, QueryMaker
from gis.collector.github.client import Client
from gis.collector.github.graphql_nodes import Node, issue_from_node
from gis.collector.github.page_size import PageSize
from gis.collector.github.queries import (
    MAX_NODES,
    more_comments_query,
    more_events_query,
    numbers_query,
    page_query,
    size_query,
)
from gis.collector.github.repository import RepositorySize, fate_of_missing_issue, resolve
from gis.collector.records import Issue, Page, Repository, Usage
from gis.collector.source import QueryTimeoutError, SourceKind
from gis.console import QUIET, Reporter

ORIGINAL_BODIES = "first bodies"  # the capability, as stores name it
NO_ISSUES: Node = {"totalCount": 0, "pageInfo": {"endCursor": None, "hasNextPage": False}, "nodes": []}


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

    def after(self, issues: Node, pulls: Node | None) -> Self:
        """Return where to continue after a page of issues and, unless all were walked before, one of pull requests."""
        point = replace(
            self,
            issues_after=issues["pageInfo"]["endCursor"] or self.issues_after,
            issues_done=not issues["pageInfo"]["hasNextPage"],
        )
        if pulls is None:
            return point
        return replace(
            point,
            pulls_after=pulls["pageInfo"]["endCursor"] or self.pulls_after,
            pulls_done=not pulls["pageInfo"]["hasNextPage"],
        )

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

    @cached_property
    def repository(self) -> Repository:
        """The repository under its current name; see ``Source``."""
        return resolve(self._client, self._name)

    def provenance(self) -> Mapping[str, Any]:
        """Return the address of the server and the queries."""
        lacking = self._server.lacking
        queries = [self._page_query(lacking), more_comments_query(lacking), more_events_query(lacking), numbers_query()]
        return {"server": self._client.url, "queries": queries}

    def pages(self, since: str | None, resume_from: Mapping[str, Any] | None) -> Iterator[Page]:
        """Yield the issues that changed at or after ``since``, oldest change first; see ``Source``."""
        point = GraphQLResumePoint(since=since) if resume_from is None else GraphQLResumePoint.from_json(resume_from)
        if point.done:
            point = point.next_walk(since)
        size = PageSize(self._largest)
        while not point.done:
            try:
                page = self._fetch_page(point, size)
            except QueryTimeoutError:
                size.shrink()
                continue
            size.note_success()
            issues, pulls = page.get("issues") or NO_ISSUES, page.get("pullRequests")
            point = point.after(issues, pulls)
            self.expected_issues = issues["totalCount"] or self.expected_issues
            records = tuple(self._issue(node) for node in issues["nodes"] if node is not None)
            if len(records) < len(issues["nodes"]):
                self._reporter.warn(f"{self.repository.name}: GitHub withheld an issue; continuing without it")
            yield Page(
                resume_point=point.to_json(),
                done=point.done,
                issues=records,
                pull_requests=tuple(node["number"] for node in pulls["nodes"]) if pulls else (),
                usage=self.take_usage(),
            )

    def issue_numbers(self, known: int) -> Iterator[Sequence[int]] | None:
        """Return all numbers, a hundred for a point; None, for one point, if there are as many as ``known``."""
        return None if self.size().issues >= known else self._numbers()

    def fate_of(self, number: int) -> str:
        """Return what became of an issue that is no longer listed."""
        return fate_of_missing_issue(self._client, self.repository, number)

    def take_usage(self) -> Usage:
        """Return what was spent since the last call."""
        return self._client.usage.take_delta()

    def size(self) -> RepositorySize:
        """Return how much the repository holds, for one point; comments are estimated from a sample."""
        repository = self._client.graphql(size_query(), self._owner_and_name())["data"]["repository"]
        sample = [node["comments"]["totalCount"] for node in repository["sample"]["nodes"]]
        issues = repository["issues"]["totalCount"]
        return RepositorySize(
            issues=issues,
            pull_requests=repository["pullRequests"]["totalCount"],
            comments=round(issues * sum(sample) / max(len(sample), 1)),
        )

    def _owner_and_name(self) -> dict[str, Any]:
        owner, name = self.repository.name.split("/")
        return {"owner": owner, "name": name}

    def _numbers(self) -> Iterator[Sequence[int]]:
        after, more = None, True
        while more:
            variables = {**self._owner_and_name(), "first": MAX_NODES, "after": after}
            issues = self._client.graphql(numbers_query(), variables)["data"]["repository"]["issues"]
            yield [node["number"] for node in issues["nodes"]]
            after, more = issues["pageInfo"]["endCursor"], issues["pageInfo"]["hasNextPage"]

    def _page_query(self, without: Collection[str]) -> str:
        return page_query(without, edits=self._original_bodies)

    def _fetch_page(self, point: GraphQLResumePoint, size: PageSize) -> dict[str, Any]:
        """Fetch the page at ``point``.

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
        page: dict[str, Any] = answer["data"]["repository"]
        if not size.is_smallest and any(node is None for node in (page.get("issues") or NO_ISSUES)["nodes"]):
            raise QueryTimeoutError  # an error took some of the page
        return page

    def _issue(self, node: Node) -> Issue:
        comments = self._all(node, "comments", more_comments_query)
        events = self._all(node, "timelineItems", more_events_query)
        return issue_from_node(node, comments, events, original_body=self._original_bodies)

    def _all(self, node: Node, connection: str, make_query: QueryMaker) -> list[Node]:
        """Return all nodes of a connection of one issue: those that came with it, and the others one page at a time."""
        nodes: list[Node] = list(node[connection]["nodes"])
        info, total = node[connection]["pageInfo"], node[connection].get("totalCount", 0)
        size = MAX_NODES
        if not info["hasNextPage"] and sum(item is not None for item in nodes) < total:
            nodes, info = [], {"hasNextPage": True, "endCursor": None}  # some are missing: fetch them all again
        while info["hasNextPage"]:
            try:
                variables = {"id": node["id"], "first": size, "after": info["endCursor"]}
                answer = self._server.run(make_query, variables, shrinkable=size > 1)
            except QueryTimeoutError:
                size = max(size // 2, 1)
                continue
            issue = answer["data"]["node"]
            if issue is None:  # it was deleted or moved since its page came: the next run notices
                break
            nodes += issue[connection]["nodes"]
            info = issue[connection]["pageInfo"]
        present = [item for item in nodes if item is not None]
        if len(present) < total:
            self._reporter.warn(
                f"issue {node['number']}: GitHub counts {total} {connection} but returned {len(present)}"
            )
        return present

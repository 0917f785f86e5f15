"""A repository's issues through GraphQL: everything of an issue with it, a hundred issues a request."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from gis.collector.github.adaptive import AdaptiveClient, QueryMaker
from gis.collector.github.client import Client
from gis.collector.github.queries import (
    NESTED,
    more_comments_query,
    more_events_query,
    numbers_query,
    page_query,
    size_query,
)
from gis.collector.records import Comment, Event, EventKind, Issue, Page, Reference, Repository, User
from gis.collector.source import QueryTimeoutError
from gis.console import Reporter

LARGEST, FIRST = 100, 50  # issues of a page: GitHub often refuses a hundred under load
GROWTH, PATIENCE = 1.25, 4  # a page grows by this after so many that passed
FEWEST_NESTED = 10

Node = Mapping[str, Any]
NO_ISSUES: Node = {"totalCount": 0, "pageInfo": {"endCursor": None, "hasNextPage": False}, "nodes": []}


class GraphQLSource:
    """Walks a repository by the time of the last change.

    Args:
        client: Asks GitHub.
        reporter: Told of what the server lacks.
        largest: Issues of a page at the most.
        original_bodies: Ask for each body as it was written, too.
    """

    name: ClassVar[str] = "graphql"

    def __init__(
        self, client: Client, reporter: Reporter, *, largest: int = LARGEST, original_bodies: bool = False
    ) -> None:
        self._client = client
        self._reporter = reporter
        self._largest = largest
        self._original_bodies = original_bodies
        self._server = AdaptiveClient(client, reporter)
        self.asks = frozenset({self.name, "first bodies"} if original_bodies else {self.name})
        self.total = 0  # issues of the walk, as GitHub counts

    def pages(self, repository: Repository, since: str | None, checkpoint: Mapping[str, Any] | None) -> Iterator[Page]:
        """Issues changed at or after ``since``, oldest change first, from where ``checkpoint`` says.

        Raises:
            NotFoundError: The repository is not there.
            GisError: GitHub refuses, or a limit of the run is reached.
        """
        state: dict[str, Any] = dict(checkpoint or {"pulls": None, "done": True})
        if state["done"]:  # pull requests never vanish: those behind the last cursor are the new ones
            state.update(since=since, after=None, issues_done=False, pulls_done=False)
        size, nested, passed = min(FIRST, self._largest), NESTED, 0
        while True:
            smallest = size == 1 and nested == FEWEST_NESTED
            try:
                found = self._page(repository, state, size, nested, shrinkable=not smallest)
            except QueryTimeoutError:
                size, nested, passed = max(size // 2, 1), nested if size > 1 else max(nested // 2, FEWEST_NESTED), 0
                continue
            nested = NESTED
            issues, pulls = found.get("issues") or NO_ISSUES, found.get("pullRequests")
            self.total = issues["totalCount"] or self.total
            state["after"] = issues["pageInfo"]["endCursor"] or state["after"]
            state["issues_done"] = not issues["pageInfo"]["hasNextPage"]
            if pulls is not None:
                state["pulls"] = pulls["pageInfo"]["endCursor"] or state["pulls"]
                state["pulls_done"] = not pulls["pageInfo"]["hasNextPage"]
            state["done"] = state["issues_done"] and state["pulls_done"]
            records = tuple(self._issue(node) for node in issues["nodes"] if node is not None)
            if len(records) < len(issues["nodes"]):
                self._reporter.warn(f"{repository.name}: GitHub keeps an issue back; going on without it")
            numbers = tuple(node["number"] for node in pulls["nodes"]) if pulls else ()
            points, requests = self.spent()
            yield Page(dict(state), state["done"], records, pull_requests=numbers, points=points, requests=requests)
            if state["done"]:
                return
            passed += 1
            if passed >= PATIENCE:
                size, passed = min(int(size * GROWTH) + 1, self._largest), 0

    def listing(self, repository: Repository, known: int) -> Iterator[Sequence[int]] | None:
        """All numbers, a hundred a point; None, for one point, where there are as many as ``known``."""
        return None if self.size(repository)[0] >= known else self._numbers(repository)

    def spent(self) -> tuple[int, int]:
        """Points and requests since this was last asked."""
        return self._client.spent.take()

    def about(self) -> Mapping[str, Any]:
        """The server's address and the queries."""
        without = self._server.lacking
        queries = [self._page_query(without), more_comments_query(without), more_events_query(without), numbers_query()]
        return {"server": self._client.url, "queries": queries}

    def _numbers(self, repository: Repository) -> Iterator[Sequence[int]]:
        owner, name = repository.name.split("/")
        after = None
        while True:
            variables = {"owner": owner, "name": name, "first": LARGEST, "after": after}
            found = self._client.graphql(numbers_query(), variables)["data"]["repository"]["issues"]
            yield [node["number"] for node in found["nodes"]]
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                return

    def size(self, repository: Repository) -> tuple[int, int, int]:
        """Issues, pull requests and, by a sample, comments."""
        owner, name = repository.name.split("/")
        data = self._client.graphql(size_query(), {"owner": owner, "name": name})["data"]["repository"]
        counts = [node["comments"]["totalCount"] for node in data["sample"]["nodes"]]
        issues = data["issues"]["totalCount"]
        return issues, data["pullRequests"]["totalCount"], round(issues * sum(counts) / max(len(counts), 1))

    def _page(
        self, repository: Repository, state: Mapping[str, Any], size: int, nested: int, *, shrinkable: bool
    ) -> dict[str, Any]:
        owner, name = repository.name.split("/")
        variables = {
            "owner": owner,
            "name": name,
            "first": size,
            "after": state["after"],
            "since": state["since"],
            "nested": nested,
            "pulls": LARGEST,
            "pullsAfter": state["pulls"],
            "withIssues": not state["issues_done"],
            "withPulls": not state["pulls_done"],
        }
        answer = self._server.run(self._page_query, variables, shrinkable=shrinkable)
        found: dict[str, Any] = answer["data"]["repository"]
        if shrinkable and any(node is None for node in (found.get("issues") or NO_ISSUES)["nodes"]):
            raise QueryTimeoutError  # an error took some of the page
        return found

    def _page_query(self, without: Collection[str]) -> str:
        return page_query(without, edits=self._original_bodies)

    def _issue(self, node: Node) -> Issue:
        comments = self._all(node, "comments", more_comments_query)
        events = self._all(node, "timelineItems", more_events_query)
        happened = tuple(event for event in map(_event, events) if event is not None and not _of_itself(event, node))
        closes = [event for event in happened if event.kind == "closed"]
        edits = (node.get("userContentEdits") or {}).get("nodes") or []
        original = (edits[0]["diff"] if edits else node["body"]) if self._original_bodies else None
        return Issue(
            number=node["number"],
            id=int(node["fullDatabaseId"]),
            node_id=node["id"],
            title=node["title"],
            body=node["body"] or None,  # GraphQL has no null here
            state=node["state"].lower(),
            state_reason=_lower(node.get("stateReason")),
            locked=node["locked"],
            author=_user(node["author"]),
            association=node["authorAssociation"],
            labels=tuple(label["name"] for label in node["labels"]["nodes"]),
            comment_count=node["comments"]["totalCount"],
            created_at=node["createdAt"],
            updated_at=node["updatedAt"],
            closed_at=node["closedAt"],
            closed_by=closes[-1].actor if closes else None,
            duplicate_of=_reference(node.get("duplicateOf")),
            original_body=original,
            comments=tuple(map(_comment, comments)),
            events=happened,
            raw=node,
        )

    def _all(self, node: Node, connection: str, make_query: QueryMaker) -> list[Node]:
        """All nodes of a connection of one issue: those that came with it, and the rest by further requests."""
        nodes: list[Node] = list(node[connection]["nodes"])
        info, total = node[connection]["pageInfo"], node[connection].get("totalCount", 0)
        size = LARGEST
        if not info["hasNextPage"] and sum(each is not None for each in nodes) < total:
            nodes, info = [], {"hasNextPage": True, "endCursor": None}  # it came short: ask for it alone
        while info["hasNextPage"]:
            try:
                variables = {"id": node["id"], "first": size, "after": info["endCursor"]}
                answer = self._server.run(make_query, variables, shrinkable=size > 1)
            except QueryTimeoutError:
                size = max(size // 2, 1)
                continue
            if answer["data"]["node"] is None:  # it was deleted or moved since its page came: the next run notices
                break
            found = answer["data"]["node"][connection]
            nodes += found["nodes"]
            info = found["pageInfo"]
        whole = [each for each in nodes if each is not None]
        if len(whole) < total:
            self._reporter.warn(f"issue {node['number']}: GitHub counts {total} {connection} and gives {len(whole)}")
        return whole


def _user(actor: Node | None) -> User | None:
    if actor is None:
        return None
    kind = actor["__typename"]
    # GraphQL calls an app "name", REST and every dump "name[bot]".
    login = f"{actor['login']}[bot]" if kind == "Bot" and not actor["login"].endswith("[bot]") else actor["login"]
    return User(login, actor.get("databaseId"), kind, actor.get("isSiteAdmin"))


def _reference(node: Node | None) -> Reference | None:
    if node is None or "number" not in node:
        return None
    kind = node.get("__typename")
    return Reference(
        node["repository"]["nameWithOwner"], node["number"], None if kind is None else kind == "PullRequest"
    )


def _comment(node: Node) -> Comment:
    return Comment(
        id=int(node["fullDatabaseId"]),
        node_id=node["id"],
        author=_user(node["author"]),
        association=node["authorAssociation"],
        body=node["body"],
        created_at=node["createdAt"],
        updated_at=node["updatedAt"],
    )


def _of_itself(event: Event, node: Node) -> bool:
    """Whether it marks another issue as a duplicate of this one: that one's own events tell of it."""
    target, home = event.target, (node.get("repository") or {}).get("nameWithOwner")
    return (
        event.kind in ("marked_as_duplicate", "unmarked_as_duplicate")
        and target is not None
        and (target.repository, target.number) == (home, node["number"])
    )


KINDS: dict[str, EventKind] = {
    "MarkedAsDuplicateEvent": "marked_as_duplicate",
    "UnmarkedAsDuplicateEvent": "unmarked_as_duplicate",
    "CrossReferencedEvent": "cross_referenced",
    "ClosedEvent": "closed",
    "ReopenedEvent": "reopened",
    "RenamedTitleEvent": "renamed",
    "TransferredEvent": "transferred",
}


def _event(node: Node) -> Event | None:
    kind = KINDS.get(node["__typename"])
    if kind is None:
        return None
    target = _reference(node.get("canonical") or node.get("source") or node.get("duplicateOf"))
    if kind == "transferred" and node.get("fromRepository"):
        target = Reference(node["fromRepository"]["nameWithOwner"], 0)
    detail = node.get("previousTitle") if kind == "renamed" else _lower(node.get("stateReason"))
    return Event(kind, node["createdAt"], _user(node.get("actor")), target, detail, node.get("id"))


def _lower(value: str | None) -> str | None:
    return None if value is None else value.lower()

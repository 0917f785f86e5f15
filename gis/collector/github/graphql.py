"""A repository's issues through GraphQL: everything of an issue with it, a hundred issues a request."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from gis.collector.github.client import Client, Overloaded, Undefined
from gis.collector.github.queries import (
    NESTED,
    OPTIONAL,
    more_comments_query,
    more_events_query,
    numbers_query,
    page_query,
    size_query,
)
from gis.collector.records import Comment, Event, EventKind, Issue, Page, Reference, Repository, User
from gis.console import Reporter
from gis.errors import GisError

LARGEST, FIRST = 100, 50  # issues of a page: GitHub often refuses a hundred under load
GROWTH, PATIENCE = 1.25, 4  # a page grows by this after so many that passed
FEWEST_NESTED = 10
MOST_REFUSED = 16  # times in a row: from a hundred to one issue takes seven, from a hundred to ten comments four

Node = Mapping[str, Any]


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
        self._without: frozenset[str] = frozenset()
        self.total = 0  # issues of the walk, as GitHub counts

    def pages(self, repository: Repository, since: str | None, checkpoint: Mapping[str, Any] | None) -> Iterator[Page]:
        """Issues changed at or after ``since``, oldest change first, from where ``checkpoint`` says.

        Raises:
            Missing: The repository is not there.
            GisError: GitHub refuses, or a limit of the run is reached.
        """
        state: dict[str, Any] = dict(checkpoint or {"since": since, "after": None, "pulls": None, "pulls_done": False})
        size, nested, passed, refused = min(FIRST, self._largest), NESTED, 0, 0
        while True:
            try:
                found = self._page(repository, state, size, nested)
            except Overloaded:
                refused += 1
                if refused > MOST_REFUSED:
                    raise GisError("GitHub cannot answer for a single issue now; the same command continues") from None
                size, nested, passed = max(size // 2, 1), nested if size > 1 else max(nested // 2, FEWEST_NESTED), 0
                continue
            nested, refused = NESTED, 0
            issues, pulls = found["issues"], found.get("pullRequests")
            self.total = issues["totalCount"]
            state["after"] = issues["pageInfo"]["endCursor"] or state["after"]
            if pulls is not None:
                state["pulls"] = pulls["pageInfo"]["endCursor"] or state["pulls"]
                state["pulls_done"] = not pulls["pageInfo"]["hasNextPage"]
            done = not issues["pageInfo"]["hasNextPage"] and state["pulls_done"]
            records = tuple(self._issue(node) for node in issues["nodes"])
            numbers = tuple(node["number"] for node in pulls["nodes"]) if pulls else ()
            points, requests = self._client.spent.take()
            yield Page(dict(state), done, records, pull_requests=numbers, points=points, requests=requests)
            if done:
                return
            passed += 1
            if passed >= PATIENCE:
                size, passed = min(int(size * GROWTH) + 1, self._largest), 0

    def missing(self, repository: Repository, known: Sequence[int]) -> list[int]:
        """Which of the issues ``known`` GitHub no longer lists: one point, and one more a hundred if any is gone."""
        owner, name = repository.name.split("/")
        if self.size(repository, None)[0] >= len(known):
            return []
        there: set[int] = set()
        after = None
        while True:
            variables = {"owner": owner, "name": name, "first": LARGEST, "after": after}
            found = self._client.graphql(numbers_query(), variables)["data"]["repository"]["issues"]
            there |= {node["number"] for node in found["nodes"]}
            after = found["pageInfo"]["endCursor"]
            if not found["pageInfo"]["hasNextPage"]:
                return sorted(set(known) - there)

    def size(self, repository: Repository, since: str | None) -> tuple[int, int, int]:
        """Issues, pull requests and, by a sample, comments that a walk would bring."""
        owner, name = repository.name.split("/")
        data = self._client.graphql(size_query(), {"owner": owner, "name": name, "since": since})["data"]["repository"]
        counts = [node["comments"]["totalCount"] for node in data["sample"]["nodes"]]
        issues = data["issues"]["totalCount"]
        return issues, data["pullRequests"]["totalCount"], round(issues * sum(counts) / max(len(counts), 1))

    def _page(self, repository: Repository, state: Mapping[str, Any], size: int, nested: int) -> dict[str, Any]:
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
            "withPulls": not state["pulls_done"],
        }
        answer = self._ask(lambda: page_query(self._without, edits=self._original_bodies), variables)
        found: dict[str, Any] = answer["data"]["repository"]
        if any(node is None for node in found["issues"]["nodes"]):  # an error took some of the page
            raise Overloaded
        return found

    def _ask(self, query: Callable[[], str], variables: Mapping[str, Any]) -> dict[str, Any]:
        """Ask; of a server that lacks fields, once more without them."""
        try:
            return self._client.graphql(query(), variables)
        except Undefined as error:
            lacking = error.fields & (OPTIONAL.keys() - self._without)
            if not lacking:
                raise GisError(f"this GitHub server lacks {error}; try --api rest") from None
            self._without |= lacking
            self._reporter.warn(f"this GitHub server lacks {', '.join(sorted(lacking))}; collecting without")
            return self._ask(query, variables)

    def _issue(self, node: Node) -> Issue:
        comments = self._all(node, "comments", more_comments_query)
        events = self._all(node, "timelineItems", lambda: more_events_query(self._without))
        happened = tuple(event for event in map(_event, events) if event is not None)
        closes = [event for event in happened if event.kind == "closed"]
        closed = node["state"] == "CLOSED"
        edits = (node.get("userContentEdits") or {}).get("nodes") or []
        original = (edits[0]["diff"] if edits else node["body"]) if self._original_bodies else None
        return Issue(
            number=node["number"],
            id=int(node["fullDatabaseId"]),
            node_id=node["id"],
            title=node["title"],
            body=node["body"],
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
            closed_by=closes[-1].actor if closed and closes else None,
            duplicate_of=_reference(node.get("duplicateOf")),
            original_body=original,
            comments=tuple(map(_comment, comments)),
            events=happened,
            raw=node,
        )

    def _all(self, node: Node, connection: str, query: Callable[[], str]) -> list[Node]:
        """All nodes of a connection of one issue: those that came with it, and the rest by further requests."""
        nodes: list[Node] = list(node[connection]["nodes"])
        info = node[connection]["pageInfo"]
        size = LARGEST
        while info["hasNextPage"]:
            try:
                answer = self._ask(query, {"id": node["id"], "first": size, "after": info["endCursor"]})
            except Overloaded:
                if size == 1:
                    raise GisError(f"GitHub cannot answer for issue {node['number']}; try again later") from None
                size = max(size // 2, 1)
                continue
            found = answer["data"]["node"][connection]
            nodes += found["nodes"]
            info = found["pageInfo"]
        return [each for each in nodes if each is not None]


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

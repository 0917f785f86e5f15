"""A GitHub server on this machine: REST and GraphQL for what gis asks, executed against GitHub's public schema."""

import json
import lzma
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import formatdate
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import graphql

from tests.collector.world import Row, World, after, cursor

REST_EVENTS = {"MarkedAsDuplicateEvent": "marked_as_duplicate", "ClosedEvent": "closed", "ReopenedEvent": "reopened"}
POLL_SECONDS = 0.01  # how soon the server stops
Fault = Callable[["Handler"], bool]  # answers the request itself and gives True, or lets it pass


SCHEMA = Path(__file__).with_name("data") / "github_schema.graphql.xz"
# What GitHub has served since 2026 and the packaged schema lacks.
NEWER_FIELDS = """
extend type Issue { duplicateOf: Issue }
extend type ClosedEvent { duplicateOf: IssueOrPullRequest }
extend type Issue { pendingSuggestions: [PendingSuggestion!] }
union PendingSuggestion = PendingCloseSuggestion | PendingLabelSuggestion
type PendingLabelSuggestion { actor: Actor createdAt: DateTime! }
type PendingCloseSuggestion {
  actor: Actor
  createdAt: DateTime!
  rationale: String
  stateReason: IssueStateReason
  duplicateOf: IssueOrPullRequest
}
"""


@cache
def schema() -> graphql.GraphQLSchema:
    """GitHub's public schema with the fields that it lacks."""
    text = lzma.decompress(SCHEMA.read_bytes()).decode() + NEWER_FIELDS
    return graphql.build_schema(text, assume_valid=True, assume_valid_sdl=True)


class GitHub:
    """The server's state.

    Attributes:
        world: What it serves.
        requests: Kind of each request, in order.
        faults: One is taken off for each request, while there are any.
        always: Asked for every request.
        lacking: Fields that this server does not know, "Type.field".
        tokens: Tokens that are good, and whose they are; None for an app's.
        skew: Seconds that its clock is ahead of ours.
        deepest: Pages of a list that it shows.
        may_write: Whether accounts may write.
        knows_own: Whether it says of a comment that the account wrote it.
        written: Verb, path and body of each request that writes, in order.
    """

    def __init__(self, world: World, schema: graphql.GraphQLSchema | None) -> None:
        self.world = world
        self.schema = schema
        self.requests: list[str] = []
        self.faults: list[Fault] = []
        self.always: Fault | None = None
        self.lacking: frozenset[str] = frozenset()
        self.tokens: dict[str, str | None] = {"good-token-1234": "ann"}
        self.skew = 0.0
        self.deepest = 100
        self.may_write = True
        self.knows_own = True
        self.written: list[tuple[str, str, Any]] = []
        self.points = 0
        self.url = ""


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    protocol_version = "HTTP/1.1"
    github: GitHub

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def answer(self, status: int, body: Any, **headers: str) -> None:  # noqa: ANN401
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Date", formatdate(time.time() + self.github.skew, usegmt=True))
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def handle_one(self, kind: str, work: Callable[[], None]) -> None:
        self.github.requests.append(kind)
        sign = self.headers.get("Authorization", "")
        if self.path.endswith("/access_tokens"):
            self.github.tokens["app-token-of-an-hour"] = None
            self.answer(201, {"token": "app-token-of-an-hour", "expires_at": "2099-01-01T00:00:00Z"})
        elif sign and sign.rpartition(" ")[2] not in self.github.tokens:
            self.answer(401, {"message": "Bad credentials"})
        elif (self.github.faults and self.github.faults.pop(0)(self)) or (
            self.github.always is not None and self.github.always(self)
        ):
            return
        else:
            work()

    def do_GET(self) -> None:
        """REST."""
        self.handle_one("rest", self._rest)

    def do_POST(self) -> None:
        """GraphQL, and new comments over REST."""
        self.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        if self.path.endswith("/graphql"):
            self.handle_one("graphql", self._graphql)
        else:
            self.handle_one("write", self._write)

    def do_PATCH(self) -> None:
        """Changes of comments and issues over REST."""
        self.asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        self.handle_one("write", self._write)

    def _write(self) -> None:
        """Write or edit a comment, or suggest to close an issue."""
        world, parts = self.github.world, urlparse(self.path).path.removeprefix("/api/v3").strip("/").split("/")
        name, rest = "/".join(parts[1:3]), parts[4:]
        self.github.written.append((self.command, self.path, self.asked))
        if not self.github.may_write:
            self.answer(403, {"message": "Resource not accessible by integration"})
        elif parts[0] != "repos" or name != world.name or parts[3] != "issues":
            self.answer(404, {"message": "Not Found"})
        elif self.command == "POST" and rest[1:] == ["comments"] and int(rest[0]) in world.issues:
            row = world.add_comment(int(rest[0]), self.asked["body"], self.viewer())
            self.answer(201, self._shown(row))
        elif self.command == "PATCH" and rest[0] == "comments":
            row = next(row for rows in world.comments.values() for row in rows if row["id"] == int(rest[1]))
            row["body"] = self.asked["body"]
            self.answer(200, self._shown(row))
        elif self.command == "PATCH" and int(rest[0]) in world.issues:
            self._suggest(int(rest[0]), self.asked["state"])
        else:
            self.answer(404, {"message": "Not Found"})

    def _shown(self, row: Row) -> Row:
        return {**row, "html_url": f"{self.github.url}/{self.github.world.name}/issues/1#issuecomment-{row['id']}"}

    def _suggest(self, number: int, state: Any) -> None:  # noqa: ANN401
        """As GitHub does with an order and with a suggestion, by the version of the API that is asked for."""
        world = self.github.world
        if not isinstance(state, dict) or not state.get("suggest"):
            world.change(number, state="closed")
        elif self.headers.get("X-GitHub-Api-Version") != "2026-03-10":
            self.answer(422, {"message": "Invalid request. state is not a string."})
            return
        else:
            duplicate = next(n for n, row in world.issues.items() if row["id"] == state["duplicate_issue_id"])
            world.suggestions.setdefault(number, []).append(
                {
                    "user": self.viewer(),
                    "created_at": "2026-01-01T00:00:00Z",
                    "rationale": state["rationale"],
                    "duplicate_of": duplicate,
                }
            )
        self.answer(200, world.issues[number])

    def viewer(self) -> Row:
        """The account that is signed in."""
        login = self.github.tokens.get(self.headers.get("Authorization", "").rpartition(" ")[2])
        if login is None:
            return {"login": "github-actions[bot]", "id": 41898282, "type": "Bot", "site_admin": False}
        return {"login": login, "id": 9000, "type": "User", "site_admin": False}

    def _rest(self) -> None:
        address, world = urlparse(self.path), self.github.world
        parts = address.path.removeprefix("/api/v3").strip("/").split("/")
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if parts == ["user"]:
            login = self.github.tokens[self.headers["Authorization"].rpartition(" ")[2]]
            if login is None:
                self.answer(403, {"message": "Resource not accessible by integration"})
            else:
                self.answer(200, {"login": login})
            return
        if parts[0] == "repos":
            name = "/".join(parts[1:3])
            if name in world.old_names:
                self.answer(
                    301, {}, Location=f"{self.github.url}/repositories/{world.id}" + "".join(f"/{p}" for p in parts[3:])
                )
                return
            if name in world.moved.values():
                self.answer(200, {"number": 1, "repository_url": f"{self.github.url}/repos/{name}"})
                return
            if name.lower() != world.name.lower() or not world.found:
                self.answer(404, {"message": "Not Found"})
                return
            rest = parts[3:]
        elif parts[0] == "repositories" and (parts[1] != str(world.id) or not world.found):
            self.answer(404, {"message": "Not Found"})
            return
        else:
            rest = parts[2:]
        if not rest:
            self.answer(200, {"full_name": world.name, "id": world.id})
        elif rest[1:2] and rest[1].isdecimal():
            self._single(int(rest[1]))
        else:
            self._list(rest, asked)

    def _single(self, number: int) -> None:
        world = self.github.world
        if number in world.moved:
            self.answer(301, {}, Location=f"{self.github.url}/repos/{world.moved[number]}/issues/1")
        elif number in world.issues:
            self.answer(200, {**world.issues[number], "repository_url": f"{self.github.url}/repos/{world.name}"})
        else:
            self.answer(410, {"message": "This issue was deleted"})

    def _list(self, rest: list[str], asked: dict[str, str]) -> None:
        world = self.github.world
        if rest[-1] == "comments":
            rows = [row for comments in world.comments.values() for row in comments]
            rows = [{**row, "issue_url": f"x/issues/{row['issue_number']}", "html_url": "x/issues/1"} for row in rows]
            rows += [  # REST lists them together
                {**rows[0], "id": 7 * 10**9 + n, "issue_url": f"x/issues/{n}", "html_url": f"x/pull/{n}#c"}
                for n in world.pulls[:5]
            ]
        elif rest[-1] == "events":
            rows = [
                event_row(number, n, event)
                for number, events in world.events.items()
                for n, event in enumerate(events)
                if number in world.issues and event["kind"] in REST_EVENTS
            ]
        else:
            pulls = [{**next(iter(world.issues.values())), "number": n, "pull_request": {}} for n in world.pulls]
            rows = [*world.issues.values(), *pulls]
            rows = [row for row in rows if asked.get("state") == "all" or row["state"] == "open"]
        rows.sort(
            key=lambda row: (
                row["updated_at" if asked.get("sort") == "updated" else "created_at"],
                row["id"],
                row.get("number", 0),
            )
        )
        if asked.get("direction", "desc") == "desc":
            rows.reverse()
        if rest[-1] != "events":
            rows = [row for row in rows if row["updated_at"] >= asked.get("since", "")]
        size, page = int(asked.get("per_page", 30)), int(asked.get("page", 1))
        if page > self.github.deepest:
            self.answer(422, {"message": "pagination with this many pages is not supported"})
            return
        more = {"Link": f'<{self.github.url}/next>; rel="next"'} if len(rows) > page * size else {}
        self.answer(200, rows[(page - 1) * size : page * size], **more)

    def _graphql(self) -> None:
        if not self.headers.get("Authorization"):
            self.answer(401, {"message": "This endpoint requires you to be authenticated."})
            return
        self.answer(200, self.execute(self.asked["query"], self.asked["variables"], self.viewer()["login"]))

    def execute(self, query: str, variables: Row, viewer: str = "") -> Row:
        schema = self.github.schema
        assert schema is not None
        document, errors = checked(schema, query)
        problems = [{"message": error.message} for error in errors]
        problems += [lacks(name) for name in self.github.lacking if asks_for(query, name)]
        if problems:
            return {"errors": problems}
        if "since" in variables and variables["since"] is not None:
            datetime.fromisoformat(variables["since"])  # a DateTime, as the schema asks
        cost = cost_of(document, variables)
        self.github.points += cost
        root = Root(self.github.world, cost, viewer, knows_own=self.github.knows_own)
        done = graphql.execute(schema, document, root.value(), variable_values=variables)
        assert isinstance(done, graphql.ExecutionResult)
        answer: Row = {"data": done.data}
        if done.errors:
            answer["errors"] = [{"message": error.message, **(error.extensions or {})} for error in done.errors]
        return answer


def asks_for(query: str, name: str) -> bool:
    """Whether a query asks for what a server lacks: "Type.field", or "field(argument)"."""
    if "(" in name:
        return name.replace("(", "(").removesuffix(")") + ":" in query
    kind, _, field = name.partition(".")
    fragment = query.partition(f"... on {kind} {{")[2] if kind.endswith("Event") else query
    return any(word.rstrip("(") == field for word in fragment.replace("(", "( ").split())


def lacks(name: str) -> Row:
    """The error for it, as GitHub words it."""
    if "(" in name:
        field, argument = name.removesuffix(")").split("(")
        more = {"code": "argumentNotAccepted", "name": field, "typeName": "Field", "argumentName": argument}
        return {"message": f"Field '{field}' doesn't accept argument '{argument}'", "extensions": more}
    kind, _, field = name.partition(".")
    more = {"code": "undefinedField", "typeName": kind, "fieldName": field}
    return {"message": f"Field '{field}' doesn't exist on type '{kind}'", "extensions": more}


@cache
def checked(schema: graphql.GraphQLSchema, query: str) -> tuple[graphql.DocumentNode, list[graphql.GraphQLError]]:
    """A query, parsed, and what is wrong with it."""
    document = graphql.parse(query)
    return document, graphql.validate(schema, document)


def cost_of(document: graphql.DocumentNode, variables: Row) -> int:
    """GitHub's documented rule: the requests that all connections need, if full, by a hundred; 1 at least."""
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, graphql.FragmentDefinitionNode)}

    def requests(selections: Any, times: int) -> int:  # noqa: ANN401
        total = 0
        for node in selections.selections if selections else ():
            if isinstance(node, graphql.FragmentSpreadNode):
                total += requests(fragments[node.name.value].selection_set, times)
            elif isinstance(node, graphql.InlineFragmentNode):
                total += requests(node.selection_set, times)
            else:
                size = next(
                    (
                        graphql.value_from_ast_untyped(a.value, variables)
                        for a in node.arguments or ()
                        if a.name.value in ("first", "last")
                    ),
                    None,
                )
                skipped = any(
                    d.name.value == "include" and not variables.get("withPulls") for d in node.directives or ()
                )
                if not skipped:
                    total += (times if size else 0) + requests(node.selection_set, times * (size or 1))
        return total

    operation = next(d for d in document.definitions if isinstance(d, graphql.OperationDefinitionNode))
    return max(round(requests(operation.selection_set, 1) / 100), 1)


class Root:
    """The values that a query is resolved from: dictionaries, and functions where there are arguments."""

    def __init__(self, world: World, cost: int, viewer: str, *, knows_own: bool) -> None:
        self._world = world
        self._cost = cost
        self._viewer = viewer
        self._knows_own = knows_own

    def value(self) -> Row:
        limit = {"cost": self._cost, "remaining": 4000, "resetAt": "2030-01-01T00:00:00Z"}
        viewer = {"login": self._viewer}
        return {
            "rateLimit": limit,
            "viewer": viewer,
            "repository": self.repository,
            "node": self.node,
            "nodes": self.nodes,
        }

    def repository(self, _info: object, owner: str, name: str, **_: object) -> Row:
        if f"{owner}/{name}" in self._world.taken_names:
            return {"databaseId": 1, "nameWithOwner": f"{owner}/{name}", "isPrivate": False, "hasIssuesEnabled": True}
        known = f"{owner}/{name}" in self._world.old_names or f"{owner}/{name}".lower() == self._world.name.lower()
        if not known or not self._world.found:
            raise graphql.GraphQLError("Could not resolve to a Repository", extensions={"type": "NOT_FOUND"})
        return {
            "__typename": "Repository",
            "nameWithOwner": self._world.name,
            "databaseId": self._world.id,
            "isPrivate": self._world.private,
            "hasIssuesEnabled": self._world.has_issues,
            "discussion": self.discussion,
            "isArchived": self._world.archived,
            "issues": self.issues,
            "pullRequests": self.pulls,
            "issue": self.single,
        }

    def single(self, _info: object, number: int) -> Row | None:
        if not self._world.has_issues:
            raise graphql.GraphQLError("Issues are disabled", extensions={"type": "NOT_FOUND"})
        if number in self._world.issues:
            return self.issue(self._world.issues[number])
        raise graphql.GraphQLError(
            f"Could not resolve to an Issue with the number of {number}.", extensions={"type": "NOT_FOUND"}
        )

    def discussion(self, _info: object, number: int) -> Row | None:
        if number in self._world.discussions:
            return {"number": number}
        raise graphql.GraphQLError("Could not resolve to a Discussion", extensions={"type": "NOT_FOUND"})

    def node(self, _info: object, id: str) -> Row | None:  # noqa: A002
        number = next((n for n, row in self._world.issues.items() if row["node_id"] == id), None)
        return None if number is None else self.issue(self._world.issues[number])

    def nodes(self, info: object, ids: list[str]) -> list[Row | None]:
        comments = (row for comments in self._world.comments.values() for row in comments)
        found = {row["node_id"]: self.comment(row) for row in comments if row["node_id"] in ids}
        return [found.get(each) or self.node(info, each) for each in ids]

    def issues(self, _info: object, first: int = 0, orderBy: Row | None = None, **asked: Any) -> Row:  # noqa: ANN401, N803
        rows = self._world.by_change()
        since = (asked.get("filterBy") or {}).get("since")
        rows = [row for row in rows if not since or row["updated_at"] >= str(since)]
        total = len(rows)
        if (orderBy or {}).get("field") == "CREATED_AT":
            rows.sort(key=lambda row: row["number"], reverse=(orderBy or {}).get("direction") == "DESC")
            start = place_of(asked.get("after"))
            marks = [str(n + 1) for n in range(len(rows))]
        else:
            try:
                start = after(rows, asked.get("after"))
            except (ValueError, TypeError):
                raise unknown_cursor(asked["after"]) from None
            marks = [cursor(row["updated_at"], row["number"]) for row in rows[start : start + first]]
            marks = [""] * start + marks
        page = rows[start : start + first]
        return connection(
            total,
            [self.issue(row) for row in page],
            start + first < len(rows),
            marks[start + len(page) - 1] if page else None,
        )

    def pulls(self, _info: object, first: int = 0, after: str | None = None, **_: object) -> Row:
        start = place_of(after)
        page = [{"number": n} for n in self._world.pulls[start : start + first]]
        more = start + first < len(self._world.pulls)
        return connection(len(self._world.pulls), page, more, str(start + len(page)) if page else None)

    def issue(self, row: Row) -> Row:
        number = row["number"]
        comments = [self.comment(each) for each in self._world.comments.get(number, ())]
        happened = [self.event(number, n, each) for n, each in enumerate(self._world.events.get(number, ()))]
        reason = row["state_reason"]
        duplicate = next(
            (e["canonical"] for e in reversed(self._world.events.get(number, ())) if e["kind"].startswith("Marked")),
            None,
        )
        return {
            "__typename": "Issue",
            "fullDatabaseId": row["id"],
            "id": row["node_id"],
            "number": number,
            "title": row["title"],
            "body": row["body"] or "",
            "state": row["state"].upper(),
            "stateReason": lambda _info, enableDuplicate=False: self.reason(reason, enableDuplicate),  # noqa: N803
            "locked": row["locked"],
            "authorAssociation": row["author_association"],
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            "closedAt": row["closed_at"],
            "author": actor(row["user"]),
            "repository": {"nameWithOwner": self._world.name, "databaseId": self._world.id},
            "duplicateOf": None if duplicate is None else self.place(duplicate),
            "pendingSuggestions": self.pending(number),
            "userContentEdits": {"nodes": [{"diff": first}] if (first := self._world.first_bodies.get(number)) else []},
            "databaseId": row["id"],
            "labels": lambda _info, first=0, **_: connection(len(row["labels"]), row["labels"][:first], False, None),
            "comments": lambda _info, first=0, after=None: {
                **paged(comments, first, after),
                "totalCount": row["comments"],
            },
            "timelineItems": lambda _info, first=0, after=None, itemTypes=(), **_: paged(  # noqa: N803
                [each for each in happened if spelled(each["__typename"]) in itemTypes], first, after
            ),
        }

    def place(self, number: int) -> Row:
        kind = "PullRequest" if number in self._world.pulls else "Issue"
        return {"__typename": kind, "number": number, "repository": {"nameWithOwner": self._world.name}}

    def event(self, number: int, place: int, event: Row) -> Row:
        reason = event.get("stateReason")
        return {
            "__typename": event["kind"],
            "id": f"EV_{number}_{place}",
            "createdAt": event["createdAt"],
            "actor": actor(event["actor"]),
            "stateReason": None if reason is None else reason.upper(),
            "previousTitle": event.get("previousTitle"),
            "fromRepository": {"nameWithOwner": event["from"]} if "from" in event else None,
            **{
                name: self.place(event[name]) if name in event else None
                for name in ("canonical", "source", "duplicateOf")
            },
        }

    def pending(self, number: int) -> list[Row] | None:
        rows = self._world.suggestions.get(number, [])
        return None if rows is None else [self.suggestion(each) for each in rows]

    def suggestion(self, row: Row) -> Row:
        return {
            "__typename": "PendingCloseSuggestion",
            "actor": actor(row["user"]),
            "createdAt": row["created_at"],
            "rationale": row.get("rationale"),
            "stateReason": "DUPLICATE",
            "duplicateOf": self.place(row["duplicate_of"]),
        }

    @staticmethod
    def reason(reason: str | None, enabled: bool) -> str | None:
        shown = "not_planned" if reason == "duplicate" and not enabled else reason
        return None if shown is None else shown.upper()

    def comment(self, row: Row) -> Row:
        return {
            "__typename": "IssueComment",
            "fullDatabaseId": row["id"],
            "databaseId": row["id"],
            "id": row["node_id"],
            "body": row["body"],
            "viewerDidAuthor": self._knows_own and row["user"] is not None and row["user"]["login"] == self._viewer,
            "authorAssociation": row["author_association"],
            "createdAt": row["created_at"],
            "updatedAt": row["updated_at"],
            "author": actor(row["user"]),
            "reactions": lambda _info, content=None: connection(
                row.get("reactions", {}).get(content, 0), [], False, None
            ),
        }


def event_row(number: int, place: int, event: Row) -> Row:
    """An event as REST lists it: without the other issue of a duplicate."""
    return {
        "id": number * 100 + place,
        "node_id": f"EV_{number}_{place}",
        "event": REST_EVENTS[event["kind"]],
        "actor": event["actor"],
        "created_at": event["createdAt"],
        "state_reason": event.get("stateReason"),
        "issue": {"number": number},
    }


def spelled(kind: str) -> str:
    """An event's type as GraphQL's enumeration spells it."""
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in kind).strip("_").upper()


def actor(user: Row | None) -> Row | None:
    if user is None:
        return None
    login = user["login"].removesuffix("[bot]") if user["type"] == "Bot" else user["login"]
    return {"__typename": user["type"], "login": login, "databaseId": user["id"], "isSiteAdmin": user["site_admin"]}


def connection(total: int, nodes: list[Any], more: bool, end: str | None) -> Row:
    return {"totalCount": total, "nodes": nodes, "pageInfo": {"hasNextPage": more, "endCursor": end}}


def place_of(mark: str | None) -> int:
    """Return where a page begins."""
    if not (mark or "0").isdecimal():
        raise unknown_cursor(mark)
    return int(mark or 0)


def unknown_cursor(mark: str | None) -> graphql.GraphQLError:
    message = f"`{mark}` does not appear to be a valid cursor."
    return graphql.GraphQLError(message, extensions={"type": "INVALID_CURSOR_ARGUMENTS"})


def paged(nodes: list[Row], first: int, mark: str | None) -> Row:
    start = place_of(mark)
    page = nodes[start : start + first]
    return connection(len(nodes), page, start + first < len(nodes), str(start + len(page)) if page else None)


class Quiet(ThreadingHTTPServer):
    """Says nothing of clients that hang up."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(world: World, schema: graphql.GraphQLSchema | None) -> Iterator[GitHub]:
    """A server on a free port of this machine."""
    github = GitHub(world, schema)
    handler = type("Bound", (Handler,), {"github": github})
    server = Quiet(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()


def status_fault(status: int, body: Any = b"<html>Unicorn!</html>", **headers: str) -> Fault:  # noqa: ANN401
    """Answer with a status."""

    def fault(handler: Handler) -> bool:
        handler.answer(status, body, **headers)
        return True

    return fault


def cut_fault(handler: Handler) -> bool:
    """Cut the connection in the middle of an answer."""
    handler.send_response_only(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"data": {')
    handler.wfile.flush()
    handler.close_connection = True
    return True


def primary_fault(seconds: float = 0) -> Fault:
    """The hourly limit, over REST and GraphQL alike."""

    def fault(handler: Handler) -> bool:
        reset = {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(int(time.time() + seconds))}
        if handler.command == "POST":
            handler.answer(200, {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}, **reset)
        else:
            handler.answer(403, {"message": "API rate limit exceeded for user ID 1."}, **reset)
        return True

    return fault

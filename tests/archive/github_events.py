"""ClickHouse's public table of GitHub's events on loopback: its columns, its engine (chdb), and faults of servers."""

import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import chdb

Row = Mapping[str, Any]
# The columns that say something of issues, as the public table declares them.
DECLARED = """
CREATE TABLE {name}
(
    file_time DateTime,
    event_type Enum('CommitCommentEvent' = 1, 'CreateEvent' = 2, 'DeleteEvent' = 3, 'ForkEvent' = 4, 'GollumEvent' = 5,
        'IssueCommentEvent' = 6, 'IssuesEvent' = 7, 'MemberEvent' = 8, 'PublicEvent' = 9, 'PullRequestEvent' = 10,
        'PullRequestReviewCommentEvent' = 11, 'PushEvent' = 12, 'ReleaseEvent' = 13, 'SponsorshipEvent' = 14,
        'WatchEvent' = 15, 'GistEvent' = 16, 'FollowEvent' = 17, 'DownloadEvent' = 18, 'PullRequestReviewEvent' = 19,
        'ForkApplyEvent' = 20, 'Event' = 21, 'TeamAddEvent' = 22),
    actor_login LowCardinality(String),
    repo_name LowCardinality(String),
    created_at DateTime,
    updated_at DateTime,
    action Enum('none' = 0, 'created' = 1, 'added' = 2, 'edited' = 3, 'deleted' = 4, 'opened' = 5, 'closed' = 6,
        'reopened' = 7, 'assigned' = 8, 'unassigned' = 9, 'labeled' = 10, 'unlabeled' = 11),
    comment_id UInt64,
    body String,
    creator_user_login LowCardinality(String),
    number UInt32,
    title String,
    labels Array(LowCardinality(String)),
    state Enum('none' = 0, 'open' = 1, 'closed' = 2),
    locked UInt8,
    comments UInt32,
    author_association Enum('NONE' = 0, 'CONTRIBUTOR' = 1, 'OWNER' = 2, 'COLLABORATOR' = 3, 'MEMBER' = 4,
        'MANNEQUIN' = 5),
    closed_at DateTime
)
ENGINE = MergeTree ORDER BY (event_type, repo_name, created_at)
"""
ROLES = ("NONE", "CONTRIBUTOR", "OWNER", "COLLABORATOR", "MEMBER", "MANNEQUIN")


def row_of(event: Row) -> Row | None:
    """What the table has of an event of the archive: a comment's body and author, but the issue's title and role."""
    payload = event["payload"]
    issue = payload.get("issue") or payload.get("pull_request") or {}
    if event["type"] not in ("IssuesEvent", "IssueCommentEvent", "PullRequestEvent", "PullRequestReviewEvent"):
        return None
    comment = payload.get("comment") or {}
    creator = comment.get("user") or issue.get("user") or {}
    return {
        "event_type": event["type"],
        "actor_login": event["actor"]["login"],
        "repo_name": event["repo"]["name"],
        "created_at": plain(event["created_at"]),
        "updated_at": plain((comment or issue).get("updated_at")),
        "action": payload.get("action") or "none",
        "comment_id": comment.get("id") or 0,
        "body": comment.get("body") or issue.get("body") or "",
        "creator_user_login": creator.get("login") or "",
        "number": issue.get("number") or payload.get("number") or 0,
        "title": issue.get("title") or "",
        "labels": [label["name"] for label in issue.get("labels") or ()],
        "state": issue.get("state") or "none",
        "locked": int(issue.get("locked") or 0),
        "comments": issue.get("comments") or 0,
        "author_association": issue["author_association"] if issue.get("author_association") in ROLES else "NONE",
        "closed_at": plain(issue.get("closed_at")),
    }


def plain(time: str | None) -> str:
    """A time as ClickHouse writes it, which has no null there."""
    return (time or "1970-01-01T00:00:00Z").replace("T", " ").removesuffix("Z")


def events_in(hours: Path) -> Iterator[Row]:
    """The events of a folder of hours that can be read."""
    for path in sorted(hours.iterdir()):
        content = path.read_bytes()
        for line in (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines():
            yield json.loads(line)


@dataclass
class Server:
    """A server that has a table.

    Attributes:
        port: Its port on 127.0.0.1.
        connection: Its engine.
        queries: What it was asked.
        faults: What it does in place of an answer, one of each for a query.
        fails_for: A part of queries that it fails for.
        passwords: Of the users that it knows.
    """

    port: int = 0
    connection: Any = None
    queries: list[str] = field(default_factory=list)
    faults: list[Callable[["Handler"], bool]] = field(default_factory=list)
    fails_for: str | None = None
    passwords: dict[str, str] = field(default_factory=lambda: {"play": "", "default": ""})

    def address(self, table: str = "github_events", user: str = "play") -> str:
        return f"clickhouse://{user}@127.0.0.1:{self.port}/{table}"

    def fill(self, events: Iterator[Row], table: str = "github_events") -> None:
        """Put events into a table of its own."""
        self.connection.query(f"DROP TABLE IF EXISTS {table}")
        self.connection.query(DECLARED.format(name=table))
        rows = [row for row in map(row_of, events) if row is not None]
        of_pulls = [  # the archive has comments on pull requests whose own events are in other hours
            {
                **row,
                "event_type": "PullRequestEvent",
                "created_at": "2019-01-01 00:00:00",
                "action": "opened",
                "body": "",
            }
            for row in rows
            if row["event_type"] == "IssueCommentEvent" and row["title"].startswith("Mend ")
        ]
        lines = "\n".join(json.dumps(row) for row in (*rows, *of_pulls))
        self.connection.query(f"INSERT INTO {table} FORMAT JSONEachRow\n{lines}")


class Handler(BaseHTTPRequestHandler):
    """Answers queries as ClickHouse does over HTTP."""

    gis: Server

    def do_POST(self) -> None:
        query = self.rfile.read(int(self.headers["Content-Length"])).decode()
        server = self.gis
        server.queries.append(query)
        if server.faults and server.faults.pop(0)(self):
            return
        if server.fails_for is not None and server.fails_for in query:
            self.fail(503, "busy")
            return
        user, key = self.headers.get("X-ClickHouse-User", "default"), self.headers.get("X-ClickHouse-Key", "")
        if server.passwords.get(user) != key:
            self.fail(403, f"Code: 516. DB::Exception: {user}: Authentication failed: password is incorrect")
            return
        try:
            content = self.gis.connection.query(query, "Parquet").bytes()
        except Exception as error:
            said = re.search(r"Code: \d+\. DB::Exception: [^\n]*", str(error))
            self.fail(404 if "Code: 60" in str(error) else 500, said[0] if said else str(error))
            return
        self.answer(content)

    def answer(self, content: bytes, status: int = 200, length: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content) if length is None else length))
        self.end_headers()
        self.wfile.write(content)

    def fail(self, status: int, message: str) -> None:
        self.answer(f"{message} (version 26.1.1)\n".encode(), status)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[Server]:
    server = Server(connection=chdb.connect(":memory:"))  # type: ignore[no-untyped-call]
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"gis": server}))
    server.port = http.server_port
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()

"""A made-up repository, or a dump of a real one, as a GitHub server knows it."""

import base64
import gzip
import json
import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

Row = dict[str, Any]
START = datetime(2020, 1, 1, tzinfo=UTC)


def stamp(minutes: int) -> str:
    return (START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class World:
    """One repository: rows as REST shows them, events by issue, numbers of pull requests, what is gone.

    Attributes:
        name: OWNER/NAME today.
        id: Its number.
        old_names: Names that answer 301.
        issues: Rows by number.
        comments: Rows by issue number.
        events: By issue number: kind, createdAt, actor and what else there is to it, in GraphQL's spelling.
        pulls: Numbers of pull requests.
        moved: Where transferred issues are today.
        first_bodies: Bodies as they were written, of issues that were edited.
        private: Whether only its members see it.
        found: Whether it is there at all, for these accounts.
        has_issues: Whether it has any, or has them disabled.
        discussions: Numbers of discussions.
        taken_names: Names that belong to other repositories, which are there and empty.
        archived: Whether it takes no changes.
        suggestions: Suggestions to close issues as duplicates that wait for an answer.
    """

    name: str = "octo/widgets"
    id: int = 4711
    old_names: tuple[str, ...] = ("octo/gadgets",)
    issues: dict[int, Row] = field(default_factory=dict)
    comments: dict[int, list[Row]] = field(default_factory=dict)
    events: dict[int, list[Row]] = field(default_factory=dict)
    pulls: list[int] = field(default_factory=list)
    moved: dict[int, str] = field(default_factory=dict)
    first_bodies: dict[int, str] = field(default_factory=dict)
    private: bool = False
    found: bool = True
    has_issues: bool = True
    discussions: set[int] = field(default_factory=set)
    taken_names: tuple[str, ...] = ()
    archived: bool = False
    suggestions: dict[int, list[Row]] = field(default_factory=dict)
    clock: int = 10_000_000

    def by_change(self) -> list[Row]:
        """Issues by their last change."""
        return sorted(self.issues.values(), key=lambda row: (row["updated_at"], row["number"]))

    def change(self, number: int, **values: Any) -> Row:  # noqa: ANN401
        """Change an issue, as of now."""
        self.clock += 1
        row = {**self.issues[number], **values, "updated_at": stamp(self.clock)}
        self.issues[number] = row
        return row

    def add_comment(self, number: int, body: str, author: Row | None) -> Row:
        self.clock += 1
        comments = self.comments.setdefault(number, [])
        comments.append(comment_row(number, 10**9 + self.clock, body, author, stamp(self.clock)))
        self.change(number, comments=len(comments))
        return comments[-1]

    def remove(self, number: int, moved_to: str | None = None) -> None:
        del self.issues[number]
        if moved_to is not None:
            self.moved[number] = moved_to


def user_row(number: int, kind: str = "User") -> Row:
    login = f"user-{number:05}" + ("[bot]" if kind == "Bot" else "")
    return {"login": login, "id": 1_000_000 + number, "type": kind, "site_admin": False}


def comment_row(number: int, identity: int, body: str, author: Row | None, at: str) -> Row:
    return {
        "id": identity,
        "node_id": f"IC_{identity}",
        "issue_number": number,
        "body": body,
        "user": author,
        "author_association": "CONTRIBUTOR",
        "created_at": at,
        "updated_at": at,
    }


def made(count: int, *, seed: int = 0, comments: int = 3) -> World:
    """A repository of ``count`` issues; every third number is a pull request."""
    rng = random.Random(seed)
    world = World()
    number = minute = 0
    while len(world.issues) < count:
        number += 1
        minute += rng.randint(0, 40)
        if number % 3 == 0:
            world.pulls.append(number)
            continue
        closed = rng.random() < 0.6
        later = minute + rng.randint(0, 5000)
        world.issues[number] = {
            "id": 500_000 + number,
            "node_id": f"I_{number}",
            "number": number,
            "title": f"Problem {number}: zażółć {rng.random():.4f}",
            "body": None if number % 17 == 0 else f"It breaks.\n\n```\nerror {number}\n```\n" * rng.randint(1, 4),
            "state": "closed" if closed else "open",
            "state_reason": rng.choice(["completed", "not_planned", None]) if closed else None,
            "locked": number % 29 == 0,
            "created_at": stamp(minute),
            "updated_at": stamp(later),
            "closed_at": stamp(later) if closed else None,
            "author_association": rng.choice(["NONE", "MEMBER"]),
            "comments": 0,
            "user": None if number % 23 == 0 else user_row(rng.randrange(50)),
            "closed_by": user_row(rng.randrange(50), "Bot" if number % 11 == 0 else "User") if closed else None,
            "labels": [{"name": f"L-{rng.randrange(9)}"} for _ in range(rng.randint(0, 3))],
        }
        bodies = rng.randint(0, 2 * comments) if number % 50 else 130  # more than a page
        world.comments[number] = [
            comment_row(
                number, number * 1000 + n, f"Comment {n} of {number}", user_row(rng.randrange(50)), stamp(minute + n)
            )
            for n in range(bodies)
        ]
        world.issues[number]["comments"] = bodies
        world.events[number] = events_of(world.issues[number], rng)
    return world


def events_of(row: Row, rng: random.Random) -> list[Row]:
    """A cross-reference now and then, a mark as duplicate, and the close."""
    events: list[Row] = []
    number = row["number"]
    earlier = max(number - 1 - (number - 1) % 3, 1)
    if number % 7 == 0 and number > 3:
        events.append(
            {"kind": "CrossReferencedEvent", "createdAt": row["created_at"], "actor": row["user"], "source": earlier}
        )
    if row["state"] == "closed":
        if number % 10 == 0 and number > 3:
            mark = {"kind": "MarkedAsDuplicateEvent", "createdAt": row["closed_at"], "actor": row["closed_by"]}
            events.append({**mark, "canonical": earlier})
        reason = row["state_reason"]
        events.append(
            {"kind": "ClosedEvent", "createdAt": row["closed_at"], "actor": row["closed_by"], "stateReason": reason}
        )
    rng.random()
    return events


def from_dump(folder: Path) -> World:
    """The repository of a folder of issues.jsonl.gz and comments.jsonl.gz; missing numbers are pull requests."""
    world = World(old_names=())
    for row in _rows(folder / "issues.jsonl.gz"):
        world.name = row["repository"]
        world.issues[row["number"]] = row
        at, who = row["closed_at"] or row["updated_at"], row["closed_by"]
        closed = [{"kind": "ClosedEvent", "createdAt": at, "actor": who, "stateReason": row["state_reason"]}]
        reopened = [{"kind": "ReopenedEvent", "createdAt": at, "actor": who}] if row["state"] == "open" else []
        world.events[row["number"]] = closed + reopened if who or row["closed_at"] else []
    for row in _rows(folder / "comments.jsonl.gz"):
        world.comments.setdefault(row["issue_number"], []).append(row)
    world.pulls = [number for number in range(1, max(world.issues)) if number not in world.issues]
    for row in _rows(folder / "cross_references.jsonl.gz"):
        if row["event"] == "cross-referenced" and row["number"] in world.events:
            world.events[row["number"]].append(
                {"kind": "CrossReferencedEvent", "createdAt": row["date"], "actor": None, "source": row["from"]}
            )
    return world


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)


def cursor(*parts: Any) -> str:  # noqa: ANN401
    return base64.b64encode(json.dumps(parts).encode()).decode()


def after(rows: list[Row], mark: str | None) -> int:
    """Where a walk by the last change goes on: behind the place of the mark, even if its issue has moved."""
    if mark is None:
        return 0
    place = json.loads(base64.b64decode(mark))
    return bisect_right([[row["updated_at"], row["number"]] for row in rows], place)

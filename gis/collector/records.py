"""What passes from every source to the store: a page of issues with all that hangs on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Raw = Mapping[str, Any]
EventKind = Literal[
    "closed",
    "reopened",
    "marked_as_duplicate",
    "unmarked_as_duplicate",
    "cross_referenced",
    "renamed",
    "transferred",
]


@dataclass(frozen=True)
class User:
    """Who did something; None stands for a deleted account.

    Attributes:
        login: The name.
        id: GitHub's number, or None where the source does not tell.
        type: "User", "Bot", "Mannequin" or "Organization".
        site_admin: Whether it is GitHub's staff, or None where the source does not tell.
    """

    login: str
    id: int | None
    type: str
    site_admin: bool | None = None


@dataclass(frozen=True)
class Reference:
    """An issue or pull request, anywhere.

    Attributes:
        repository: OWNER/NAME, or None for the one that speaks of it.
        number: Its number.
        pull_request: Whether it is one; None where the source does not tell.
    """

    repository: str | None
    number: int
    pull_request: bool | None = None


@dataclass(frozen=True)
class Comment:
    """A comment on an issue.

    Attributes:
        id: GitHub's number.
        node_id: GitHub's global name.
        author: Who wrote it.
        association: The author's standing in the repository today, as GitHub tells it.
        body: Markdown, as it is now.
        created_at: ISO 8601, UTC.
        updated_at: ISO 8601, UTC.
        via_app: The app that posted it for the author, or None.
    """

    id: int
    node_id: str
    author: User | None
    association: str
    body: str
    created_at: str
    updated_at: str
    via_app: str | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened to an issue.

    Attributes:
        kind: What.
        created_at: ISO 8601, UTC.
        actor: Who did it.
        target: The canonical issue of a duplicate, the source of a cross-reference, the place of a transfer.
        detail: The state reason of a close, the old title of a rename.
        id: GitHub's name of the event, or None where the source has none.
    """

    kind: EventKind
    created_at: str
    actor: User | None = None
    target: Reference | None = None
    detail: str | None = None
    id: str | None = None


@dataclass(frozen=True)
class Issue:
    """An issue with all that a source told of it.

    Attributes:
        number: Its number in the repository.
        id: GitHub's number.
        node_id: GitHub's global name.
        title: As it is now.
        body: Markdown, as it is now; None where there is none.
        state: "open" or "closed".
        state_reason: "completed", "not_planned", "duplicate", "reopened" or None.
        locked: Whether comments are closed.
        author: Who opened it.
        association: The author's standing in the repository today.
        labels: Names, in GitHub's order.
        comment_count: As GitHub counts.
        created_at: ISO 8601, UTC.
        updated_at: ISO 8601, UTC.
        closed_at: ISO 8601, UTC, or None.
        closed_by: Who closed it last, also of issues that were reopened.
        duplicate_of: The issue that it was closed as a duplicate of.
        original_body: The body at creation, where it was asked for and is known.
        comments: Its comments, oldest first; None where the source did not ask for them.
        events: What happened to it, oldest first; None where the source did not ask.
        raw: The source's own answer.
    """

    number: int
    id: int
    node_id: str
    title: str
    body: str | None
    state: str
    state_reason: str | None
    locked: bool
    author: User | None
    association: str
    labels: tuple[str, ...]
    comment_count: int
    created_at: str
    updated_at: str
    closed_at: str | None
    closed_by: User | None = None
    duplicate_of: Reference | None = None
    original_body: str | None = None
    comments: tuple[Comment, ...] | None = None
    events: tuple[Event, ...] | None = None
    raw: Raw = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """What one step of a walk brought.

    Attributes:
        issues: New and changed issues.
        comments: Issue number and comment, of sources that tell of comments apart from their issues.
        events: Issue number and event, of sources that tell of events apart from their issues.
        pull_requests: Numbers of pull requests.
        checkpoint: Where the walk goes on, and after the last page the next walk; the store keeps it with the page.
        done: Whether it was the last.
        points: What the step cost of the hourly limit.
        requests: Requests that the step made.
    """

    checkpoint: Mapping[str, Any]
    done: bool
    issues: tuple[Issue, ...] = ()
    comments: tuple[tuple[int, Comment], ...] = ()
    events: tuple[tuple[int, Event], ...] = ()
    pull_requests: tuple[int, ...] = ()
    points: int = 0
    requests: int = 0

    @property
    def comment_count(self) -> int:
        """How many comments there are, with their issues and apart."""
        return len(self.comments) + sum(len(issue.comments or ()) for issue in self.issues)


@dataclass(frozen=True)
class Repository:
    """A repository as its source knows it today.

    Attributes:
        name: OWNER/NAME today; a repository that was renamed answers to its old names too.
        id: GitHub's number, which a rename does not change; 0 for dumps without one.
        asked: The name that was asked for.
    """

    name: str
    id: int
    asked: str


class IssueText(NamedTuple):
    """The title and body of an issue, as they are now and as they were first written.

    Attributes:
        repository: OWNER/NAME, as it was requested.
        number: The issue's number.
        title: The current title.
        body: The current body, in Markdown; may be empty.
        first_title: The title before it was first changed; None if it never was.
        first_body: The body before it was first edited; None if it never was, or if the server keeps no edits.
    """

    repository: str
    number: int
    title: str
    body: str
    first_title: str | None
    first_body: str | None

"""What passes from every source to the store: a page of issues with their comments and events."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, NamedTuple

EventKind = Literal[
    "closed",
    "reopened",
    "marked_as_duplicate",
    "unmarked_as_duplicate",
    "cross_referenced",
    "renamed",
    "transferred",
]


class Usage(NamedTuple):
    """What was spent of the server's limits.

    Attributes:
        points: Points of the hourly GraphQL limit, or requests of the hourly REST limit.
        requests: HTTP requests.
    """

    points: int
    requests: int


NO_USAGE = Usage(points=0, requests=0)


@dataclass(frozen=True)
class User:
    """A GitHub account. Where a user is expected, None is a deleted account.

    Attributes:
        login: The account's name.
        id: GitHub's number, or None if the source does not give it.
        type: "User", "Bot", "Mannequin" or "Organization".
        site_admin: Whether the account belongs to GitHub's staff, or None if the source does not say.
    """

    login: str
    id: int | None
    type: str
    site_admin: bool | None = None


@dataclass(frozen=True)
class Reference:
    """An issue or pull request of any repository.

    Attributes:
        repository: OWNER/NAME, or None for the repository in which the reference was made.
        number: The number of the issue or pull request.
        pull_request: Whether it is a pull request, or None if the source does not say.
    """

    repository: str | None
    number: int
    pull_request: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment on an issue.

    Attributes:
        id: GitHub's number.
        node_id: GitHub's global ID.
        author: The user who wrote it.
        association: The author's current role in the repository, such as "MEMBER", in GitHub's words.
        body: The current Markdown.
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
        kind: The kind of event.
        created_at: ISO 8601, UTC.
        actor: The user who caused it.
        target: The canonical issue of a duplicate, the source of a cross-reference, or the origin of a transfer.
        detail: The state reason of a close, or the old title of a rename.
        id: GitHub's global ID of the event, or None if the source gives none.
    """

    kind: EventKind
    created_at: str
    actor: User | None = None
    target: Reference | None = None
    _: KW_ONLY
    detail: str | None = None
    id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Issue:
    """An issue with everything that a source reported about it.

    Attributes:
        number: Its number in the repository.
        id: GitHub's number.
        node_id: GitHub's global ID.
        title: The current title.
        body: The current Markdown; None if it is empty.
        state: "open" or "closed".
        state_reason: "completed", "not_planned", "duplicate", "reopened" or None.
        locked: Whether comments are disabled.
        author: The user who opened it.
        association: The author's current role in the repository, in GitHub's words.
        labels: Names of the labels, in GitHub's order.
        comment_count: The number of comments, as GitHub counts them.
        created_at: ISO 8601, UTC.
        updated_at: ISO 8601, UTC.
        closed_at: ISO 8601, UTC, or None.
        closed_by: The user who closed it last, even if it was reopened.
        duplicate_of: The issue that it was closed as a duplicate of.
        original_body: The body as it was first written, if it was requested and is known.
        comments: Its comments, oldest first; None if the source does not give them with the issue.
        events: Its events, oldest first; None if the source does not give them with the issue.
        raw: The source's answer as JSON, unchanged.
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
    raw: str = "{}"


class LeftOut(NamedTuple):
    """Something that a source gave and that did not pass the reader.

    Attributes:
        number: The number of the issue that it is or belongs to; 0 where that is unknown.
        place: What it is, such as "issue", "comment 7" or "issues.jsonl:12".
        field: The field that is missing or malformed; "" where it is not a single field.
        reason: What is wrong, in words.
    """

    number: int
    place: str
    field: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """One step of a walk through a repository.

    Attributes:
        issues: New and changed issues.
        comments: Issue number and comment, from sources that list comments apart from their issues.
        events: Issue number and event, from sources that list events apart from their issues.
        pull_requests: Numbers of pull requests.
        resume_point: Where the walk continues, as JSON; on the last page, where the next walk begins.
        done: Whether this is the last page of the walk.
        left_out: What the source gave and did not pass the reader.
        usage: What the step cost.
    """

    resume_point: Mapping[str, Any]
    done: bool
    issues: tuple[Issue, ...] = ()
    comments: tuple[tuple[int, Comment], ...] = ()
    events: tuple[tuple[int, Event], ...] = ()
    pull_requests: tuple[int, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    usage: Usage = NO_USAGE

    @property
    def comment_count(self) -> int:
        """Return the number of comments, both those within issues and those apart."""
        return len(self.comments) + sum(len(issue.comments or ()) for issue in self.issues)

    @property
    def numbers(self) -> set[int]:
        """Return the numbers of the issues that it says something of."""
        apart = {number for number, _ in (*self.comments, *self.events)}
        return apart | {issue.number for issue in self.issues}


@dataclass(frozen=True)
class Repository:
    """A repository as its source knows it now.

    Attributes:
        name: The current OWNER/NAME. A renamed repository answers to its old names too.
        id: GitHub's number, which a rename does not change; 0 for a dump, which does not give it.
        requested_name: The name that was asked for.
    """

    name: str
    id: int
    requested_name: str


class Asked(NamedTuple):
    """A comment or an issue whose responses are asked for.

    Attributes:
        number: The number of the issue.
        id: GitHub's number of the comment or issue.
        node_id: GitHub's global ID of it.
    """

    number: int
    id: int
    node_id: str


class Reactions(NamedTuple):
    """How many people agree or disagree with a comment.

    Attributes:
        number: The number of its issue.
        comment: GitHub's number of the comment.
        up: How many gave it a thumbs up.
        down: How many gave it a thumbs down.
    """

    number: int
    comment: int
    up: int
    down: int


@dataclass(frozen=True, kw_only=True)
class CloseSuggestion:
    """A suggestion to close an issue as a duplicate, which GitHub shows until somebody accepts or declines it.

    Attributes:
        actor: Who suggests it.
        target: The issue that it is said to duplicate.
        created_at: ISO 8601, UTC.
        rationale: The reason given; "" where there is none.
    """

    actor: User | None
    target: Reference
    created_at: str
    rationale: str


class PendingSuggestions(NamedTuple):
    """The suggestions to close an issue as a duplicate that wait for an answer.

    Attributes:
        number: The number of the issue.
        suggestions: All of them.
    """

    number: int
    suggestions: tuple[CloseSuggestion, ...]


Response = Reactions | PendingSuggestions


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


class WithheldIssue(NamedTuple):
    """An issue of a private repository, whose text is not passed on.

    Attributes:
        repository: OWNER/NAME, as it was requested.
        number: The issue's number.
    """

    repository: str
    number: int

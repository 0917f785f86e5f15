"""Records from rows of GitHub's REST API, whose form dumps share."""

from collections.abc import Collection, Mapping
from typing import Any, cast, get_args

from gis.collector.fields import LARGEST_ISSUE_NUMBER, Fields, text_in
from gis.collector.records import Comment, Event, EventKind, Issue, User

Row = Mapping[str, Any]
EVENT_KINDS: Collection[str] = get_args(EventKind)


def issue_from_row(row: Fields) -> Issue:
    """Return an issue, without comments and events, which REST lists elsewhere.

    Older exports have null for ids and roles, which no part of gis depends on.

    Raises:
        FieldError: A field is missing or malformed.
    """
    return Issue(
        number=row.issue_number("number"),
        id=row.large_number("id", default=0),
        node_id=row.text_or_none("node_id") or "",
        title=row.text("title"),
        body=row.text_or_none("body"),
        state=row.state("state"),
        state_reason=row.word_or_none("state_reason"),
        locked=row.flag("locked", default=False),
        author=user_from_row(row.object_or_none("user")),
        association=row.word("author_association", "NONE"),
        labels=row.labels("labels"),
        comment_count=row.number("comments", default=0),
        created_at=row.time("created_at"),
        updated_at=row.time("updated_at"),
        closed_at=row.time_or_none("closed_at"),
        closed_by=user_from_row(row.object_or_none("closed_by")),
        raw=row.as_json(),
    )


def comment_from_row(row: Fields) -> tuple[int, Comment]:
    """Return the number of an issue and a comment on it.

    Raises:
        FieldError: A field is missing or malformed.
    """
    app = row.object_or_none("performed_via_github_app")
    return number_of_commented(row), Comment(
        id=row.large_number("id"),
        node_id=row.text_or_none("node_id") or "",
        author=user_from_row(row.object_or_none("user")),
        association=row.word("author_association", "NONE"),
        body=row.text_or_none("body") or "",
        created_at=row.time("created_at"),
        updated_at=row.time("updated_at"),
        via_app=None if app is None else app.text_or_none("slug"),
    )


def number_of_commented(row: Fields) -> int:
    """Return the number of the issue or pull request that a comment is on.

    Raises:
        FieldError: The row does not say.
    """
    if "issue_number" in row.row:
        return row.issue_number("issue_number")
    number = row.text("issue_url").rpartition("/")[2]
    if not (number.isascii() and number.isdigit() and 0 < int(number[:20]) <= LARGEST_ISSUE_NUMBER):
        raise row.error("issue_url", "does not end in the number of an issue")
    return int(number)


def is_on_pull_request(row: Row) -> bool:
    """Return whether a comment is on a pull request: REST lists comments on issues and on pull requests together."""
    return "/pull/" in text_in(row, "html_url") or "pull_request_url" in row


def event_from_row(row: Fields) -> tuple[int, Event] | None:
    """Return the number of an issue and an event of it; None for events that gis does not use.

    REST never names the other issue of a duplicate.

    Raises:
        FieldError: A field is missing or malformed.
    """
    issue = row.object_or_none("issue")
    if row.text("event") not in EVENT_KINDS or not issue or "pull_request" in issue.row:
        return None
    kind = cast("EventKind", row.text("event"))
    detail = row.object("rename").text("from") if kind == "renamed" else row.word_or_none("state_reason")
    actor = user_from_row(row.object_or_none("actor"))
    return issue.issue_number("number"), Event(
        kind, row.time("created_at"), actor, detail=detail, id=row.text_or_none("node_id")
    )


def user_from_row(row: Fields | None) -> User | None:
    """Return a user; None for a deleted account.

    Raises:
        FieldError: A field is missing or malformed.
    """
    if row is None:
        return None
    site_admin = None if row.row.get("site_admin") is None else row.flag("site_admin")
    return User(row.login("login"), row.number_or_none("id"), row.word("type", "User"), site_admin)

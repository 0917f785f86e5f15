"""Records from rows of GitHub's REST API, whose form dumps share."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args

from gis.collector.records import Comment, Event, EventKind, Issue, User
from gis.text import whole_characters

Row = Mapping[str, Any]
EVENT_KINDS: Collection[str] = get_args(EventKind)
LARGEST_NUMBER = 2**63 - 1  # that the store can hold


class FieldError(ValueError):
    """A field of a row is missing or cannot be what it says; the message names it."""


def issue_from_row(row: Row) -> Issue:
    """Return an issue, without comments and events, which REST lists elsewhere.

    Older exports have null for ids and roles, which no part of gis depends on.

    Raises:
        FieldError: A field is missing or malformed.
    """
    return Issue(
        number=_number(row, "number"),
        id=_number(row, "id", default=0),
        node_id=_text_or_none(row, "node_id") or "",
        title=_text(row, "title"),
        body=_text_or_none(row, "body"),
        state=_text(row, "state"),
        state_reason=_text_or_none(row, "state_reason"),
        locked=bool(row.get("locked")),
        author=user_from_row(row.get("user")),
        association=_text_or_none(row, "author_association") or "NONE",
        labels=_labels(row),
        comment_count=_number(row, "comments", default=0),
        created_at=time_of(row, "created_at"),
        updated_at=time_of(row, "updated_at"),
        closed_at=None if row.get("closed_at") is None else time_of(row, "closed_at"),
        closed_by=user_from_row(row.get("closed_by")),
        raw=row,
    )


def comment_from_row(row: Row) -> tuple[int, Comment]:
    """Return the number of an issue and a comment on it.

    Raises:
        FieldError: A field is missing or malformed.
    """
    app = row.get("performed_via_github_app")
    return number_of_commented(row), Comment(
        id=_number(row, "id"),
        node_id=_text_or_none(row, "node_id") or "",
        author=user_from_row(row.get("user")),
        association=_text_or_none(row, "author_association") or "NONE",
        body=_text_or_none(row, "body") or "",
        created_at=time_of(row, "created_at"),
        updated_at=time_of(row, "updated_at"),
        via_app=app.get("slug") if app else None,
    )


def number_of_commented(row: Row) -> int:
    """Return the number of the issue or pull request that a comment is on.

    Raises:
        FieldError: The row does not say.
    """
    if "issue_number" in row:
        return _number(row, "issue_number")
    number = _text(row, "issue_url").rpartition("/")[2]
    if not (number.isascii() and number.isdigit()):
        raise FieldError("the field issue_url does not end in the number of an issue")
    return int(number)


def is_on_pull_request(row: Row) -> bool:
    """Return whether a comment is on a pull request: REST lists comments on issues and on pull requests together."""
    return "/pull/" in str(row.get("html_url")) or "pull_request_url" in row


def event_from_row(row: Row) -> tuple[int, Event] | None:
    """Return the number of an issue and an event of it; None for kinds of events that gis does not use.

    REST never names the other issue of a duplicate.

    Raises:
        KeyError: A field is missing.
        FieldError: A field is malformed.
    """
    if row["event"] not in EVENT_KINDS or not row.get("issue"):
        return None
    kind = cast("EventKind", row["event"])
    detail = row["rename"]["from"] if kind == "renamed" else row.get("state_reason")
    actor = user_from_row(row.get("actor"))
    event = Event(kind, time_of(row, "created_at"), actor, detail=detail, id=row.get("node_id"))
    return int(row["issue"]["number"]), event


def user_from_row(row: Row | None) -> User | None:
    """Return a user; None for a deleted account."""
    if row is None:
        return None
    if not isinstance(row, Mapping):
        raise FieldError(f"a user is {type(row).__name__}, expected an object")
    identity = None if row.get("id") is None else _number(row, "id")
    return User(_text(row, "login"), identity, _text_or_none(row, "type") or "User", row.get("site_admin"))


def time_of(row: Row, name: str) -> str:
    """Return a time of a row as GitHub writes it, in UTC.

    Raises:
        FieldError: It is missing, or not a time.
    """
    value = _text(row, name)
    try:
        time = datetime.fromisoformat(value)
        if value.endswith("Z"):
            return value
        return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError) as error:
        raise FieldError(f"the field {name} is {value[:40]!r}, not a time") from error


def _labels(row: Row) -> tuple[str, ...]:
    labels = row.get("labels") or ()
    if isinstance(labels, str | Mapping):
        raise FieldError("the field labels is not a list")
    return tuple(whole_characters(label) if isinstance(label, str) else _text(label, "name") for label in labels)


def _text(row: Row, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise FieldError(f"the field {name} is {_kind(row, name)}, expected text")
    return whole_characters(value)


def _text_or_none(row: Row, name: str) -> str | None:
    return None if row.get(name) is None else _text(row, name)


def _number(row: Row, name: str, *, default: int | None = None) -> int:
    value = row.get(name)
    if value is None and default is not None:
        return default
    if not isinstance(value, int) or isinstance(value, bool):
        raise FieldError(f"the field {name} is {_kind(row, name)}, expected an integer")
    if not 0 <= value <= LARGEST_NUMBER:
        raise FieldError(f"the field {name} is {value}, which is not a number that GitHub uses")
    return value


def _kind(row: Row, name: str) -> str:
    if name not in row:
        return "missing"
    return "null" if row[name] is None else f"of the type {type(row[name]).__name__}"

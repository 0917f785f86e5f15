"""Records from rows of GitHub's REST API, whose form dumps share."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, cast, get_args

from gis.collector.records import Comment, Event, EventKind, Issue, User

Row = Mapping[str, Any]
EVENT_KINDS: Collection[str] = get_args(EventKind)
LARGEST_NUMBER = 2**63 - 1  # that the store can hold


def issue_from_row(row: Row) -> Issue:
    """Return an issue, without comments and events, which REST lists elsewhere.

    Raises:
        KeyError: A field is missing.
        TypeError: A value has the wrong type.
        ValueError: A number, a time or a text is malformed.
    """
    return Issue(
        number=_number(row["number"]),
        id=_number(row["id"]),
        node_id=_text(row["node_id"]),
        title=_text(row["title"]),
        body=_text_or_none(row.get("body")),
        state=_text(row["state"]),
        state_reason=_text_or_none(row.get("state_reason")),
        locked=bool(row.get("locked")),
        author=user_from_row(row.get("user")),
        association=_text(row.get("author_association") or "NONE"),
        labels=tuple(_text(label if isinstance(label, str) else label["name"]) for label in row.get("labels") or ()),
        comment_count=_number(row.get("comments") or 0),
        created_at=_time(row["created_at"]),
        updated_at=_time(row["updated_at"]),
        closed_at=None if row.get("closed_at") is None else _time(row["closed_at"]),
        closed_by=user_from_row(row.get("closed_by")),
        raw=row,
    )


def comment_from_row(row: Row) -> tuple[int, Comment]:
    """Return the number of an issue and a comment on it.

    Raises:
        KeyError: A field is missing.
        TypeError: A value has the wrong type.
        ValueError: A number, a time or a text is malformed.
    """
    number = row["issue_number"] if "issue_number" in row else str(row["issue_url"]).rpartition("/")[2]
    app = row.get("performed_via_github_app")
    return _number(int(number)), Comment(
        id=_number(row["id"]),
        node_id=_text(row["node_id"]),
        author=user_from_row(row.get("user")),
        association=_text(row.get("author_association") or "NONE"),
        body=_text(row.get("body") or ""),
        created_at=_time(row["created_at"]),
        updated_at=_time(row["updated_at"]),
        via_app=app.get("slug") if app else None,
    )


def is_on_pull_request(row: Row) -> bool:
    """Return whether a comment is on a pull request: REST lists comments on issues and on pull requests together."""
    return "/pull/" in str(row.get("html_url"))


def event_from_row(row: Row) -> tuple[int, Event] | None:
    """Return the number of an issue and an event of it; None for kinds of events that gis does not use.

    REST never names the other issue of a duplicate.

    Raises:
        KeyError: A field is missing.
        TypeError: A value has the wrong type.
    """
    if row["event"] not in EVENT_KINDS or not row.get("issue"):
        return None
    kind = cast("EventKind", row["event"])
    detail = row["rename"]["from"] if kind == "renamed" else row.get("state_reason")
    actor = user_from_row(row.get("actor"))
    event = Event(kind, str(row["created_at"]), actor, detail=detail, id=row.get("node_id"))
    return int(row["issue"]["number"]), event


def user_from_row(row: Row | None) -> User | None:
    """Return a user; None for a deleted account."""
    if row is None:
        return None
    identity = row.get("id")
    return User(
        _text(row["login"]),
        None if identity is None else _number(identity),
        _text(row.get("type") or "User"),
        row.get("site_admin"),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    value.encode()  # half of a character (a lone surrogate) raises a ValueError
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected an integer, got {type(value).__name__}")
    if not 0 <= value <= LARGEST_NUMBER:
        raise ValueError(f"{value} is not a number that GitHub uses")
    return value


def _time(value: object) -> str:
    datetime.fromisoformat(_text(value))
    return _text(value)

"""Issues and comments in the shape of GitHub's REST API, which dumps share."""

from collections.abc import Collection, Mapping
from typing import Any, cast, get_args

from gis.collector.records import Comment, Event, EventKind, Issue, User

Row = Mapping[str, Any]


def issue_from_row(row: Row) -> Issue:
    """An issue; without comments and events, which REST tells of elsewhere.

    Raises:
        KeyError: A field is missing.
        TypeError: The row, or a part of it, is no object.
        ValueError: A number is none.
    """
    return Issue(
        number=int(row["number"]),
        id=int(row["id"]),
        node_id=str(row["node_id"]),
        title=str(row["title"]),
        body=row.get("body"),
        state=str(row["state"]),
        state_reason=row.get("state_reason"),
        locked=bool(row.get("locked")),
        author=user_from_row(row.get("user")),
        association=str(row.get("author_association") or "NONE"),
        labels=tuple(label if isinstance(label, str) else label["name"] for label in row.get("labels") or ()),
        comment_count=int(row.get("comments") or 0),
        created_at=str(row["created_at"]),
        updated_at=str(row["updated_at"]),
        closed_at=row.get("closed_at"),
        closed_by=user_from_row(row.get("closed_by")),
        raw=row,
    )


def comment_from_row(row: Row) -> tuple[int, Comment]:
    """The number of the issue, and a comment on it.

    Raises:
        KeyError: A field is missing.
        TypeError: The row, or a part of it, is no object.
        ValueError: A number is none.
    """
    number = row["issue_number"] if "issue_number" in row else str(row["issue_url"]).rpartition("/")[2]
    app = row.get("performed_via_github_app")
    return int(number), Comment(
        id=int(row["id"]),
        node_id=str(row["node_id"]),
        author=user_from_row(row.get("user")),
        association=str(row.get("author_association") or "NONE"),
        body=str(row.get("body") or ""),
        created_at=str(row["created_at"]),
        updated_at=str(row["updated_at"]),
        via_app=app.get("slug") if app else None,
    )


KINDS: Collection[str] = get_args(EventKind)


def event_from_row(row: Row) -> tuple[int, Event] | None:
    """The number of the issue, and what happened to it; None for what gis has no use for.

    REST never tells the other issue of a duplicate.

    Raises:
        KeyError: A field is missing.
        TypeError: The row, or a part of it, is no object.
    """
    if row["event"] not in KINDS or not row.get("issue"):
        return None
    kind = cast("EventKind", row["event"])
    detail = row["rename"]["from"] if kind == "renamed" else row.get("state_reason")
    event = Event(kind, str(row["created_at"]), user_from_row(row.get("actor")), None, detail, row.get("node_id"))
    return int(row["issue"]["number"]), event


def user_from_row(row: Row | None) -> User | None:
    """Who did something; None for a deleted account."""
    if row is None:
        return None
    return User(str(row["login"]), row.get("id"), str(row.get("type") or "User"), row.get("site_admin"))

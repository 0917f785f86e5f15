"""Rows of a store's tables, column by column, made from the records that sources give."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from gis.collector.records import CloseSuggestion, Comment, Event, Issue, User

Row = Mapping[str, Any]
# What a row of issues does not hold as it is: kept in another form below, or in a table of its own.
CONVERTED = {"locked", "author", "labels", "closed_by", "duplicate_of", "comments", "events", "raw"}
ISSUE_FIELDS = tuple(field.name for field in fields(Issue) if field.name not in CONVERTED)
COMMENT_FIELDS = tuple(field.name for field in fields(Comment) if field.name != "author")


def issue_row(repository: int, issue: Issue) -> Row:
    """Return the row of the table ``issues`` for an issue that its repository lists."""
    duplicate_of = issue.duplicate_of
    return {
        "repository": repository,
        **{name: getattr(issue, name) for name in ISSUE_FIELDS},
        "locked": int(issue.locked),
        "author": login_of(issue.author),
        "labels": json.dumps(issue.labels, ensure_ascii=False),
        "closed_by": login_of(issue.closed_by),
        "duplicate_repository": None if duplicate_of is None else duplicate_of.repository,
        "duplicate_number": None if duplicate_of is None else duplicate_of.number,
        "gone": None,
    }


def comment_row(repository: int, number: int, comment: Comment) -> Row:
    """Return the row of the table ``comments`` for a comment on the issue ``number``."""
    values = {name: getattr(comment, name) for name in COMMENT_FIELDS}
    return {"repository": repository, "number": number, "author": login_of(comment.author), **values}


def event_row(repository: int, number: int, event: Event) -> Row:
    """Return the row of the table ``events`` for an event of the issue ``number``, without its position."""
    target = event.target
    return {
        "repository": repository,
        "number": number,
        "kind": event.kind,
        "created_at": event.created_at,
        "actor": login_of(event.actor),
        "target_repository": None if target is None else target.repository,
        "target_number": None if target is None else target.number,
        "target_pull_request": None if target is None else target.pull_request,
        "detail": event.detail,
        "id": event.id,
    }


def suggestion_row(repository: int, number: int, suggestion: CloseSuggestion) -> Row:
    """Return the row of the table ``suggestions`` for one on the issue ``number`` that waits for an answer."""
    return {
        "repository": repository,
        "number": number,
        "actor": login_of(suggestion.actor) or "",
        "target_repository": suggestion.target.repository,
        "target_number": suggestion.target.number,
        "created_at": suggestion.created_at,
        "rationale": suggestion.rationale,
        "pending": 1,
    }


def user_row(user: User) -> Row:
    """Return the row of the table ``users``."""
    return {field.name: getattr(user, field.name) for field in fields(user)}


def login_of(user: User | None) -> str | None:
    """Return the login, or None for a deleted account."""
    return None if user is None else user.login

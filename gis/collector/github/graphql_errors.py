"""What goes wrong with a GraphQL query although the request itself succeeds."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from gis.collector.source import NotFoundError, UnknownFieldsError
from gis.errors import GisError
from gis.masking import masked

# How servers report a field, or an argument of one, as unknown: in GitHub's words and those of GraphQL's reference.
UNKNOWN_FIELD = (
    re.compile(r"Field '(?P<field>\w+)' doesn't exist on type '(?P<type>\w+)'"),
    re.compile(r"Cannot query field '(?P<field>\w+)' on type '(?P<type>\w+)'"),
)
UNKNOWN_ARGUMENT = (
    re.compile(r"Field '(?P<field>\w+)' doesn't accept argument '(?P<argument>\w+)'"),
    re.compile(r"Unknown argument '(?P<argument>\w+)' on field '(?:\w+\.)?(?P<field>\w+)'"),
)

LONGEST_MESSAGE = 500  # characters
Body = Any  # parsed JSON


class CursorRefusedError(GisError):
    """GitHub does not know a cursor, so what follows it cannot be read."""


class Failure(NamedTuple):
    """Why a request was not answered; it may be repeated.

    Attributes:
        reason: For messages.
        too_large: Whether a smaller page may succeed.
    """

    reason: str
    too_large: bool = False


def temporary_failure(body: Body) -> Failure | None:
    """Return why a query was not answered, if a repetition may succeed; None if it was answered or refused."""
    errors = errors_of(body)
    if any(
        error.get("type") == "RESOURCE_LIMITS_EXCEEDED" or "Something went wrong" in message_of(error)
        for error in errors
    ):
        return Failure("GitHub ran out of time", too_large=True)
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict) and not (errors and data is None):
        return Failure("GitHub answers without data")
    return None


def check_answer(body: Body) -> None:
    """Check that errors leave something to use; those that concern single nodes remain in the response.

    Raises:
        UnknownFieldsError: The server lacks fields of the query.
        CursorRefusedError: The query continues from a cursor that the server does not know.
        NotFoundError: The repository does not exist.
        GisError: The query is refused.
    """
    errors = errors_of(body)
    if unknown := frozenset(filter(None, map(_unknown_field, errors))):
        raise UnknownFieldsError(unknown)
    if any(error.get("type") == "INVALID_CURSOR_ARGUMENTS" for error in errors):
        raise CursorRefusedError(f"GitHub refuses the query: {message_of(errors[0])[:200]}")
    data = body.get("data")
    only_absent = all(error.get("type") in ("NOT_FOUND", "FORBIDDEN") for error in errors)
    if (data is None and only_absent) or (data is not None and data.get("repository", data) is None):
        raise NotFoundError("; ".join(map(message_of, errors)))
    if only_absent:
        return
    messages = "; ".join(message_of(error)[:200] for error in errors[:3])
    raise GisError(f"GitHub refuses the query: {messages}")


def _unknown_field(error: Mapping[str, Any]) -> str | None:
    """Return what an error reports as unknown: "Type.field", or "field(argument)"."""
    message = message_of(error)
    for pattern in UNKNOWN_ARGUMENT:
        if match := pattern.search(message):
            return f"{match['field']}({match['argument']})"
    details = error.get("extensions")
    if isinstance(details, dict) and details.get("code") == "undefinedField":
        return f"{details.get('typeName')}.{details.get('fieldName')}"
    for pattern in UNKNOWN_FIELD:
        if match := pattern.search(message):
            return f"{match['type']}.{match['field']}"
    return None


def errors_of(body: Body) -> list[Mapping[str, Any]]:
    """Return the errors that a GraphQL response reports."""
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []


def message_of(body: Body) -> str:
    """Return the message of a response or of an error; "" if it has none."""
    message = body.get("message") if isinstance(body, dict) else None
    return masked(message)[:LONGEST_MESSAGE] if isinstance(message, str) else ""  # half a token would be unknown

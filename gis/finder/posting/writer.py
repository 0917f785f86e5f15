"""The only three requests that change anything on GitHub: write a comment, edit one, suggest to close as a duplicate.

Nothing here closes an issue: the suggestion is sent as a whole that no caller can change, and a server that took it for
an order would be named.
"""

from typing import Any

from gis.collector.fields import Fields
from gis.collector.github.client import Client, ForbiddenError
from gis.collector.source import NotFoundError
from gis.errors import GisError
from gis.finder.posting.thread import COLLECT

SUGGESTING = {"X-GitHub-Api-Version": "2026-03-10"}  # the first with suggestions
NO_MATTER_OF_RIGHTS = ("is locked", "read-only")  # in what GitHub says of a refused request
RIGHT = "the token needs the right to write issues (permissions: issues: write)"


def create_comment(client: Client, repository: str, number: int, body: str) -> str:
    """Write a comment, and return its address."""
    answer = _changed(client, "POST", f"/repos/{repository}/issues/{number}/comments", {"body": body})
    return answer.text("html_url")


def edit_comment(client: Client, repository: str, comment: int, body: str) -> str:
    """Replace the text of a comment, and return its address."""
    answer = _changed(client, "PATCH", f"/repos/{repository}/issues/comments/{comment}", {"body": body})
    return answer.text("html_url")


def suggest_close(client: Client, repository: str, number: int, duplicate_of: int, rationale: str) -> None:
    """Suggest to close an issue as a duplicate, for a person to accept or decline.

    Args:
        client: Signed in.
        repository: OWNER/NAME.
        number: The issue.
        duplicate_of: The number of the issue that it duplicates.
        rationale: Why, as plain text.

    Raises:
        GisError: The other issue is not there, or the server refuses.
    """
    state = {
        "value": "closed",
        "suggest": True,
        "rationale": rationale,
        "duplicate_issue_id": _database_id(client, repository, duplicate_of),
    }
    answer = _changed(client, "PATCH", f"/repos/{repository}/issues/{number}", {"state": state}, SUGGESTING)
    if answer.word("state") != "open":
        raise GisError(
            f"the server took a suggestion for {repository}#{number} as an order and closed the issue; "
            "it does not know suggestions",
            remedy="reopen the issue, and leave out --suggest",
        )


def _database_id(client: Client, repository: str, number: int) -> int:
    """Return GitHub's number of an issue, which suggestions want."""
    try:
        issue = Fields.of(client.get(f"/repos/{repository}/issues/{number}").body, "the issue")
    except NotFoundError:
        raise GisError(f"{repository}#{number} is gone", remedy=COLLECT) from None
    place = issue.text("repository_url").partition("/repos/")[2]
    if issue.issue_number("number") != number or place.lower() != repository.lower() or "pull_request" in issue.row:
        raise GisError(f"{repository}#{number} is not an issue there any more", remedy=COLLECT)
    return issue.number("id")


def _changed(
    client: Client, verb: str, path: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> Fields:
    try:
        return client.change(verb, path, body, headers)
    except ForbiddenError as error:
        closed = any(reason in str(error) for reason in NO_MATTER_OF_RIGHTS)
        raise GisError(str(error), remedy="" if closed else RIGHT) from None
    except NotFoundError as error:  # what GitHub answers, too, where a right is missing
        raise GisError(f"GitHub refuses {path}: {error}", remedy=RIGHT) from None

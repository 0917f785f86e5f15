"""The issue that a comment goes to, as GitHub has it now: whether it may be written to, and what we wrote before."""

from dataclasses import dataclass
from typing import Any

from gis.collector.fields import Fields, objects
from gis.collector.github.client import Client
from gis.collector.source import NotFoundError, UnknownFieldsError
from gis.errors import GisError
from gis.marker import Marker, marker_in

THREAD = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {{
  rateLimit {{ cost }}
  viewer {{ login }}
  repository(owner: $owner, name: $name) {{
    nameWithOwner isArchived
    issue(number: $number) {{
      number state locked repository {{ nameWithOwner }}{pending}
      comments(first: 100, after: $after) {{
        nodes {{ fullDatabaseId viewerDidAuthor author {{ __typename login }} body }}
        pageInfo {{ hasNextPage endCursor }}
      }}
    }}
  }}
}}"""
PENDING = " pendingSuggestions { __typename }"
COLLECT = "gis collect brings the store up to date"
BOT = "[bot]"
PENDING_CLOSE = "PendingCloseSuggestion"
PENDING_FIELD = "Issue.pendingSuggestions"


@dataclass(frozen=True)
class OwnComment:
    """A comment with our marker by the account that is signed in.

    Attributes:
        id: GitHub's number.
        body: Its Markdown.
        marker: What it suggests.
    """

    id: int
    body: str
    marker: Marker


@dataclass(frozen=True, kw_only=True)
class Thread:
    """An issue.

    Attributes:
        name: OWNER/NAME#N.
        closed: Whether it is closed.
        locked: Whether comments are disabled.
        archived: Whether its repository takes no changes.
        own: Our comments, the oldest first.
        suggested: Whether a suggestion to close it waits for an answer; False where that was not asked.
    """

    name: str
    closed: bool
    locked: bool
    archived: bool
    own: tuple[OwnComment, ...]
    suggested: bool

    @property
    def refusal(self) -> str:
        """Why nothing is written to it, or ""."""
        if self.archived:
            return "the repository is archived"
        if self.closed:
            return "it is closed"
        return "it is locked" if self.locked else ""


def read_thread(client: Client, repository: str, number: int, *, suggestions: bool) -> Thread:
    """Read an issue with all comments.

    Args:
        client: Signed in.
        repository: OWNER/NAME.
        number: The issue's number.
        suggestions: Whether to ask for suggestions that wait for an answer.

    Raises:
        GisError: There is no such issue, or the server knows no suggestions or refuses.
    """
    owner, _, name = repository.partition("/")
    query = THREAD.format(pending=PENDING if suggestions else "")
    own: list[OwnComment] = []
    after: str | None = None
    while True:
        variables = {"owner": owner, "name": name, "number": number, "after": after}
        viewer, found, issue = _asked(client, query, variables, f"{repository}#{number}")
        _check_place(issue, repository, number)
        comments = issue.object("comments")
        own += _own(comments, viewer)
        page = comments.object("pageInfo")
        last, after = after, page.text_or_none("endCursor")
        if not page.flag("hasNextPage"):
            break
        if after is None or after == last:
            raise GisError(f"the pages of comments on {repository}#{number} do not move on")
    return Thread(
        name=f"{repository}#{number}",
        closed=issue.word("state") == "CLOSED",
        locked=issue.flag("locked"),
        archived=found.flag("isArchived"),
        own=tuple(sorted(own, key=lambda comment: comment.id)),
        suggested=suggestions and _waits(issue),
    )


def _asked(client: Client, query: str, variables: dict[str, Any], name: str) -> tuple[str, Fields, Fields]:
    """Return who is signed in ("" where that is not told), the repository and the issue of an answer."""
    viewer = ""
    try:
        data = client.graphql(query, variables)
        account = data.object_or_none("viewer")
        viewer = "" if account is None else account.text("login")
        repository = data.object_or_none("repository")
        issue = None if repository is None else repository.object_or_none("issue")
    except NotFoundError:
        repository = issue = None
    except UnknownFieldsError as error:
        if error.fields == {PENDING_FIELD}:
            message = "this server does not know suggestions to close issues"
            raise GisError(message, remedy="leave out --suggest") from None
        raise GisError(f"this server is too old to be written to: it does not know {error}") from None
    if repository is None or issue is None:
        raise GisError(
            f"{name} is not an issue that this account can see: it may be a pull request, or was deleted, moved "
            "or made a discussion",
            remedy=COLLECT,
        )
    return viewer, repository, issue


def _check_place(issue: Fields, repository: str, number: int) -> None:
    """Check that an issue was not transferred, and that its repository was not renamed: the store knows it so."""
    now = f"{issue.object('repository').repository('nameWithOwner')}#{issue.issue_number('number')}"
    if now.lower() != f"{repository}#{number}".lower():
        raise GisError(f"{repository}#{number} is {now} now", remedy=COLLECT)


def _own(comments: Fields, viewer: str) -> list[OwnComment]:
    written = []
    for node in objects([each for each in comments.items("nodes") if each is not None], "a comment"):
        marker = marker_in(node.text("body"))
        if marker is not None and (node.flag("viewerDidAuthor") or _is_by(node.object_or_none("author"), viewer)):
            written.append(OwnComment(node.large_number("fullDatabaseId"), node.text("body"), marker))
    return written


def _is_by(author: Fields | None, viewer: str) -> bool:
    """Return whether the account wrote something: apps are called NAME[bot] as viewers, and NAME as authors."""
    if author is None or not viewer:
        return False
    name = viewer.removesuffix(BOT)
    return author.text("login") == name and (name == viewer or author.word("__typename") == "Bot")


def _waits(issue: Fields) -> bool:
    if issue.row.get("pendingSuggestions") is None:
        raise GisError(
            "this account may not see suggestions to close issues, so it would repeat them",
            remedy="give it the right to triage, or leave out --suggest",
        )
    return any(
        node.word("__typename") == PENDING_CLOSE for node in objects(issue.items("pendingSuggestions"), "a suggestion")
    )

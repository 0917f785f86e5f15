"""Find a repository on GitHub, and what became of an issue that it no longer lists."""

from typing import NamedTuple

from gis.collector.fields import FieldError, Fields
from gis.collector.github.client import CHECK_ADDRESS, Client
from gis.collector.records import Repository
from gis.collector.repositories import is_repository_name
from gis.collector.source import NotFoundError
from gis.errors import GisError

DELETED, HIDDEN = "deleted", "hidden"


class RepositorySize(NamedTuple):
    """How much a repository holds.

    Attributes:
        issues: Issues; over REST, pull requests are among them.
        pull_requests: Pull requests; 0 over REST.
        comments: Comments, estimated from a sample.
    """

    issues: int
    pull_requests: int
    comments: int


def resolve(client: Client, name: str) -> Repository:
    """Return the repository that answers to ``name``; a renamed one also answers to its old names.

    Raises:
        GisError: There is none, or these accounts may not read it.
    """
    try:
        answer = client.get(f"/repos/{name}").body
    except NotFoundError:
        remedy = "check the spelling"
        if not client.authenticated:
            remedy += "; a private repository needs a token in GITHUB_TOKEN"
        raise GisError(f"no repository {name} on {client.url}, or no access to it", remedy=remedy) from None
    try:
        fields = Fields.of(answer, "the answer")
        return Repository(fields.repository("full_name"), fields.number("id", lowest=1), name)
    except FieldError as error:
        raise GisError(f"{client.url} does not answer as GitHub does: {error}", remedy=CHECK_ADDRESS) from error


def fate_of_missing_issue(client: Client, repository: Repository, number: int) -> str:
    """Return what became of an issue that its repository no longer lists: "deleted", "moved to …" or "hidden"."""
    try:
        issue = Fields.of(client.get(f"/repos/{repository.name}/issues/{number}").body, "the answer")
    except NotFoundError:
        return DELETED
    current = (issue.text_or_none("repository_url") or "").partition("/repos/")[2]
    if current.lower() in ("", repository.name.lower()):
        return HIDDEN
    if not is_repository_name(current):
        raise issue.error("repository_url", "does not end in OWNER/NAME")
    return f"moved to {current}#{issue.issue_number('number')}"

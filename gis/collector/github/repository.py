"""Find a repository on GitHub, and what became of an issue that it no longer lists."""

from typing import NamedTuple

from gis.collector.github.client import Client
from gis.collector.records import Repository
from gis.collector.source import NotFoundError
from gis.errors import GisError


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
    return Repository(str(answer["full_name"]), int(answer["id"]), name)


def fate_of_missing_issue(client: Client, repository: Repository, number: int) -> str:
    """Return what became of an issue that its repository no longer lists: "deleted", "moved to …" or "hidden"."""
    try:
        issue = client.get(f"/repos/{repository.name}/issues/{number}").body
    except NotFoundError:
        return "deleted"
    current = str(issue.get("repository_url", "")).partition("/repos/")[2]
    if current and current.lower() != repository.name.lower():
        return f"moved to {current}#{issue['number']}"
    return "hidden"

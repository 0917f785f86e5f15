"""A GitHub server with our accounts on it: finds repositories, and the source to read them through."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from gis.collector.github.accounts import Account, find_accounts
from gis.collector.github.adaptive import AdaptiveClient
from gis.collector.github.client import Client, Forbidden, Limits, Unauthorized
from gis.collector.github.graphql import GraphQLSource
from gis.collector.github.rest import RestSource
from gis.collector.github.texts import fetch_texts
from gis.collector.records import IssueText, Repository
from gis.collector.source import NotFoundError
from gis.console import Reporter
from gis.errors import GisError, UsageError

PATIENCE = 5.0  # seconds that asking for a token's user may wait
Api = Literal["auto", "graphql", "rest"]
POINTS_PER_PAGE = 3  # of a hundred issues: labels, comments and events count a request each an issue
MINUTES_PER_PAGE = 0.1  # as others observe
ANONYMOUS = "no token (GITHUB_TOKEN): 60 requests an hour, over REST, which does not name the issue that one duplicates"


@dataclass(frozen=True)
class Estimate:
    """What a run would bring and cost.

    Attributes:
        repository: Its name today.
        issues: Issues to fetch.
        comments: Comments, by a sample.
        points: Points or, over REST, requests.
        minutes: Rough time.
    """

    repository: str
    issues: int
    comments: int
    points: int
    minutes: float


@dataclass(frozen=True)
class Connection:
    """A GitHub server.

    Attributes:
        client: Asks it.
        api: What issues are read through.
        reporter: Told of what is missing.
    """

    client: Client
    api: Literal["graphql", "rest"]
    reporter: Reporter

    def resolve(self, name: str) -> Repository:
        """As ``collect.resolve``."""
        return resolve(self.client, name)

    def source(self, *, page_size: int, original_bodies: bool) -> GraphQLSource | RestSource:
        """What the issues of a repository are read through."""
        if self.api == "rest":
            return RestSource(self.client, self.reporter)
        return GraphQLSource(self.client, self.reporter, largest=page_size, original_bodies=original_bodies)

    def texts(self, issues: Iterable[tuple[str, int]]) -> Iterator[IssueText]:
        """Yield the titles and bodies of issues, each given as OWNER/NAME and number; see ``fetch_texts``."""
        return fetch_texts(AdaptiveClient(self.client, self.reporter), issues)

    def estimate(self, name: str) -> Estimate:
        """What a first run would bring and cost."""
        repository = self.resolve(name)
        try:
            issues, pulls, comments = self.source(page_size=100, original_bodies=False).size(repository)
        except NotFoundError as error:
            raise GisError(f"{name}: these accounts may not read its issues; {error}") from None
        pages = -(-issues // 100)
        if self.api == "rest":
            requests = pages + -(-comments // 100)
            return Estimate(repository.name, issues, comments, requests, requests * MINUTES_PER_PAGE / 3)
        extra = max(-(-pulls // 100) - pages, 0)
        return Estimate(repository.name, issues, comments, pages * POINTS_PER_PAGE + extra, pages * MINUTES_PER_PAGE)


def connect(url: str, api: Api, reporter: Reporter, *, points: int | None, wait: float | None) -> Connection:
    """Sign in with what the environment holds.

    Raises:
        UsageError: GraphQL was asked for without a token, which GitHub refuses.
        GisError: As ``find_accounts``; or GitHub refuses every token.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise UsageError(f"--api-url {parts.hostname or url}: write https://HOST/api/v3, without a name or password")
    accounts = find_accounts(host="github.com" if parts.hostname == "api.github.com" else parts.hostname)
    if len(accounts) > 1:
        accounts = _distinct(url, accounts, reporter)
    if not accounts:
        if api == "graphql":
            raise UsageError(
                "GraphQL needs a token: set GITHUB_TOKEN (for public repositories one without rights will do)"
            )
        reporter.warn(ANONYMOUS)
    client = Client(url, accounts, reporter, Limits(points, wait))
    chosen: Literal["graphql", "rest"] = "rest" if api == "rest" or not accounts else "graphql"
    return Connection(client, chosen, reporter)


def _distinct(url: str, accounts: list[Account], reporter: Reporter) -> list[Account]:
    """One token of each user, as a user's tokens share one limit; those that are refused are named and left out."""
    found: dict[str, Account] = {}
    refused = 0
    for account in accounts:
        try:
            user = str(Client(url, [account], reporter, Limits(wait=PATIENCE)).get("/user").body["login"])
        except Forbidden:  # an app's installation is no user, and has a limit of its own
            user = str(account)
        except Unauthorized as error:
            reporter.warn(f"{error}; going on without it")
            refused += 1
            continue
        except GisError:  # it has used up its limit: whose it is cannot be asked now
            user = str(account)
        if user in found:
            reporter.warn(f"{account} belongs to {user}, as {found[user]} does: GitHub's limits are per user")
        found.setdefault(user, account)
    if not found and refused:
        raise GisError("GitHub refuses every token")
    return list(found.values())


def resolve(client: Client, name: str) -> Repository:
    """The repository that ``name`` is today: renamed ones answer to their old names.

    Raises:
        GisError: There is none, or these accounts may not see it.
    """
    try:
        found = client.get(f"/repos/{name}").body
    except NotFoundError:
        hint = "check the spelling" if client.authenticated else "check the spelling; a private one needs GITHUB_TOKEN"
        raise GisError(f"no repository {name} on {client.url}, or no access to it: {hint}") from None
    return Repository(str(found["full_name"]), int(found["id"]), name)


def where_to(client: Client, repository: Repository, number: int) -> str:
    """What became of an issue that its repository no longer lists."""
    try:
        found = client.get(f"/repos/{repository.name}/issues/{number}").body
    except NotFoundError:
        return "deleted"
    home = str(found.get("repository_url", "")).partition("/repos/")[2]
    if home and home.lower() != repository.name.lower():
        return f"moved to {home}#{found['number']}"
    return "hidden"

"""A connection to a GitHub server: reads repositories, estimates what that costs, and fetches texts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from gis.collector.fields import Fields
from gis.collector.github.accounts import Account, find_accounts
from gis.collector.github.adaptive import AdaptiveClient
from gis.collector.github.client import NO_LIMITS, Client, ForbiddenError, Limits, UnauthorizedError
from gis.collector.github.graphql import GraphQLSource
from gis.collector.github.rest import RestSource
from gis.collector.github.texts import fetch_texts
from gis.collector.records import IssueText, WithheldIssue
from gis.collector.servers import GITHUB_API, is_this_machine
from gis.collector.source import NotFoundError, PaginationLimitError, UnknownFieldsError
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError
from gis.masking import remember_address

MAX_WAIT_FOR_USER = 5.0  # seconds, for the question to which user a token belongs
ISSUES_PER_PAGE = 100
POINTS_PER_PAGE = 3  # GraphQL: labels, comments and events count as one request for each issue
# Assumptions for estimates, not measurements: 6 s for a hundred issues through GraphQL, 2 s for a page over REST.
MINUTES_PER_GRAPHQL_PAGE = 6 / 60
MINUTES_PER_REST_PAGE = 2 / 60
NO_TOKEN = (
    "no token (GITHUB_TOKEN): reading over REST, which allows 60 requests an hour "
    "and does not say which issue another one duplicates"
)
Api = Literal["auto", "graphql", "rest"]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a first run would bring and cost.

    Attributes:
        repository: The repository's current name.
        issues: Issues to fetch.
        comments: Comments, estimated from a sample.
        points: GraphQL points or REST requests.
        minutes: Rough duration.
    """

    repository: str
    issues: int
    comments: int
    points: int
    minutes: float


@dataclass(frozen=True)
class Connection:
    """A connection to a GitHub server.

    Attributes:
        client: Sends the requests.
        api: The API that issues are read through.
        reporter: Warned about what the server lacks.
    """

    client: Client
    api: Literal["graphql", "rest"]
    reporter: Reporter = QUIET

    def source(
        self, name: str, *, page_size: int = ISSUES_PER_PAGE, original_bodies: bool = False
    ) -> GraphQLSource | RestSource:
        """Return the source that reads a repository.

        Args:
            name: OWNER/NAME.
            page_size: Maximum issues per page, at most 100; REST ignores it.
            original_bodies: Whether to fetch each body as it was first written, too; REST ignores it.
        """
        if self.api == "rest":
            return RestSource(self.client, name, reporter=self.reporter)
        return GraphQLSource(
            self.client, name, largest=page_size, original_bodies=original_bodies, reporter=self.reporter
        )

    def texts(self, issues: Iterable[tuple[str, int]], *, private: bool = False) -> Iterator[IssueText | WithheldIssue]:
        """Yield the titles and bodies of issues, each given as OWNER/NAME and number; see ``fetch_texts``."""
        return fetch_texts(AdaptiveClient(self.client, self.reporter), issues, private=private)

    def estimate(self, name: str) -> Estimate:
        """Estimate what a first run would bring and cost.

        Args:
            name: OWNER/NAME.

        Raises:
            GisError: The repository does not exist, or its issues may not be read.
        """
        source = self.source(name)
        repository = source.repository
        try:
            size = source.size()
        except NotFoundError as error:
            raise GisError(f"{name}: these accounts may not read its issues ({error})") from None
        except (PaginationLimitError, UnknownFieldsError) as error:
            raise GisError(f"{name} cannot be read ({error})") from None
        issue_pages = _pages(size.issues)
        if self.api == "rest":
            points = issue_pages + _pages(size.comments)
            minutes = points * MINUTES_PER_REST_PAGE
        else:
            pull_pages = max(_pages(size.pull_requests) - issue_pages, 0)  # the others come along with the issues
            points = issue_pages * POINTS_PER_PAGE + pull_pages
            minutes = issue_pages * MINUTES_PER_GRAPHQL_PAGE
        return Estimate(
            repository=repository.name, issues=size.issues, comments=size.comments, points=points, minutes=minutes
        )


def connect(
    url: str = GITHUB_API,
    *,
    api: Api = "auto",
    limits: Limits = NO_LIMITS,
    insecure: bool = False,
    writes: bool = False,
    reporter: Reporter = QUIET,
) -> Connection:
    """Connect to a GitHub server with the accounts of the environment; see ``find_accounts``.

    Args:
        url: The address of the API; https://HOST/api/v3 for GitHub Enterprise.
        api: The API that issues are read through; "auto" is GraphQL if there is a token.
        limits: How much the run may spend.
        insecure: Whether http:// may lead to another machine, which sends tokens unencrypted.
        writes: Whether something will be written: by the first account alone, so that all of it has one author.
        reporter: Told about waits, and warned about missing or refused tokens.

    Raises:
        UsageError: The address is not one, or GraphQL is requested without a token.
        GisError: GitHub refuses every token; or as for ``find_accounts``.
    """
    parts = urlsplit(remember_address(url))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise UsageError(
            f"{parts.hostname or url} is not the address of an API",
            remedy="write --api-url https://HOST/api/v3, without a name or password",
        )
    if parts.scheme == "http" and not insecure and not is_this_machine(parts.hostname):
        raise UsageError(
            f"http://{parts.hostname} would receive the token unencrypted",
            remedy="write --api-url https://…, or add --insecure",
        )
    accounts = find_accounts(host="github.com" if parts.hostname == "api.github.com" else parts.hostname)
    if writes:
        accounts = accounts[:1]
    if len(accounts) > 1:
        accounts = _one_account_per_user(url, accounts, reporter)
    if not accounts:
        if writes:
            raise UsageError("writing needs a token", remedy="set GITHUB_TOKEN to one that may write issues")
        if api == "graphql":
            raise UsageError(
                "GraphQL needs a token",
                remedy="set GITHUB_TOKEN (for public repositories, a token without any rights is enough)",
            )
        reporter.warn(NO_TOKEN)
    client = Client(url, accounts, limits=limits, reporter=reporter)
    return Connection(client, "rest" if api == "rest" or not accounts else "graphql", reporter)


def _one_account_per_user(url: str, accounts: Sequence[Account], reporter: Reporter) -> list[Account]:
    """Keep one token of each user, since a user's tokens share one limit; warn about the others and refused ones."""
    account_of: dict[str, Account] = {}
    refused = False
    for account in accounts:
        client = Client(url, [account], limits=Limits(wait=MAX_WAIT_FOR_USER), reporter=reporter)
        try:
            user = Fields.of(client.get("/user").body, "the answer").login("login")
        except ForbiddenError:  # the installation of an app is not a user, and has a limit of its own
            user = str(account)
        except UnauthorizedError as error:
            reporter.warn(f"{error}; continuing without it")
            refused = True
            continue
        except (GisError, NotFoundError):  # its limit is used up, so it cannot be asked now
            user = str(account)
        if user in account_of:
            reporter.warn(f"{account} belongs to {user}, as {account_of[user]} does: GitHub's limits are per user")
        account_of.setdefault(user, account)
    if refused and not account_of:
        raise GisError("GitHub refuses every token")
    return list(account_of.values())


def _pages(count: int) -> int:
    return -(-count // ISSUES_PER_PAGE)

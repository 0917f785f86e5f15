"""Requests to GitHub through PyGithub's requester: limits and faults are waited out, and costs are counted."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests
from github import Auth, Github, GithubException
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass, RequestsResponse

from gis.collector.fields import FieldError, Fields
from gis.collector.github.accounts import Account
from gis.collector.github.graphql_errors import Body, Failure, check_answer, errors_of, message_of, temporary_failure
from gis.collector.records import Usage
from gis.collector.source import (
    NotFoundError,
    PaginationLimitError,
    QueryTimeoutError,
    SourceUnusableError,
)
from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.masking import masked

REQUEST_TIMEOUT = 60  # seconds; GitHub itself gives up on a GraphQL query after 10
MAX_ATTEMPTS = 8  # of one request, if the network or the server fails
FIRST_BACKOFF = 1.0  # seconds; doubled from attempt to attempt
LONGEST_BACKOFF = 60.0  # seconds
SECONDARY_WAIT = 60.0  # seconds, if GitHub does not say how long: its documentation asks for at least a minute
MAX_SECONDARY_FACTOR = 15  # by which that wait grows when it is repeated
MAX_WAITS_PER_REQUEST = 50  # for a rate limit, one after the other
AGAIN_LATER = "run the same command again later"
CHECK_ADDRESS = "check the address of the API"
WAIT_STEP = 1.0  # seconds between two looks at the clock while waiting
LONGEST_RESET = 7200.0  # seconds: GitHub's limits are per hour
MAX_COST = 10_000  # points of one query
GRAPHQL = "/graphql"
REFUSING = (403, 429)  # statuses of rate limits
NOT_READY = 599  # what status 202 is turned into, since PyGithub would repeat the request for ever


class UnauthorizedError(SourceUnusableError):
    """The token is wrong, expired or revoked."""


class ForbiddenError(GisError):
    """The account lacks the rights for the request."""


class BudgetSpentError(SourceUnusableError):
    """The run has spent all the points that it may."""


class UnreadableError(GisError):
    """What came back is not the JSON of an API."""


class LostAnswerError(GisError):
    """A request that changes something was sent, and nobody knows whether it was carried out."""


@dataclass(frozen=True)
class Limits:
    """How much a run may spend.

    Attributes:
        points: Maximum GraphQL points or REST requests; None for no limit but GitHub's.
        wait: Maximum seconds of a single wait; None for no limit.
        attempts: How often a request is tried if the network or the server fails.
    """

    points: int | None = None
    wait: float | None = None
    attempts: int = MAX_ATTEMPTS


NO_LIMITS = Limits()


class UsageMeter:
    """Counts what was spent.

    Attributes:
        points: Points since the start.
        requests: Requests since the start.
    """

    def __init__(self) -> None:
        self.points = self.requests = 0
        self._taken = Usage(0, 0)

    def take_delta(self) -> Usage:
        """Return what was spent since the last call."""
        delta = Usage(self.points - self._taken.points, self.requests - self._taken.requests)
        self._taken = Usage(self.points, self.requests)
        return delta


@dataclass(frozen=True)
class Response:
    """A server's response.

    Attributes:
        status: HTTP status.
        headers: Values by name in lower case.
        body: Parsed JSON.
    """

    status: int
    headers: Mapping[str, str]
    body: Body


class _RateLimit(NamedTuple):
    """A limit that a response reports.

    Attributes:
        seconds: How long to wait.
        name: Which limit it is, for messages.
    """

    seconds: float
    name: str


class Client:
    """Sends requests to one GitHub server, through one or several accounts.

    Args:
        url: The address of the API.
        accounts: The accounts, whose limits are used in turn; none means requests without a token.
        limits: How much the run may spend.
        reporter: Told about every wait.
        sleep: Waits some seconds; replaced in tests.

    Attributes:
        url: As above.
        usage: What was spent.
        authenticated: Whether requests carry a token.
    """

    def __init__(
        self,
        url: str,
        accounts: Sequence[Account],
        *,
        limits: Limits = NO_LIMITS,
        reporter: Reporter = QUIET,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url
        self.usage = UsageMeter()
        self.authenticated = bool(accounts)
        self._host = urlsplit(url).netloc
        self._reporter = reporter
        self._limits = limits
        self._sleep = sleep
        self._accounts = list(accounts) or [Account(None)]
        self._requesters = [_requester(url, account.auth) for account in self._accounts]
        self._connection = _connection(url)
        self._refused: set[int] = set()  # accounts whose tokens expired during the run
        self._free_at = [0.0] * len(self._accounts)  # on our clock
        self._current = 0

    def get(self, path: str, **parameters: str | int) -> Response:
        """Send a GET request.

        Args:
            path: A REST path.
            parameters: The query of the URL.

        Raises:
            NotFoundError: There is nothing at the path.
            PaginationLimitError: GitHub does not list this page.
            GisError: Access is refused, a limit of the run is reached, or the server fails for good.
        """
        return self._request("GET", path, parameters, None)

    def graphql(self, query: str, variables: Mapping[str, Any], *, shrinkable: bool = False) -> Fields:
        """Run a GraphQL query.

        Args:
            query: The document.
            variables: Its variables.
            shrinkable: Whether to give up early if the server runs out of time, since a smaller page may succeed.

        Returns:
            The fields of the answer's "data"; what an error took from it is null.

        Raises:
            QueryTimeoutError: The page was too large.
            NotFoundError: The repository does not exist.
            UnknownFieldsError: The server lacks fields of the query.
            FieldError: There is no data.
            GisError: The query is refused; or as for ``get``.
        """
        body = {"query": query, "variables": dict(variables)}
        answer = Fields.of(self._request("POST", GRAPHQL, {}, body, shrinkable=shrinkable).body, "the answer")
        return answer.object("data")

    def change(self, verb: str, path: str, body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Fields:
        """Send a request that changes something, over REST, and return what it answers.

        It is sent once, for it may have been carried out where no answer comes; only after a rate limit, by which it
        was refused, is it sent again.

        Args:
            verb: "POST" or "PATCH".
            path: A REST path.
            body: The JSON.
            headers: More headers, by name.

        Raises:
            LostAnswerError: It may have been carried out or not.
            NotFoundError: There is nothing at the path.
            ForbiddenError: The account lacks the rights.
            FieldError: The answer is not an object.
            GisError: It is refused, or a limit of the run is reached.
        """
        waits = 0
        while True:
            self._check_budget()
            try:
                response, failure = self._attempt(verb, path, {}, dict(body), headers)
            except UnreadableError as error:
                raise LostAnswerError(str(error)) from error
            if response is None or failure is not None:
                raise LostAnswerError(failure.reason if failure else "no answer")
            limit = self._rate_limit(response, waits) if response.status in REFUSING else None
            if limit is None:
                self._check_status(response, path, paged=False)
                self._count_points(response, graphql=False)
                return Fields.of(response.body, "the answer")
            waits += 1
            self._wait_for(limit, waits)

    def _request(
        self, verb: str, path: str, parameters: Mapping[str, Any], body: Body, *, shrinkable: bool = False
    ) -> Response:
        """Repeat a request until it is answered, waiting as GitHub asks and longer after each failure."""
        failures = waits = 0
        while True:
            self._check_budget()
            self._choose_account()
            response, failure = self._attempt(verb, path, parameters, body)
            limit = self._rate_limit(response, waits) if response is not None else None
            if limit is not None:
                waits += 1
                self._wait_for(limit, waits)
            elif failure is not None:
                failures += 1
                self.back_off(failures, failure.reason)
                # once may be chance, twice is the size of the page
                if failure.too_large and shrinkable and failures > 1:
                    raise QueryTimeoutError
            elif response is not None and (response.status != 401 or not self._drop_account()):
                self._check_status(response, path, paged="page" in parameters)
                self._count_points(response, graphql=body is not None)
                if body is not None:
                    check_answer(response.body)
                return response

    def _attempt(
        self,
        verb: str,
        path: str,
        parameters: Mapping[str, Any],
        body: Body,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[Response | None, Failure | None]:
        """Send a request once; return what came back, if anything, and why it does not count as an answer."""
        try:
            response = self._send(verb, path, parameters, body, headers)
        except requests.Timeout:
            return None, Failure(f"no answer from {self._host} within {REQUEST_TIMEOUT} s", too_large=True)
        except (requests.RequestException, ValueError, OverflowError) as error:  # cut off, or not whole JSON
            return None, Failure(f"the connection to {self._host} failed ({type(error).__name__})")
        if response.status == NOT_READY:
            return response, Failure(f"{self._host} has accepted the request but does not answer it (status 202)")
        if response.status >= 500:
            return response, Failure(f"{self._host} answers with status {response.status}", too_large=True)
        return response, temporary_failure(response.body) if path == GRAPHQL and response.status < 400 else None

    def _drop_account(self) -> bool:
        """Continue without an account that is refused, if there is another."""
        if len(self._accounts) - len(self._refused) < 2:
            return False
        self._refused.add(self._current)
        self._free_at[self._current] = float("inf")
        self._reporter.warn(f"GitHub refuses {self._accounts[self._current]}; continuing without it")
        return True

    def _check_status(self, response: Response, path: str, *, paged: bool) -> None:
        message = message_of(response.body)
        if response.status == 401:
            raise UnauthorizedError(
                f"GitHub refuses {self._accounts[self._current]}: bad credentials; is it expired or revoked?"
            )
        if response.status in (404, 410, 451):
            raise NotFoundError(message)
        if response.status == 422 and paged:
            raise PaginationLimitError(message)
        if response.status == 403:
            raise ForbiddenError(f"GitHub refuses {path}: {message}")
        if response.status >= 400:
            raise GisError(f"GitHub refuses {path}: {response.status} {message}")

    def _send(
        self, verb: str, path: str, parameters: Mapping[str, Any], body: Body, headers: Mapping[str, str] | None
    ) -> Response:
        requester = self._requesters[self._current]
        url = requester.graphql_url if path == GRAPHQL else path
        self.usage.requests += 1
        try:
            status, answered, text = requester.requestJson(
                verb, url, dict(parameters), dict(headers or {}), body, self._connection
            )
        except GithubException as error:  # an app requests its token first
            if error.status >= 500:
                return Response(error.status, {}, None)
            account = self._accounts[self._current]
            raise GisError(f"GitHub refuses {account}: {error.status} {message_of(error.data)}") from None
        except RecursionError:
            raise GisError(f"{self.url} redirects in a circle", remedy=CHECK_ADDRESS) from None
        except RuntimeError as error:  # PyGithub follows no redirect to another server or scheme
            raise GisError(
                f"{self.url} redirects to another server: {error}", remedy="give that server's address as --api-url"
            ) from None
        named = {str(name).lower(): str(value) for name, value in answered.items()}
        if status >= 500 or status in (204, 304):
            return Response(status, named, None)
        return Response(status, named, self._parsed(text, status, named))

    def _parsed(self, text: str, status: int, headers: Mapping[str, str]) -> Body:
        """Return the JSON of a response.

        Raises:
            UnreadableError: It is a web page, or nested too deeply.
            ValueError: It is not whole.
        """
        try:
            return json.loads(text, parse_constant=_refuse_constant)
        except RecursionError:
            message = f"{self.url} answers with JSON that is nested too deeply"
            raise UnreadableError(message, remedy=CHECK_ADDRESS) from None
        except ValueError:
            if status >= 400:
                return {"message": masked(text)[:200]}
            if 300 <= status < 400 or "html" in headers.get("content-type", "") or text.lstrip()[:1] == "<":
                page = f"a redirect ({status})" if status >= 300 else "a web page"
                raise UnreadableError(f"{self.url} answers with {page}, not with JSON", remedy=CHECK_ADDRESS) from None
            raise

    def _rate_limit(self, response: Response, waits: int) -> _RateLimit | None:
        """Return the limit that a response reports, if it does; ``waits`` is how often it was waited for already."""
        message = " ".join([message_of(response.body), *map(message_of, errors_of(response.body))]).lower()
        limited_query = any(error.get("type") == "RATE_LIMITED" for error in errors_of(response.body))
        if not limited_query and response.status not in REFUSING:
            return None
        longer_and_longer = SECONDARY_WAIT * min(2**waits, MAX_SECONDARY_FACTOR)
        retry_after = response.headers.get("retry-after", "")
        if retry_after.isdecimal():
            return _RateLimit(
                min(max(float(retry_after), FIRST_BACKOFF), LONGEST_RESET) * 2 ** min(waits, 4), "secondary limit"
            )
        if "secondary" in message or "abuse" in message:
            return _RateLimit(longer_and_longer, "secondary limit")
        if limited_query or response.headers.get("x-ratelimit-remaining") == "0" or "rate limit" in message:
            return _RateLimit(_seconds_until_reset(response), "hourly limit")
        if response.status == 429:
            return _RateLimit(longer_and_longer, "too many requests")
        return None

    def _count_points(self, response: Response, *, graphql: bool) -> None:
        """Add what a query says it cost, or one point for a REST request."""
        answer = response.body if graphql and isinstance(response.body, dict) else {}
        try:
            limit = Fields(answer).object("data").object("rateLimit")
            self.usage.points += limit.number("cost", lowest=1, highest=MAX_COST)
        except FieldError:
            self.usage.points += 1

    def _check_budget(self) -> None:
        if self._limits.points is not None and self.usage.points >= self._limits.points:
            raise BudgetSpentError(f"the limit of {self._limits.points:,} points is spent", remedy=AGAIN_LATER)

    def _choose_account(self) -> None:
        """Continue with an account that is free, or with the one that will be free first."""
        if self._free_at[self._current] > time.monotonic():
            self._current = min(range(len(self._accounts)), key=lambda n: self._free_at[n])

    def back_off(self, failures: int, failure: str, *, at_least: float = 0.0) -> None:
        """Wait before a request that failed is tried again, longer after each failure.

        Raises:
            GisError: It failed too often.
        """
        if failures >= self._limits.attempts:
            raise GisError(f"{failure}, {failures} times in a row", remedy=AGAIN_LATER)
        self._wait(max(min(FIRST_BACKOFF * 2 ** (failures - 1), LONGEST_BACKOFF), at_least), failure)

    def _wait_for(self, limit: _RateLimit, waits: int) -> None:
        """Wait until the first account is free again."""
        if waits > MAX_WAITS_PER_REQUEST:
            raise GisError(f"{limit.name}, {waits} times in a row", remedy=AGAIN_LATER)
        self._free_at[self._current] = time.monotonic() + limit.seconds
        self._wait(min(self._free_at) - time.monotonic(), limit.name)

    def _wait(self, seconds: float, reason: str) -> None:
        """Wait, and report why and until when."""
        if seconds <= 0:
            return
        if self._limits.wait is not None and seconds > self._limits.wait:
            raise GisError(
                f"{reason}: a wait of {seconds:,.0f} s is longer than the limit of {self._limits.wait:,.0f} s",
                remedy=AGAIN_LATER,
            )
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
        if seconds >= WAIT_STEP:
            self._reporter.say(f"{reason}: waiting {seconds:,.0f} s, until {until}")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._sleep(min(left, WAIT_STEP))


def _seconds_until_reset(response: Response) -> float:
    """Return the seconds until the hourly limit is reset, measured on GitHub's clock, since ours may be wrong."""
    reset = response.headers.get("x-ratelimit-reset", "")
    if not reset.isdecimal():
        return SECONDARY_WAIT
    try:
        now = parsedate_to_datetime(response.headers["date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        now = time.time()
    return min(max(float(reset) - now, 0.0), LONGEST_RESET) + 1  # GitHub does not say when in that second


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


class _Http(HTTPRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _answered(super().getresponse(), changing=_is_changing(self.verb, self.url))


class _Https(HTTPSRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _answered(super().getresponse(), changing=_is_changing(self.verb, self.url))


def _is_changing(verb: str, url: str) -> bool:
    return verb != "GET" and not url.endswith(GRAPHQL)


def _answered(response: RequestsResponse, *, changing: bool) -> RequestsResponse:
    """Give statuses that PyGithub acts on by itself others: it would repeat requests, and send changes elsewhere."""
    if response.status == HTTPStatus.ACCEPTED:
        response.status = NOT_READY
    elif response.status == HTTPStatus.MOVED_PERMANENTLY and changing:  # an issue that was transferred
        response.status = HTTPStatus.PERMANENT_REDIRECT
    return response


def _connection(url: str) -> _Http | _Https:
    parts = urlsplit(url)
    kind = _Http if parts.scheme == "http" else _Https
    return kind(str(parts.hostname), parts.port, timeout=REQUEST_TIMEOUT)


def _requester(url: str, auth: Auth.Auth | None) -> Any:  # noqa: ANN401
    """Return PyGithub's requester without its retries and pauses, which are silent and miss half of the limits."""
    return Github(
        auth=auth,
        base_url=url,
        timeout=REQUEST_TIMEOUT,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,  # a query is a POST, but writes nothing
    ).requester

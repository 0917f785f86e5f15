"""Requests to GitHub through PyGithub's requester: waits out limits and faults, and says so; counts what it costs."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import requests
from github import Auth, Github, GithubException

from gis.collector.github.accounts import Account
from gis.collector.source import NotFoundError, PaginationLimitError, QueryTimeoutError, UnknownFieldsError
from gis.console import Reporter
from gis.errors import GisError

TIMEOUT = 60  # seconds; GitHub itself gives up on a GraphQL query after 10
ATTEMPTS = 8  # of one request, when the network or the server fails
FIRST_BACKOFF = 1.0  # seconds, doubled from attempt to attempt
LONGEST_BACKOFF = 60.0
SECONDARY_WAIT = 60.0  # seconds, where GitHub does not say how long: its documentation asks for a minute at least
MOST_LIMITED = 50  # times in a row that one request is put off
SLICE = 1.0  # seconds; how often a wait looks up

# How servers call a field, or an argument of it, unknown: GitHub's words and those of GraphQL's reference.
UNDEFINED = (
    re.compile(r"Field '(?P<field>\w+)' doesn't exist on type '(?P<type>\w+)'"),
    re.compile(r"Cannot query field '(?P<field>\w+)' on type '(?P<type>\w+)'"),
)
NO_ARGUMENT = (
    re.compile(r"Field '(?P<field>\w+)' doesn't accept argument '(?P<argument>\w+)'"),
    re.compile(r"Unknown argument '(?P<argument>\w+)' on field '(?:\w+\.)?(?P<field>\w+)'"),
)

Body = Any


class Unauthorized(GisError):  # noqa: N818
    """The token is wrong, expired or revoked."""


class Forbidden(GisError):  # noqa: N818
    """The account may not do this."""


class BudgetSpent(GisError):  # noqa: N818
    """The run has taken all that it may."""


@dataclass
class Limits:
    """How much a run may take.

    Attributes:
        points: GraphQL points, or REST requests, at the most; None for no limit of our own.
        wait: Seconds that one wait may take at the most; None for no limit.
    """

    points: int | None = None
    wait: float | None = None


@dataclass
class Spent:
    """What was spent: since the start, and since it was last taken."""

    points: int = 0
    requests: int = 0
    _taken: tuple[int, int] = field(default=(0, 0))

    def take(self) -> tuple[int, int]:
        """Points and requests since this was last asked."""
        fresh = (self.points - self._taken[0], self.requests - self._taken[1])
        self._taken = (self.points, self.requests)
        return fresh


@dataclass(frozen=True)
class Answer:
    """What a request brought.

    Attributes:
        status: HTTP status.
        headers: Names in lower case.
        body: Parsed JSON.
    """

    status: int
    headers: Mapping[str, str]
    body: Body


class Client:
    """Asks one GitHub server, with one or several accounts.

    Args:
        url: The API's address.
        accounts: Whose limits are used, in turn; empty asks without a token.
        reporter: Told of every wait.
        limits: How much the run may take.
        sleep: Waits some seconds; replaced in tests.
    """

    def __init__(
        self,
        url: str,
        accounts: list[Account],
        reporter: Reporter,
        limits: Limits,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url
        self.spent = Spent()
        self.authenticated = bool(accounts)
        self._reporter = reporter
        self._limits = limits
        self._sleep = sleep
        self._accounts = accounts or [Account(None)]
        self._requesters = [_requester(url, account.auth) for account in self._accounts]
        self._refused: set[int] = set()  # accounts whose tokens expired on the way
        self._free_at = [0.0] * len(self._accounts)  # on our clock
        self._current = 0

    def get(self, path: str, **parameters: str | int) -> Answer:
        """GET a REST path.

        Raises:
            NotFoundError: It is not there.
            PaginationLimitError: GitHub does not list this page.
            GisError: Access is refused, a limit of the run is reached, or the server fails for good.
        """
        return self._ask("GET", path, parameters, None)

    def graphql(self, query: str, variables: Mapping[str, Any], *, shrinkable: bool = False) -> dict[str, Any]:
        """Run a GraphQL query.

        Args:
            query: The document.
            variables: Its variables.
            shrinkable: Give up early where the server is out of time, as a smaller page may pass.

        Returns:
            Its data; errors that concern parts of it are under "errors".

        Raises:
            QueryTimeoutError: The page was too large.
            NotFoundError: The repository is not there.
            UnknownFieldsError: The server lacks fields that were asked for.
            GisError: As ``get``; or the query is refused.
        """
        body = {"query": query, "variables": dict(variables)}
        return dict(self._ask("POST", "/graphql", {}, body, shrinkable=shrinkable).body)

    def _ask(
        self, verb: str, path: str, parameters: Mapping[str, Any], body: Body, *, shrinkable: bool = False
    ) -> Answer:
        """Ask until there is an answer, waiting where GitHub says so and where it fails."""
        failures = limits = 0
        while True:
            self._check_budget()
            self._choose_account()
            answer, why, shrink = self._attempt(verb, path, parameters, body)
            limited = self._limited(answer, limits) if answer is not None else None
            if limited is not None:
                limits += 1
                if limits > MOST_LIMITED:
                    raise GisError(f"{limited[1]}, {limits} times in a row; the same command continues later")
                self._free_at[self._current] = time.monotonic() + limited[0]
                self._wait(min(self._free_at) - time.monotonic(), limited[1])
            elif answer is None or why:
                failures += 1
                self._back_off(failures, why)
                if shrink and shrinkable and failures > 1:  # once is chance, twice the page's size
                    raise QueryTimeoutError
            elif answer.status != 401 or not self._drop_account():
                self._check_status(answer, path, paged="page" in parameters)
                self._account_for(answer, graphql=body is not None)
                if body is not None:
                    _check_graphql(answer.body)
                return answer

    def _attempt(
        self, verb: str, path: str, parameters: Mapping[str, Any], body: Body
    ) -> tuple[Answer | None, str, bool]:
        """One request: what came, why it is no answer or "", and whether a smaller page may bring one."""
        try:
            answer = self._once(verb, path, parameters, body)
        except requests.Timeout:
            return None, f"no answer in {TIMEOUT} s", True
        except (requests.RequestException, ValueError) as error:  # cut, or no whole JSON
            return None, f"the connection failed ({type(error).__name__})", False
        if answer.status >= 500:
            return answer, f"GitHub answers {answer.status}", True
        if body is not None and answer.status < 400:
            return answer, *_unanswered(answer.body)
        return answer, "", False

    def _drop_account(self) -> bool:
        """Go on without an account that is refused, if there is another."""
        if len(self._accounts) - len(self._refused) < 2:
            return False
        self._refused.add(self._current)
        self._free_at[self._current] = float("inf")
        self._reporter.warn(f"GitHub refuses {self._accounts[self._current]}; going on without it")
        return True

    def _check_status(self, answer: Answer, path: str, *, paged: bool) -> None:
        if answer.status == 401:
            account = self._accounts[self._current]
            raise Unauthorized(f"GitHub refuses {account}: bad credentials; is it expired or revoked?")
        if answer.status in (404, 410, 451):
            raise NotFoundError(_message(answer.body))
        if answer.status == 422 and paged:
            raise PaginationLimitError
        if answer.status == 403:
            raise Forbidden(f"GitHub refuses {path}: {_message(answer.body)}")
        if answer.status >= 400:
            raise GisError(f"GitHub refuses {path}: {answer.status} {_message(answer.body)}")

    def _once(self, verb: str, path: str, parameters: Mapping[str, Any], body: Body) -> Answer:
        requester = self._requesters[self._current]
        url = requester.graphql_url if body is not None else path
        self.spent.requests += 1
        try:
            status, headers, text = requester.requestJson(verb, url, dict(parameters), None, body)
        except GithubException as error:  # an app's token is asked for on the way
            if error.status >= 500:
                return Answer(error.status, {}, None)
            account = self._accounts[self._current]
            raise GisError(f"GitHub refuses {account}: {error.status} {_message(error.data)}") from None
        except RuntimeError as error:  # PyGithub follows no redirect to another server or scheme
            raise GisError(f"{self.url} sends elsewhere: {error}; give its own address as --api-url") from None
        kept = {str(name).lower(): str(value) for name, value in headers.items()}
        if status >= 500 or status in (204, 304):
            return Answer(status, kept, None)
        try:
            return Answer(status, kept, json.loads(text))
        except ValueError:
            if status >= 400:
                return Answer(status, kept, {"message": text[:200]})
            raise

    def _limited(self, answer: Answer, times: int) -> tuple[float, str] | None:
        """Seconds to wait and why, where the answer is a limit."""
        message = " ".join([_message(answer.body), *map(_message, _errors(answer.body))]).lower()
        graphql = isinstance(answer.body, dict) and any(
            error.get("type") == "RATE_LIMITED" for error in _errors(answer.body)
        )
        refused = answer.status in (403, 429)
        if not graphql and not refused:
            return None
        retry_after = answer.headers.get("retry-after", "")
        if retry_after.isdecimal():
            return max(float(retry_after), FIRST_BACKOFF) * 2 ** min(times, 4), "secondary limit"
        if "secondary" in message or "abuse" in message:
            return min(SECONDARY_WAIT * 2**times, 15 * SECONDARY_WAIT), "secondary limit"
        if graphql or answer.headers.get("x-ratelimit-remaining") == "0" or "rate limit" in message:
            return self._until_reset(answer), "hourly limit"
        if answer.status == 429:
            return min(SECONDARY_WAIT * 2**times, 15 * SECONDARY_WAIT), "too many requests"
        return None

    def _until_reset(self, answer: Answer) -> float:
        """Seconds until the hourly limit begins anew, on GitHub's clock, as ours may be wrong."""
        reset = answer.headers.get("x-ratelimit-reset", "")
        if not reset.isdecimal():
            return SECONDARY_WAIT
        try:
            now = parsedate_to_datetime(answer.headers["date"]).timestamp()
        except (KeyError, ValueError):
            now = time.time()
        return max(float(reset) - now, 0.0) + 1  # it is not said when in that second

    def _account_for(self, answer: Answer, *, graphql: bool) -> None:
        """Count points: what a query says it cost, and one for each REST request."""
        limit = (answer.body.get("data") or {}).get("rateLimit") if graphql else None
        self.spent.points += int((limit or {}).get("cost") or 1)

    def _check_budget(self) -> None:
        if self._limits.points is not None and self.spent.points >= self._limits.points:
            raise BudgetSpent(
                f"--max-points {self._limits.points:,} is spent; all that was fetched is kept, "
                "the same command continues"
            )

    def _choose_account(self) -> None:
        """Go on with the account that is free, or free first."""
        if self._free_at[self._current] > time.monotonic():
            self._current = min(range(len(self._accounts)), key=lambda n: self._free_at[n])

    def _back_off(self, failures: int, why: str) -> None:
        if failures >= ATTEMPTS:
            raise GisError(
                f"{why}, {failures} times in a row; all that was fetched is kept, the same command continues"
            )
        self._wait(min(FIRST_BACKOFF * 2 ** (failures - 1), LONGEST_BACKOFF), why)

    def _wait(self, seconds: float, why: str) -> None:
        """Wait, and say until when and why."""
        if seconds <= 0:
            return
        if self._limits.wait is not None and seconds > self._limits.wait:
            raise GisError(
                f"{why}: {seconds:,.0f} s to wait, more than --max-wait {self._limits.wait:,.0f}; "
                "all that was fetched is kept, the same command continues"
            )
        until = time.strftime("%H:%M:%S", time.localtime(time.time() + seconds))
        if seconds >= SLICE:
            self._reporter.say(f"{why}: waiting {seconds:,.0f} s, until {until}")
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._sleep(min(left, SLICE))


def _requester(url: str, auth: Auth.Auth | None) -> Any:  # noqa: ANN401
    """PyGithub's requester without its own retries and pauses, which are silent and miss half of the limits."""
    return Github(
        auth=auth,
        base_url=url,
        timeout=TIMEOUT,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,  # a query is a POST, but writes nothing
    ).requester


def _unanswered(body: Body) -> tuple[str, bool]:
    """Why a GraphQL answer is none, or "", and whether a smaller page may help."""
    errors = _errors(body)
    if any(
        error.get("type") == "RESOURCE_LIMITS_EXCEEDED" or "Something went wrong" in str(error.get("message"))
        for error in errors
    ):
        return "GitHub is out of time", True
    if not errors and not (isinstance(body, dict) and isinstance(body.get("data"), dict)):
        return "GitHub answers without data", False
    return "", False


def _check_graphql(body: Body) -> None:
    """Raise for errors that leave nothing to use; those that concern single nodes stay in the answer."""
    errors = _errors(body)
    if undefined := frozenset(filter(None, map(_undefined, errors))):
        raise UnknownFieldsError(undefined)
    data = body.get("data")
    absent = {error.get("type") for error in errors} <= {"NOT_FOUND", "FORBIDDEN"}
    if (data is None and absent) or (data is not None and data.get("repository", data) is None):
        raise NotFoundError("; ".join(map(_message, errors)))
    if absent:
        return
    messages = "; ".join(_message(error)[:200] for error in errors[:3])
    raise GisError(f"GitHub refuses the query: {messages}")


def _undefined(error: Mapping[str, Any]) -> str | None:
    """What an error calls unknown: "Type.field", or "field(argument)"."""
    message = str(error.get("message"))
    for pattern in NO_ARGUMENT:
        if match := pattern.search(message):
            return f"{match['field']}({match['argument']})"
    more = error.get("extensions") or {}
    if more.get("code") == "undefinedField":
        return f"{more.get('typeName')}.{more.get('fieldName')}"
    for pattern in UNDEFINED:
        if match := pattern.search(message):
            return f"{match['type']}.{match['field']}"
    return None


def _errors(body: Body) -> list[Mapping[str, Any]]:
    errors = body.get("errors") if isinstance(body, dict) else None
    return [error for error in errors or () if isinstance(error, dict)]


def _message(body: Body) -> str:
    return str(body.get("message", "")) if isinstance(body, dict) else ""

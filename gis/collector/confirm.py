"""Confirm a store: ask GitHub what of it is still there, and note what became of the rest."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, NamedTuple

from gis.collector.github.adaptive import AdaptiveClient
from gis.collector.github.client import CHECK_ADDRESS, Client
from gis.collector.github.states import NO_REPOSITORY, IssueStates, KnownIssue, States
from gis.collector.source import NotFoundError
from gis.collector.store import COMPLETE, STOPPED
from gis.collector.store_writer import ConfirmedIssues, StoreWriter
from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.versions import versions_of

ISSUES_PER_QUERY = 100  # GitHub charges one point for these
FROM_PUBLIC = ("archive",)  # sources that hold public repositories only
MOVED = "moved to "
KEPT = "what was confirmed so far is kept"
NAMED = 10  # repositories that are named when they are gone
ISSUES = """
SELECT i.repository, r.name, r.id, r.source, i.number, i.title, coalesce(i.body, ''), i.gone
FROM issues AS i JOIN repositories AS r ON r.key = i.repository
WHERE (i.repository, i.number) > (?, ?) ORDER BY i.repository, i.number LIMIT ?
"""


class _StoredIssue(NamedTuple):
    """What the store holds of an issue."""

    key: int
    name: str
    repository_id: int
    source: str
    number: int
    title: str
    body: str
    gone: str | None

    @property
    def known(self) -> KnownIssue:
        """What GitHub is asked for."""
        return KnownIssue(self.name, self.repository_id, self.number, self.source in FROM_PUBLIC, self.gone)


@dataclass
class ConfirmReport:
    """What GitHub says of the issues of a store.

    Attributes:
        there: Issues that are there.
        edited: Those of them whose title or body is another than the store's.
        returned: Those of them that were gone when GitHub was asked before.
        gone: Issues that are not, by what became of them: "deleted", "moved", …
        unknown: Issues of which GitHub says nothing to these accounts.
        repositories: Names of repositories that are gone with all of their issues.
    """

    there: int = 0
    edited: int = 0
    returned: int = 0
    gone: Counter[str] = field(default_factory=Counter)
    unknown: int = 0
    repositories: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the report as one line."""
        total = self.there + self.gone.total() + self.unknown
        parts = [f"{self.there:,} of {total:,} issues are still there"]
        parts += [f"{self.edited:,} of them with another text"] * bool(self.edited)
        parts += [f"{self.returned:,} of them again"] * bool(self.returned)
        parts += [f"{count:,} {fate}" for fate, count in self.gone.most_common()]
        parts += [f"{self.unknown:,} unknown, as GitHub does not show them to these accounts"] * bool(self.unknown)
        return "; ".join(parts)

    def add(self, issue: _StoredIssue, fate: str | None, *, edited: bool) -> None:
        """Count an issue of which GitHub has said something."""
        if fate is None:
            self.there += 1
            self.edited += edited
            self.returned += issue.gone is not None
            return
        self.gone[MOVED.strip().split()[0] if fate.startswith(MOVED) else fate] += 1
        if fate == NO_REPOSITORY and issue.name not in self.repositories[-1:]:
            self.repositories.append(issue.name)


def confirm(store: StoreWriter, client: Client, *, reporter: Reporter = QUIET) -> ConfirmReport:
    """Ask GitHub for every issue of a store, and note in the column ``gone`` what became of those that it has not.

    A hundred issues cost one point, and one that is missing another request. The answers are stored a hundred at a
    time together with the point to continue from: whenever this is stopped, the same call continues from there. Texts
    stay as they are.

    Args:
        store: The store (``StoreWriter.open``).
        client: Sends the requests, with a token.
        reporter: Shows progress.

    Returns:
        What this call asked; a call that continues counts only the rest.

    Raises:
        GisError: GitHub refuses, or fails for good; or the store holds issues of another server.
    """
    store.check_server(client.url)
    walk = _Walk(store, client, reporter)
    try:
        walk.run()
    except NotFoundError as error:
        walk.end(f"{type(error).__name__}: {error}")
        raise GisError(f"{client.url} does not answer as GitHub does; {KEPT}", remedy=CHECK_ADDRESS) from error
    except GisError as error:
        walk.end(str(error))
        raise type(error)(f"{error}; {KEPT}", remedy=error.remedy or "the same command continues") from error
    except BaseException:
        walk.end(STOPPED)
        raise
    for name in walk.report.repositories[:NAMED]:
        reporter.warn(
            f"{name} is gone with all of its issues: it was deleted or made private, or is hidden from the token"
        )
    if len(walk.report.repositories) > NAMED:
        reporter.warn(f"and so are {len(walk.report.repositories) - NAMED:,} more repositories")
    return walk.report


class _Walk:
    """A walk through the issues of a store, in the order of repositories and numbers."""

    def __init__(self, store: StoreWriter, client: Client, reporter: Reporter) -> None:
        self.report = ConfirmReport()
        self._store = store
        self._client = client
        self._reporter = reporter
        self._states = IssueStates(AdaptiveClient(client, reporter))
        self._about: dict[str, Any] = {**versions_of(("gis", "PyGithub")), "server": client.url}
        self._run: int | None = None  # of the repository at which the walk is
        self._point = (0, 0)
        last = store.last_confirmation()
        if last is not None and not last.about.get("finished"):
            self._run, self._point = last.run, (last.repository, int(last.about["after"]))
            self._about["after"] = last.about["after"]
            reporter.say("continuing where the last confirmation stopped")

    def run(self) -> None:
        """Ask for all issues behind the point."""
        ((total,),) = self._store.rows("SELECT count(*) FROM issues WHERE (repository, number) > (?, ?)", self._point)
        queries = -(-total // ISSUES_PER_QUERY)
        self._reporter.say(
            f"{total:,} issues to ask for: about {queries:,} points, and more for those that are missing"
        )
        done = 0
        with self._reporter.track("confirming", total, "issues") as tracker:
            while rows := self._next():
                batch, following = rows[:ISSUES_PER_QUERY], rows[ISSUES_PER_QUERY:]
                self._store_answers(batch, self._states.of(issue.known for issue in batch), following)
                done += len(batch)
                tracker.advance(len(batch), done / total)
        self._about["finished"] = True
        self.end(COMPLETE)

    def end(self, outcome: str) -> None:
        """Record how the walk ended."""
        if self._run is not None:
            self._store.end(self._run, outcome, self._about, self._client.usage.take_delta())

    def _next(self) -> Sequence[_StoredIssue]:
        """Return the issues of the next query and, where there is one, the issue that follows them."""
        return [_StoredIssue(*row) for row in self._store.rows(ISSUES, (*self._point, ISSUES_PER_QUERY + 1))]

    def _store_answers(self, batch: Sequence[_StoredIssue], states: States, following: Sequence[_StoredIssue]) -> None:
        """Store what became of some issues, repository by repository, and count it."""
        report = self.report
        parts = []
        about = self._about
        for key, group in groupby(batch, key=lambda issue: issue.key):
            issues = list(group)
            fates: dict[int, str | None] = {}
            for issue in issues:
                state = states[issue.known]
                if not state.known:
                    report.unknown += 1
                    continue
                fate = state.gone if issue.gone is None or state.gone is None else issue.gone
                report.add(issue, fate, edited=(issue.title, issue.body) != (state.title, state.body))
                if fate != issue.gone:
                    fates[issue.number] = fate
            about = {**self._about, "after": issues[-1].number}
            complete = key not in {issue.key for issue in following}
            goes_on = self._run if key == self._point[0] else None
            parts.append(ConfirmedIssues(key, goes_on, len(issues), fates, about, complete=complete))
        self._run = self._store.write_confirmed(parts, self._client.usage.take_delta())
        self._about = about
        self._point = (batch[-1].key, batch[-1].number)

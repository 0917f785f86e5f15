"""Ask what became of issues that are known by repository and number: a hundred for a point, of any repositories."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from gis.collector.fields import Fields
from gis.collector.github.adaptive import AdaptiveClient
from gis.collector.github.client import ForbiddenError
from gis.collector.github.queries import DISCUSSION, discussions_query, states_query
from gis.collector.github.repository import DELETED, HIDDEN, fate_of_missing_issue
from gis.collector.records import Repository
from gis.collector.source import NotFoundError, QueryTimeoutError

NO_REPOSITORY = "repository deleted or private"
MADE_PRIVATE = "repository made private"
ISSUES_DISABLED = "issues disabled"
CONVERTED = "converted to a discussion"


class KnownIssue(NamedTuple):
    """An issue that was there once.

    Attributes:
        repository: OWNER/NAME, as it was called when it was last seen.
        repository_id: GitHub's number of the repository, which a rename does not change; 0 where it is not known.
        number: The issue's number.
        public: Whether its repository is known to have been public.
        gone: What became of it, if that is known already.
    """

    repository: str
    repository_id: int
    number: int
    public: bool = False
    gone: str | None = None


class IssueState(NamedTuple):
    """What GitHub says of an issue now.

    Attributes:
        gone: What became of it; None where it is still there.
        title: Its title, where it is there.
        body: Its body, likewise.
        known: Whether GitHub said anything: it refuses some repositories to some tokens, which says nothing of their
            issues.
    """

    gone: str | None = None
    title: str = ""
    body: str = ""
    known: bool = True


UNKNOWN = IssueState(known=False)
States = dict[KnownIssue, IssueState]


class IssueStates:
    """Asks for issues, and remembers what it learns of their repositories.

    Args:
        server: The GitHub server.
    """

    def __init__(self, server: AdaptiveClient) -> None:
        self._server = server
        self._names: dict[tuple[str, int], str | None] = {}  # by name and number, where that is another one now

    def of(self, issues: Iterable[KnownIssue]) -> States:
        """Return the state of each issue; at most a hundred issues are one query.

        Raises:
            GisError: GitHub refuses all, or fails for good.
        """
        states: States = {}
        by_name: dict[str, list[KnownIssue]] = defaultdict(list)
        for issue in issues:
            name = self._names.get(issue[:2], issue.repository)
            if name is None:
                states[issue] = IssueState(NO_REPOSITORY)
            else:
                by_name[name].append(issue)
        return states | self._asked(by_name)

    def _asked(self, by_name: Mapping[str, Sequence[KnownIssue]]) -> States:
        """Ask for issues by the current name of their repositories."""
        names = [name for name, issues in by_name.items() for _ in issues]
        issues = [issue for group in by_name.values() for issue in group]
        if not issues:
            return {}
        query = partial(states_query, [len(group) for group in by_name.values()])
        variables = _variables(list(by_name), [issue.number for issue in issues])
        try:
            answer = self._server.run(query, variables, shrinkable=len(issues) > 1)
        except QueryTimeoutError:
            half = len(issues) // 2
            return self._asked(_grouped(names[:half], issues[:half])) | self._asked(
                _grouped(names[half:], issues[half:])
            )
        states: States = {}
        place = 0
        for position, (name, group) in enumerate(by_name.items()):
            repository = answer.object_or_none(f"repository{position}")
            nodes = {}
            for issue in group:
                nodes[issue] = None if repository is None else repository.object_or_none(f"issue{place}")
                place += 1
            states |= self._of_repository(name, repository, nodes)
        return states

    def _of_repository(self, name: str, repository: Fields | None, nodes: Mapping[KnownIssue, Fields | None]) -> States:
        """Return the states of issues that were asked by one name."""
        states: States = {}
        by_id: dict[int, list[KnownIssue]] = defaultdict(list)
        for issue in nodes:
            by_id[issue.repository_id].append(issue)
        for identity, issues in by_id.items():
            if repository is None or identity not in (0, repository.number("databaseId")):
                states |= self._elsewhere(name, identity, issues)
            else:
                states |= self._in_repository(name, repository, {issue: nodes[issue] for issue in issues})
        return states

    def _elsewhere(self, name: str, identity: int, issues: Sequence[KnownIssue]) -> States:
        """Return the states of issues whose repository does not answer to its name: it may have another one by now."""
        try:
            path = f"/repositories/{identity}" if identity else f"/repos/{name}"
            current = Fields.of(self._server.client.get(path).body, "the answer").repository("full_name")
        except NotFoundError:
            self._names[issues[0][:2]] = None
            return {issue: IssueState(NO_REPOSITORY) for issue in issues}
        except ForbiddenError:
            return dict.fromkeys(issues, UNKNOWN)
        if current.casefold() == name.casefold():  # it is there, and yet GraphQL does not show it
            return dict.fromkeys(issues, UNKNOWN)
        self._names[issues[0][:2]] = current
        return self._asked({current: issues})

    def _in_repository(self, name: str, repository: Fields, nodes: Mapping[KnownIssue, Fields | None]) -> States:
        """Return the states of issues of a repository that is there."""
        is_private, has_issues = repository.flag("isPrivate"), repository.flag("hasIssuesEnabled")
        here = repository.repository("nameWithOwner")
        states: States = {}
        for issue, node in nodes.items():
            if is_private and issue.public:
                states[issue] = IssueState(MADE_PRIVATE)
            elif node is not None:
                states[issue] = _state(issue, node, here)
            elif not has_issues:
                states[issue] = IssueState(ISSUES_DISABLED)
            elif issue.gone is not None:
                states[issue] = IssueState(issue.gone)
            else:
                states[issue] = self._missing(here, issue)
        deleted = [issue for issue, state in states.items() if state.gone == DELETED and issue.gone is None]
        return states | dict.fromkeys(self._converted(name, deleted), IssueState(CONVERTED))

    def _missing(self, repository: str, issue: KnownIssue) -> IssueState:
        """Return what became of an issue that its repository does not have."""
        place = Repository(repository, issue.repository_id, repository)
        try:
            fate = fate_of_missing_issue(self._server.client, place, issue.number)
        except ForbiddenError:
            return UNKNOWN
        return UNKNOWN if fate == HIDDEN else IssueState(fate)  # REST shows it where it was

    def _converted(self, repository: str, issues: Sequence[KnownIssue]) -> Collection[KnownIssue]:
        """Return the issues whose numbers are those of discussions: nothing else gives a number a second time."""
        if not issues or DISCUSSION in self._server.lacking:
            return ()
        variables = _variables([repository], [issue.number for issue in issues])
        answer = self._server.run(partial(discussions_query, len(issues)), variables).object_or_none("repository0")
        return [
            issue
            for place, issue in enumerate(issues)
            if answer is not None and answer.object_or_none(f"discussion{place}") is not None
        ]


def _state(issue: KnownIssue, node: Fields, repository: str) -> IssueState:
    """Return the state of an issue that GitHub shows, be it in another repository."""
    home, number = node.object("repository").repository("nameWithOwner"), node.issue_number("number")
    if (home.casefold(), number) != (repository.casefold(), issue.number):
        return IssueState(f"moved to {home}#{number}")
    return IssueState(title=node.text("title"), body=node.text("body"))


def _grouped(names: Sequence[str], issues: Sequence[KnownIssue]) -> dict[str, list[KnownIssue]]:
    by_name: dict[str, list[KnownIssue]] = defaultdict(list)
    for name, issue in zip(names, issues, strict=True):
        by_name[name].append(issue)
    return by_name


def _variables(repositories: Sequence[str], numbers: Sequence[int]) -> dict[str, Any]:
    """Return the variables of a query: owners and names by place, and numbers by place."""
    parts = [repository.split("/") for repository in repositories]
    return {
        **{f"owner{place}": owner for place, (owner, _) in enumerate(parts)},
        **{f"name{place}": name for place, (_, name) in enumerate(parts)},
        **{f"number{place}": number for place, number in enumerate(numbers)},
    }

"""Tables of what a store holds, and of what a run would cost."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gis.collector.github.connection import Estimate
from gis.collector.records import LeftOut
from gis.collector.store import RepositoryStatus
from gis.terminal_table import Column, TerminalTable

PER_ISSUES = 1000  # the number of issues that average costs are given for
MARKED_DUPLICATES = (
    'marked duplicates: issues that GitHub itself marks as duplicates. Comments such as "Duplicate of #12" are not '
    "counted here; gis build reads them."
)
LEFT_OUT = "left out: could not be read. Each is fetched again when it changes, or with a new store:"
NAMED = 20  # of what was left out, below the table
INCOMPLETE = "Incomplete repositories: run the command that collects them again, and it continues."


def status_table(repositories: Sequence[RepositoryStatus]) -> TerminalTable:
    """Return a table with a row for each repository: what the store holds, how recent it is, and what it cost."""
    average = f"per {PER_ISSUES:,} issues"
    costs = [
        Column(title="points", priority=3),
        Column(title="requests", priority=3),
        Column(title="points", group=average, priority=4),
        Column(title="requests", group=average, priority=4),
    ]
    asked = any(repository.requests for repository in repositories)  # dumps and archives cost nothing
    table = TerminalTable(
        [
            Column(title="repository", align="left"),
            Column(title="issues"),
            Column(title="comments"),
            Column(title="marked duplicates"),
            Column(title="newest change", align="left", priority=1),
            Column(title="complete", align="left"),
            Column(title="removed", priority=2),
            Column(title="pull requests", priority=2),
            Column(title="left out", priority=2),
            *(costs if asked else ()),
        ],
        hint="gis collect --status | less -S",
        transposable=True,
    )
    for repository in repositories:
        cost = (
            f"{repository.points:,}",
            f"{repository.requests:,}",
            _average(repository.points, repository),
            _average(repository.requests, repository),
        )
        table.add_row(
            repository.name,
            f"{repository.issues:,}",
            f"{repository.comments:,}",
            f"{repository.marked_duplicates:,}",
            (repository.last_update or "–").partition("T")[0],
            "yes" if repository.complete else "no",
            f"{repository.removed:,}",
            f"{repository.pull_requests:,}",
            f"{repository.left_out:,}",
            *(cost if asked else ()),
        )
    return table


def status_notes(
    repositories: Sequence[RepositoryStatus], left_out: Mapping[str, Sequence[LeftOut]] = MappingProxyType({})
) -> list[str]:
    """Return the lines below the table that explain its columns, and name what could not be read."""
    notes = [MARKED_DUPLICATES]
    if not all(repository.complete for repository in repositories):
        notes.append(INCOMPLETE)
    items = [(name, item) for name, of_repository in left_out.items() for item in of_repository]
    if items:
        notes.append(LEFT_OUT)
        notes += [f"  {name}#{item.number or 'unknown'}, {item.place}: {item.reason}" for name, item in items[:NAMED]]
        if len(items) > NAMED:
            notes.append(f"  … and {len(items) - NAMED:,} more, in the table quarantine of the store")
    return notes


def estimate_table(estimates: Sequence[Estimate]) -> TerminalTable:
    """Return a table with a row for each repository: what a first run would bring and cost."""
    table = TerminalTable(
        [
            Column(title="repository", align="left"),
            Column(title="issues"),
            Column(title="comments"),
            Column(title="points"),
            Column(title="minutes"),
        ]
    )
    for estimate in estimates:
        table.add_row(
            estimate.repository,
            f"{estimate.issues:,}",
            f"about {estimate.comments:,}",
            f"{estimate.points:,}",
            f"{estimate.minutes:,.0f}",
        )
    return table


def _average(total: int, repository: RepositoryStatus) -> str:
    """Return the average cost of ``PER_ISSUES`` issues; a dump costs nothing."""
    if not repository.issues or not repository.requests:
        return "–"
    return f"{PER_ISSUES * total / repository.issues:.1f}"

"""What a store holds, and what a run would cost, as tables."""

from collections.abc import Sequence

from rich.table import Table

from gis.collector.github.connection import Estimate
from gis.collector.store import RepositoryStatus


def status_table(found: Sequence[RepositoryStatus]) -> Table:
    """A row a repository: what is there, how new it is, what it cost."""
    table = Table(
        "repository",
        "issues",
        "gone",
        "comments",
        "pull requests",
        "marked duplicates",
        "newest change",
        "complete",
        "points",
        "requests",
        "of both per 1,000 issues",
        box=None,
        pad_edge=False,
    )
    for each in found:
        table.add_row(
            each.name,
            f"{each.issues:,}",
            f"{each.gone:,}",
            f"{each.comments:,}",
            f"{each.pull_requests:,}",
            f"{each.duplicates:,}",
            each.last_update or "–",
            "yes" if each.complete else "no: the same command continues",
            f"{each.points:,}",
            f"{each.requests:,}",
            f"{1000 * each.points / each.issues:.1f}, {1000 * each.requests / each.issues:.1f}"
            if each.issues and each.requests
            else "–",
        )
    return table


def estimate_table(found: Sequence[Estimate]) -> Table:
    """A row a repository: what a first run would bring and cost."""
    table = Table("repository", "issues", "comments", "points", "minutes", box=None, pad_edge=False)
    for each in found:
        table.add_row(
            each.repository, f"{each.issues:,}", f"about {each.comments:,}", f"{each.points:,}", f"{each.minutes:,.0f}"
        )
    return table

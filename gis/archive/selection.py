"""What is stored of repositories that are kept: all of their issues, or those at the ends of rulings and some more."""

from collections.abc import Sequence
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table, Value

from gis.archive.candidates import Candidates
from gis.archive.engines import Engine
from gis.archive.tables import EVENTS, PULL_REQUEST, USED
from gis.replacing import write_atomically

KEPT, ENDS = "kept.parquet", "ends.parquet"
OF_KEPT = ibis.schema({"repository_id": "int64"})
ISSUE = ibis.schema({"repository_id": "int64", "number": "int64"})
# Numbers are scattered by the golden ratio, so that the same issues are drawn by every engine.
SCATTER, RANGE = 2_654_435_761, 1 << 32


def lines_of(kept: Sequence[int], files: Sequence[Path], engine: Engine, folder: Path) -> Table:
    """Return all lines of some repositories, by their ids."""
    path = folder / KEPT
    write_atomically(path, lambda temporary: pq.write_table(pa.table({"repository_id": kept}), temporary))
    return engine.parquet(files).semi_join(engine.parquet([path], OF_KEPT), "repository_id")


def events_of_issues(
    lines: Table, candidates: Candidates, engine: Engine, folder: Path, unrelated: int | None = None
) -> Table:
    """Return the events of issues.

    Args:
        lines: Those of the repositories that are kept.
        candidates: What rulings say of them.
        engine: What they are on.
        folder: For a file with the ends of all rulings.
        unrelated: How many other issues there are of each repository and month at most; None for all.
    """
    events = lines.filter(lines.line.isin(USED))
    if unrelated is None:
        return events
    path = folder / ENDS
    write_atomically(path, lambda temporary: pq.write_table(_ends(candidates), temporary))
    ends = engine.parquet([path], ISSUE)
    month = events.created_at.max().substr(0, len("2024-01"))
    issues = events.group_by("repository_id", "number").aggregate(month=month)
    others = issues.anti_join(ends, ["repository_id", "number"])
    draw = (others.number * SCATTER) % RANGE
    place = ibis.row_number().over(group_by=[others.repository_id, others.month], order_by=[draw, others.number])
    others = others.mutate(place=place)
    drawn = others.filter(others.place < unrelated).select("repository_id", "number")
    return events.semi_join(ends.union(drawn), ["repository_id", "number"])


def _ends(candidates: Candidates) -> pa.Table:
    """Return the issues at both ends of all rulings."""
    ends = [(repository, number) for repository, numbers in candidates.ends.items() for number in sorted(numbers)]
    repositories, numbers = zip(*ends, strict=True) if ends else ((), ())
    return pa.table({"repository_id": repositories, "number": numbers}, ISSUE.to_pyarrow())


def pull_requests(lines: Table) -> Table:
    """Return a row for each pull request that was commented on: a ruling may name one."""
    numbers = lines.filter(lines.line == PULL_REQUEST).select("line", "repository_id", "number").distinct()
    return numbers.select(
        **{name: numbers[name] if name in numbers.columns else _empty(of) for name, of in EVENTS.items()}
    )


def _empty(of: dt.DataType) -> Value:
    """Return what stands in a column of a type where there is nothing; not all engines have lists that are null."""
    return ibis.literal([], of) if of.is_array() else ibis.null(of)

"""What is stored of repositories that are kept: all of their issues, or those at the ends of rulings and some more."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import ibis
import ibis.expr.datatypes as dt
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table, Value

from gis.archive.candidates import Candidates
from gis.archive.engines import Engine
from gis.archive.tables import EVENTS, PULL_REQUEST, USED
from gis.dataset.issues.references import references
from gis.dataset.labels.spoken import spoken
from gis.replacing import write_atomically

KEPT, ENDS, CALLED, COMMENTS = "kept.parquet", "ends.parquet", "called.parquet", "comments-of-called.parquet"
ROWS_AT_ONCE = 1000
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
        folder: For files with the ends of all rulings and labels.
        unrelated: How many other issues there are of each repository and month at most; None for all.
    """
    events = lines.filter(lines.line.isin(USED))
    if unrelated is None:
        return events
    ends = _table(_ends(events, candidates, engine, folder), folder / ENDS, engine)
    month = events.created_at.max().substr(0, len("2024-01"))
    issues = events.group_by("repository_id", "number").aggregate(month=month)
    others = issues.anti_join(ends, ["repository_id", "number"])
    draw = (others.number * SCATTER) % RANGE
    place = ibis.row_number().over(group_by=[others.repository_id, others.month], order_by=[draw, others.number])
    others = others.mutate(place=place)
    drawn = others.filter(others.place < unrelated).select("repository_id", "number")
    return events.semi_join(ends.union(drawn), ["repository_id", "number"])


def _ends(events: Table, candidates: Candidates, engine: Engine, folder: Path) -> set[tuple[int, int]]:
    """Return the repositories and numbers of the issues that rulings and labels may be about, at either end."""
    ends = {(repository, number) for repository, numbers in candidates.ends.items() for number in numbers}
    named = {(repository, name) for repository, names in candidates.elsewhere.items() for name in names}
    named |= _named_of_called(events, candidates, engine, folder)
    ids: dict[str, set[int]] = defaultdict(set)
    for row in engine.rows(events.select("repository", "repository_id").distinct()):
        ids[(row["repository"] or "").lower()].add(row["repository_id"])
    own = {(identity, name.partition("/")[2]) for name, identities in ids.items() for identity in identities}
    for repository, reference in named:
        name, _, number = reference.rpartition("#")
        is_own = not name or (repository, name.partition("/")[2]) in own  # perhaps a former owner's
        ends |= {(identity, int(number)) for identity in (*ids.get(name, ()), *([repository] if is_own else ()))}
    return ends


def _named_of_called(events: Table, candidates: Candidates, engine: Engine, folder: Path) -> set[tuple[int, str]]:
    """Return what comments name on issues that are called duplicates: a label says nothing of the other issue."""
    called = {(repository, number) for repository, numbers in candidates.issues.items() for number in numbers}
    issues = _table(called, folder / CALLED, engine)
    comments = events.filter(events.comment_body.notnull()).semi_join(issues, ["repository_id", "number"])
    path = folder / COMMENTS
    write_atomically(path, lambda temporary: engine.write(comments.select("repository_id", "comment_body"), temporary))
    with pq.ParquetFile(path) as file:
        return {
            (row["repository_id"], f"{reference.repository or ''}#{reference.number}".lower())
            for batch in file.iter_batches(ROWS_AT_ONCE)
            for row in batch.to_pylist()
            for reference in references(spoken(row["comment_body"]))
        }


def _table(issues: Iterable[tuple[int, int]], path: Path, engine: Engine) -> Table:
    """Return a table of issues that an engine has, by way of a file."""
    rows = [dict(zip(ISSUE, issue, strict=True)) for issue in sorted(issues)]
    write_atomically(path, lambda temporary: pq.write_table(pa.Table.from_pylist(rows, ISSUE.to_pyarrow()), temporary))
    return engine.parquet([path], ISSUE)


def pull_requests(lines: Table) -> Table:
    """Return a row for each pull request that was commented on: a ruling may name one."""
    numbers = lines.filter(lines.line == PULL_REQUEST).select("line", "repository_id", "number").distinct()
    return numbers.select(
        **{name: numbers[name] if name in numbers.columns else _empty(of) for name, of in EVENTS.items()}
    )


def _empty(of: dt.DataType) -> Value:
    """Return what stands in a column of a type where there is nothing; not all engines have lists that are null."""
    return ibis.literal([], of) if of.is_array() else ibis.null(of)

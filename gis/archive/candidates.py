"""The second pass: what may say that an issue is a duplicate, found by the engine and read in Python."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple, Self

import ibis
import pyarrow.parquet as pq
from ibis.expr.types import BooleanColumn, StringColumn, Table

from gis.archive.engines import Engine
from gis.archive.tables import COMMENT, USED
from gis.console import QUIET, Reporter
from gis.dataset.labels.called import DUPLICATE_IN_LABELS, is_duplicate_label
from gis.dataset.labels.evidence import RULED
from gis.dataset.labels.rulings import rulings
from gis.languages import language
from gis.replacing import write_atomically

# One of these is in every comment that ``rulings`` reads, in lower case: ``MAY_NAME`` begins with them. The last three
# are letters that Python takes for an i or an s where case is ignored; what is one in lower case differs by engine.
SIGNS_OF_REFERENCES = ("#", "\uff03", "/issues/", "gh-", "issue", "\u0131", "\u0130", "\u017f")
NOT_ASCII = "[^ -~]"  # the same in the regular expressions of all engines
LABELS_IN_ASCII = sorted(word for word in DUPLICATE_IN_LABELS if word.isascii())
FEW = 200_000  # events that one process reads as fast as several, which must start first
COLUMNS = ("line", "id", "at", "repository_id", "repository", "number", "labels", "state_reason", "comment_body")

Row = Mapping[str, Any]


@dataclass
class Candidates:
    """What may be duplicates.

    Attributes:
        issues: Numbers of issues that a plain ruling, a label or their state calls duplicates, by the repository's id.
        rulings: Rulings by year, kind and language of the comment; "" where that is not certain.
        comments: Comments that name an issue, and so were read.
    """

    issues: dict[int, set[int]] = field(default_factory=partial(defaultdict, set))
    rulings: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    comments: int = 0

    def __str__(self) -> str:
        """Return how many issues of how many repositories are called duplicates."""
        issues, repositories = sum(map(len, self.issues.values())), sum(map(bool, self.issues.values()))
        return f"issues called duplicates: {issues:,}, in repositories: {repositories:,}"

    def add(self, others: Self) -> None:
        """Add what other events say."""
        for repository, issues in others.issues.items():
            self.issues[repository] |= issues
        self.rulings += others.rulings
        self.comments += others.comments

    def repositories(self, least: int) -> list[int]:
        """Return the ids of the repositories with at least so many duplicates."""
        return sorted(repository for repository, issues in self.issues.items() if len(issues) >= least)


def used(events: Table, repositories: Sequence[str] = ()) -> Table:
    """Return the events that are used, of the repositories that ever had a name that fits one of some patterns.

    Args:
        events: The Parquet files of the first pass.
        repositories: OWNER/NAME in which * stands for anything; none for all.
    """
    of_issues = events.filter(events.line.isin(USED))
    if not repositories:
        return of_issues
    fits = of_issues.repository.lower().re_search(f"^({'|'.join(map(_as_regex, repositories))})$")
    ids = of_issues.filter(fits).select("repository_id").distinct()
    return of_issues.semi_join(ids, "repository_id")


def _as_regex(pattern: str) -> str:
    """Return a pattern with * as a regular expression of any engine: in LIKE, the _ of many names is any character."""
    return ".*".join(map(re.escape, pattern.lower().split("*")))


def may_rule(body: StringColumn) -> BooleanColumn:
    """Return whether a comment may be a ruling: true for every one that ``rulings`` reads, and for many more."""
    lowered = body.lower()
    return ibis.or_(*((lowered if sign.isascii() else body).contains(sign) for sign in SIGNS_OF_REFERENCES))


def may_be_called(labels: StringColumn) -> BooleanColumn:
    """Return whether one of some labels may say "duplicate": true for every one of ``is_duplicate_label``."""
    lowered = labels.lower()
    return ibis.or_(*(lowered.contains(word) for word in LABELS_IN_ASCII), lowered.re_search(NOT_ASCII))


def find_candidates(
    events: Table, engine: Engine, path: Path, *, workers: int = 1, reporter: Reporter = QUIET
) -> Candidates:
    """Return what may be duplicates.

    Args:
        events: Those that are used.
        engine: What they are on.
        path: Parquet file for what the engine finds, which is read here.
        workers: How many processes read it, if it is large.
        reporter: Shows progress.
    """
    labels = events.labels.cast("string")  # as each engine writes a list: not all know functions over its items
    is_candidate = ibis.or_(
        (events.line == COMMENT) & may_rule(events.comment_body),
        may_be_called(labels),
        events.state_reason == "duplicate",
    )
    write_atomically(path, lambda temporary: engine.write(events.filter(is_candidate).select(*COLUMNS), temporary))
    candidates = Candidates()
    repeated: dict[str, Row] = {}  # one of each: there may be millions of others
    with pq.ParquetFile(path) as file:
        rows, groups = file.metadata.num_rows, range(file.num_row_groups)
    read = partial(_read_group, path, _repeated_ids(engine, path))
    with (
        reporter.track("reading rulings", rows, "events") as tracker,
        _mapped(read, groups, workers if rows > FEW else 1) as parts,
    ):
        for part in parts:
            candidates.add(part.candidates)
            repeated |= {row["id"]: row for row in part.repeated}
            tracker.note = str(candidates)
            tracker.advance(part.rows, (tracker.done + part.rows) / rows)
    for row in repeated.values():
        _read(row, candidates)
    return candidates


@contextmanager
def _mapped(read: Callable[[int], "_Part"], groups: range, workers: int) -> Iterator[Iterator["_Part"]]:
    """Yield what is read of each part of a file, by so many processes."""
    if workers == 1:
        yield map(read, groups)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:  # a fork would copy locks of other threads
        try:
            yield pool.map(read, groups)
        finally:
            pool.shutdown(cancel_futures=True)


class _Part(NamedTuple):
    """What a part of a file says.

    Attributes:
        rows: How many events it has.
        candidates: What may be duplicates, without the events that stand in the file several times.
        repeated: Those.
    """

    rows: int
    candidates: Candidates
    repeated: list[Row]


def _read_group(path: Path, repeated: Set[str], group: int) -> _Part:
    """Read a part of a file."""
    part = _Part(0, Candidates(), [])
    with pq.ParquetFile(path) as file:
        rows = file.read_row_group(group).to_pylist()
    for row in rows:
        if row["id"] in repeated:
            part.repeated.append(row)
        else:
            _read(row, part.candidates)
    return part._replace(rows=len(rows))


def _repeated_ids(engine: Engine, path: Path) -> set[str]:
    """Return the ids of the events of a Parquet file that stand in it several times."""
    events = engine.parquet([path])
    counts = events.group_by("id").aggregate(count=events.count())
    return {row["id"] for row in engine.rows(counts.filter(counts["count"] > 1).select("id"))}


def _read(row: Row, candidates: Candidates) -> None:
    """Add what an event says."""
    labels = [label["name"] or "" for label in row["labels"] or ()]
    if row["state_reason"] == "duplicate" or any(map(is_duplicate_label, labels)):
        candidates.issues[row["repository_id"]].add(row["number"])
    if row["line"] != COMMENT or row["comment_body"] is None:
        return
    candidates.comments += 1
    read = list(rulings(row["comment_body"]))
    for kind in dict.fromkeys(ruling.kind for ruling in read):
        candidates.rulings[row["at"][:4], kind, language(row["comment_body"]) or ""] += 1
    if any(ruling.kind in RULED for ruling in read):
        candidates.issues[row["repository_id"]].add(row["number"])

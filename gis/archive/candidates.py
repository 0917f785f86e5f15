"""The second pass: what may say that an issue is a duplicate, found by the engine and read in Python."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import ibis
from ibis.expr.types import BooleanColumn, StringColumn, Table

from gis.archive.connections import CORES
from gis.archive.engines import Engine, NotThereError, mapped_here
from gis.archive.labels import READ, SAID, read_labels
from gis.archive.patterns import regex_of
from gis.archive.tables import USED
from gis.console import QUIET, Reporter
from gis.dataset.labels.called import DUPLICATE_IN_LABELS
from gis.dataset.labels.signs import portable_signs
from gis.replacing import write_atomically
from gis.versions import VERSION

NOT_ASCII = "[^ -~]"  # the same in the regular expressions of all engines
LABELS_IN_ASCII = sorted(word for word in DUPLICATE_IN_LABELS if word.isascii())


@dataclass
class Candidates:
    """What may be duplicates.

    Attributes:
        issues: Numbers of issues that a plain ruling, a label or their state calls duplicates, by the repository's id.
        ends: Numbers of issues at either end of rulings of any kind, those among them, by the repository's id.
        elsewhere: Issues that rulings of a repository name in others, owner/name#5, by its id.
        rulings: Rulings by year, kind and language of the comment; "" where that is not certain.
    """

    issues: dict[int, set[int]] = field(default_factory=partial(defaultdict, set))
    ends: dict[int, set[int]] = field(default_factory=partial(defaultdict, set))
    elsewhere: dict[int, set[str]] = field(default_factory=partial(defaultdict, set))
    rulings: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def __str__(self) -> str:
        """Return how many issues of how many repositories are called duplicates."""
        issues, repositories = sum(map(len, self.issues.values())), sum(map(bool, self.issues.values()))
        return f"issues called duplicates: {issues:,}, in repositories: {repositories:,}"

    def add(self, said: Mapping[str, Any]) -> None:
        """Add what an event says, with the columns ``SAID``."""
        if said["is_duplicate"]:
            self.issues[said["repository_id"]].add(said["number"])
        self.ends[said["repository_id"]].update((said["number"], *said["named"]))
        self.elsewhere[said["repository_id"]].update(said["elsewhere"])
        self.rulings.update((said["year"], kind, said["language"]) for kind in said["kinds"])

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
    fits = of_issues.repository.lower().re_search(regex_of(repositories))
    ids = of_issues.filter(fits).select("repository_id").distinct()
    return of_issues.semi_join(ids, "repository_id")


def may_rule(body: StringColumn) -> BooleanColumn:
    """Return whether a comment may be a ruling: true for every one that ``rulings`` reads, and for some more."""
    return ibis.and_(*(body.re_search(sign) for sign in portable_signs()))


def may_be_called(labels: StringColumn) -> BooleanColumn:
    """Return whether one of some labels may say "duplicate": true for every one of ``is_duplicate_label``."""
    lowered = labels.lower()
    return ibis.or_(*(lowered.contains(word) for word in LABELS_IN_ASCII), lowered.re_search(NOT_ASCII))


def find_candidates(events: Table, engine: Engine, path: Path, *, reporter: Reporter = QUIET) -> Candidates:
    """Return what may be duplicates.

    The engine picks what can say so; what it does say is read by the rules of ``gis build``, on the engine's machines.

    Args:
        events: Those that are used.
        engine: What they are on.
        path: Parquet file for what the engine picks, where it is read here.
        reporter: Shows progress.
    """
    labels = events.labels.cast("string")  # as each engine writes a list: not all know functions over its items
    is_candidate = ibis.or_(
        may_rule(events.comment_body), may_be_called(labels), events.state_reason == "duplicate"
    ).fill_null(False)  # noqa: FBT003 - a value
    picked = events.filter(is_candidate).select(*READ)
    try:
        parts = engine.mapped(picked, partial(read_labels, release=VERSION), SAID, path)
    except NotThereError as error:
        reporter.warn(f"rulings are read by this machine alone, as the engine's cannot: {error}")
        write_atomically(path, lambda temporary: engine.write(picked, temporary))
        parts = mapped_here(path, read_labels, SAID, CORES)
    candidates = Candidates()
    seen: set[str] = set()  # an event may stand in several files
    with reporter.track("reading rulings", parts.total, "parts") as tracker:
        for made in parts.made:
            for row in made.to_pylist():
                if row["id"] not in seen:
                    seen.add(row["id"])
                    candidates.add(row)
            tracker.note = str(candidates)
            tracker.advance(1, (tracker.done + 1) / parts.total)
    return candidates

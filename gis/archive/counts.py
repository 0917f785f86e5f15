"""What became of every line of an archive: read = used + left out, by file and reason."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import ibis
from ibis.expr.types import Table

from gis.archive.engines import Engine
from gis.archive.files import ArchiveFile
from gis.archive.tables import MALFORMED, REPEATED, USED


@dataclass
class LineCounts:
    """Lines by what they are, of every file; those that are repeated count as that alone.

    Attributes:
        by_file: By file, in their order.
    """

    by_file: dict[ArchiveFile, Counter[str]] = field(default_factory=dict)

    @property
    def total(self) -> Counter[str]:
        """The lines of all files."""
        return sum(self.by_file.values(), Counter())

    @property
    def used(self) -> int:
        """How many lines are events that are used."""
        return sum(self.total[line] for line in USED)

    @property
    def unknown(self) -> list[ArchiveFile]:
        """The files that have lines of which none can be read: they are of another layout."""
        return [file for file, count in self.by_file.items() if count and set(+count) == {MALFORMED}]

    @property
    def empty(self) -> list[ArchiveFile]:
        """The files without a line."""
        return [file for file, count in self.by_file.items() if not count]


def count_lines(events: Table, engine: Engine, files: Mapping[Path, ArchiveFile]) -> LineCounts:
    """Return what became of every line.

    Args:
        events: The Parquet files of the first pass.
        engine: What they are on.
        files: What each Parquet file was made of.
    """
    counts = LineCounts({file: Counter() for file in files.values()})
    by_key = {path.stem: counts.by_file[file] for path, file in files.items()}
    lines = events.group_by("file", "line").aggregate(count=events.count())
    for row in engine.rows(lines):
        by_key[row["file"]][row["line"]] = row["count"]
    for row in engine.rows(_repeated(events)):
        by_key[row["file"]][row["line"]] -= row["count"]
        by_key[row["file"]][REPEATED] += row["count"]
    return counts


def _repeated(events: Table) -> Table:
    """Return how many events of each file, and of each kind of line, an earlier line has."""
    events = events.filter(events.line.isin(USED)).select("id", "line", "file")
    several = events.group_by("id").aggregate(count=events.count())
    again = events.semi_join(several.filter(several["count"] > 1), "id")
    place = ibis.row_number().over(group_by=again.id, order_by=again.file)
    repeated = again.mutate(place=place)
    repeated = repeated.filter(repeated.place > 0)
    return repeated.group_by("file", "line").aggregate(count=repeated.count())


def names_of(files: Sequence[ArchiveFile], most: int = 3) -> str:
    """Return the names of a few files, for messages."""
    names = ", ".join(file.name for file in files[:most])
    return f"{names} and {len(files) - most:,} more" if len(files) > most else names

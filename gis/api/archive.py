"""From an archive of public events to a store."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gis.api.arguments import PathLike
from gis.console import QUIET, Reporter
from gis.errors import GisError, check_number
from gis.files import make_folder

if TYPE_CHECKING:
    from gis.archive.collect import ArchiveReport
    from gis.archive.estimate import ArchiveEstimate


def collect_archive(
    archive: PathLike,
    *,
    store: PathLike,
    first: str | None = None,
    last: str | None = None,
    repositories: Sequence[str] = (),
    min_duplicates: int = 1,
    unrelated: int | None = None,
    engine: str = "duckdb",
    report: PathLike | None = None,
    reporter: Reporter = QUIET,
) -> "ArchiveReport":
    """Bring the repositories of an archive in which duplicates were found into a store, with the first texts of issues.

    What was read of the archive is kept in a folder beside the store: after an interruption the same call continues,
    and one for more hours reads only those.

    Args:
        archive: A folder or a glob of hourly files, "gharchive" for the public archive, an address with {day} and
            {hour}, or clickhouse://USER@HOST/TABLE for a table on a server.
        store: The SQLite file to fill.
        first: The first day, YYYY-MM-DD; None for that of the first file.
        last: The last day; None for that of the last file.
        repositories: OWNER/NAME in which * stands for anything; none for all.
        min_duplicates: How many issues of a repository must be called duplicates for it to be stored.
        unrelated: How many issues of each repository and month to store of which no ruling speaks; None for all.
        engine: What the queries run on: duckdb or clickhouse, in this process; spark://HOST:PORT, local[2],
            local-cluster[2,1,1024] or sc://HOST:PORT (Spark Connect), which must see the same folders.
        report: Folder for tables of what was found, and a plot; None for none.
        reporter: Where progress and warnings go.

    Raises:
        UsageError: The range is not one, or a number is wrong.
        GisError: The extra of the engine is not installed, it cannot be reached, no file can be read, no repository
            has enough duplicates, or the disk is full; what was read is kept.
    """
    check_number("the least number of duplicates", min_duplicates, 1)
    if unrelated is not None:
        check_number("the number of unrelated issues", unrelated, 0)
    check_extra()
    from gis.archive.collect import collect_archive as collect
    from gis.archive.report import write_report

    if report is not None:
        make_folder(Path(report))  # that it cannot be made shows before hours of work
    found = collect(
        str(archive),
        Path(store),
        first=first,
        last=last,
        repositories=repositories,
        min_duplicates=min_duplicates,
        unrelated=unrelated,
        engine=engine,
        reporter=reporter,
    )
    if report is not None:
        write_report(Path(report), found)
    if not found.repositories:
        raise GisError(
            f"no repository has so many issues that are called duplicates: {min_duplicates:,}; nothing was stored",
            remedy="lower --min-duplicates, or read more hours",
        )
    return found


def estimate_archive(
    archive: PathLike,
    *,
    store: PathLike,
    first: str | None = None,
    last: str | None = None,
    repositories: Sequence[str] = (),
    engine: str = "duckdb",
    reporter: Reporter = QUIET,
) -> "ArchiveEstimate":
    """Return what ``collect_archive`` would read, and how long it would take, from a few files that it reads.

    Args:
        archive: As for ``collect_archive``, like all others.
        store: The SQLite file that would be filled.
        first: The first day, YYYY-MM-DD; None for that of the first file.
        last: The last day; None for that of the last file.
        repositories: OWNER/NAME that a table of events is asked for; of files, all are read.
        engine: What reads them.
        reporter: Where progress and warnings go.

    Raises:
        UsageError: The range is not one.
        GisError: The extra of the engine is not installed, it cannot be reached, or no file can be read.
    """
    check_extra()
    from gis.archive.estimate import estimate_archive as estimate

    return estimate(
        str(archive),
        Path(store),
        first=first,
        last=last,
        repositories=repositories,
        engine=engine,
        reporter=reporter,
    )


def check_extra() -> None:
    """Check that the packages are installed that archives need.

    Raises:
        GisError: They are not.
    """
    try:
        import duckdb  # noqa: F401
        import ibis  # noqa: F401
    except ImportError as error:
        raise GisError("archives need the extra 'archive': pip install 'gis-similarity[archive]'") from error

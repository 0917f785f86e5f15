"""What ``gis collect --archive`` does."""

from pathlib import Path

import gis.api
from gis.cli.app import interruptible, print_notes
from gis.console import Reporter
from gis.errors import UsageError


def collect_archive(
    archive: str,
    store: Path,
    *,
    first: list[Path],
    last: str | None,
    repositories: list[str],
    min_duplicates: int,
    report: Path | None,
    quiet: bool,
) -> None:
    """Fill a store from an archive, and print what became of its lines."""
    if len(first) > 1:
        raise UsageError("an archive is read from one day on", remedy="give --from once, as 2024-01-31")
    with interruptible():
        found = gis.api.collect_archive(
            archive,
            store=store,
            first=str(first[0]) if first else None,
            last=last,
            repositories=repositories,
            min_duplicates=min_duplicates,
            report=report,
            reporter=Reporter(quiet=quiet),
        )
    print_notes(*found.summary())

"""What ``gis collect --archive`` does."""

from pathlib import Path

import gis.api
from gis.cli.app import interruptible, print_notes
from gis.cli.store_status import show_store
from gis.console import Reporter
from gis.errors import UsageError

SHOWN = 20  # repositories, of what may be thousands


def collect_archive(
    archive: str,
    store: Path,
    *,
    first: list[Path],
    last: str | None,
    repositories: list[str],
    min_duplicates: int,
    unrelated: int | None,
    engine: str,
    report: Path | None,
    dry_run: bool,
    quiet: bool,
) -> None:
    """Fill a store from an archive, and print what became of its lines; or what that would cost."""
    if len(first) > 1:
        raise UsageError("an archive is read from one day on", remedy="give --from once, as 2024-01-31")
    begin = str(first[0]) if first else None
    reporter = Reporter(quiet=quiet)
    with interruptible():
        if dry_run:
            estimate = gis.api.estimate_archive(
                archive,
                store=store,
                first=begin,
                last=last,
                repositories=repositories,
                engine=engine,
                reporter=reporter,
            )
            print_notes(str(estimate))
            return
        found = gis.api.collect_archive(
            archive,
            store=store,
            first=begin,
            last=last,
            repositories=repositories,
            min_duplicates=min_duplicates,
            unrelated=unrelated,
            engine=engine,
            report=report,
            reporter=reporter,
        )
    print_notes(*found.summary(), "")
    show_store(store, status=True, manifest=False, check=False, most_repositories=SHOWN)

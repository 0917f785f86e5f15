"""What a store contains, printed."""

import json
from pathlib import Path

import typer

from gis.cli.app import print_notes, print_table


def show_store(
    store: Path, *, status: bool, manifest: bool, check: bool = True, most_repositories: int | None = None
) -> None:
    """Print what the store contains: all its repositories, or so many of the largest."""
    from gis.collector.status import status_notes, status_table
    from gis.collector.store import Store

    with Store(store, check=check) as opened:
        repositories = opened.status()
        if status and repositories:
            shown = repositories
            if most_repositories is not None and len(repositories) > most_repositories:
                shown = sorted(repositories, key=lambda repository: -repository.issues)[:most_repositories]
            print_table(status_table(shown), "", *status_notes(repositories, opened.left_out()))
            if more := len(repositories) - len(shown):
                print_notes(f"The largest are shown; more repositories: {more:,}. See gis collect --status.")
        if manifest:
            typer.echo(json.dumps(opened.runs(), indent=2))

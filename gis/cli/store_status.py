"""What a store contains, printed."""

import json
from pathlib import Path

import typer

from gis.cli.app import print_table


def show_store(store: Path, *, status: bool, manifest: bool, check: bool = True) -> None:
    """Print what the store contains."""
    from gis.collector.status import status_notes, status_table
    from gis.collector.store import Store

    with Store(store, check=check) as opened:
        repositories = opened.status()
        if status and repositories:
            print_table(status_table(repositories), "", *status_notes(repositories, opened.left_out()))
        if manifest:
            typer.echo(json.dumps(opened.runs(), indent=2))

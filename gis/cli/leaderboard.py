"""The verb that ranks: leaderboard."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis.cli.app import app, print_table
from gis.errors import GisError, UsageError

if TYPE_CHECKING:
    from gis.leaderboard.table import Table


@app.command(no_args_is_help=True)
def leaderboard(
    results: Annotated[Path, typer.Argument(help="Folder that gis bench wrote.")],
    task: Annotated[
        list[str] | None, typer.Option("--task", "-t", help="Show only these tasks and suites: T,T,…")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write Markdown: a file of its own, or between a file's two markers.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write CSV with unrounded scores.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is stale.")] = False,
) -> None:
    """Rank the models of a results folder.

    Example: gis leaderboard results --markdown README.md
    """
    if check and markdown is None and csv is None:
        raise UsageError("--check needs a file to check: --markdown FILE or --csv FILE")
    from gis.leaderboard.render import comma_separated, with_block, write_or_check
    from gis.leaderboard.render import markdown as as_markdown
    from gis.leaderboard.table import load_table
    from gis.spec import parse_specs

    table = load_table(results, [spec.name for spec in parse_specs(task or [])])
    stale = []
    if markdown is not None and not write_or_check(markdown, with_block(markdown, as_markdown(table)), check=check):
        stale.append(markdown)
    if csv is not None and not write_or_check(csv, comma_separated(table), check=check):
        stale.append(csv)
    print_leaderboard(table)  # last: whoever reads it through head(1) still gets the files
    if check and stale:
        raise GisError(f"stale: {', '.join(map(str, stale))}; run the command again without --check")


def print_leaderboard(table: "Table") -> None:
    """Print the table and its notes."""
    from gis.leaderboard.render import terminal_table

    print_table(terminal_table(table))
    for note in table.notes:
        typer.echo(note)

"""The verb that compares two models: compare."""

from pathlib import Path
from typing import Annotated

import typer

from gis.cli.app import app, print_notes, print_table
from gis.cli.options import ResultsFolder, ShownTasks


@app.command(no_args_is_help=True)
def compare(
    results: ResultsFolder,
    first: Annotated[
        str, typer.Argument(metavar="A", help="A model: its name, or six or more of the first digits of its identity.")
    ],
    second: Annotated[str, typer.Argument(metavar="B", help="Another model.")],
    task: ShownTasks = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write the answer as Markdown.")] = None,
) -> None:
    """Say whether model A is better than model B.

    Example: gis compare results minilm tfidf --task sts
    """
    from gis.leaderboard.result_set import load_results
    from gis.replacing import write_text
    from gis.spec import parse_specs

    comparison = load_results(results).compare(first, second, [spec.name for spec in parse_specs(task or [])])
    if markdown is not None:
        write_text(markdown, comparison.to_markdown())
    print_notes(comparison.answer, "")
    print_table(comparison.terminal_table(), *comparison.notes)

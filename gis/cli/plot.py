"""The verb that draws: plot."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from gis.cli.app import app, print_notes
from gis.cli.options import ResultsFolder, ShownTasks


@app.command(no_args_is_help=True)
def plot(
    results: ResultsFolder,
    kind: Annotated[
        Literal["intervals", "length", "cost", "scatter", "heatmap"],
        typer.Option(
            "--kind",
            "-k",
            help="Scores with intervals and ranks; scores by text length; quality against cost; two columns against"
            " each other; which model is certainly better than which.",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Image: .svg, .png or .pdf.")],
    task: ShownTasks = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            "-c",
            metavar="TITLE",
            help="Column of the leaderboard to draw; for a scatter plot, twice. For lengths, the name of a task.",
            show_default="the first",
        ),
    ] = None,
    cost: Annotated[
        Literal["speed", "parameters"] | None,
        typer.Option(help="What a cost plot takes as cost.", show_default="speed, where known"),
    ] = None,
) -> None:
    """Draw the models of a results folder.

    Example: gis plot results --kind intervals --output ranks.svg
    """
    from gis.leaderboard.plots import check_ending, draw, save_figure
    from gis.leaderboard.table import load_table
    from gis.spec import parse_specs

    check_ending(output)
    board = load_table(results, [spec.name for spec in parse_specs(task or [])])
    save_figure(draw(board, kind, column or [], cost=cost), output)
    print_notes(f"wrote {output}")

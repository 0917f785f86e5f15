"""The verb that ranks: leaderboard."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis.cli.app import app, print_notes, print_table
from gis.cli.options import ResultsFolder, ShownTasks
from gis.errors import GisError, UsageError

if TYPE_CHECKING:
    from gis.leaderboard.board import Leaderboard
    from gis.leaderboard.reported import Reported
    from gis.leaderboard.retrieval import RetrievalTable

NAMED = 6  # missing cells that are named


@app.command(no_args_is_help=True)
def leaderboard(
    results: ResultsFolder,
    task: ShownTasks = None,
    reported: Annotated[
        list[str] | None,
        typer.Option(
            metavar="published|FILE|DIR",
            help="Also show scores that others report: those that ship with gis, a file, results of mteb.",
        ),
    ] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write Markdown.")] = None,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write Markdown into any file, between the two lines that mark the place."),
    ] = None,
    latex: Annotated[Path | None, typer.Option(metavar="FILE", help="Write LaTeX with booktabs.")] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write CSV with unrounded scores.")] = None,
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page that sorts and filters, in one file without network."),
    ] = None,
    tidy: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write CSV with a row for each model, task, view and metric, with intervals.",
        ),
    ] = None,
    mteb: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the results as mteb stores them, into DIR.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is stale.")] = False,
) -> None:
    """Rank the models of a results folder.

    Example: gis leaderboard results --into README.md --html leaderboard.html
    """
    from gis.leaderboard.documents import own_document, with_block, write_or_check
    from gis.leaderboard.retrieval import load_boards, with_retrieval
    from gis.leaderboard.tidy import tidy_csv
    from gis.spec import parse_specs

    if check and not any((markdown, into, latex, csv, tidy, html, mteb)):
        raise UsageError("--check needs a file to check", remedy="add --into FILE, --markdown FILE or --csv FILE")
    names = [spec.name for spec in parse_specs(task or [])]
    board, tables = load_boards(results, names, reported=_reported(reported or []))
    outputs: list[tuple[Path | None, Callable[[Path], str]]] = [
        (markdown, lambda path: own_document(path, with_retrieval(board, tables))),
        (into, lambda path: with_block(path, with_retrieval(board, tables))),
        (tidy, lambda _: tidy_csv(board, tables)),
    ]
    if board is None and any((html, mteb)):
        raise GisError(
            f"{results} has results of retrieval only, and --html and --mteb are for results on pairs",
            remedy="write them with --markdown, --into, --latex, --csv or --tidy FILE",
        )
    outputs += _tables_of(board, tables, latex=latex, csv=csv, html=html)
    files = {path: content(path) for path, content in outputs if path is not None}
    files |= _mteb_files(board, mteb) if mteb is not None and board is not None else {}
    stale = [path for path, text in files.items() if not write_or_check(path, text, check=check)]
    if board is not None:  # last: whoever reads it through head(1) still gets the files
        print_leaderboard(board, results)
    print_retrieval(tables)
    _print_missing(results)
    if check and stale:
        raise GisError(f"stale: {', '.join(map(str, stale))}", remedy="run the command again without --check")


def _tables_of(
    board: "Leaderboard | None",
    tables: "Sequence[RetrievalTable]",
    *,
    latex: Path | None,
    csv: Path | None,
    html: Path | None,
) -> list[tuple[Path | None, Callable[[Path], str]]]:
    """Return what goes into each file that is made of whole tables."""
    from gis.console import Reporter
    from gis.leaderboard.page import render_page
    from gis.leaderboard.retrieval import latex_of, retrieval_csv

    of_latex: tuple[Path | None, Callable[[Path], str]] = (latex, lambda _: latex_of(board, tables))
    if board is None:
        return [of_latex, (csv, lambda _: retrieval_csv(tables))]
    if csv is not None and tables:
        names = ",".join(table.rows[0].result.task.name for table in tables)
        Reporter().warn(f"{csv} has the results on pairs; for those of retrieval: --task {names}, or --tidy FILE")
    return [of_latex, (csv, lambda _: board.to_csv()), (html, lambda _: render_page(board, tables))]


def _reported(names: Iterable[str]) -> "list[Reported]":
    """Read the published scores that were asked for, and say what of them cannot be used."""
    from gis.console import Reporter
    from gis.leaderboard.published import load_reported

    models: list[Reported] = []
    for name in names:
        scores = load_reported(name)
        models += scores.models
        for reason, count in scores.left_out.items():
            Reporter().warn(f"left out of {name}: {count:,} {'file' if count == 1 else 'files'} {reason}")
    return models


def _mteb_files(board: "Leaderboard", folder: Path) -> dict[Path, str]:
    """Return the results of a leaderboard as files of mteb, and say which of them cannot be."""
    from gis.benchmark.mteb_export import mteb_files
    from gis.console import Reporter

    files, left_out = mteb_files([result for row in board.rows for result in row.results], folder)
    for line in left_out:
        Reporter().warn(f"not exported: {line}")
    return files


def _print_missing(results: Path) -> None:
    """Say which cells of runs in shards have no result, and how to score them."""
    from gis.benchmark.shards import unfinished_runs
    from gis.console import Reporter

    for run in unfinished_runs(results):
        named = ", ".join(f"{cell.model} on {cell.task}" for cell in run.missing[:NAMED])
        more = f" and {len(run.missing) - NAMED} more" if len(run.missing) > NAMED else ""
        Reporter().warn(f"{len(run.missing)} of {run.cells} cells of a run in shards are missing: {named}{more}")
        first, *others = sorted({cell.shard for cell in run.missing})
        also = f" (and with --shard {', '.join(f'{shard}/{run.shards}' for shard in others)})" if others else ""
        Reporter().say(f"to score them{also}:\n    {run.command_of(first)}")


def print_retrieval(tables: "Sequence[RetrievalTable]") -> None:
    """Print the table of each retrieval task, with its notes."""
    for table in tables:
        print_notes("", f"{table.title}: {table.caption}")
        print_table(table.terminal_table(), *table.notes)


def print_leaderboard(board: "Leaderboard", results: Path) -> None:
    """Print a leaderboard and its notes.

    Args:
        board: What to print.
        results: The folder of the results, for the command that shows columns which do not fit.
    """
    import shlex

    hint = f"gis leaderboard {shlex.quote(str(results))} --csv FILE"
    print_table(board.terminal_table(hint=hint), "", *board.notes)

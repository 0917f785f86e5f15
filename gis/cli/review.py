"""The verb that has people check the scores of pairs."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gis import api
from gis.cli.app import app, interruptible, print_notes, print_table
from gis.errors import UsageError

if TYPE_CHECKING:
    from gis.annotation.bands import Band
    from gis.annotation.review import Conflict

MOST_CONFLICTS = 10  # that are named


@app.command(no_args_is_help=True)
def review(
    folder: Annotated[Path, typer.Argument(metavar="DIR", file_okay=False, help="Folder of pairs with scores.")],
    reviewer: Annotated[str, typer.Option(metavar="NAME", help="Who answers; each reviewer is asked anew.")] = "",
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Ask about N pairs, of all scores.")] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of the order of pairs.")] = 0,
    export_to: Annotated[
        Path | None,
        typer.Option("--export", metavar="FILE", dir_okay=False, help="Write pairs and answers to FILE; ask nobody."),
    ] = None,
    form: Annotated[
        Literal["label-studio", "argilla"], typer.Option(help="Which tool the JSON of --export is for.")
    ] = "label-studio",
    import_from: Annotated[
        Path | None,
        typer.Option("--import", metavar="FILE", dir_okay=False, help="Add the answers of a file from either tool."),
    ] = None,
) -> None:
    """Ask a person whether pairs say the same.

    Pairs of all scores come in turn; the scores are not shown. Answers are kept in DIR/review/review.jsonl, and the
    same command continues.

    Example: gis review graded --reviewer Ada
    """
    from gis.annotation.bands import bands, review_order
    from gis.annotation.review import REVIEW, Reviews, load_scored

    if export_to is not None and import_from is not None:
        raise UsageError("--export and --import were given together", remedy="give one of them")
    if export_to is not None:
        count = api.export_reviews(folder, export_to, form=form, limit=limit, seed=seed)
        print_notes(f"{count:,} pairs in {export_to}; when they are reviewed: gis review DIR --import FILE")
        return
    if import_from is not None:
        counts = api.import_reviews(folder, import_from)
        others = f", {counts.others:,} about pairs that are not in {folder}" if counts.others else ""
        print_notes(f"{counts.added:,} answers added, {counts.known:,} were known{others}")
    pairs = load_scored(folder)
    reviews = Reviews(folder / REVIEW, pairs)
    if import_from is None:
        from rich.console import Console

        from gis.annotation.output import task_of
        from gis.annotation.review_screen import QUESTION, QUESTION_BY_TASK
        from gis.annotation.review_screen import review as ask

        with interruptible("all answers are kept, the same command continues"):
            order = review_order(pairs, seed)[:limit]
            question = QUESTION_BY_TASK.get(task_of(folder), QUESTION)
            ask(pairs, reviews, order, _keys(), Console(highlight=False), reviewer=reviewer, question=question)
    _print_bands(bands(pairs, reviews))
    _print_conflicts(reviews.conflicts())


def _keys() -> Iterator[str]:
    """Yield what is pressed in a terminal, without Enter; elsewhere the characters of standard input."""
    while sys.stdin.isatty():
        try:
            yield typer.getchar()
        except EOFError:  # Ctrl-D
            return
    while character := sys.stdin.read(1):
        yield character


def _print_bands(rows: "list[Band]") -> None:
    from gis.annotation.bands import BAND_TITLES, RIGHT, band_cells
    from gis.terminal_table import Column, TerminalTable

    first, *others = BAND_TITLES
    table = TerminalTable([Column(title=first, align="left"), *(Column(title=title) for title in others)])
    for band in rows:
        table.add_row(*band_cells(band))
    print_table(table, "", RIGHT)


def _print_conflicts(conflicts: "list[Conflict]") -> None:
    """Name the pairs on which reviewers disagree."""
    if not conflicts:
        return
    what = "one pair, which counts" if len(conflicts) == 1 else f"{len(conflicts):,} pairs, which count"
    lines = [f"Reviewers disagree on {what} as unsure:"]
    for conflict in conflicts[:MOST_CONFLICTS]:
        answers = ", ".join(f"{name or 'no name'} {answer}" for name, answer in conflict.answers.items())
        lines.append(f"  {conflict.id}: {answers}")
    if len(conflicts) > MOST_CONFLICTS:
        lines.append(f"  and {len(conflicts) - MOST_CONFLICTS:,} more")
    print_notes("", *lines)

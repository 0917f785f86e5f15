"""The verb that lists the pairs a model gets most wrong: errors."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis.cli.app import app, print_table
from gis.cli.options import ResultsFolder

if TYPE_CHECKING:
    import pandas as pd

    from gis.terminal_table import TerminalTable


@app.command(no_args_is_help=True)
def errors(
    results: ResultsFolder,
    model: Annotated[
        str,
        typer.Option(
            "--model", "-m", metavar="NAME", help="Its name, or six or more of the first digits of its identity."
        ),
    ],
    task: Annotated[
        str | None,
        typer.Option("--task", "-t", metavar="NAME", help="The task.", show_default="the model's only one"),
    ] = None,
    n: Annotated[int, typer.Option("--n", metavar="N", min=1, help="How many pairs.")] = 20,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write them as CSV.")] = None,
) -> None:
    """List the pairs that a model scores worst.

    Graded labels: the pairs whose rank by score is furthest from that by label. Binary labels: the negatives that score
    highest and the positives that score lowest.

    Example: gis errors results --model minilm --task stsb
    """
    from gis.leaderboard.result_set import load_results
    from gis.markdown import csv_text
    from gis.replacing import write_text

    frame = load_results(results).errors(model, task, n)
    if csv is not None:
        rows = frame.astype(object).itertuples(index=False, name=None)
        write_text(csv, csv_text(list(frame.columns), rows))
    reading = " Length → how much of it the model read." if "cut1" in frame else ""
    notes = [f"Ranks count from the most similar pair; equal ones share the mean.{reading}"]
    if "issue1" in frame:
        notes.append("Addresses are those on github.com; the ids of pairs do not name a server.")
    print_table(_table(frame), "", *notes)


def _table(frame: "pd.DataFrame") -> "TerminalTable":
    from gis.terminal_table import Column, TerminalTable

    group = next((name for name in ("subset", "stratum") if name in frame), None)
    columns = [
        Column(title="pair", align="left"),
        Column(title="error", align="left"),
        Column(title="label"),
        Column(title="score"),
        Column(title="by score", group="rank"),
        Column(title="by label", group="rank", priority=1),
    ]
    columns += [Column(title=group, align="left", priority=2)] if group else []
    lengths = [side for side in "12" if f"cut{side}" in frame]
    columns += [Column(title=f"text {side}", group="length", priority=3) for side in lengths]
    issues = [name for name in ("issue1", "issue2") if name in frame]
    columns += [Column(title=name, align="left") for name in issues]
    table = TerminalTable(columns, hint="--csv FILE")
    for row in frame.to_dict("records"):
        cells = [row["id"], row["error"], f"{row['label']:g}", f"{row['score']:.4f}"]
        cells += [_rank(row["rank_by_score"]), _rank(row["rank_by_label"])]
        cells += [str(row[group])] if group else []
        cells += [_length(row[f"tokens{side}"], row[f"cut{side}"]) for side in lengths]
        table.add_row(*cells, *(str(row[name]) for name in issues))
    return table


def _rank(rank: float) -> str:
    return f"{rank:,.1f}".removesuffix(".0")


def _length(tokens: int, cut: int) -> str:
    return f"{tokens:,} → {tokens - cut:,}" if cut else f"{tokens:,}"

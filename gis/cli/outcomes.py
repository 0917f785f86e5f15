"""The verb ``outcomes``: what became of suggested duplicates."""

import json
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gis import api
from gis.cli.app import app, print_notes, print_table


@app.command()
def outcomes(
    store: Annotated[Path, typer.Option(metavar="FILE", help="Store that gis collect filled.")] = Path("issues.db"),
    as_json: Annotated[bool, typer.Option("--json", help="Print each suggestion, as JSON.")] = False,
) -> None:
    """Count what people answered to suggested duplicates.

    Suggestions are comments of gis find and of other bots, and GitHub's own suggestions to close an issue.

    Example: gis outcomes --store issues.db
    """
    from gis.finder.outcomes import ANSWERS
    from gis.terminal_table import Column, TerminalTable

    known = api.outcomes(store)
    if as_json:
        typer.echo(json.dumps([asdict(outcome) for outcome in known], indent=2, ensure_ascii=False))
        return
    if not known:
        print_notes(f"no comment and no suggestion in {store} is a machine's that names a duplicate")
        return
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for outcome in known:
        counts[outcome.source, outcome.author, outcome.certificate][outcome.answer] += 1
    headings = ["by", "author", "certificate"]
    table = TerminalTable(
        [*(Column(title=title, align="left") for title in headings), *(Column(title=answer) for answer in ANSWERS)]
    )
    for suggested, answers in sorted(counts.items()):
        table.add_row(*suggested, *(f"{answers[answer]:,}" for answer in ANSWERS))
    print_table(
        table,
        "accepted: ruled a duplicate of a candidate; other: of another issue. liked, disliked: a thumb up or down, and "
        "no ruling. none: no answer up to the last gis collect.",
    )

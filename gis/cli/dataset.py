"""The verb that makes a dataset of what was collected: build."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from gis.cli.app import app, interruptible
from gis.errors import UsageError


@app.command(no_args_is_help=True)
def build(
    output: Annotated[Path, typer.Option(help="Folder to make.")],
    store: Annotated[Path, typer.Option(help="What gis collect filled.")] = Path("issues.db"),
    recipe: Annotated[
        Literal["gis", "paper"],
        typer.Option(help="What the other options start from; paper: random negatives, HTML-like text, as published."),
    ] = "gis",
    negatives: Annotated[
        str | None, typer.Option(help="Shares of strata: random=1,same_label=1,same_author=1,bm25=2,…")
    ] = None,
    ratio: Annotated[
        float | None, typer.Option(help="Negatives for each positive, 0 to 1000.", show_default="1; paper 0.96")
    ] = None,
    dense: Annotated[str | None, typer.Option(help="Encoder that finds the negatives of the stratum dense.")] = None,
    closure: Annotated[int, typer.Option(min=0, help="Pairs of a cluster that only follow, at the most.")] = 0,
    text: Annotated[
        Literal["markdown", "plain", "html"] | None,
        typer.Option(help="Form of the texts.", show_default="markdown; paper html"),
    ] = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="Titles and bodies of today, also where the first ones are known.")
    ] = False,
    languages: Annotated[
        str | None,
        typer.Option(help="ISO 639-1 codes to keep, with commas; any keeps all.", show_default="en; paper any"),
    ] = None,
    min_words: Annotated[
        int | None, typer.Option(min=1, help="Leave out shorter issues.", show_default="5; paper 1")
    ] = None,
    max_chars: Annotated[int, typer.Option(min=1, help="Leave out longer issues.")] = 50_000,
    leave_out: Annotated[
        Path | None, typer.Option(help="File of issues to leave out, OWNER/NAME#N or address a line: removal requests.")
    ] = None,
    policy: Annotated[Path | None, typer.Option(help="TOML file that changes which evidence counts.")] = None,
    no_retrieval: Annotated[bool, typer.Option("--no-retrieval", help="Leave out corpus and queries.")] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of splits and negatives.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that gis build made.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings.")] = False,
) -> None:
    """Make a dataset of duplicate issues without leaks, with every label's evidence, a card and a manifest.

    Example: gis build --store issues.db --output my-issues
    """
    from gis.console import Reporter
    from gis.dataset.build import build as make
    from gis.dataset.settings import RECIPES, read_shares
    from gis.spec import parse_spec

    start = RECIPES[recipe]
    shares = start.shares if negatives is None else read_shares(negatives)
    if dense and "dense" not in shares:
        more = {**shares, "dense": 1 / len(shares)}  # as much as the others have on average
        shares = {name: share / sum(more.values()) for name, share in more.items()}
    if ratio is not None and not 0 <= ratio <= 1000:
        raise UsageError(f"--ratio {ratio}: write a number from 0 to 1000")
    codes = () if languages in (None, "any") else tuple(code.strip().lower() for code in languages.split(","))
    if wrong := [code for code in codes if not re.fullmatch("[a-z]{2}", code)]:
        raise UsageError(f"--languages: '{wrong[0]}' is no ISO 639-1 code; write en or en,de")
    settings = replace(
        start,
        shares=shares,
        ratio=start.ratio if ratio is None else ratio,
        closure=closure,
        text=replace(
            start.text,
            form=text or start.text.form,
            original=start.text.original and not latest,
            min_words=min_words or start.text.min_words,
            max_chars=max_chars,
            languages=start.text.languages if languages is None else codes,
            removed=_removed(leave_out),
        ),
        policy=policy,
        dense=None if dense is None else parse_spec(dense),
        retrieval=not no_retrieval,
        seed=seed,
    )
    with interruptible("nothing was written"):
        reporter = Reporter(quiet=quiet)
        report = make(store, output, settings, reporter, force=force)
    pairs = sum(report.configs["default"].pairs.values())
    typer.echo(
        f"{pairs:,} pairs from {sum(report.clusters.values()):,} clusters in {output}; the card: {output}/README.md"
    )
    reporter.say(f"score a model on it: gis bench --model minilm --task {output}")


def _removed(file: Path | None) -> tuple[str, ...]:
    """The issues that a file names, as OWNER/NAME#N."""
    from gis.dataset.issues.references import references

    if file is None:
        return ()
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--leave-out {file}: {error}") from error
    named: list[str] = []
    for number, line in enumerate(lines, start=1):
        found = [each for each in references(line) if each.repository is not None]
        if line.strip() and len(found) != 1:
            raise UsageError(f"--leave-out {file}:{number}: '{line.strip()}' names no issue; write OWNER/NAME#N")
        named += [f"{each.repository}#{each.number}" for each in found]
    return tuple(named)

"""The verb that builds a dataset from a store: build."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from gis import api
from gis.cli.app import app, interruptible, print_text, what_stands_at
from gis.cli.options import Quiet, moment_of
from gis.errors import UsageError
from gis.files import read_written_by_hand


@app.command(no_args_is_help=True)
def build(
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder to create.")],
    store: Annotated[Path, typer.Option(metavar="FILE", help="Store that gis collect filled.")] = Path("issues.db"),
    recipe: Annotated[
        Literal["gis", "paper"],
        typer.Option(help="Defaults for the other options; paper: the published recipe (random negatives, HTML text)."),
    ] = "gis",
    negatives: Annotated[
        str | None,
        typer.Option(
            metavar="STRATUM=WEIGHT,…",
            help="Weights in train of random, same_label, same_author, cross_referenced, bm25 and dense negatives.",
            show_default="equal, without dense; paper random",
        ),
    ] = None,
    ratio: Annotated[
        float | None,
        typer.Option(metavar="X", help="Negatives per positive in train, 0 to 1000.", show_default="1; paper 0.96"),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="A/B/C", help="Per cent of the duplicates in train, valid and test; 0/0/100 to evaluate only."
        ),
    ] = "80/10/10",
    dense: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Encoder that finds the negatives of the stratum dense.")
    ] = None,
    closure: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Maximum transitive pairs per cluster (A-C where A-B and B-C were ruled)."
        ),
    ] = 0,
    text: Annotated[
        Literal["markdown", "plain", "html"] | None,
        typer.Option(help="Format of the texts.", show_default="markdown; paper html"),
    ] = None,
    latest: Annotated[
        bool, typer.Option("--latest", help="Use current titles and bodies even where the originals are known.")
    ] = False,
    languages: Annotated[
        str | None,
        typer.Option(
            metavar="CODE,…", help="ISO 639-1 codes of the languages to keep, or any.", show_default="en; paper any"
        ),
    ] = None,
    min_words: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Leave out issues with fewer words.", show_default="5; paper 1"),
    ] = None,
    max_chars: Annotated[int, typer.Option(metavar="N", min=1, help="Leave out issues with more characters.")] = 50_000,
    leave_out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Issues to leave out (removal requests): OWNER/NAME#N or a URL per line."),
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(metavar="FILE", help="TOML file that changes which evidence counts.")
    ] = None,
    judged: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            file_okay=False,
            help="Folder of gis annotate rule (comments that models read) or repair (what people decided); repeatable.",
        ),
    ] = None,
    no_retrieval: Annotated[
        bool, typer.Option("--no-retrieval", help="Do not write the retrieval task (corpus, queries, qrels).")
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed for splits and negatives.")] = 0,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Build from what the store held at DATE, so that a backtest can judge what learns it."
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a folder that gis build created.")] = False,
    quiet: Quiet = False,
) -> None:
    """Build a dataset of duplicate issues from a store.

    The splits share no issue and no cluster, every label has its evidence, and the folder has a card and a manifest.

    Example: gis build --store issues.db --output my-issues
    """
    from gis.console import Reporter
    from gis.spec import Spec

    reporter = Reporter(quiet=quiet)
    named = () if leave_out is None else _issues_named_in(leave_out)
    with interruptible(what_stands_at(output)):
        report = api.build(
            store,
            output,
            recipe=recipe,
            negatives=None if negatives is None else _weights(negatives),
            split=_percentages(split),
            ratio=ratio,
            dense=dense,
            closure=closure,
            text=text,
            original=False if latest else None,
            languages=None if languages is None else _languages(languages),
            min_words=min_words,
            max_chars=max_chars,
            leave_out=named,
            policy=policy,
            judged=judged or (),
            retrieval=not no_retrieval,
            seed=seed,
            until=None if until is None else moment_of(until, "--until"),
            force=force,
            reporter=reporter,
        ).report
    print_text(
        f"{report.pairs:,} pairs from {sum(report.clusters.values()):,} clusters in {output}; "
        f"the card: {output}/README.md"
    )
    reporter.say(f"score a model on it: gis bench --model minilm --task {shlex.quote(str(Spec(str(output))))}")


def _weights(text: str) -> dict[str, float]:
    """Read the weights of strata as they are typed: ``random=1,bm25=2``; without a number the weight is 1."""
    weights: dict[str, float] = {}
    for part in text.split(","):
        stratum, _, weight = part.strip().partition("=")
        if stratum in weights:
            raise UsageError(f"--negatives: the stratum '{stratum}' has two weights")
        try:
            weights[stratum] = float(weight or 1)
        except ValueError:
            raise UsageError(f"--negatives: '{weight}' is not a number") from None
    return weights


def _percentages(text: str) -> list[float]:
    """Read the shares of the splits as they are typed: ``80/10/10``."""
    try:
        return [float(part) for part in text.split("/")]
    except ValueError:
        raise UsageError(f"--split {text}: not of the form 80/10/10 (train/valid/test, in per cent)") from None


def _languages(text: str) -> list[str]:
    return [] if text == "any" else [code.strip().lower() for code in text.split(",")]


def _issues_named_in(file: Path) -> list[str]:
    """Read a file that names an issue per line; return them as OWNER/NAME#N."""
    from gis.dataset.issues.references import references

    try:
        lines = read_written_by_hand(file).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--leave-out {file}: {error}") from error
    names: list[str] = []
    for number, line in enumerate(lines, start=1):
        named = [reference for reference in references(line) if reference.repository is not None]
        if line.strip() and len(named) != 1:
            raise UsageError(f"--leave-out {file}:{number}: '{line.strip()}' does not name an issue as OWNER/NAME#N")
        names += [f"{reference.repository}#{reference.number}" for reference in named]
    return names

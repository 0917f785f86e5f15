"""The verb that has models label pairs."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gis import api
from gis.cli.app import app, interruptible, print_table, print_text
from gis.cli.options import Data, Device, Offline, Quiet

if TYPE_CHECKING:
    from gis.annotation.asking import Estimate


NEXT = {
    "grade": "check it: gis review {folder}; train on it: gis train --task {folder} --model … --output …",
    "generate": "check it: gis review {folder}; train on it: gis train --task {folder} --model … --output …",
    "rule": "check it: gis review {folder}; use it: gis build --judged {folder} --store … --output …",
    "repair": "decide: gis review {folder}; the same command then writes the mended pairs to {folder}/mended",
}


@app.command(no_args_is_help=True)
def annotate(
    pairs: Annotated[
        str,
        typer.Option(
            *("--pairs", "--texts", "--store"),
            metavar="TASK",
            help="Pairs or texts: a task, folder, file or Hub dataset (train split), or a store's similar issues.",
        ),
    ],
    model: Annotated[
        list[str],
        typer.Option("--model", "-m", metavar="NAME,…", help="Annotators: models of --base-url, or of gis."),
    ],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the dataset; it keeps every answer.")],
    kind: Annotated[
        Literal["grade", "generate", "rule", "repair"],
        typer.Argument(
            metavar="KIND",
            help="grade pairs; generate pairs from texts; rule: judge a store's comments, for gis build --judged; "
            "repair: list labels that --by MODEL and the annotators contradict.",
        ),
    ] = "grade",
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="OpenAI-compatible server, such as http://localhost:8000/v1.")
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="sts or issues; to generate, paraphrases or issues; or a TOML file.",
            show_default="sts; paraphrases; rulings",
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=20, help="Texts of each meaning to generate for a text.", show_default="2"
        ),
    ] = None,
    gold: Annotated[
        str | None,
        typer.Option(metavar="TASK", help="People's labels, 0 to 5, or answers of gis review: calibrates the grades."),
    ] = None,
    max_chars: Annotated[
        int | None, typer.Option(metavar="N", min=16, help="Show annotators N characters of a text: head and tail.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print requests, tokens and cost; send nothing.")] = False,
    prices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML or JSON: what a million tokens of each model cost, input and output."),
    ] = None,
    max_requests: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Stop at N requests, earlier runs included.")
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(metavar="N", min=1, help="Stop at N tokens.")] = None,
    max_cost: Annotated[float | None, typer.Option(metavar="X", min=0, help="Stop before it costs more.")] = None,
    in_flight: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Requests on their way at once.")] = 8,
    data: Data = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=2, help="Annotate N of the pairs.")] = None,
    strategy: Annotated[
        Literal["random", "uncertain", "spread"], typer.Option(help="Which N: random, or by the similarities of --by.")
    ] = "random",
    by: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Model of gis that uncertain, spread and repair go by.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Random seed of the choice.")] = 0,
    device: Device = "auto",
    offline: Offline = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace an annotation with other settings; its answers are kept.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Have models grade pairs, write pairs or read rulings.

    Every pair is graded from 0 to 5, in both orders. The folder can be trained on: gis train --task DIR.

    If it is stopped, the same command continues, and no answer is paid for twice.

    Example: gis annotate --pairs pairs.jsonl --base-url http://localhost:8000/v1 --model NAME --output graded

    Example: gis annotate generate --texts texts.jsonl --base-url URL --model NAME --output written
    """
    from gis.console import Reporter

    if dry_run:
        costs = api.estimate_annotation(
            pairs,
            model,
            kind=kind,
            output=output,
            base_url=base_url,
            prompt=prompt,
            count=count,
            max_chars=max_chars,
            prices=prices,
            data=data,
            limit=limit,
            strategy=strategy,
            by=by,
            seed=seed,
            device=device,
            offline=offline,
        )
        _print_estimates(costs)
        return
    reporter = Reporter(quiet=quiet)
    with interruptible("all answers are kept, the same command continues"):
        report = api.annotate(
            pairs,
            model,
            kind=kind,
            output=output,
            base_url=base_url,
            prompt=prompt,
            count=count,
            gold=gold,
            max_chars=max_chars,
            prices=prices,
            max_requests=max_requests,
            max_tokens=max_tokens,
            max_cost=max_cost,
            in_flight=in_flight,
            data=data,
            limit=limit,
            strategy=strategy,
            by=by,
            seed=seed,
            device=device,
            offline=offline,
            force=force,
            reporter=reporter,
        )
    print_text(report.to_markdown().rstrip())
    reporter.say(NEXT[kind].format(folder=shlex.quote(str(output))))


def _print_estimates(costs: "Mapping[str, Estimate]") -> None:
    from gis.terminal_table import Column, TerminalTable

    table = TerminalTable(
        [
            Column(title="annotator", align="left"),
            Column(title="requests"),
            Column(title="tokens in"),
            Column(title="tokens out"),
            Column(title="cost"),
        ]
    )
    for name, cost in costs.items():
        money = "price not given" if cost.cost is None else f"{cost.cost:.4f}"
        table.add_row(name, f"{cost.requests:,}", f"{cost.input_tokens:,}", f"{cost.output_tokens:,}", money)
    print_table(table, "", "Estimated: four characters count as a token. Nothing was sent.")

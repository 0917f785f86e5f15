"""The verb that scores: bench."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from gis.cli.app import app, check_names, interruptible
from gis.cli.leaderboard import print_leaderboard
from gis.errors import GisError, UsageError


@app.command(no_args_is_help=True)
def bench(
    model: Annotated[
        list[str],
        typer.Option("--model", "-m", help="Models: NAME,key=value,NAME,… (gis models). A name, folder or Hub id."),
    ],
    task: Annotated[
        list[str],
        typer.Option("--task", "-t", help="Tasks and suites: T,T,… (gis tasks). A name, folder, file or Hub dataset."),
    ],
    data: Annotated[Path | None, typer.Option(help="Look for DIR/<task>/<split>.* before the Hub.")] = None,
    output: Annotated[Path, typer.Option(help="Folder of the result files.")] = Path("results"),
    limit: Annotated[
        int | None, typer.Option(min=2, help="Score a sample of N pairs; marks results as partial.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of --limit's sample and of the random model.")] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    precision: Annotated[Literal["fp32", "bf16", "fp16"], typer.Option(help="Number format of the model.")] = "fp32",
    batch_tokens: Annotated[int | None, typer.Option(min=1, help="Tokens of one forward pass.")] = None,
    max_length: Annotated[
        int | None, typer.Option(min=1, help="Cut texts at N tokens, not at the model's limit.")
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the Hub.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Score again what has a result already.")] = False,
    cache: Annotated[
        Path | None, typer.Option(help="Folder of cached embeddings.", show_default="~/.cache/gis")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Neither read nor keep embeddings.")] = False,
    export: Annotated[
        tuple[str, Path] | None, typer.Option(help="Also write the results as another tool's: mteb DIR.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings and the table.")] = False,
) -> None:
    """Score models on tasks by Spearman correlation.

    Example: gis bench --model minilm,tfidf --task sts --data tasks
    """
    from gis.benchmark.tasks.catalogue import resolve_tasks
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.console import Reporter
    from gis.models.base import LoadSettings
    from gis.spec import parse_specs

    if export is not None and export[0] != "mteb":
        raise UsageError(f"--export knows only mteb, not '{export[0]}'")
    if data is not None and not data.is_dir():
        raise UsageError(f"--data {data}: no such folder")
    reporter = Reporter(quiet=quiet)
    specs = parse_specs(model)
    check_names(specs)
    tasks = resolve_tasks(parse_specs(task), data)

    from gis.benchmark.runner import RunSettings, run_models
    from gis.files import cache_folder

    settings = RunSettings(
        output=output,
        cache=None if no_cache else cache or cache_folder(),
        load=LoadSettings(
            device=device,
            precision=precision,
            batch_tokens=batch_tokens,
            max_length=max_length,
            offline=offline,
            seed=seed,
        ),
        source=SourceSettings(data, offline, limit, seed),
        force=force,
        command=shlex.join(["gis", *sys.argv[1:]]),
    )
    with interruptible():
        outcome = run_models(specs, tasks, settings, reporter=reporter)
    results = outcome.results
    if results:
        from gis.leaderboard.table import make_table

        print_leaderboard(make_table(results), output)
        reporter.say(f"results in {output}; compare with all that is there: gis leaderboard {shlex.quote(str(output))}")
    if export is not None:
        from gis.benchmark.mteb_export import export as export_mteb

        written, left_out = export_mteb(results, export[1])
        for line in left_out:
            reporter.warn(f"not exported: {line}")
        reporter.say(f"{len(written)} files for mteb in {export[1]}")
    if outcome.failures:
        raise GisError("\n".join(failure.for_command_line for failure in outcome.failures))

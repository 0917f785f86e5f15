"""The verb that scores: bench."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gis import api
from gis.cli.app import app, check_names, interruptible
from gis.cli.leaderboard import print_leaderboard, print_retrieval
from gis.cli.options import Data, Device, MaxLength, Offline, Quiet
from gis.errors import CombinedError, UsageError

if TYPE_CHECKING:
    from gis.console import Reporter
    from gis.leaderboard.result_set import ResultSet


@app.command(no_args_is_help=True)
def bench(
    model: Annotated[
        list[str],
        typer.Option(
            "--model",
            "-m",
            metavar="NAME,…",
            help="Models: NAME,key=value,NAME,… (gis models). A name, folder or Hub id.",
        ),
    ],
    task: Annotated[
        list[str],
        typer.Option(
            "--task", "-t", metavar="NAME,…", help="Tasks and suites (gis tasks). A name, folder, file or Hub dataset."
        ),
    ],
    data: Data = None,
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the result files.")] = Path("results"),
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=2, help="Score a sample of N pairs or queries; marked as partial.")
    ] = None,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Random seed of the sample (--limit) and of the model random.")
    ] = 0,
    device: Device = "auto",
    precision: Annotated[
        Literal["fp32", "bf16", "fp16", "int8"],
        typer.Option(help="Number format of the model; int8 needs the extra int8 and a processor."),
    ] = "fp32",
    batch_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Tokens per forward pass.", show_default="chosen by the device"),
    ] = None,
    max_length: MaxLength = None,
    long: Annotated[
        Literal["head", "head+tail", "chunk-mean", "chunk-max", "late-chunk"],
        typer.Option(help="What is read of longer texts: their head, both ends, or windows of the whole."),
    ] = "head",
    offline: Offline = False,
    force: Annotated[bool, typer.Option("--force", help="Score again where there is a result already.")] = False,
    check_invariance: Annotated[
        bool,
        typer.Option(
            "--check-invariance", help="Prove over 64 texts that each has one vector, alone, again and in its batch."
        ),
    ] = False,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/N", help="Score one of N shares of the models and tasks, for jobs at the same time."),
    ] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of cached embeddings.", show_default="~/.cache/gis")
    ] = None,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="Do not read or write cached embeddings.")] = False,
    export: Annotated[
        tuple[str, Path] | None,
        typer.Option(metavar="mteb DIR", help="Also write the results as mteb stores them, into DIR."),
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Score models on pairs by Spearman, on retrieval by nDCG@10.

    Example: gis bench --model minilm,tfidf --task sts --data tasks

    Example: gis bench --model minilm,tfidf,bm25 --task my-issues,retrieval=earlier

    Example: gis bench --model minilm,tfidf --task sts --shard $SLURM_ARRAY_TASK_ID/4
    """
    from gis.benchmark.shards import Shard
    from gis.benchmark.tasks.catalogue import resolve_tasks
    from gis.console import Reporter
    from gis.spec import parse_specs

    if export is not None and export[0] != "mteb":
        raise UsageError(f"--export knows only mteb, not '{export[0]}'")
    if shard is not None:
        Shard.parse(shard)
    reporter = Reporter(quiet=quiet)
    specs = parse_specs(model)
    check_names(specs)
    tasks = resolve_tasks(parse_specs(task), data)
    with interruptible():
        results = api.bench(
            specs,
            tasks,
            data=data,
            output=output,
            limit=limit,
            seed=seed,
            device=device,
            precision=precision,
            batch_tokens=batch_tokens,
            max_length=max_length,
            long=long,
            offline=offline,
            force=force,
            check_invariance=check_invariance,
            shard=shard,
            cache=False if no_cache else cache or True,
            command=shlex.join(["gis", *sys.argv[1:]]),
            reporter=reporter,
        )
    if len(results):
        print_leaderboard(results.leaderboard(), output)
    print_retrieval(results.retrieval())
    reporter.say(f"results in {output}; to compare everything there: gis leaderboard {shlex.quote(str(output))}")
    if export is not None:
        _export(results, export[1], reporter)
    if results.failures:
        raise CombinedError(failure.error for failure in results.failures)


def _export(results: "ResultSet", folder: Path, reporter: "Reporter") -> None:
    from gis.benchmark.mteb_export import export

    written, left_out = export(list(results), folder)
    for line in left_out:
        reporter.warn(f"not exported: {line}")
    reporter.say(f"{len(written)} files for mteb in {folder}")

"""The command line: parse, call, print. Nothing heavy is imported before it is needed."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from gis.errors import GisError, UsageError

if TYPE_CHECKING:
    from rich.table import Table as RichTable

    from gis.benchmark.results import Result
    from gis.benchmark.runner import RunSettings
    from gis.benchmark.sources import LoadedTask, SourceSettings
    from gis.benchmark.tasks import Task
    from gis.console import Reporter
    from gis.leaderboard.table import Table
    from gis.spec import Spec

INTERRUPTED = 130
DEFAULT_OBJECTIVE = "gis"

app = typer.Typer(
    help="Long-text similarity: score models by Spearman correlation, rank them, train them, collect data for them.",
    rich_markup_mode=None,  # plain help: rich would double the time of gis --help
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class State:
    """What the options before the verb set."""

    debug = False


def _print_version(wanted: bool) -> None:
    if wanted:
        from gis import __version__

        typer.echo(f"gis {__version__}")
        raise typer.Exit


@app.callback()
def _before(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    State.debug = debug


@contextmanager
def _interruptible() -> Iterator[None]:
    """Say what an interrupted person wants to know; typer would end in silence."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo("interrupted; all that was finished is kept, the same command continues", err=True)
        raise typer.Exit(INTERRUPTED) from None


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
    from gis.benchmark.sources import SourceSettings
    from gis.benchmark.tasks import resolve_tasks
    from gis.console import Reporter
    from gis.models.base import LoadSettings
    from gis.spec import parse_specs

    if export is not None and export[0] != "mteb":
        raise UsageError(f"--export knows only mteb, not '{export[0]}'")
    if data is not None and not data.is_dir():
        raise UsageError(f"--data {data}: no such folder")
    reporter = Reporter(quiet=quiet)
    specs = parse_specs(model)
    _check_names(specs)
    tasks = resolve_tasks(parse_specs(task), data)
    with _interruptible():
        loaded = _load_tasks(tasks, SourceSettings(data, offline, limit, seed), reporter)

    from gis.benchmark.runner import RunSettings
    from gis.files import cache_folder

    load = LoadSettings(device, precision, batch_tokens, max_length, offline, seed)
    command = shlex.join(["gis", *sys.argv[1:]])
    settings = RunSettings(output, None if no_cache else cache or cache_folder(), load, force, command)
    with _interruptible():
        results, failures = _run_all(specs, loaded, settings, reporter)
    if results:
        from gis.leaderboard.table import make_table

        _print_table(make_table(results))
        reporter.say(f"results in {output}; compare with all that is there: gis leaderboard {shlex.quote(str(output))}")
    if export is not None:
        from gis.benchmark.mteb_export import export as export_mteb

        written, left_out = export_mteb(results, export[1])
        for line in left_out:
            reporter.warn(f"not exported: {line}")
        reporter.say(f"{len(written)} files for mteb in {export[1]}")
    if failures:
        raise GisError("\n".join(failures))


def _check_names(specs: "list[Spec]") -> None:
    """A misspelt model must show before the tasks are fetched."""
    from gis.models.registry import adapter_of

    for spec in specs:
        adapter_of(spec)


def _load_tasks(tasks: "list[Task]", settings: "SourceSettings", reporter: "Reporter") -> "list[LoadedTask]":
    """Load every task before any model runs; name all that failed at once."""
    from gis.benchmark.sources import load_task

    loaded, failures = [], []
    for task in tasks:
        try:
            loaded.append(load_task(task, settings))
        except GisError as error:
            failures.append(str(error))
    if failures:
        rest = f"\nthe others can be scored: --task {','.join(each.task.name for each in loaded)}" if loaded else ""
        raise GisError("\n".join(failures) + rest)
    pairs = sum(len(each.pairs) for each in loaded)
    reporter.say(f"{len(loaded)} {'task' if len(loaded) == 1 else 'tasks'}, {pairs:,} pairs")
    return loaded


def _run_all(
    specs: "list[Spec]", tasks: "list[LoadedTask]", settings: "RunSettings", reporter: "Reporter"
) -> "tuple[list[Result], list[str]]":
    """Run the models one after the other; one that fails does not stop the rest, a wrong request stops all."""
    from gis.benchmark.runner import run_model
    from gis.models.registry import load_model

    results: list[Result] = []
    failures: list[str] = []

    def note(spec: "Spec", error: GisError) -> None:
        failures.append(f"{spec}: {error}")
        if len(specs) > 1:
            reporter.warn(failures[-1])

    waiting = []
    for spec in specs:  # cheap, as weights are loaded with the first text: a wrong option shows before hours of work
        try:
            waiting.append((spec, load_model(spec, settings.load)))
        except UsageError:
            raise
        except GisError as error:
            note(spec, error)
    while waiting:
        spec, model = waiting.pop(0)  # and with it go its weights when the next one comes
        try:
            results.extend(run_model(model, tasks, settings, reporter))
        except UsageError:
            raise
        except GisError as error:
            note(spec, error)
    return results, failures


@app.command(no_args_is_help=True)
def leaderboard(
    results: Annotated[Path, typer.Argument(help="Folder that gis bench wrote.")],
    task: Annotated[
        list[str] | None, typer.Option("--task", "-t", help="Show only these tasks and suites: T,T,…")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(help="Write Markdown: a file of its own, or between a file's two markers.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Write CSV with unrounded scores.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail when a file is stale.")] = False,
) -> None:
    """Rank the models of a results folder.

    Example: gis leaderboard results --markdown README.md
    """
    if check and markdown is None and csv is None:
        raise UsageError("--check needs a file to check: --markdown FILE or --csv FILE")
    from gis.leaderboard.render import comma_separated, with_block, write_or_check
    from gis.leaderboard.render import markdown as as_markdown
    from gis.leaderboard.table import load_table
    from gis.spec import parse_specs

    table = load_table(results, [spec.name for spec in parse_specs(task or [])])
    stale = []
    if markdown is not None and not write_or_check(markdown, with_block(markdown, as_markdown(table)), check=check):
        stale.append(markdown)
    if csv is not None and not write_or_check(csv, comma_separated(table), check=check):
        stale.append(csv)
    _print_table(table)  # last: whoever reads it through head(1) still gets the files
    if check and stale:
        raise GisError(f"stale: {', '.join(map(str, stale))}; run the command again without --check")


@app.command(no_args_is_help=True)
def collect(
    repo: Annotated[list[str] | None, typer.Option("--repo", help="OWNER/NAME; may be repeated.")] = None,
    repos: Annotated[Path | None, typer.Option(help="File of repositories, one a line.")] = None,
    preset: Annotated[str | None, typer.Option(help="paper: the 55 repositories of the GIS dataset.")] = None,
    dump: Annotated[
        list[Path] | None, typer.Option("--from", help="Folder of issues.jsonl, comments.jsonl, …, not GitHub.")
    ] = None,
    store: Annotated[Path, typer.Option(help="The store to fill: one SQLite file.")] = Path("issues.db"),
    status: Annotated[bool, typer.Option("--status", help="Tell what the store holds; fetch nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Tell what a run would bring and cost.")] = False,
    api: Annotated[
        Literal["auto", "graphql", "rest"], typer.Option(help="auto takes GraphQL where there is a token.")
    ] = "auto",
    api_url: Annotated[str, typer.Option(help="GitHub Enterprise: https://HOST/api/v3.")] = "https://api.github.com",
    original_bodies: Annotated[
        bool, typer.Option("--original-bodies", help="Fetch each body as it was first written, too.")
    ] = False,
    page_size: Annotated[int, typer.Option(min=1, max=100, help="Issues of a page at the most.")] = 100,
    max_points: Annotated[int | None, typer.Option(min=1, help="Stop when so many points are spent.")] = None,
    max_wait: Annotated[float | None, typer.Option(min=0, help="Stop rather than wait longer, in seconds.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings and the result.")] = False,
) -> None:
    """Bring issues, comments and every trace of a duplicate from GitHub into a local store.

    Stopped, the same command continues; run again, it fetches what changed. Tokens: GITHUB_TOKEN, GH_TOKEN (several
    with commas), a GitHub App's GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GITHUB_APP_INSTALLATION_ID, or gh auth login.

    Example: gis collect --repo rust-lang/rust --store issues.db
    """
    from gis.collector.status import estimate_table, status_table
    from gis.collector.store import Store
    from gis.console import Reporter

    if status:
        with Store(store) as opened:
            _print(status_table(opened.status()))
        return
    from gis.collector.collect import collect as bring
    from gis.collector.dump import DumpSource
    from gis.collector.github.connection import connect
    from gis.collector.repositories import named_repositories

    reporter = Reporter(quiet=quiet)
    dumps = [DumpSource(folder, reporter) for folder in dump or []]
    names = named_repositories(repo or [], repos, preset) if repo or repos or preset or not dumps else []
    failures: list[str] = []
    with _interruptible():
        github = connect(api_url, api, reporter, points=max_points, wait=max_wait) if names else None
        if dry_run:
            _print(estimate_table([github.estimate(name) for name in names] if github else []))
            return
        with Store.writing(store) as opened:
            for source in dumps:
                bring(opened, source.repository(), source, reporter, None)
            for name in names:
                try:
                    if github is not None:
                        chosen = github.source(page_size=page_size, original_bodies=original_bodies)
                        bring(opened, github.resolve(name), chosen, reporter, github.client)
                except GisError as error:
                    failures.append(f"{name}: {error}")
                    if len(names) > 1:
                        reporter.warn(failures[-1])
            _print(status_table(opened.status()))
    if failures:
        raise GisError("\n".join(failures))
    reporter.say(f"the same command again fetches what changed; what there is: gis collect --status --store {store}")


@app.command(no_args_is_help=True)
def train(
    model: Annotated[str, typer.Option("--model", "-m", help="Encoder to start from: NAME,pooling=…,prompt=…,…")],
    task: Annotated[str, typer.Option("--task", "-t", help="Task, folder, file or Hub dataset with a train split.")],
    output: Annotated[Path, typer.Option(help="Folder of the model; of a model for each seed with --seeds.")],
    data: Annotated[Path | None, typer.Option(help="Look for DIR/<task>/<split>.* before the Hub.")] = None,
    objective: Annotated[
        str, typer.Option("--objective", help="Loss: NAME,angle=0.5,angle_form=phase,… (gis objectives).")
    ] = DEFAULT_OBJECTIVE,
    validation: Annotated[
        str | None, typer.Option(help="Validate on this task, not on the validation split of --task.")
    ] = None,
    positive_from: Annotated[
        float | None, typer.Option(help="Lowest label of a positive pair.", show_default="80 % of the label range")
    ] = None,
    epochs: Annotated[float, typer.Option(min=0, help="Times through the data.")] = 1,
    batch_size: Annotated[int, typer.Option(min=1, help="Rows of a batch, of each process.")] = 32,
    accumulate: Annotated[int, typer.Option(min=1, help="Batches a step.")] = 1,
    mini_batch_tokens: Annotated[
        int | None, typer.Option(min=1, help="Tokens held in memory at once, for batches larger than memory.")
    ] = None,
    learning_rate: Annotated[float, typer.Option("--learning-rate", "--lr", min=0, help="Highest rate.")] = 2e-5,
    warmup: Annotated[float, typer.Option(min=0, max=0.99, help="Share of the steps the rate rises over.")] = 0.1,
    weight_decay: Annotated[float, typer.Option(min=0, help="Of AdamW.")] = 0.01,
    eval_steps: Annotated[
        int | None, typer.Option(min=1, help="Steps between validations and checkpoints.", show_default="an epoch")
    ] = None,
    lora: Annotated[int, typer.Option(min=0, help="Train a LoRA adapter of this rank; 0 trains the weights.")] = 0,
    layers: Annotated[int | None, typer.Option(min=1, help="Keep only the first N layers.")] = None,
    random_init: Annotated[bool, typer.Option("--random-init", help="Start from random weights.")] = False,
    max_length: Annotated[int | None, typer.Option(min=1, help="Cut texts at N tokens.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random; the first of --seeds.")] = 42,
    seeds: Annotated[int, typer.Option(min=1, help="Train this many models, and report mean and deviation.")] = 1,
    limit: Annotated[int | None, typer.Option(min=2, help="Train on a sample of N rows.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "bf16"], typer.Option(help="auto takes bf16 where the GPU has it.")
    ] = "auto",
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the Hub.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Train anew whatever --output holds.")] = False,
    keep_checkpoints: Annotated[bool, typer.Option("--keep-checkpoints", help="Leave them when done.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings and the result.")] = False,
) -> None:
    """Fit an encoder to pairs, positive pairs or triplets; keep the best by Spearman on the validation split.

    Stopped, the same command continues. Several processes: torchrun --nproc-per-node 2 -m gis train …

    Example: gis train --model minilm --task stsb --data tasks --epochs 2 --output models/stsb
    """
    from gis.benchmark.sources import SourceSettings
    from gis.console import Reporter
    from gis.models.base import LoadSettings
    from gis.spec import parse_spec

    if not epochs > 0:
        raise UsageError(f"--epochs must be above 0, not {epochs:g}")
    base, chosen = parse_spec(model), parse_spec(objective)
    _check_names([base])
    if data is not None and not data.is_dir():
        raise UsageError(f"--data {data}: no such folder")
    reporter = Reporter(quiet=quiet)
    with _interruptible():
        from gis.models.device import training_precision
        from gis.training.data import load_training_data
        from gis.training.run import train_seeds
        from gis.training.settings import TrainSettings, preset_with_changes

        preset_with_changes(chosen)
        load = LoadSettings(device, training_precision(precision, device), None, max_length, offline, seed)
        found = load_training_data(
            parse_spec(task),
            SourceSettings(data, offline, limit, seed),
            validation=None if validation is None else parse_spec(validation),
            positive_from=positive_from,
        )
        settings = TrainSettings(
            model=base,
            objective=chosen,
            epochs=epochs,
            batch_size=batch_size,
            accumulate=accumulate,
            mini_batch_tokens=mini_batch_tokens,
            learning_rate=learning_rate,
            warmup=warmup,
            weight_decay=weight_decay,
            eval_steps=eval_steps,
            lora=lora,
            layers=layers,
            random_init=random_init,
            seed=seed,
        )
        trained = train_seeds(
            settings, seeds, found, load, output, reporter, force=force, keep_checkpoints=keep_checkpoints
        )
    if not trained:
        return  # another process of this training reports
    from gis.training.report import terminal_table

    _print(terminal_table(trained))
    first = next(iter(trained))
    reporter.say(f"score it on a test split: gis bench --model {shlex.quote(str(first))} --task …")


@app.command(no_args_is_help=True)
def ablate(
    model: Annotated[str, typer.Option("--model", "-m", help="Encoder to start from: NAME,pooling=…,prompt=…,…")],
    task: Annotated[str, typer.Option("--task", "-t", help="Task, folder, file or Hub dataset with a train split.")],
    score: Annotated[list[str], typer.Option("--score", help="Test sets: T,T,…; first the one trained for.")],
    output: Annotated[Path, typer.Option(help="Folder of the cells and the tables.")],
    objective: Annotated[
        list[str], typer.Option("--objective", help="Losses: NAME,key=value,NAME,…; first the reference.")
    ],
    pooling: Annotated[str | None, typer.Option(help="Poolings: P,P,…", show_default="the model's own")] = None,
    batch_size: Annotated[str, typer.Option(help="Rows of a batch: N,N,…")] = "32",
    temperature: Annotated[
        str | None, typer.Option(help="Of all objectives at once: T,T,…", show_default="each objective's own")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds of each variant.")] = 5,
    seed: Annotated[int, typer.Option(help="The first of them.")] = 42,
    data: Annotated[Path | None, typer.Option(help="Look for DIR/<task>/<split>.* before the Hub.")] = None,
    epochs: Annotated[float, typer.Option(min=0, help="Times through the data.")] = 1,
    learning_rate: Annotated[float, typer.Option("--learning-rate", "--lr", min=0, help="Highest rate.")] = 2e-5,
    layers: Annotated[int | None, typer.Option(min=1, help="Keep only the first N layers.")] = None,
    random_init: Annotated[bool, typer.Option("--random-init", help="Start from random weights.")] = False,
    max_length: Annotated[int | None, typer.Option(min=1, help="Cut texts at N tokens.")] = None,
    limit: Annotated[int | None, typer.Option(min=2, help="Train on a sample of N rows.")] = None,
    score_limit: Annotated[
        int | None, typer.Option(min=2, help="Score a sample of N pairs of each test set but the first.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
    precision: Annotated[
        Literal["auto", "fp32", "bf16"], typer.Option(help="auto takes bf16 where the GPU has it.")
    ] = "auto",
    offline: Annotated[bool, typer.Option("--offline", help="Never ask the Hub.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress, only warnings and the table.")] = False,
) -> None:
    """Train every combination of objectives, poolings, batch sizes and temperatures with several seeds, and compare.

    Stopped, the same command continues. The last weights are scored: nothing is chosen by a validation split.

    Example: gis ablate --model minilm --task stsb --score stsb,sts12 --objective cosent,acl --data tasks --output ab
    """
    from gis.benchmark.sources import SourceSettings
    from gis.benchmark.tasks import resolve_tasks
    from gis.console import Reporter
    from gis.models.base import LoadSettings
    from gis.spec import parse_spec, parse_specs

    base, objectives = parse_spec(model), tuple(parse_specs(objective))
    _check_names([base])
    batches = tuple(int(size) for size in _numbers("--batch-size", batch_size))
    temperatures = tuple(_numbers("--temperature", temperature))
    tests = resolve_tasks(parse_specs(score), data)
    reporter = Reporter(quiet=quiet)
    with _interruptible():
        from gis.benchmark.sources import load_task
        from gis.files import write_text
        from gis.models.device import training_precision
        from gis.training.ablation import Grid, comma_separated, markdown, run_grid, summarise
        from gis.training.data import load_training_data
        from gis.training.settings import TrainSettings, preset_with_changes

        for each in objectives:
            preset_with_changes(each)
        grid = Grid(
            objectives,
            tuple(pooling.split(",")) if pooling else (),
            batches,
            temperatures,
            tuple(range(seed, seed + seeds)),
        )
        settings = TrainSettings(
            base, objectives[0], epochs=epochs, learning_rate=learning_rate, layers=layers, random_init=random_init
        )
        load = LoadSettings(device, training_precision(precision, device), None, max_length, offline, seed)
        train_data = load_training_data(parse_spec(task), SourceSettings(data, offline, limit, seed)).train
        loaded = [
            load_task(each, SourceSettings(data, offline, score_limit if number else None, seed))
            for number, each in enumerate(tests)
        ]
        cells = []
        for cell in run_grid(grid, settings, train_data, loaded, load, output, reporter):
            cells.append(cell)
            rows = summarise(cells)
            write_text(output / "ablation.md", markdown(rows))
            write_text(output / "ablation.csv", comma_separated(rows))
    typer.echo(markdown(rows), nl=False)
    reporter.say(f"* differs from the first row (paired t over seeds, Holm, p < 0.05); table in {output}")


def _numbers(option: str, text: str | None) -> list[float]:
    """Comma-separated numbers above 0."""
    try:
        found = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        raise UsageError(f"{option} wants numbers, N,N,…, not '{text}'") from None
    if any(not number > 0 for number in found):
        raise UsageError(f"{option} wants numbers above 0, not '{text}'")
    return found


@app.command()
def objectives() -> None:
    """List the losses that a model can be trained with, and where they are from."""
    from rich.table import Table

    from gis.models.presets import PRESETS

    weights = ("cosine", "in_batch", "angle", "hard_negative", "regression", "softmax")
    table = Table("objective", *weights, "angle temp.", "source", box=None, pad_edge=False)
    for name, preset in PRESETS.items():
        values = [f"{getattr(preset.loss, weight):g}" for weight in weights]
        table.add_row(name, *values, f"{preset.loss.angle_temperature:g}", preset.source)
    _print(table)
    typer.echo("\nChange any of it: NAME,cosine=1,in_batch=0.5,angle=1,angle_form=phase,in_batch_temperature=0.05,…")


@app.command()
def tasks() -> None:
    """List what can be scored, and what each needs."""
    from rich.table import Table

    from gis.benchmark.tasks import catalogue, suites

    table = Table("task", "labels", "pairs", "from", "what", box=None, pad_edge=False)
    for each in catalogue().values():
        source = "ships with gis" if each.packaged else each.hub or "--data"
        table.add_row(each.name, each.label, f"{each.rows:,}" if each.rows else "", source, each.summary)
    _print(table)
    for name, members in suites().items():
        typer.echo(f"suite {name}: {', '.join(members)}")
    typer.echo(
        "\nAlso: a folder or file of pairs (text1, text2, label or score; JSON lines, CSV, Parquet), and any Hub"
    )
    typer.echo("dataset: ORG/NAME,revision=…,config=…,split=…,text1=…,text2=…,label=…   Variant: TASK,text=plain")


@app.command()
def models() -> None:
    """List what can be scored with, and what each needs."""
    from rich.table import Table

    from gis.models.registry import ADAPTERS

    table = Table("model", "needs", "what", box=None, pad_edge=False)
    for name, adapter in ADAPTERS.items():
        table.add_row(name, adapter.needs, adapter.summary)
    _print(table)
    typer.echo("\nAlso: a folder or Hub id (ORG/NAME) of a sentence-transformers, AnglE, LoRA or Hugging Face encoder:")
    typer.echo('  NAME,pooling=cls|mean|max|last|first-last-avg|cls_avg,prompt="… {text} …",max_length=N,revision=…')


def _print_table(table: "Table") -> None:
    from gis.leaderboard.render import terminal_table

    _print(terminal_table(table))
    for note in table.notes:
        typer.echo(note)


def _print(table: "RichTable") -> None:
    from rich.console import Console

    console = Console(highlight=False)
    # Where nobody watches, a table is as wide as it must be: a log has no edge to wrap at.
    console.print(table) if console.is_terminal else Console(width=10_000, highlight=False).print(table)


def main() -> NoReturn:
    """Run the command line and exit: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    try:
        app()
    except (GisError, OSError) as error:  # OSError: a full disk, a folder without rights
        if State.debug:
            raise
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_status if isinstance(error, GisError) else 1)
    sys.exit(0)

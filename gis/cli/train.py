"""The verbs that train: train, ablate, objectives."""

import shlex
from pathlib import Path
from typing import Annotated, Literal

import typer

from gis.cli.app import app, check_names, interruptible, print_table
from gis.errors import UsageError

DEFAULT_OBJECTIVE = "gis"


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
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.console import Reporter
    from gis.models.base import LoadSettings
    from gis.spec import parse_spec

    if not epochs > 0:
        raise UsageError(f"--epochs must be above 0, not {epochs:g}")
    base, chosen = parse_spec(model), parse_spec(objective)
    check_names([base])
    if data is not None and not data.is_dir():
        raise UsageError(f"--data {data}: no such folder")
    reporter = Reporter(quiet=quiet)
    with interruptible():
        from gis.models.transformer.device import training_precision
        from gis.training.data import load_training_data
        from gis.training.run import train_seeds
        from gis.training.settings import TrainSettings, preset_with_changes

        preset_with_changes(chosen)
        load = LoadSettings(
            device=device,
            precision=training_precision(precision, device),
            batch_tokens=None,
            max_length=max_length,
            offline=offline,
            seed=seed,
        )
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

    print_table(terminal_table(trained))
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
    from gis.benchmark.tasks.catalogue import resolve_tasks
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.console import Reporter
    from gis.models.base import LoadSettings
    from gis.spec import parse_spec, parse_specs

    base, objectives = parse_spec(model), tuple(parse_specs(objective))
    check_names([base])
    batches = tuple(int(size) for size in _numbers("--batch-size", batch_size))
    temperatures = tuple(_numbers("--temperature", temperature))
    tests = resolve_tasks(parse_specs(score), data)
    reporter = Reporter(quiet=quiet)
    with interruptible():
        from gis.benchmark.tasks.sources import load_task
        from gis.files import write_text
        from gis.models.transformer.device import training_precision
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
        load = LoadSettings(
            device=device,
            precision=training_precision(precision, device),
            batch_tokens=None,
            max_length=max_length,
            offline=offline,
            seed=seed,
        )
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

    from gis.models.losses import PRESETS

    weights = ("cosine", "in_batch", "angle", "hard_negative", "regression", "softmax")
    table = Table("objective", *weights, "angle temp.", "source", box=None, pad_edge=False)
    for name, preset in PRESETS.items():
        values = [f"{getattr(preset.loss, weight):g}" for weight in weights]
        table.add_row(name, *values, f"{preset.loss.angle_temperature:g}", preset.source)
    print_table(table)
    typer.echo("\nChange any of it: NAME,cosine=1,in_batch=0.5,angle=1,angle_form=phase,in_batch_temperature=0.05,…")

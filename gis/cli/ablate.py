"""The verb that compares trainings: ablate."""

from pathlib import Path
from typing import Annotated

import typer

from gis.cli.app import app, check_names, interruptible, print_table
from gis.cli.options import (
    Data,
    Device,
    Epochs,
    Layers,
    LearningRate,
    MaxLength,
    Offline,
    Quiet,
    RandomInit,
    TrainLimit,
    TrainModel,
    TrainPrecision,
    TrainTask,
)
from gis.errors import UsageError


@app.command(no_args_is_help=True)
def ablate(
    model: TrainModel,
    task: TrainTask,
    score: Annotated[
        list[str],
        typer.Option("--score", metavar="TASK,…", help="Test sets to score on; the first is the one trained for."),
    ],
    output: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the results and the tables.")],
    objective: Annotated[
        list[str],
        typer.Option(
            "--objective",
            metavar="NAME,…",
            help="Losses, as in gis train; may be repeated. The first is the reference. terms: every combination of "
            "AnglE's three terms, with both forms of the angle.",
        ),
    ],
    pooling: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="Poolings to compare.", show_default="the model's own")
    ] = None,
    batch_size: Annotated[str, typer.Option(metavar="N,…", help="Batch sizes to compare.")] = "32",
    temperature: Annotated[
        str | None,
        typer.Option(
            metavar="X,…",
            help="Temperatures, each for all terms of the loss at once.",
            show_default="each objective's own",
        ),
    ] = None,
    tune: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="First choose rate, temperatures and weights of each variant on the validation split, in N trials.",
        ),
    ] = 0,
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="Seeds per variant.")] = 5,
    seed: Annotated[int, typer.Option(metavar="N", help="The first seed.")] = 42,
    data: Data = None,
    epochs: Epochs = 1,
    learning_rate: LearningRate = 2e-5,
    layers: Layers = None,
    random_init: RandomInit = False,
    max_length: MaxLength = None,
    limit: TrainLimit = None,
    score_limit: Annotated[
        int | None,
        typer.Option(metavar="N", min=2, help="Score a sample of N pairs of each test set but the first."),
    ] = None,
    device: Device = "auto",
    precision: TrainPrecision = "auto",
    offline: Offline = False,
    quiet: Quiet = False,
) -> None:
    """Compare losses and settings over several seeds.

    Every combination of objectives, poolings, batch sizes and temperatures is trained with every seed.

    If it is stopped, the same command continues. The weights of the last step are scored; without --tune, nothing is
    chosen by a validation score.

    Example: gis ablate --model minilm --task stsb --score stsb,sts12 --objective cosent,acl --data tasks --output ab
    """
    from gis.benchmark.tasks.catalogue import resolve_tasks
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.console import Reporter
    from gis.models.losses import objectives_of
    from gis.spec import parse_spec, parse_specs
    from gis.training.settings import TrainSettings

    settings = TrainSettings(
        model=parse_spec(model),
        epochs=epochs,
        learning_rate=learning_rate,
        layers=layers,
        random_init=random_init,
        max_length=max_length,
        precision=precision,
    )
    check_names([settings.model])
    objectives = objectives_of(parse_specs(objective))
    batch_sizes = tuple(int(size) for size in _numbers("--batch-size", batch_size))
    temperatures = tuple(_numbers("--temperature", temperature))
    if tune and temperatures:
        raise UsageError("--tune chooses the temperatures; leave out --temperature")
    tests = resolve_tasks(parse_specs(score), data)
    reporter = Reporter(quiet=quiet)
    with interruptible():
        from gis.benchmark.tasks.sources import load_task
        from gis.training.ablation.grid import Grid, run_grid
        from gis.training.ablation.tables import LEGEND, terminal_table
        from gis.training.ablation.tuning import Tuning, check_tuning
        from gis.training.data.loading import load_training_data

        grid = Grid(
            objectives=objectives,
            poolings=tuple(pooling.split(",")) if pooling else (),
            batch_sizes=batch_sizes,
            temperatures=temperatures,
            seeds=tuple(range(seed, seed + seeds)),
        )
        train_source = SourceSettings(data=data, offline=offline, limit=limit, seed=seed)
        rows = load_training_data(parse_spec(task), train_source)
        loaded = [
            load_task(test, SourceSettings(data=data, offline=offline, limit=score_limit if n else None, seed=seed))
            for n, test in enumerate(tests)
        ]
        tuning = None
        if tune:
            tuning = Tuning(trials=tune, validation=check_tuning(rows.validation, loaded), seed=seed)
        summaries = run_grid(
            grid,
            settings,
            rows.train,
            loaded,
            output,
            tuning=tuning,
            device=device,
            offline=offline,
            reporter=reporter,
        )
    print_table(terminal_table(summaries), LEGEND)
    trials = "; every trial: trials.csv" if tune else ""
    reporter.say(f"tables in {output}: ablation.md and, with intervals and p values, ablation.csv{trials}")


def _numbers(option: str, text: str | None) -> list[float]:
    """Read comma-separated numbers above 0."""
    try:
        numbers = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        raise UsageError(f"{option} takes numbers, N,N,…, not '{text}'") from None
    if any(not number > 0 for number in numbers):
        raise UsageError(f"{option} takes numbers above 0, not '{text}'")
    return numbers

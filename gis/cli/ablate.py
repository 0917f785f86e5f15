"""The verb that compares trainings: ablate."""

from pathlib import Path
from typing import Annotated

import typer

from gis import api
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
    from gis.console import Reporter
    from gis.spec import parse_spec

    check_names([parse_spec(model)])
    batch_sizes = [int(size) for size in _numbers("--batch-size", batch_size)]
    temperatures = _numbers("--temperature", temperature)
    reporter = Reporter(quiet=quiet)
    with interruptible():
        from gis.training.ablation.grid import GridError
        from gis.training.ablation.tables import LEGEND, terminal_table

        try:
            summaries = api.ablate(
                model,
                task,
                scored_on=score,
                output=output,
                objectives=objective,
                poolings=pooling.split(",") if pooling else (),
                batch_sizes=batch_sizes,
                temperatures=temperatures,
                tune=tune,
                seeds=seeds,
                seed=seed,
                data=data,
                limit=limit,
                score_limit=score_limit,
                device=device,
                offline=offline,
                reporter=reporter,
                epochs=epochs,
                learning_rate=learning_rate,
                layers=layers,
                random_init=random_init,
                max_length=max_length,
                precision=precision,
            )
        except GridError as error:
            if error.summaries:
                print_table(terminal_table(error.summaries), LEGEND)
            raise
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

"""The verb that trains: train."""

import shlex
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


@app.command(no_args_is_help=True)
def train(
    model: TrainModel,
    task: TrainTask,
    output: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder for the model; with --seeds, for one folder per seed.")
    ],
    data: Data = None,
    objective: Annotated[
        str, typer.Option(metavar="NAME,…", help="Loss: NAME,angle=0.5,angle_form=phase,… (gis objectives).")
    ] = "gis",
    validation: Annotated[
        str | None,
        typer.Option(metavar="TASK", help="Validate on this task.", show_default="the validation split of --task"),
    ] = None,
    positive_from: Annotated[
        float | None,
        typer.Option(metavar="X", help="Lowest label of a positive pair.", show_default="80 % of the label range"),
    ] = None,
    epochs: Epochs = 1,
    batch_size: Annotated[int, typer.Option(metavar="N", min=1, help="Rows per batch, in each process.")] = 32,
    accumulate: Annotated[int, typer.Option(metavar="N", min=1, help="Batches per step.")] = 1,
    mini_batch_tokens: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Tokens in memory at once, for batches larger than memory."),
    ] = None,
    learning_rate: LearningRate = 2e-5,
    warmup: Annotated[
        float, typer.Option(metavar="X", min=0, max=0.99, help="Share of the steps over which the rate rises.")
    ] = 0.1,
    weight_decay: Annotated[float, typer.Option(metavar="X", min=0, help="Weight decay of AdamW.")] = 0.01,
    eval_steps: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Steps between validations and checkpoints.", show_default="one epoch"),
    ] = None,
    lora: Annotated[
        int, typer.Option(metavar="RANK", min=0, help="Train a LoRA adapter of this rank; 0 trains the weights.")
    ] = 0,
    layers: Layers = None,
    random_init: RandomInit = False,
    max_length: MaxLength = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of everything random; the first of --seeds.")] = 42,
    seeds: Annotated[
        int, typer.Option(metavar="N", min=1, help="Train N models and report mean and standard deviation.")
    ] = 1,
    limit: TrainLimit = None,
    device: Device = "auto",
    precision: TrainPrecision = "auto",
    offline: Offline = False,
    force: Annotated[bool, typer.Option("--force", help="Train again, whatever --output holds.")] = False,
    keep_checkpoints: Annotated[
        bool, typer.Option("--keep-checkpoints", help="Keep the checkpoints when training is done.")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Fine-tune an encoder on pairs or triplets.

    The data are labelled pairs, positive pairs or triplets; the weights with the best validation score are kept.

    If it is stopped, the same command continues. For several processes: torchrun --nproc-per-node 2 -m gis train …

    Example: gis train --model minilm --task stsb --data tasks --epochs 2 --output models/stsb
    """
    from gis.console import Reporter
    from gis.spec import Spec, parse_spec

    check_names([parse_spec(model)])
    reporter = Reporter(quiet=quiet)
    with interruptible():
        trained = api.train_seeds(
            model,
            task,
            output=output,
            seeds=seeds,
            seed=seed,
            objective=objective,
            data=data,
            validation=validation,
            positive_threshold=positive_from,
            limit=limit,
            device=device,
            offline=offline,
            force=force,
            keep_checkpoints=keep_checkpoints,
            reporter=reporter,
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
            max_length=max_length,
            precision=precision,
        )

        from gis.training.loop.distributed import rank
        from gis.training.output.summary import summary_table

    if rank() == 0:
        print_table(summary_table([(model.folder, model.report) for model in trained]))
        reporter.say(
            f"score it on a test split: gis bench --model {shlex.quote(str(Spec(str(trained[0].folder))))} --task …"
        )

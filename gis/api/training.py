"""Train a model, for one seed or several, and compare ways to train it."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis.api.arguments import PathLike, as_name, as_path, each_of
from gis.console import QUIET, Reporter
from gis.errors import UsageError
from gis.spec import Spec, parse_spec, parse_specs

if TYPE_CHECKING:
    import pandas as pd

    from gis.benchmark.tasks.sources import LoadedTask, SourceSettings
    from gis.models.base import TrainingPrecision
    from gis.models.losses import LossSettings, Preset
    from gis.training.ablation.tables import VariantSummary
    from gis.training.data.loading import TrainingData
    from gis.training.run import TrainedModel


def train(
    model: PathLike,
    task: object,
    *,
    output: PathLike,
    objective: "str | Preset | LossSettings" = "gis",
    data: PathLike | None = None,
    validation: object = None,
    positive_threshold: float | None = None,
    epochs: float = 1.0,
    batch_size: int = 32,
    accumulate: int = 1,
    mini_batch_tokens: int | None = None,
    learning_rate: float = 2e-5,
    warmup: float = 0.1,
    weight_decay: float = 0.01,
    eval_steps: int | None = None,
    lora: int = 0,
    layers: int | None = None,
    random_init: bool = False,
    max_length: int | None = None,
    seed: int = 42,
    limit: int | None = None,
    device: str = "auto",
    precision: "TrainingPrecision" = "auto",
    offline: bool = False,
    force: bool = False,
    keep_checkpoints: bool = False,
    reporter: Reporter = QUIET,
) -> "TrainedModel":
    """Fine-tune an encoder, and keep the weights with the best score on the validation split.

    Stopped with Ctrl-C, the same call continues from the last checkpoint; where the model is finished, nothing is done.

    Args:
        model: Encoder to start from: "minilm", a folder or a Hub id, with options: "NAME,pooling=cls".
        task: A task, file, folder or Hub dataset with a train split, or a DataFrame: labelled pairs, positive pairs or
            triplets.
        output: Folder of the model.
        objective: A preset with changes, such as "preprint" or "cosent,cosine_temperature=0.1"; or an ``AngleLoss``.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        validation: Task whose validation pairs choose the weights, or a DataFrame of pairs; by default those of
            ``task``.
        positive_threshold: Lowest label of a positive pair; by default 80 % of the labels' range.
        epochs: Passes through the data.
        batch_size: Rows per batch and process.
        accumulate: Batches per optimizer step.
        mini_batch_tokens: Tokens in memory at once, for batches larger than memory.
        learning_rate: Highest learning rate.
        warmup: Share of the steps over which the rate rises, 0 to 0.99.
        weight_decay: Weight decay of AdamW.
        eval_steps: Steps between validations; None for once per epoch.
        lora: Rank of a LoRA adapter; 0 trains the weights themselves.
        layers: Keep only the first layers; None keeps all.
        random_init: Start from random weights.
        max_length: Cut texts at this many tokens.
        seed: Random seed.
        limit: Train on a sample of this many rows.
        device: A torch device, or "auto".
        precision: "fp32", "bf16", or "auto" for bf16 where the GPU has it.
        offline: Never ask the Hub.
        force: Train again, whatever ``output`` holds.
        keep_checkpoints: Leave the checkpoints when the model is done.
        reporter: Where progress and warnings go.

    Returns:
        The folder and the numbers of the training; ``load()`` gives the encoder.

    Raises:
        UsageError: A setting is impossible, or does not fit the data.
        GisError: The training failed, or ``output`` holds something else.
    """
    (trained,) = train_seeds(
        model,
        task,
        output=output,
        seeds=1,
        seed=seed,
        objective=objective,
        data=data,
        validation=validation,
        positive_threshold=positive_threshold,
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
    return trained


def train_seeds(
    model: PathLike,
    task: object,
    *,
    output: PathLike,
    seeds: int,
    seed: int = 42,
    objective: "str | Preset | LossSettings" = "gis",
    data: PathLike | None = None,
    validation: object = None,
    positive_threshold: float | None = None,
    limit: int | None = None,
    device: str = "auto",
    offline: bool = False,
    force: bool = False,
    keep_checkpoints: bool = False,
    reporter: Reporter = QUIET,
    **settings: Any,  # noqa: ANN401 - TrainSettings checks and names them
) -> "list[TrainedModel]":
    """Fine-tune an encoder once for each of several seeds, all on the same rows; see ``train``.

    Args:
        model: Encoder to start from.
        task: A task, file, folder or Hub dataset with a train split, or a DataFrame.
        output: Folder of the model; for more than one seed, of the folders ``seed-N``.
        seeds: The number of models.
        seed: The first seed.
        objective: The loss.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        validation: Task whose validation pairs choose the weights, or a DataFrame of pairs; by default those of
            ``task``.
        positive_threshold: Lowest label of a positive pair.
        limit: Train on a sample of this many rows, the same for every seed.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        force: Train again, whatever ``output`` holds.
        keep_checkpoints: Leave the checkpoints when a model is done.
        reporter: Where progress and warnings go.
        settings: The other arguments of ``train``: epochs, batch_size, learning_rate, …

    Returns:
        For each seed the folder and the numbers of the training.

    Raises:
        UsageError: A setting is impossible, or does not fit the data.
        GisError: A training failed, or ``output`` holds something else.
    """
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.models.losses import objective_of
    from gis.training import run
    from gis.training.settings import TrainSettings

    chosen = TrainSettings(model=_model_spec(model), objective=objective_of(objective), seed=seed, **settings)
    source = SourceSettings(data=as_path(data), offline=offline, limit=limit, seed=seed)
    loaded = _training_data(task, source, validation, positive_threshold)
    return run.train_seeds(
        chosen,
        seeds,
        loaded,
        Path(output),
        device=device,
        offline=offline,
        force=force,
        keep_checkpoints=keep_checkpoints,
        reporter=reporter,
    )


def ablate(
    model: PathLike,
    task: object,
    *,
    scored_on: object,
    output: PathLike,
    objectives: "str | Sequence[str | Preset | LossSettings]",
    poolings: Sequence[str] = (),
    batch_sizes: Sequence[int] = (32,),
    temperatures: Sequence[float] = (),
    tune: int = 0,
    seeds: int = 5,
    seed: int = 42,
    data: PathLike | None = None,
    limit: int | None = None,
    score_limit: int | None = None,
    device: str = "auto",
    offline: bool = False,
    reporter: Reporter = QUIET,
    **settings: Any,  # noqa: ANN401 - TrainSettings checks and names them
) -> "list[VariantSummary]":
    """Train every combination of objectives, poolings, batch sizes and temperatures with several seeds, and compare.

    The weights of the last step are scored. Stopped with Ctrl-C, the same call continues.

    Args:
        model: Encoder to start from.
        task: A task, file, folder or Hub dataset with a train split, or a DataFrame.
        scored_on: One test set or a list of them, as ``bench`` takes them; the first is the one trained for.
        output: Folder of the results and the tables.
        objectives: The losses, as ``train`` takes them, or one string with several; "terms" stands for every
            combination of AnglE's three terms. The first one is the reference.
        poolings: Poolings to compare; empty for the model's own.
        batch_sizes: Batch sizes to compare.
        temperatures: Temperatures to compare, each for all terms of a loss at once; empty for each objective's own.
        tune: First choose rate, temperatures and weights of each variant on the validation split, in so many trials.
        seeds: Seeds for each variant.
        seed: The first seed.
        data: Folder in which ``<task>/<split>.*`` is looked for before the Hub.
        limit: Train on a sample of this many rows.
        score_limit: Score a sample of this many pairs of each test set but the first.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        reporter: Where progress and warnings go.
        settings: Other arguments of ``train``: epochs, learning_rate, layers, …

    Returns:
        For each variant, in order, means and deviations by test set, and its differences from the first.

    Raises:
        UsageError: A setting is impossible, or an objective does not fit the data.
        GridError: Some trainings failed; the others are done, and summed up in its ``summaries``.
    """
    from gis.benchmark.tasks.sources import SourceSettings
    from gis.models.losses import objective_of, objectives_of
    from gis.training.ablation.grid import Grid, run_grid
    from gis.training.ablation.tuning import Tuning, check_tuning
    from gis.training.settings import TrainSettings

    if tune and temperatures:
        raise UsageError("tuning chooses the temperatures, so none can be compared", remedy="leave out --temperature")
    named = [objectives] if isinstance(objectives, str) else objectives
    losses: list[Preset] = []
    for given in named:
        losses += objectives_of(parse_specs([given])) if isinstance(given, str) else [objective_of(given)]
    grid = Grid(
        objectives=tuple(losses),
        poolings=tuple(poolings),
        batch_sizes=tuple(batch_sizes),
        temperatures=tuple(temperatures),
        seeds=tuple(range(seed, seed + seeds)),
    )
    base = TrainSettings(model=_model_spec(model), **settings)
    source = SourceSettings(data=as_path(data), offline=offline, limit=limit, seed=seed)
    rows = _training_data(task, source)
    tests = _test_sets(scored_on, source, score_limit)
    tuning = Tuning(trials=tune, validation=check_tuning(rows.validation, tests), seed=seed) if tune else None
    return run_grid(
        grid, base, rows.train, tests, Path(output), tuning=tuning, device=device, offline=offline, reporter=reporter
    )


def _model_spec(model: PathLike) -> Spec:
    from gis.models.registry import without_name

    return without_name(parse_spec(str(as_name(model))))


def _rows_from(given: object) -> "Spec | pd.DataFrame":
    """Return the one task, file, folder or DataFrame that is meant.

    Raises:
        UsageError: It is several, or something else.
    """
    members = each_of(given)
    if len(members) != 1:
        raise UsageError(f"train on one task at a time, not on {len(members)}")
    (member,) = members
    if isinstance(member, str):
        return parse_spec(member)
    pandas = sys.modules.get("pandas")  # whoever has a DataFrame has imported it
    if pandas is not None and isinstance(member, pandas.DataFrame):
        frame: pd.DataFrame = member
        return frame
    raise UsageError(f"{member!r:.80} is not training data; expected a name, a path or a DataFrame")


def _training_data(
    task: object, source: "SourceSettings", validation: object = None, positive_threshold: float | None = None
) -> "TrainingData":
    from gis.training.data.loading import load_training_data

    return load_training_data(
        _rows_from(task),
        source,
        validation=None if validation is None else _rows_from(validation),
        positive_threshold=positive_threshold,
    )


def _test_sets(scored_on: object, source: "SourceSettings", score_limit: int | None) -> "list[LoadedTask]":
    """Load the test sets of an ablation: the first whole, of the others a sample."""
    from gis.benchmark.tasks.catalogue import resolve_tasks
    from gis.benchmark.tasks.loading import load_tasks

    given: list[object] = []
    for member in each_of(scored_on):
        given += resolve_tasks(parse_specs([member]), source.data) if isinstance(member, str) else [member]
    first, others = given[:1], given[1:]
    tests = load_tasks(first, replace(source, limit=None))
    return tests + load_tasks(others, replace(source, limit=score_limit)) if others else tests

"""A grid of trainings, each scored on test sets: what a choice is worth, over several seeds."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path

from gis.benchmark.tasks.sources import LoadedTask
from gis.console import QUIET, Reporter
from gis.errors import CombinedError, GisError, failure_of
from gis.files import load_json
from gis.hashes import sha256_of
from gis.models.losses import Preset
from gis.models.transformer.device import choose_device, training_precision
from gis.replacing import write_text
from gis.spec import Spec
from gis.training.ablation.scored import train_and_score
from gis.training.ablation.tables import (
    GridCell,
    VariantSummary,
    csv_table,
    differences_table,
    markdown_table,
    summarise,
)
from gis.training.ablation.tuning import Tuning, trials_csv, tune, tuning_table
from gis.training.data.loading import NO_SPLIT
from gis.training.data.training_set import TrainingSet
from gis.training.loop.loss import prepare_loss
from gis.training.messages import OnceReporter
from gis.training.run import LAST_WEIGHTS
from gis.training.settings import TrainSettings

TABLE = "ablation.md"
FIGURES = "ablation.csv"
TRIALS = "trials.csv"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What is varied; every combination is trained with every seed.

    Attributes:
        objectives: The losses; the first is the reference.
        poolings: Poolings; empty for the model's own.
        batch_sizes: Rows per batch.
        temperatures: Temperatures, each for all terms of the loss at once; empty for each objective's own.
        seeds: Seeds.
    """

    objectives: tuple[Preset, ...]
    poolings: tuple[str, ...] = ()
    batch_sizes: tuple[int, ...] = (32,)
    temperatures: tuple[float, ...] = ()
    seeds: tuple[int, ...] = (42,)

    def variants(self, base: TrainSettings) -> dict[str, TrainSettings]:
        """Return the settings of each combination, but for the seed, by a name that says what varies."""
        variants = {}
        for objective, pooling, batch_size, temperature in product(
            self.objectives, self.poolings or (None,), self.batch_sizes, self.temperatures or (None,)
        ):
            name = [str(objective)]
            model = base.model
            if pooling is not None:
                model = Spec(model.name, {**model.options, "pooling": pooling})
                name += [f"pooling={pooling}"] * (len(self.poolings) > 1)
            if temperature is not None:
                objective = replace(objective, settings=objective.settings.at_temperature(temperature))
                name += [f"temperature={temperature:g}"] * (len(self.temperatures) > 1)
            name += [f"batch={batch_size}"] * (len(self.batch_sizes) > 1)
            variants[" ".join(name)] = replace(base, model=model, objective=objective, batch_size=batch_size)
        return variants


class GridError(CombinedError):
    """Some cells of a grid failed, whatever they raised; the others are done, and the same call tries these again.

    Args:
        failures: The error of each of them.
        summaries: A summary of each variant of which a cell was done.
    """

    def __init__(self, failures: Sequence[GisError], summaries: Sequence[VariantSummary]) -> None:
        super().__init__(failures)
        self.summaries = tuple(summaries)


def run_grid(
    grid: Grid,
    base: TrainSettings,
    data: TrainingSet,
    tests: Sequence[LoadedTask],
    output: Path,
    *,
    tuning: Tuning | None = None,
    device: str = "auto",
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> list[VariantSummary]:
    """Train and score every cell of the grid, all variants of a seed before the next seed, and compare them.

    Each cell is written when it is done, and read instead of trained when it exists, so that a stopped grid continues.
    The table (``ablation.md``) and all figures (``ablation.csv``) are brought up to date after each cell.

    Args:
        grid: What is varied.
        base: All other settings.
        data: The rows to train on. No validation pairs: the weights of the last step are scored.
        tests: Test sets to score on; the first is the one trained for.
        output: Folder of the cells and the tables.
        tuning: How temperatures, weights and rate of each variant are chosen first; None trains them as they are.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        reporter: Receives messages and progress; what all trainings share is said once.

    Returns:
        A summary for each variant; the first variant is the one that the others are compared with.

    Raises:
        UsageError: An objective cannot be trained on the data.
        GridError: A training failed or a score is undefined; all other cells are done.
        GisError: The file of a cell is broken.
    """
    precision = training_precision(base.precision, choose_device(device))
    variants = grid.variants(replace(base, precision=precision))
    for variant in variants.values():  # before the first training, not when its turn comes
        prepare_loss(variant.objective, data.each_with_itself() if variant.objective.same_text else data)
    once = OnceReporter(reporter, skipped=[f"{NO_SPLIT}: {LAST_WEIGHTS}"])
    tuned = []
    if tuning is not None:
        tuned = [
            tune(name, variant, data, tuning, output, device=device, offline=offline, reporter=once)
            for name, variant in variants.items()
        ]
        variants = dict(zip(variants, (each.settings for each in tuned), strict=True))
        write_text(output / TRIALS, trials_csv(tuned))
    cells: list[GridCell] = []
    failures: list[GisError] = []
    summaries: list[VariantSummary] = []
    for number, (seed, (name, variant)) in enumerate(product(grid.seeds, variants.items()), start=1):
        settings = replace(variant, seed=seed)
        key = _key(settings, data, tests)
        path = output / "cells" / f"{key}.json"
        cell = _read(path)
        if cell is None:
            once.say(f"{number} of {len(variants) * len(grid.seeds)}: {name}, seed {seed}")
            folder = output / "models" / key
            try:
                scores = train_and_score(settings, data, tests, folder, device=device, offline=offline, reporter=once)
            except Exception as error:
                failures.append(failure_of(f"{name}, seed {seed}", error))
                once.warn(str(failures[-1]))
                continue
            values = {test: score.value for test, score in scores.items()}
            cell = GridCell(name, seed, values, {test: score.interval for test, score in scores.items()})
            write_text(path, json.dumps(asdict(cell), indent=2) + "\n")
        cells.append(replace(cell, variant=name))
        if summaries := _summaries(cells, list(variants)):
            parts = [markdown_table(summaries), differences_table(summaries), tuning_table(tuned) if tuned else ""]
            write_text(output / TABLE, "\n".join(filter(None, parts)))
            write_text(output / FIGURES, csv_table(summaries))
    if failures:
        raise GridError(failures, summaries)
    return summaries


def _summaries(cells: Sequence[GridCell], variants: Sequence[str]) -> list[VariantSummary]:
    """Sum up the cells that are done; none before the first variant, which the others are compared with, has one."""
    in_order = sorted(cells, key=lambda cell: variants.index(cell.variant))
    return summarise(in_order) if in_order and in_order[0].variant == variants[0] else []


def _key(settings: TrainSettings, data: TrainingSet, tests: Sequence[LoadedTask]) -> str:
    """Return the name of a cell's file: a hash of all that its scores depend on."""
    scored_on = []
    for test in tests:
        stratified = test.pairs.grouped_by == "stratum" and test.label == "binary"
        scored_on.append([test.task.name, test.sha256, test.limit, *(["mean over strata"] if stratified else [])])
    return sha256_of({"settings": settings.record(), "train": data.sha256, "tests": scored_on})[:16]


def _read(path: Path) -> GridCell | None:
    """Return the cell in ``path``, or None where it was not trained yet."""
    if not path.is_file():
        return None
    try:
        values: Mapping[str, object] = load_json(path)
        return GridCell(**values)  # type: ignore[arg-type]
    except (ValueError, TypeError) as error:
        raise GisError(f"{path} is broken ({error}); delete it to train that cell again") from error

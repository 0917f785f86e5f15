"""A grid of trainings, each scored on test sets: what a choice is worth, with mean, deviation and significance."""

import json
import shutil
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from gis.benchmark.metrics import Undefined, spearman
from gis.benchmark.significance import Difference, holm, paired_difference
from gis.benchmark.similarity import cosine
from gis.benchmark.tasks.sources import LoadedTask
from gis.console import Reporter
from gis.errors import GisError
from gis.files import sha256_of, write_text
from gis.models.base import Encoder, LoadSettings
from gis.models.registry import load_model
from gis.spec import Spec
from gis.training.data import TrainingData, TrainingSet
from gis.training.run import train
from gis.training.settings import TrainSettings

TEMPERATURES = ("cosine_temperature", "in_batch_temperature", "angle_temperature")


@dataclass(frozen=True)
class Grid:
    """What is varied; every combination is trained with every seed.

    Attributes:
        objectives: Losses.
        poolings: Poolings; empty for the model's own.
        batch_sizes: Rows of a batch.
        temperatures: Of all objectives at once; empty for each objective's own.
        seeds: Seeds.
    """

    objectives: tuple[Spec, ...]
    poolings: tuple[str, ...]
    batch_sizes: tuple[int, ...]
    temperatures: tuple[float, ...]
    seeds: tuple[int, ...]

    def variants(self, base: TrainSettings) -> dict[str, TrainSettings]:
        """The settings of each combination but for the seed, by a name that says what varies."""
        found = {}
        for objective, pooling, batch, temperature in product(
            self.objectives, self.poolings or (None,), self.batch_sizes, self.temperatures or (None,)
        ):
            name = [str(objective)]
            model, chosen = base.model, objective
            if pooling is not None:
                model = Spec(model.name, {**model.options, "pooling": pooling})
                name += [f"pooling={pooling}"] * (len(self.poolings) > 1)
            if temperature is not None:
                chosen = Spec(chosen.name, {**chosen.options, **{key: str(temperature) for key in TEMPERATURES}})
                name += [f"temperature={temperature:g}"] * (len(self.temperatures) > 1)
            name += [f"batch={batch}"] * (len(self.batch_sizes) > 1)
            found[" ".join(name)] = replace(base, model=model, objective=chosen, batch_size=batch)
        return found


@dataclass(frozen=True)
class Cell:
    """One training of the grid.

    Attributes:
        variant: What was varied.
        seed: Its seed.
        scores: Spearman by test set, -1 to 1.
    """

    variant: str
    seed: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Row:
    """A variant over all its seeds.

    Attributes:
        variant: What was varied.
        seeds: How many.
        means: Mean Spearman by test set; the last is the mean over the sets but the first.
        deviations: Standard deviation over the seeds.
        differences: To the first variant, seed by seed; None for the first, and for fewer than two seeds.
        p_values: Of the differences, corrected for the number of variants.
    """

    variant: str
    seeds: int
    means: Mapping[str, float]
    deviations: Mapping[str, float]
    differences: Mapping[str, Difference | None]
    p_values: Mapping[str, float]


def run_grid(
    grid: Grid,
    base: TrainSettings,
    data: TrainingSet,
    tests: Sequence[LoadedTask],
    load: LoadSettings,
    output: Path,
    reporter: Reporter,
) -> Iterator[Cell]:
    """Train and score every cell of the grid, all variants of a seed before the next seed.

    Each cell is written when it is done, and read instead of made when it is there: a grid that was stopped goes on.

    Raises:
        GisError: A training failed, or ``output`` holds a cell of other settings.
    """
    variants = grid.variants(base)
    total = len(variants) * len(grid.seeds)
    scored_on = [[test.task.name, test.sha256, test.limit] for test in tests]
    for number, (seed, (name, settings)) in enumerate(product(grid.seeds, variants.items()), start=1):
        chosen = replace(settings, seed=seed)
        key = sha256_of({"settings": chosen.record(load), "train": data.sha256, "tests": scored_on})[:16]
        path = output / "cells" / f"{key}.json"
        cell = _read(path)
        if cell is None:
            reporter.say(f"{number} of {total}: {name}, seed {seed}")
            folder = output / "models" / key
            train(chosen, TrainingData(data, None), load, folder, reporter)
            cell = Cell(name, seed, _score(folder, tests, load))
            write_text(path, json.dumps(asdict(cell), indent=2) + "\n")
            shutil.rmtree(folder, ignore_errors=True)
        yield replace(cell, variant=name)


def summarise(cells: Sequence[Cell]) -> list[Row]:
    """A row for each variant, in the order of the grid; the first is what the others are compared with."""
    by_variant: dict[str, dict[int, Mapping[str, float]]] = {}
    for cell in cells:
        by_variant.setdefault(cell.variant, {})[cell.seed] = _with_mean(cell.scores)
    reference = next(iter(by_variant.values()))
    sets = list(next(iter(reference.values())))
    rows = []
    for variant, seeds in by_variant.items():
        scores = {name: [found[name] for found in seeds.values()] for name in sets}
        shared = [seed for seed in seeds if seed in reference]
        differences = {
            name: None
            if seeds is reference
            else paired_difference([seeds[s][name] for s in shared], [reference[s][name] for s in shared])
            for name in sets
        }
        means = {name: statistics.mean(values) for name, values in scores.items()}
        deviations = {name: statistics.stdev(values) if len(values) > 1 else 0.0 for name, values in scores.items()}
        rows.append(Row(variant, len(seeds), means, deviations, differences, {}))
    corrected: list[dict[str, float]] = [{} for _ in rows]
    for name in sets:
        tested = [(n, found.p) for n, row in enumerate(rows) if (found := row.differences[name]) is not None]
        for (n, _), p in zip(tested, holm([p for _, p in tested]), strict=True):
            corrected[n][name] = p
    return [replace(row, p_values=p_values) for row, p_values in zip(rows, corrected, strict=True)]


def markdown(rows: Sequence[Row]) -> str:
    """The table as Markdown: mean ± deviation x 100; * where the difference to the first row has p < 0.05."""
    sets = list(rows[0].means)
    lines = ["| variant | seeds | " + " | ".join(sets) + " |", "|:--|--:|" + "--:|" * len(sets)]
    for row in rows:
        cells = [
            f"{100 * row.means[name]:.2f} ± {100 * row.deviations[name]:.2f}{'*' * (row.p_values.get(name, 1) < 0.05)}"
            for name in sets
        ]
        variant = row.variant.replace("|", "\\|")
        lines.append(f"| {variant} | {row.seeds} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def comma_separated(rows: Sequence[Row]) -> str:
    """The table with everything that was computed, unrounded, one line a variant and test set."""
    lines = ["variant,seeds,set,mean,deviation,difference,low,high,p_holm"]
    for row in rows:
        for name, mean in row.means.items():
            found = row.differences[name]
            compared: list[Any] = ["", "", "", ""]
            if found is not None:
                compared = [found.mean, found.low, found.high, row.p_values[name]]
            quoted = '"' + row.variant.replace('"', '""') + '"'
            lines.append(",".join(map(str, [quoted, row.seeds, name, mean, row.deviations[name], *compared])))
    return "\n".join(lines) + "\n"


def _with_mean(scores: Mapping[str, float]) -> Mapping[str, float]:
    """The scores, and the mean over the sets beside the first, which are those not trained for."""
    others = list(scores.values())[1:]
    return {**scores, "mean of others": statistics.mean(others)} if len(others) > 1 else dict(scores)


def _score(folder: Path, tests: Sequence[LoadedTask], load: LoadSettings) -> dict[str, float]:
    model = load_model(Spec(str(folder)), load)
    if not isinstance(model, Encoder):
        raise TypeError("what was trained embeds texts")
    texts = list(dict.fromkeys(text for test in tests for text in (*test.pairs.text1, *test.pairs.text2)))
    index = {text: n for n, text in enumerate(texts)}
    vectors = model.encode(texts)
    found = {}
    for test in tests:
        first, second = ([index[text] for text in side] for side in (test.pairs.text1, test.pairs.text2))
        score = spearman(cosine(vectors[first], vectors[second]), test.pairs.gold)
        if isinstance(score, Undefined):
            raise GisError(f"{folder}: no score on {test.task.name}: {score.undefined}")
        found[test.task.name] = score
    return found


def _read(path: Path) -> Cell | None:
    """The cell in ``path``, or None where it was not made yet."""
    if not path.is_file():
        return None
    try:
        return Cell(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise GisError(f"{path} is broken ({error}); delete it to train that cell again") from error

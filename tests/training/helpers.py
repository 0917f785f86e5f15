"""Small data whose labels can be learnt, and settings for tiny models."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gis.benchmark.tasks.sources import SourceSettings
from gis.models.base import LoadSettings
from gis.models.losses import objective_of
from gis.spec import Spec
from gis.training.data.loading import TrainingData, load_training_data
from gis.training.output.report import TrainingReport
from gis.training.run import train
from gis.training.settings import TrainSettings
from tests.tiny_models import WORDS

LOAD = LoadSettings(device="cpu")
Row = Mapping[str, Any]


def graded_rows(count: int, seed: int) -> list[Row]:
    """Pairs whose label is how many of five words they share, among words that say nothing."""
    rng = random.Random(seed)
    meaning, noise = WORDS[20:], WORDS[:20]
    rows: list[Row] = []
    for _ in range(count):
        shared = rng.randint(0, 5)
        words = rng.sample(meaning, 10 - shared)
        first, second = words[:5], words[:shared] + words[5:]
        texts = []
        for side in (first, second):
            words = side + rng.choices(noise, k=rng.randint(0, 5))
            texts.append(" ".join(rng.sample(words, k=len(words))))
        rows.append({"text1": texts[0], "text2": texts[1], "label": shared})
    return rows


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def dataset(folder: Path, *, train: int = 48, validation: int = 40) -> Path:
    """A dataset folder with graded pairs."""
    write_rows(folder / "train.jsonl", graded_rows(train, seed=1))
    if validation:
        write_rows(folder / "validation.jsonl", graded_rows(validation, seed=2))
    return folder


def loaded(path: Path, **options: Any) -> TrainingData:  # noqa: ANN401
    return load_training_data(Spec(str(path)), SourceSettings(), **options)


def settings(model: Path, *, objective: str = "gis", **changes: Any) -> TrainSettings:  # noqa: ANN401
    chosen: dict[str, Any] = {"epochs": 1, "batch_size": 16, "learning_rate": 1e-3, "seed": 7, **changes}
    spec = Spec(str(model), chosen.pop("options", {}))
    return TrainSettings(model=spec, objective=objective_of(objective), **chosen)


def fit(model: Path, data: Path, output: Path, *, force: bool = False, **changes: Any) -> TrainingReport:  # noqa: ANN401
    return train(settings(model, **changes), loaded(data), output, device="cpu", force=force).report

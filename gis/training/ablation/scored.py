"""Train a model and score its last weights: what every trial of a search and every cell of a grid does."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gis.benchmark.scoring import score_vectors
from gis.benchmark.tasks.sources import LoadedTask
from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.models.base import Encoder, LoadSettings
from gis.models.transformer.device import choose_device, training_precision
from gis.statistics.intervals import Interval
from gis.statistics.metrics import Undefined
from gis.training.data.loading import TrainingData
from gis.training.data.training_set import TrainingSet
from gis.training.run import train
from gis.training.settings import TrainSettings


class ScoreOnTest(NamedTuple):
    """A score on a test set, -1 to 1, and its 95 % interval over the pairs of the set."""

    value: float
    interval: Interval | None


class UndefinedScoreError(GisError):
    """A trained model has no score, for instance because it gives every text the same vector."""


def train_and_score(
    settings: TrainSettings,
    data: TrainingSet,
    tests: Sequence[LoadedTask],
    folder: Path,
    *,
    device: str = "auto",
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> dict[str, ScoreOnTest]:
    """Train to the last step, choosing nothing by a score, and return the score of those weights on each test set.

    Args:
        settings: What is trained, and how.
        data: The rows to train on.
        tests: Test sets to score on.
        folder: Folder of the model; removed once it is scored, kept where the training was stopped.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        reporter: Receives messages and progress.

    Returns:
        Scores by the name of the test set.

    Raises:
        DivergedError: The loss became infinite.
        UndefinedScoreError: A score is undefined.
        GisError: The training failed for another reason.
    """
    trained = train(settings, TrainingData(data, None), folder, device=device, offline=offline, reporter=reporter)
    precision = training_precision(settings.precision, choose_device(device))
    load = LoadSettings(device=device, precision=precision, max_length=settings.max_length, offline=offline)
    scores = score_on(trained.load(load), tests)
    shutil.rmtree(folder, ignore_errors=True)
    return scores


def score_on(model: Encoder, tests: Sequence[LoadedTask]) -> dict[str, ScoreOnTest]:
    """Return the model's score on each test set, as ``gis bench`` defines it; each text is embedded once.

    Raises:
        UndefinedScoreError: A score is undefined.
    """
    texts = list(dict.fromkeys(text for test in tests for text in (*test.pairs.text1, *test.pairs.text2)))
    index = {text: n for n, text in enumerate(texts)}
    vectors = model.encode(texts)
    scores = {}
    for test in tests:
        first, second = ([index[text] for text in side] for side in (test.pairs.text1, test.pairs.text2))
        found = score_vectors(test, vectors[first], vectors[second])
        if isinstance(found.main, Undefined):
            raise UndefinedScoreError(f"{model.card.name}: no score on {test.task.name}: {found.main.undefined}")
        scores[test.task.name] = ScoreOnTest(found.main, found.main_interval)
    return scores

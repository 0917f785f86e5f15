"""Choose temperatures, weights and learning rate of an objective on validation pairs, in a fixed number of trials."""

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from scipy.stats import qmc

from gis.benchmark.tasks.sources import LoadedTask
from gis.console import QUIET, Reporter
from gis.errors import GisError, UsageError
from gis.files import load_json
from gis.hashes import sha256_of
from gis.markdown import csv_text, escape, table
from gis.models.losses import LossSettings
from gis.replacing import write_text
from gis.training.ablation.scored import UndefinedScoreError, train_and_score
from gis.training.data.training_set import Format, TrainingSet
from gis.training.loop.loss import TERMS
from gis.training.loop.trainer import DivergedError
from gis.training.settings import TrainSettings

# Everything is drawn on a logarithmic scale.
LEARNING_RATES = (1e-6, 1e-3)
TEMPERATURES = (0.02, 1.0)
WEIGHTS = (0.1, 10.0)  # relative to the first term, whose weight stays
TEMPERATURE_OF = {
    "cosine": "cosine_temperature",
    "in_batch": "in_batch_temperature",
    "hard_negative": "in_batch_temperature",
    "angle": "angle_temperature",
}


class Dimension(NamedTuple):
    """A setting that is tuned, and its range."""

    name: str
    low: float
    high: float

    def at(self, share: float) -> float:
        """Return the value at ``share``, 0 to 1, of the range, to three digits."""
        value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return float(f"{value:.3g}")


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """How the settings of each variant are chosen.

    Attributes:
        trials: Trainings per variant; the first one has the settings as they were given.
        validation: The pairs whose Spearman chooses, after the last step.
        seed: Seed of the trainings and of what is drawn.
    """

    trials: int
    validation: LoadedTask
    seed: int = 42


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training of the search.

    Attributes:
        variant: What was tuned.
        number: Its number, from 0.
        learning_rate: The learning rate.
        objective: The loss as it is typed, with temperatures and weights.
        score: Spearman on the validation pairs, -1 to 1; None where the loss became infinite or all vectors are equal.
    """

    variant: str
    number: int
    learning_rate: float
    objective: str
    score: float | None


@dataclass(frozen=True)
class Tuned:
    """A variant with its best settings, and all trials that led to them."""

    settings: TrainSettings
    trials: Sequence[Trial]

    @property
    def chosen(self) -> Trial:
        """The trial with the best score; the first of equals."""
        return _best(self.trials)


def dimensions(loss: LossSettings, data_format: Format) -> list[Dimension]:
    """Return what is tuned of a loss: rate, temperature of each term in use, weights of all terms but the first."""
    terms = [term for term in TERMS[data_format] if getattr(loss, term)]
    temperatures = dict.fromkeys(TEMPERATURE_OF[term] for term in terms if term in TEMPERATURE_OF)
    first = getattr(loss, terms[0]) if terms else 1.0
    return [
        Dimension("learning_rate", *LEARNING_RATES),
        *(Dimension(name, *TEMPERATURES) for name in temperatures),
        *(Dimension(term, WEIGHTS[0] * first, WEIGHTS[1] * first) for term in terms[1:]),
    ]


def candidates(variant: TrainSettings, data_format: Format, trials: int, seed: int) -> list[TrainSettings]:
    """Return the settings of each trial: those given, then points of a scrambled Halton sequence over the ranges."""
    tuned = dimensions(variant.objective.settings, data_format)
    points = qmc.Halton(len(tuned), rng=seed).random(trials - 1)
    settings = [variant]
    for point in points:
        values = {dimension.name: dimension.at(float(share)) for dimension, share in zip(tuned, point, strict=True)}
        rate = values.pop("learning_rate")
        loss = replace(variant.objective.settings, **values)  # type: ignore[arg-type]  # the form is never tuned
        settings.append(replace(variant, learning_rate=rate, objective=replace(variant.objective, settings=loss)))
    return [replace(each, seed=seed) for each in settings]


def tune(
    name: str,
    variant: TrainSettings,
    data: TrainingSet,
    tuning: Tuning,
    output: Path,
    *,
    device: str = "auto",
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> Tuned:
    """Train a variant with each of its candidates and keep the settings that score best on the validation pairs.

    Each trial is written to ``output/trials`` when it is done, and read instead of trained when it exists.

    Args:
        name: What the variant is called.
        variant: Its settings as they were given.
        data: The rows to train on.
        tuning: The number of trials, and the validation pairs.
        output: Folder of the trials.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        reporter: Receives messages and progress.

    Raises:
        GisError: A training failed for another reason than a loss or a score that is not finite, or none has a score.
    """
    trials = []
    settings = candidates(variant, data.format, tuning.trials, tuning.seed)
    for number, candidate in enumerate(settings):
        identity = {"settings": candidate.record(), "train": data.sha256, "validation": tuning.validation.sha256}
        key = sha256_of(identity)[:16]
        path = output / "trials" / f"{key}.json"
        trial = _read(path)
        if trial is None:
            reporter.say(f"trial {number + 1} of {tuning.trials}: {name}")
            folder = output / "models" / key
            score: float | None = None
            try:
                scores = train_and_score(
                    candidate, data, [tuning.validation], folder, device=device, offline=offline, reporter=reporter
                )
                (score,) = (each.value for each in scores.values())
                reporter.say(f"Spearman {100 * score:.2f} on the validation pairs")
            except (DivergedError, UndefinedScoreError) as error:
                reporter.say(f"trial {number + 1} of {tuning.trials}: {error}")
                shutil.rmtree(folder, ignore_errors=True)
            trial = Trial(
                variant=name,
                number=number,
                learning_rate=candidate.learning_rate,
                objective=str(candidate.objective),
                score=score,
            )
            write_text(path, json.dumps(asdict(trial), indent=2) + "\n")
        trials.append(replace(trial, variant=name, number=number))
    best = settings[_best(trials).number]
    return Tuned(replace(best, seed=variant.seed), tuple(trials))


def check_tuning(validation: LoadedTask | None, tests: Sequence[LoadedTask]) -> LoadedTask:
    """Return the validation pairs.

    Raises:
        UsageError: There are none, or they are also what is reported.
    """
    if validation is None:
        raise UsageError(
            "the data has no validation split with labels to choose settings by", remedy="add one, or leave out --tune"
        )
    if any(test.sha256 == validation.sha256 for test in tests):
        raise UsageError("the pairs that choose the settings are also scored", remedy="choose other --score")
    return validation


def tuning_table(tuned: Sequence[Tuned]) -> str:
    """Return the chosen settings of each variant as Markdown, with the budget and the ranges."""
    rows = []
    for each in tuned:
        chosen = each.chosen
        score = "–" if chosen.score is None else f"{100 * chosen.score:.2f}"
        row = (escape(chosen.variant), f"{chosen.learning_rate:g}", escape(chosen.objective), score)
        rows.append([*row, f"{chosen.number + 1} of {len(each.trials)}"])
    ranges = (
        f"learning rate {LEARNING_RATES[0]:g} to {LEARNING_RATES[1]:g}, "
        f"temperatures {TEMPERATURES[0]:g} to {TEMPERATURES[1]:g}, "
        f"weights {WEIGHTS[0]:g} to {WEIGHTS[1]:g} times that of the first term"
    )
    legend = (
        f"Settings that scored best on the validation split, of {len(tuned[0].trials)} trials for each variant: "
        f"its own settings, then points of a Halton sequence ({ranges}, on logarithmic scales)."
    )
    return f"{table(['variant', 'rate', 'objective', 'validation', 'trial'], rows)}\n{legend}\n"


def trials_csv(tuned: Sequence[Tuned]) -> str:
    """Return every trial as CSV."""
    head = ("variant", "trial", "learning_rate", "objective", "validation")
    rows = [
        (trial.variant, trial.number + 1, trial.learning_rate, trial.objective, trial.score)
        for each in tuned
        for trial in each.trials
    ]
    return csv_text(head, rows)


def _best(trials: Sequence[Trial]) -> Trial:
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        raise GisError(f"{trials[0].variant}: none of the {len(trials)} trials has a score")
    return max(scored, key=lambda trial: -math.inf if trial.score is None else trial.score)


def _read(path: Path) -> Trial | None:
    """Return the trial in ``path``, or None where it was not trained yet."""
    if not path.is_file():
        return None
    try:
        return Trial(**load_json(path))
    except (ValueError, TypeError) as error:
        raise GisError(f"{path} is broken ({error})", remedy="delete it to train that trial again") from error

"""Settings chosen on validation pairs: the same budget for each variant, nothing trained twice, all on record."""

import csv
from pathlib import Path

import pytest

from gis.errors import GisError, UsageError
from gis.models.losses import LossSettings, objective_of, objectives_of
from gis.spec import Spec
from gis.training.ablation import scored, tuning
from gis.training.ablation.grid import Grid, run_grid
from gis.training.ablation.tuning import Tuning, candidates, check_tuning, dimensions, tune
from gis.training.loop.trainer import DivergedError
from gis.training.run import train
from tests.training.ablation.test_grid import scored_on
from tests.training.helpers import dataset, loaded, settings

pytestmark = pytest.mark.slow


def test_what_is_tuned_is_what_the_loss_uses() -> None:
    assert [each.name for each in dimensions(LossSettings(), "pairs")] == [
        "learning_rate",
        "cosine_temperature",
        "in_batch_temperature",
        "angle_temperature",
        "in_batch",
        "angle",
    ]
    alone = objective_of("cosent").settings
    assert [each.name for each in dimensions(alone, "pairs")] == ["learning_rate", "cosine_temperature"]
    regression = objective_of("sbert-cosine").settings
    assert [each.name for each in dimensions(regression, "pairs")] == ["learning_rate"]
    triplets = objective_of("simcse-sup").settings
    assert [each.name for each in dimensions(triplets, "triplets")] == ["learning_rate", "in_batch_temperature"]


def test_candidates_begin_with_what_was_given_and_stay_within_the_ranges(tiny_bert: Path) -> None:
    variant = settings(tiny_bert, objective="preprint,angle=2")
    tried = candidates(variant, "pairs", 8, seed=3)
    assert [str(each) for each in tried] == [str(each) for each in candidates(variant, "pairs", 8, seed=3)]
    assert tried[0].record() == {**variant.record(), "seed": 3}
    assert len({str(each) for each in tried}) == 8
    for each in tried[1:]:
        loss = each.objective.settings
        assert tuning.LEARNING_RATES[0] <= each.learning_rate <= tuning.LEARNING_RATES[1]
        assert all(0.02 <= value <= 1 for value in (loss.cosine_temperature, loss.angle_temperature))
        assert all(0.1 <= value <= 10 for value in (loss.in_batch, loss.angle))
        assert (loss.cosine, loss.hard_negative) == (1, 1)
        assert objective_of(str(each.objective)) == each.objective


def test_every_combination_of_terms_is_named_once() -> None:
    objectives = objectives_of([Spec("terms"), Spec("cosent")])
    assert len(objectives) == 12
    assert len(set(map(str, objectives))) == 12
    used = [(o.settings.cosine, o.settings.in_batch, o.settings.angle, o.settings.angle_form) for o in objectives]
    assert used[0] == (1, 0, 0, "abs-sum")
    assert used.count((0, 0, 1, "phase")) == used.count((0, 0, 1, "abs-sum")) == 1
    assert sum(form == "phase" for *_, form in used) == 4


def test_a_tuned_grid_reports_its_budget_and_trains_nothing_twice(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, tests = loaded(dataset(tmp_path / "data")), scored_on(tmp_path / "tests")
    chosen = Tuning(trials=3, validation=check_tuning(data.validation, tests), seed=1)
    grid = Grid(objectives=(objective_of("cosent"), objective_of("acl")), seeds=(1, 2))

    def run() -> object:
        return run_grid(grid, settings(tiny_bert), data.train, tests, tmp_path / "out", tuning=chosen, device="cpu")

    summaries = run()
    document = (tmp_path / "out" / "ablation.md").read_text(encoding="utf-8")
    assert "of 3 trials for each variant" in document
    assert "learning rate 1e-06 to 0.001" in document
    assert "Difference from the first row [95 % interval]" in document
    with (tmp_path / "out" / "trials.csv").open(encoding="utf-8") as file:
        trials = list(csv.DictReader(file))
    assert [(trial["variant"], trial["trial"]) for trial in trials] == [
        (variant, str(number)) for variant in ("cosent", "acl") for number in (1, 2, 3)
    ]
    for variant in ("cosent", "acl"):
        best = max(
            (trial for trial in trials if trial["variant"] == variant), key=lambda trial: float(trial["validation"])
        )
        assert f"| {float(best['learning_rate']):g} |" in document
    monkeypatch.setattr("gis.training.ablation.scored.train", None)
    assert run() == summaries


@pytest.mark.parametrize("failures", [2, 3])
def test_a_trial_that_diverges_loses(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    data = loaded(dataset(tmp_path / "data"))
    real, calls = train, []

    def failing(*given: object, **options: object) -> object:
        calls.append(given)
        if len(calls) <= failures:
            raise DivergedError("the loss became nan")
        return real(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(scored, "train", failing)
    search = Tuning(trials=3, validation=check_tuning(data.validation, []), seed=1)

    def run() -> tuning.Tuned:
        return tune("cosent", settings(tiny_bert, objective="cosent"), data.train, search, tmp_path, device="cpu")

    if failures == 3:
        with pytest.raises(GisError, match="none of the 3 trials has a score"):
            run()
    else:
        tuned = run()
        assert [trial.score is None for trial in tuned.trials] == [True, True, False]
        assert tuned.chosen.number == 2
        assert tuned.settings.learning_rate == tuned.chosen.learning_rate


def test_what_chooses_is_never_what_is_reported(tmp_path: Path) -> None:
    data = loaded(dataset(tmp_path / "data"))
    assert data.validation is not None
    with pytest.raises(UsageError, match="are also scored"):
        check_tuning(data.validation, [data.validation])
    with pytest.raises(UsageError, match="no validation split"):
        check_tuning(None, [])

"""The presets: the weights that the notes record, each with its source, each able to train its format."""

import re
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from gis.errors import UsageError
from gis.models import losses
from gis.models.losses import (
    PRESETS,
    AngleLoss,
    LossSettings,
    Preset,
    contrastive_objective,
    cosine_objective,
    objective_of,
    objectives_of,
    preset_of,
)
from gis.models.losses.settings import TEMPERATURES
from gis.spec import Spec

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")

# cosine, in-batch, angle; angle's temperature, by release of the official package
RELEASES = {
    "angle-emb-0.1": (1, 1, 1, 1.0),
    "angle-emb-0.2": (1, 35, 1, 1.0),
    "angle-emb-0.4": (1, 1, 1, 0.05),
    "angle-emb-0.4.6": (0, 30, 1, 0.05),
    "angle-emb-0.4.12": (0, 20, 1, 0.05),
    "angle-emb-0.5.5": (0, 1, 0.02, 0.05),
    "preprint": (1, 1, 1, 1.0),
    "acl": (0, 1, 1, 0.05),
    "cosent": (1, 0, 0, 0.05),
}


@pytest.mark.parametrize("name", RELEASES)
def test_weights(name: str) -> None:
    loss = PRESETS[name].loss
    assert (loss.cosine, loss.in_batch, loss.angle, loss.angle_temperature) == RELEASES[name]


@pytest.mark.parametrize("name", PRESETS)
def test_each_has_a_source_and_trains_some_format(name: str) -> None:
    preset = PRESETS[name]
    assert len(preset.source) > 20
    x = torch.randn(6, 8, generator=torch.Generator().manual_seed(0)).requires_grad_()
    y, labels = x.detach().flip(0), torch.tensor([0.0, 1, 0, 1, 1, 0])
    if name == "simcse-unsup":
        found = preset.loss(x, y)
    elif name == "simcse-sup":
        found = preset.loss(x, y, negatives=y.roll(1, 0))
    else:
        found = preset.loss(x, y, labels, logits=x[:, :2])
    (gradient,) = torch.autograd.grad(found.total, x)
    assert gradient.abs().sum() > 0


def test_an_unknown_one_names_close_ones() -> None:
    with pytest.raises(UsageError, match="cosent"):
        preset_of("cosentt")


def test_the_baselines_are_what_their_papers_train() -> None:
    """Each preset of a baseline is one objective, at weight 1."""
    generator = torch.Generator().manual_seed(0)
    x, y, hard = (torch.randn(6, 8, dtype=torch.float64, generator=generator) for _ in range(3))
    labels = torch.tensor([0.0, 1, 0, 1, 1, 0])
    logits = torch.randn(6, 2, dtype=torch.float64, generator=generator)
    found = {
        "cosent": PRESETS["cosent"].loss(x, y, labels),
        "simcse-unsup": PRESETS["simcse-unsup"].loss(x, y),
        "simcse-sup": PRESETS["simcse-sup"].loss(x, y, negatives=hard),
        "sbert-cosine": PRESETS["sbert-cosine"].loss(x, y, labels),
        "sbert-softmax": PRESETS["sbert-softmax"].loss(x, y, labels, logits=logits),
    }
    cosine = functional.cosine_similarity(x, y)
    expected = {
        "cosent": cosine_objective(x, y, labels),
        "simcse-unsup": contrastive_objective(x, y),
        "simcse-sup": contrastive_objective(x, y, hard),
        "sbert-cosine": ((cosine - labels) ** 2).mean(),
        "sbert-softmax": -logits.log_softmax(1)[torch.arange(6), labels.long()].mean(),
    }
    for name, terms in found.items():
        torch.testing.assert_close(terms.total, expected[name], rtol=1e-12, atol=1e-12)
    assert PRESETS["simcse-unsup"].same_text
    assert [name for name, preset in PRESETS.items() if preset.head == "mlp"] == ["simcse-unsup"]


def test_the_document_names_every_preset_with_its_weights() -> None:
    """The table of docs/losses.md: cosine, in-batch, hard negatives, angle, regression, softmax; three temperatures."""
    rows = dict(re.findall(r"^\| `([\w.-]+)` \| ((?:[\d.]+ \| ){8}[\d.]+) \| [^|]+ \|$", DOCUMENT, re.M))
    for name, preset in PRESETS.items():
        loss = preset.loss
        weights = (loss.cosine, loss.in_batch, loss.hard_negative, loss.angle, loss.regression, loss.softmax)
        temperatures = (loss.cosine_temperature, loss.in_batch_temperature, loss.angle_temperature)
        assert rows[name] == " | ".join(f"{number:g}" for number in (*weights, *temperatures)), name
    assert rows.keys() == PRESETS.keys()


def test_the_document_cites_tests_that_exist() -> None:
    cited = re.findall(r"`(test_\w+)`", DOCUMENT)
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "models").rglob("test_*.py"))
    assert len(cited) > 12
    assert [name for name in cited if f"def {name}(" not in tests] == []
    paths = re.findall(r"`((?:tests|perf)/[\w/]+\.py)`", DOCUMENT)
    assert all((ROOT / path).exists() for path in paths)


@pytest.mark.parametrize(
    ("objective", "typed"),
    [
        ("gis", "gis"),
        ("gis,angle=1.0", "gis"),
        ("preprint,angle=0.5,angle_form=phase", "preprint,angle=0.5,angle_form=phase"),
        (PRESETS["acl"], "acl"),
        (AngleLoss(cosine=0.5, angle_form="phase"), "custom,angle_form=phase,cosine=0.5"),
    ],
)
def test_an_objective_is_known_by_what_differs_from_its_preset(objective: str | Preset | AngleLoss, typed: str) -> None:
    assert str(objective_of(objective)) == typed


def test_an_objective_with_changes_has_the_loss_of_its_settings() -> None:
    loss = objective_of("preprint,angle=0.5").loss
    assert (loss.angle, loss.angle_temperature, loss.cosine) == (0.5, 1.0, 1.0)


def test_every_combination_of_the_three_terms_comes_once_and_with_both_forms_of_the_angle() -> None:
    typed = [str(preset).removeprefix("angle-emb-0.4") for preset in objectives_of([Spec("terms", {})])]
    assert typed == [
        ",angle=0,in_batch=0",
        ",angle=0,cosine=0",
        ",cosine=0,in_batch=0",
        ",angle_form=phase,cosine=0,in_batch=0",
        ",angle=0",
        ",in_batch=0",
        ",angle_form=phase,in_batch=0",
        ",cosine=0",
        ",angle_form=phase,cosine=0",
        "",
        ",angle_form=phase",
    ]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("angle", "-0.1", "angle must be 0 or more, not -0.1"),
        ("angle", "inf", "angle must be 0 or more, not inf"),
        ("angle", "nan", "angle must be 0 or more, not nan"),
        ("angle", "much", "angle must be a number, not 'much'"),
        ("angle_temperature", "0", "angle_temperature must be above 0, not 0"),
        ("angle_form", "sum", "angle_form must be abs-sum or phase, not 'sum'"),
        ("angel", "1", "angel"),
    ],
)
def test_impossible_options_are_refused(option: str, value: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        objective_of(f"gis,{option}={value}")
    assert objective_of("gis,angle=0").settings.angle == 0


def test_objectives_with_changes_stand_for_themselves() -> None:
    (only,) = objectives_of([Spec("gis", {"angle": "0.5"})])
    assert str(only) == "gis,angle=0.5"
    with pytest.raises(UsageError, match="terms"):
        objectives_of([Spec("terms", {"angle": "0.5"})])
    with pytest.raises(UsageError, match="is not an objective"):
        objective_of(5)  # type: ignore[arg-type]


def test_one_temperature_for_all() -> None:
    settings = LossSettings().at_temperature(0.3)
    assert {getattr(settings, name) for name in TEMPERATURES} == {0.3}
    assert settings.cosine == 1


def test_only_public_names_are_loaded_when_they_are_asked_for() -> None:
    assert set(dir(losses)) == set(losses.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = losses.nothing

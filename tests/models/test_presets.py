"""The presets: the weights that the notes record, each with its source, each able to train its format."""

import re
from pathlib import Path

import pytest
import torch

from gis.errors import UsageError
from gis.models.presets import PRESETS, preset_of

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


def test_the_document_names_every_preset_and_every_test_that_it_cites() -> None:
    root = Path(__file__).resolve().parents[2]
    document = (root / "docs" / "losses.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in document for name in PRESETS)
    tests = (root / "tests" / "models" / "test_losses.py").read_text(encoding="utf-8")
    cited = re.findall(r"`(test_\w+)`", document)
    assert len(cited) > 8
    assert all(f"def {name}(" in tests for name in cited)

"""The losses against what angle_emb and sentence-transformers gave (perf/losses_oracle.py), gradients included."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gis.models.losses import (
    AngleLoss,
    angle_objective,
    contrastive_objective,
    cosine_objective,
    in_batch_negative_objective,
)

RECORD: dict[str, Any] = json.loads((Path(__file__).parent / "data" / "loss_oracle.json").read_text(encoding="utf-8"))
BATCH, WIDTH = 12, 16


def batch(seed: int) -> tuple[Tensor, Tensor, Tensor, dict[str, Tensor]]:
    rng = np.random.default_rng(seed)
    x, noise, negatives = (torch.from_numpy(rng.standard_normal((BATCH, WIDTH))) for _ in range(3))
    labels = {
        "binary": torch.from_numpy(rng.integers(0, 2, BATCH).astype(float)),
        "graded": torch.from_numpy(rng.random(BATCH)),
        "tied": torch.from_numpy(rng.integers(0, 6, BATCH).astype(float)),
    }
    return x.requires_grad_(), (x.detach() + noise).requires_grad_(), negatives.requires_grad_(), labels


def ours(name: str, x: Tensor, y: Tensor, n: Tensor, labels: dict[str, Tensor]) -> Tensor:
    kind = next((label for label in labels if label in name), "")
    if "format" in name:
        loss = AngleLoss(cosine=0.5, angle=0.25)
        parts = {"A": {"labels": labels["binary"]}, "B": {}, "C": {"negatives": n}}
        return loss(x, y, **parts[name.split("format ")[1][0]]).total
    if "contrastive" in name or "MultipleNegatives" in name:
        return contrastive_objective(x, y, n if "negatives" in name else None)
    if "in-batch" in name:
        return in_batch_negative_objective(x, y, labels[kind])
    objective = angle_objective if "ngle," in name or "AnglE" in name else cosine_objective
    return objective(x, y, labels[kind])


def test_there_is_something_to_compare_with() -> None:
    assert len(RECORD["losses"]) == 40
    assert RECORD["versions"]["angle-emb"] == "0.6.1"
    assert RECORD["versions"]["sentence-transformers"].startswith("6.")


@pytest.mark.parametrize("name", RECORD["losses"])
def test_value_and_gradients(name: str) -> None:
    x, y, n, labels = batch(int(name[-1]))
    recorded = RECORD["losses"][name]
    value = ours(name, x, y, n, labels)
    assert value.item() == pytest.approx(recorded["value"], rel=1e-12, abs=1e-12)
    gradients = torch.autograd.grad(value, (x, y, n), allow_unused=True)
    for mine, theirs in zip(gradients, recorded["gradients"], strict=True):
        if theirs is not None:
            assert mine is not None
            np.testing.assert_allclose(mine.reshape(-1)[: len(theirs)].numpy(), theirs, rtol=1e-12, atol=1e-12)

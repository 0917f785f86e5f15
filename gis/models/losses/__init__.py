"""The losses: pure functions of (batch, dim) tensors, and ``AngleLoss``, which weighs them."""

from gis.models.losses.objectives import (
    AngleLoss,
    LossTerms,
    angle_objective,
    contrastive_objective,
    cosine_objective,
    in_batch_negative_objective,
    pair_features,
    regression_objective,
    unit,
)
from gis.models.losses.presets import PRESETS, Preset, preset_of

__all__ = [
    "PRESETS",
    "AngleLoss",
    "LossTerms",
    "Preset",
    "angle_objective",
    "contrastive_objective",
    "cosine_objective",
    "in_batch_negative_objective",
    "pair_features",
    "preset_of",
    "regression_objective",
    "unit",
]

"""The losses: pure functions of (batch, dim) tensors, and ``AngleLoss``, which weighs them.

The presets are plain data; whatever computes with tensors is loaded, and torch with it, when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from gis.models.losses.presets import PRESETS, Preset, objective_of, objectives_of, preset_of
from gis.models.losses.settings import LossSettings

if TYPE_CHECKING:
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

__all__ = [
    "PRESETS",
    "AngleLoss",
    "LossSettings",
    "LossTerms",
    "Preset",
    "angle_objective",
    "contrastive_objective",
    "cosine_objective",
    "in_batch_negative_objective",
    "objective_of",
    "objectives_of",
    "pair_features",
    "preset_of",
    "regression_objective",
    "unit",
]


def __getattr__(name: str) -> object:
    """Return what computes with tensors."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("gis.models.losses.objectives"), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__

"""The losses: pure functions of (batch, dim) tensors, and ``AngleLoss``, which weighs them.

The presets are plain data; whatever computes with tensors is loaded, and torch with it, when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from gis.models.losses.presets import PRESETS, Preset, objective_of, objectives_of, preset_of
from gis.models.losses.settings import LossSettings

if TYPE_CHECKING:
    from gis.models.losses.angle_loss import AngleLoss, LossTerms
    from gis.models.losses.objectives import (
        angle_objective,
        contrastive_objective,
        cosine_objective,
        in_batch_negative_objective,
        regression_objective,
    )
    from gis.models.losses.terms import pair_features, unit

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

HOMES = {"AngleLoss": "angle_loss", "LossTerms": "angle_loss", "pair_features": "terms", "unit": "terms"}


def __getattr__(name: str) -> object:
    """Return what computes with tensors."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = "objectives" if name.endswith("_objective") else HOMES[name]
    return getattr(import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return __all__

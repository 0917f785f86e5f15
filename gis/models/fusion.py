"""Fusion: the weighted mean of what several models make of the same pairs."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gis.errors import UsageError
from gis.models.base import LoadSettings, Model
from gis.models.composite import Composite, Output, PairVectors
from gis.models.registry import load_model
from gis.spec import Spec, parse_joined

FITTED_ON_PAIRS = "the pairs of the task that is scored"


class Fusion(Composite):
    """A fixed linear combination of similarities, each standardised over the pairs of the task.

    Standardised means less its mean, divided by its standard deviation, so that models whose similarities have
    different ranges count alike. A model that gives all pairs one number counts as 0.

    Args:
        models: Two or more models.
        weights: A weight above 0 for each, of which only the proportions matter; None for equal ones.
        name: What tables call it.

    Raises:
        UsageError: There is one model only, one comes twice, or the weights do not fit them.
    """

    def __init__(
        self, models: Sequence[Model], weights: Sequence[float] | None = None, *, name: str = "fusion"
    ) -> None:
        names = [model.card.name for model in models]
        if len(models) < 2:
            raise UsageError(f"fusion combines two models or more; given: {', '.join(names) or 'none'}")
        if len({model.card.identity for model in models}) < len(models):
            raise UsageError(
                f"fusion was given one model twice: {', '.join(names)}", remedy="name models in memory differently"
            )
        weights = [1.0] * len(models) if weights is None else weights
        if len(weights) != len(models):
            raise UsageError(f"fusion has {len(models)} models ({', '.join(names)}) and {len(weights)} weights")
        if not all(math.isfinite(weight) and weight > 0 for weight in weights):
            raise UsageError(f"the weights of fusion must be numbers above 0, not {', '.join(map(str, weights))}")
        self._weights = [weight / math.fsum(weights) for weight in weights]
        written = "+".join(map(str, self._weights))
        super().__init__("fusion", models, name=name, settings={"weights": written}, fitted_on=FITTED_ON_PAIRS)

    def combine(self, outputs: Sequence[Output]) -> NDArray[np.float64]:
        """Score pairs by the weighted mean of their standardised similarities."""
        scores = [output.similarities() if isinstance(output, PairVectors) else output for output in outputs]
        return np.average([_standardised(part) for part in scores], axis=0, weights=self._weights)


def fusion(spec: Spec, settings: LoadSettings) -> Fusion:
    """Open ``fusion,models=FIRST+SECOND,weights=0.7+0.3``.

    Raises:
        UsageError: An option is wrong.
        GisError: A model cannot be loaded.
    """
    spec.check_options(("models", "weights"))
    if "models" not in spec.options:
        raise UsageError("fusion needs models", remedy="name them: fusion,models=minilm+tfidf")
    models = [load_model(part, settings) for part in parse_joined(spec.options["models"])]
    given = spec.options.get("weights")
    return Fusion(models, None if given is None else [_weight(part) for part in given.split("+")], name=str(spec))


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"the weights of fusion must be numbers above 0, not '{text}'") from None


def _standardised(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if not len(scores) or np.ptp(scores) == 0:
        return np.zeros_like(scores)
    return np.asarray((scores - scores.mean()) / scores.std())

"""The weights and temperatures of a loss, as plain numbers: reading them loads no torch."""

from dataclasses import dataclass, fields, replace
from typing import Literal, Self

AngleForm = Literal["abs-sum", "phase"]


@dataclass(frozen=True, kw_only=True)
class LossSettings:
    """How the objectives are weighed. A weight of 0 leaves an objective out; temperatures divide.

    Attributes:
        cosine: Weight of the cosine objective.
        in_batch: Weight of the in-batch negative objective; of InfoNCE where all pairs are positive.
        angle: Weight of the angle objective.
        hard_negative: Weight of InfoNCE over hard negatives, for triplets.
        regression: Weight of the squared difference between cosine and label.
        softmax: Weight of the cross-entropy of a classifier's logits.
        cosine_temperature: Divides the cosines.
        in_batch_temperature: Divides the cosines of ``in_batch`` and of ``hard_negative``.
        angle_temperature: Divides the closeness in complex space.
        angle_form: Form of the angle objective.

    Raises:
        ValueError: A temperature is not above 0, which would reverse the ranking.
    """

    cosine: float = 1.0
    in_batch: float = 1.0
    angle: float = 1.0
    hard_negative: float = 1.0
    regression: float = 0.0
    softmax: float = 0.0
    cosine_temperature: float = 0.05
    in_batch_temperature: float = 0.05
    angle_temperature: float = 0.05
    angle_form: AngleForm = "abs-sum"

    def __post_init__(self) -> None:
        """Check the temperatures."""
        for name in TEMPERATURES:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, not {getattr(self, name)}")

    def at_temperature(self, temperature: float) -> Self:
        """Return the settings with one temperature for all objectives."""
        return replace(
            self,
            cosine_temperature=temperature,
            in_batch_temperature=temperature,
            angle_temperature=temperature,
        )


WEIGHTS = ("cosine", "in_batch", "angle", "hard_negative", "regression", "softmax")
TEMPERATURES = ("cosine_temperature", "in_batch_temperature", "angle_temperature")
SETTINGS = tuple(field.name for field in fields(LossSettings))

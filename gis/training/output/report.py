"""How one training went."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

RENAMED = {  # by schema 2 of the manifest
    "comparison": "effective_batch_texts",
    "incomparable": "share_single_label_batches",
    "cut": "share_texts_cut",
}


@dataclass(frozen=True, kw_only=True)
class TrainingReport:
    """How one training went.

    Attributes:
        seed: Seed of everything random.
        before: Score on the validation pairs before the first step, -1 to 1, as ``gis bench`` defines it; None without
            validation pairs.
        best: The best validation score, whose weights were kept; None without validation pairs.
        best_step: The step of that score; the last step without validation pairs.
        steps: Optimizer steps.
        pairs: Rows trained on, in all processes together, repeated epochs included.
        seconds: Duration of the steps alone, without validations and checkpoints.
        effective_batch_texts: Texts that each text of a batch is compared with at once, itself included.
        share_single_label_batches: Share of the batches in which all labels were equal, so that the ranking terms had
            nothing to compare.
        share_texts_cut: Share of the distinct texts that were longer than the model reads.
        losses: For each logging step, the loss and each objective's value, averaged since the entry before.
        validations: For each validation, its step and score.
    """

    seed: int
    before: float | None
    best: float | None
    best_step: int
    steps: int
    pairs: int
    seconds: float
    effective_batch_texts: int
    share_single_label_batches: float
    share_texts_cut: float
    losses: tuple[Mapping[str, float], ...]
    validations: tuple[Mapping[str, float], ...]

    @property
    def final_loss(self) -> float | None:
        """The last loss that was logged."""
        return self.losses[-1]["loss"] if self.losses else None

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "TrainingReport":
        """Read a report, of the first schema too.

        Raises:
            KeyError, TypeError, ValueError: It is not a report.
        """
        fields = {RENAMED.get(name, name): value for name, value in values.items()}
        series = {name: tuple(fields[name]) for name in ("losses", "validations")}
        return cls(**{**fields, **series})

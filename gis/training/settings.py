"""How a model is trained: every choice that decides its weights."""

from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any, get_args

from gis.errors import UsageError, check_number, unknown_name
from gis.models.base import TrainingPrecision
from gis.models.losses import PRESETS, Preset
from gis.spec import Spec

DEFAULT_OBJECTIVE = "gis"
LARGEST_WARMUP = 0.99
LARGEST_SEED = 2**32 - 1  # of numpy


@dataclass(frozen=True, kw_only=True)
class TrainSettings:
    """What is trained, and how.

    Attributes:
        model: The encoder to start from, with its options (pooling, prompt, max_length, …).
        objective: The loss; ``objective_of`` makes one of a name with changes, as ``preprint,angle=0.5``.
        epochs: Passes over the data; may be a fraction.
        batch_size: Rows per batch, in each process.
        accumulate: Batches per optimizer step. Accumulation enlarges the step, not what a text is compared with.
        mini_batch_tokens: Tokens that go through the encoder at once, for batches larger than memory; None for all.
        learning_rate: Peak rate of AdamW, reached after the warm-up; it then falls linearly to 0.
        warmup: Share of the steps over which the rate rises.
        weight_decay: Weight decay of AdamW.
        eval_steps: Steps between validations, each with a checkpoint; None: one at the end of each epoch.
        lora: Rank of the LoRA adapter that is trained in place of the weights; 0 trains the weights.
        layers: Keep only the first N layers of the backbone; None keeps all.
        random_init: Start from random weights instead of the model's own.
        max_length: Cut texts at this many tokens; None for the model's own limit.
        precision: Number format of the computation; "auto" takes bf16 where a GPU has it, else fp32.
        seed: Seed of everything random.

    Raises:
        UsageError: A number is out of range, the precision is unknown, or the weights below an adapter would be lost.
    """

    model: Spec
    objective: Preset = PRESETS[DEFAULT_OBJECTIVE]
    epochs: float = 1.0
    batch_size: int = 32
    accumulate: int = 1
    mini_batch_tokens: int | None = None
    learning_rate: float = 2e-5
    warmup: float = 0.1
    weight_decay: float = 0.01
    eval_steps: int | None = None
    lora: int = 0
    layers: int | None = None
    random_init: bool = False
    max_length: int | None = None
    precision: TrainingPrecision = "auto"
    seed: int = 42

    def __post_init__(self) -> None:
        """Check every number: the Python API has no other check."""
        if not isinstance(self.epochs, Real) or not 0 < self.epochs < float("inf"):
            given = f"{self.epochs:g}" if isinstance(self.epochs, Real) else repr(self.epochs)
            raise UsageError(f"the number of epochs must be above 0, not {given}", remedy="choose other --epochs")
        check_number("the batch size", self.batch_size, 1)
        check_number("the number of batches per step", self.accumulate, 1)
        check_number("the learning rate", self.learning_rate, 0, whole=False)
        check_number("the share of the warm-up", self.warmup, 0, LARGEST_WARMUP, whole=False)
        check_number("the weight decay", self.weight_decay, 0, whole=False)
        check_number("the rank of the adapter", self.lora, 0)
        check_number("the seed", self.seed, 0, LARGEST_SEED)
        for what, number in (
            ("the number of tokens in memory at once", self.mini_batch_tokens),
            ("the number of steps between validations", self.eval_steps),
            ("the number of layers", self.layers),
        ):
            if number is not None:
                check_number(what, number, 1)
        if self.precision not in get_args(TrainingPrecision):
            raise unknown_name("precision", self.precision, get_args(TrainingPrecision))
        if self.lora and (self.layers is not None or self.random_init):
            changed = "random weights" if self.random_init else "fewer layers"
            raise UsageError(
                f"an adapter is saved without its backbone, so that of a backbone with {changed} would be useless",
                remedy="leave out --lora, or --layers and --random-init",
            )

    def record(self) -> dict[str, Any]:
        """Return every choice as JSON, for the manifest and to recognise a run by."""
        return {**asdict(self), "model": str(self.model), "objective": str(self.objective)}

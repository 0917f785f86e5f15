"""How a model is trained: every choice that decides its weights."""

from dataclasses import asdict, dataclass
from typing import Any

from gis.models.base import LoadSettings
from gis.models.losses import Preset, objective_of
from gis.spec import Spec


@dataclass(frozen=True)
class TrainSettings:
    """What is trained, and how.

    Attributes:
        model: The encoder to start from, with its options (pooling, prompt, max_length, …).
        objective: A preset, with what is changed of it: ``preprint,angle=0.5,angle_form=phase``.
        epochs: Times through the data.
        batch_size: Rows of a batch, of each process.
        accumulate: Batches a step; enlarges the step, not what a text is compared with.
        mini_batch_tokens: Tokens that go through the encoder at once, for batches larger than memory; None for all.
        learning_rate: Highest rate of AdamW, reached after the warm-up and falling to 0 in a line.
        warmup: Share of the steps that the rate rises over.
        weight_decay: Of AdamW.
        eval_steps: Steps from one validation and checkpoint to the next; None: at the end of each epoch.
        lora: Rank of the LoRA adapter that is trained in place of the weights; 0 trains the weights.
        layers: Keep only the first layers of the backbone; None keeps all.
        random_init: Start from random weights instead of the model's own.
        seed: Seed of everything random.
    """

    model: Spec
    objective: Spec
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
    seed: int = 42

    def record(self, load: LoadSettings) -> dict[str, Any]:
        """Every choice as JSON, for the manifest and to know a run by."""
        values = {**asdict(self), "model": str(self.model), "objective": str(self.objective)}
        return {**values, "precision": load.precision, "max_length": load.max_length}


def preset_with_changes(spec: Spec) -> Preset:
    """The preset that ``spec`` names, with its weights, temperatures and form changed as it says."""
    return objective_of(spec)

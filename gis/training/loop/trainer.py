"""transformers' Trainer with our batches, our loss and our choice of the best checkpoint."""

import json
from dataclasses import asdict, dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from gis.errors import GisError
from gis.files import load_json
from gis.models.losses import AngleLoss
from gis.training.loop.batches import TokenizedRows
from gis.training.loop.checkpoints import is_complete
from gis.training.loop.validation import Validation
from gis.training.model.trainable import TrainableEncoder

WEIGHTS = "model.safetensors"
COUNTS = "counts.json"
METRIC = "spearman"


class DivergedError(GisError):
    """The loss is no longer finite."""


@dataclass
class Counts:
    """What one process has trained on, since the first step of a training that was stopped and continued.

    Attributes:
        rows: Rows, repeated epochs included.
        batches: Batches.
        single_label_batches: Batches in which all labels were equal.
        seconds: Duration of the steps alone, without validations and checkpoints.
        unlogged_batches: Batches since the last log.
        unlogged_losses: Sums over them of the loss and of each of its terms.
    """

    rows: int = 0
    batches: int = 0
    single_label_batches: int = 0
    seconds: float = 0.0
    unlogged_batches: int = 0
    unlogged_losses: dict[str, float] = field(default_factory=dict)

    def add_losses(self, losses: dict[str, float]) -> None:
        """Count a batch with its losses, to be logged."""
        self.unlogged_batches += 1
        for name, value in losses.items():
            self.unlogged_losses[name] = self.unlogged_losses.get(name, 0.0) + value

    def take_losses(self) -> dict[str, float]:
        """Return the mean losses since the last log, and begin anew."""
        means = {name: total / self.unlogged_batches for name, total in self.unlogged_losses.items()}
        self.unlogged_batches, self.unlogged_losses = 0, {}
        return means

    def write(self, checkpoint: Path) -> None:
        """Write the counts beside the weights of a checkpoint."""
        (checkpoint / COUNTS).write_text(json.dumps(asdict(self)) + "\n", encoding="utf-8")

    def read(self, checkpoint: Path) -> None:
        """Set the counts to those of a checkpoint; one of version 0.1 has none."""
        path = checkpoint / COUNTS
        values = load_json(path) if path.is_file() else {}
        vars(self).update(asdict(Counts()) | values)


class PairTrainer(transformers.Trainer):
    """Trains an encoder on rows of texts.

    The three overridden methods whose names begin with an underscore are private to transformers: pyproject.toml bounds
    its version, and a test asserts that they exist.

    Args:
        model: The model to train.
        args: transformers' settings.
        rows: The data.
        loss: The objective.
        validation: Pairs to validate on, or None.
        callbacks: Called at every step.
    """

    def __init__(
        self,
        model: TrainableEncoder,
        args: transformers.TrainingArguments,
        rows: TokenizedRows,
        loss: AngleLoss,
        validation: Validation | None,
        callbacks: list[transformers.TrainerCallback],
    ) -> None:
        super().__init__(
            model=model,
            args=args,
            train_dataset=rows,
            eval_dataset=None if validation is None else rows,  # its own evaluate() never looks at it
            data_collator=rows.batch,
            callbacks=callbacks,
        )
        self._trained = model
        self._loss = loss
        self._validation = validation
        self.counts = Counts()

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,  # noqa: FBT001, FBT002 - the library's signature
        num_items_in_batch: Tensor | int | None = None,  # noqa: ARG002 - the loss of a batch is no sum over items
    ) -> Any:  # noqa: ANN401
        """The weighted objectives of one batch."""
        pairs, negatives = inputs["pairs"], inputs["negatives"]
        vectors, logits = model(inputs["texts"], pairs)
        loss = self._loss(
            vectors[:pairs],
            vectors[pairs : 2 * pairs],
            inputs["gold"],
            None if negatives is None else vectors[2 * pairs :],
            **(negatives or {}),
            text_ids=inputs["text_ids"],
            logits=logits,
            weights=inputs["weights"],
        )
        values = torch.stack([loss.total.detach(), *loss.terms.values()]).tolist()  # the device is waited for once
        losses = dict(zip(("loss", *loss.terms), values, strict=True))
        if not isfinite(losses["loss"]):
            raise DivergedError(
                f"the loss became {losses['loss']} at step {self.state.global_step + 1}",
                remedy="lower --learning-rate, or train with --precision fp32",
            )
        self.counts.add_losses(losses)
        self.counts.batches += 1
        self.counts.rows += pairs
        self.counts.single_label_batches += int(~loss.comparable)
        return (loss.total, {}) if return_outputs else loss.total

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log the means of the loss and its objectives since the last log; a resume loses those of transformers."""
        super().log({**logs, **self.counts.take_losses()} if "loss" in logs else logs, start_time)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401
        """Score the validation pairs."""
        if self._validation is None:
            raise AssertionError("without validation pairs, nothing calls for an evaluation")
        metrics = {f"eval_{METRIC}": self._validation.score(self._trained.encoder)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Write a checkpoint of the weights that are trained: of an adapter, not the backbone below it."""
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        save_file(trained_weights(self._trained), folder / WEIGHTS)
        self.counts.write(folder)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:  # noqa: ARG002
        load_weights(self._trained, Path(resume_from_checkpoint))
        self.counts.read(Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        best = Path(str(self.args.output_dir)) / Path(str(self.state.best_model_checkpoint)).name
        if not is_complete(best):
            raise GisError(f"{best}, which has the best weights, is missing or damaged", remedy="--force trains again")
        load_weights(self._trained, best)


def trained_weights(model: torch.nn.Module) -> dict[str, Tensor]:
    """Return copies of the parameters that training changes, by name."""
    return {
        name: value.detach().cpu().contiguous().clone()
        for name, value in model.named_parameters()
        if value.requires_grad
    }


def load_weights(model: torch.nn.Module, checkpoint: Path) -> None:
    """Restore the weights of a checkpoint."""
    saved = load_file(checkpoint / WEIGHTS)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.requires_grad:
                value.copy_(saved[name])

"""transformers' Trainer, given our batches, our loss and our idea of the best checkpoint."""

from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors.torch import load_file, save_file
from torch import Tensor

from gis.errors import GisError
from gis.models.losses import AngleLoss
from gis.training.batches import TokenizedRows
from gis.training.encoder import TrainableEncoder
from gis.training.validation import Validation

WEIGHTS = "model.safetensors"
METRIC = "spearman"


class PairTrainer(transformers.Trainer):
    """Trains an encoder on rows of texts.

    Args:
        model: What is trained.
        args: transformers' settings.
        rows: The data.
        loss: The objective.
        validation: Pairs to validate on, or None.
        callbacks: Told of every step.
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
        self._terms: dict[str, Tensor] = {}
        self._batches = 0
        self.incomparable = 0.0  # batches so far in which no two labels differed

    def compute_loss(
        self,
        model: torch.nn.Module,
        inputs: dict[str, Any],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,  # noqa: ARG002 - the loss of a batch is no sum over items
    ) -> Any:  # noqa: ANN401
        """The weighted objectives of one batch."""
        vectors, logits = model(inputs["texts"], inputs["sides"])
        negatives = vectors[2] if len(vectors) > 2 else None
        found = self._loss(
            vectors[0], vectors[1], inputs["gold"], negatives, text_ids=inputs["text_ids"], logits=logits
        )
        if not torch.isfinite(found.total):
            raise GisError(
                f"the loss became {found.total.item()} at step {self.state.global_step + 1}; "
                "lower --learning-rate, or train with --precision fp32"
            )
        for name, value in found.terms.items():
            self._terms[name] = self._terms.get(name, torch.zeros_like(value)) + value
        self._batches += 1
        self.incomparable += float(~found.comparable)
        return (found.total, {}) if return_outputs else found.total

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add the mean of each objective since the last time."""
        if "loss" in logs and self._batches:
            logs = {**logs, **{name: float(total) / self._batches for name, total in self._terms.items()}}
            self._terms, self._batches = {}, 0
        super().log(logs, start_time)

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401
        """Spearman on the validation pairs."""
        if self._validation is None:
            raise AssertionError("without validation pairs nothing asks for an evaluation")
        metrics = {f"eval_{METRIC}": self._validation.score(self._trained.encoder)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Checkpoint what is trained: of an adapter not the backbone below it."""
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        save_file(trained_weights(self._trained), folder / WEIGHTS)

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: torch.nn.Module | None = None) -> None:  # noqa: ARG002
        load_weights(self._trained, Path(resume_from_checkpoint))

    def _load_best_model(self) -> None:
        load_weights(self._trained, Path(str(self.state.best_model_checkpoint)))


def trained_weights(model: torch.nn.Module) -> dict[str, Tensor]:
    """The parameters that training changes, on their own memory."""
    return {
        name: value.detach().cpu().contiguous().clone()
        for name, value in model.named_parameters()
        if value.requires_grad
    }


def load_weights(model: torch.nn.Module, checkpoint: Path) -> None:
    """Put the weights of a checkpoint back."""
    saved = load_file(checkpoint / WEIGHTS)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.requires_grad:
                value.copy_(saved[name])

"""transformers' settings for ours."""

from pathlib import Path

import torch
import transformers

from gis.errors import UsageError
from gis.training.loop.trainer import METRIC
from gis.training.settings import TrainSettings

LOGS_PER_RUN = 50
KEPT_CHECKPOINTS = 2


def training_arguments(
    settings: TrainSettings, rows: int, device: torch.device, checkpoints: Path, *, validates: bool
) -> transformers.TrainingArguments:
    """Return transformers' arguments; making them starts the communication between several processes.

    Args:
        settings: What is trained, and how; its precision is not "auto".
        rows: Rows of the training set.
        device: The device to train on.
        checkpoints: Folder of the checkpoints.
        validates: Whether there are validation pairs to choose the best checkpoint by.

    Raises:
        UsageError: There are fewer rows than one batch in each process.
    """
    arguments = transformers.TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=settings.batch_size,
        gradient_accumulation_steps=settings.accumulate,
        num_train_epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        warmup_steps=settings.warmup,
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        data_seed=settings.seed,
        use_cpu=device.type == "cpu",
        bf16=settings.precision == "bf16",
        report_to="none",
        disable_tqdm=True,
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        label_names=[],
        ddp_find_unused_parameters=False,
        dataloader_pin_memory=False,
        save_total_limit=KEPT_CHECKPOINTS,
    )
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several GPUs get a process each, not a model divided among threads
    world = arguments.world_size
    # Processes must make the same number of steps, and none may repeat rows to fill up: what is left of an epoch after
    # its whole batches is left out of that epoch.
    arguments.dataloader_drop_last = world > 1
    batches = rows // (settings.batch_size * world) if world > 1 else -(-rows // settings.batch_size)
    if batches < 1:
        raise UsageError(f"{rows} rows are fewer than one batch of {settings.batch_size} in each of {world} processes")
    steps_per_epoch = max(-(-batches // settings.accumulate), 1)
    arguments.save_strategy = transformers.trainer_utils.SaveStrategy("steps")
    arguments.eval_strategy = transformers.trainer_utils.IntervalStrategy("steps" if validates else "no")
    arguments.save_steps = arguments.eval_steps = settings.eval_steps or steps_per_epoch
    arguments.logging_steps = max(int(steps_per_epoch * settings.epochs) // LOGS_PER_RUN, 1)
    arguments.load_best_model_at_end = validates
    arguments.metric_for_best_model = f"eval_{METRIC}"
    arguments.greater_is_better = True
    return arguments

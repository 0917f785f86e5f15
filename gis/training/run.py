"""One training from its settings to the folder it leaves: continued where it was stopped, kept where it was done."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

from gis.console import Reporter
from gis.errors import GisError, UsageError
from gis.files import sha256_of, write_text
from gis.models.base import LoadSettings
from gis.models.losses import Preset
from gis.models.transformer.device import choose_device, describe_device
from gis.models.transformer.pretrained import model_folder_of
from gis.models.transformer.tokens import TextTokenizer
from gis.training.batches import TokenizedRows, tokenized_rows
from gis.training.build import build_model, build_tokenizer
from gis.training.callbacks import Watch
from gis.training.data import TrainingData, TrainingSet
from gis.training.distributed import gather_batch, processes, rank
from gis.training.manifest import MANIFEST, Outcome, read_outcome, run_record, write_manifest
from gis.training.saving import save_encoder
from gis.training.settings import TrainSettings, preset_with_changes
from gis.training.trainer import METRIC, PairTrainer
from gis.training.validation import Validation

CHECKPOINTS = "checkpoints"
RECORD = "run.json"
MOST_CLASSES = 10  # more distinct labels than this are grades, not classes
LOGS = 50  # of a whole run


def train_seeds(
    settings: TrainSettings,
    seeds: int,
    data: TrainingData,
    load: LoadSettings,
    output: Path,
    reporter: Reporter,
    *,
    force: bool = False,
    keep_checkpoints: bool = False,
) -> dict[Path, Outcome]:
    """Train a model for each of ``seeds`` seeds, counted from that of ``settings``; as ``train``.

    Returns:
        The outcome by folder: ``output``, or ``output/seed-N`` for more than one; empty in all processes but the first.
    """
    numbers = range(settings.seed, settings.seed + seeds)
    folders = {number: output if seeds == 1 else output / f"seed-{number}" for number in numbers}
    trained = {}
    for number, folder in folders.items():
        chosen = replace(settings, seed=number)
        trained[folder] = train(chosen, data, load, folder, reporter, force=force, keep_checkpoints=keep_checkpoints)
    return trained if rank() == 0 else {}


def train(
    settings: TrainSettings,
    data: TrainingData,
    load: LoadSettings,
    output: Path,
    reporter: Reporter,
    *,
    force: bool = False,
    keep_checkpoints: bool = False,
) -> Outcome:
    """Train one model and write it to ``output``.

    Stopped by Ctrl-C or SIGTERM it leaves a checkpoint; the same call goes on from the last checkpoint, and does
    nothing where the model is there already.

    Args:
        settings: What is trained, and how.
        data: What on.
        load: Device, precision, length, offline.
        output: Folder of the model.
        reporter: Told of progress.
        force: Train anew whatever is in ``output``.
        keep_checkpoints: Leave the checkpoints when the model is done.

    Raises:
        UsageError: The request cannot be.
        GisError: The training failed, or ``output`` holds something else.
        KeyboardInterrupt: It was stopped; a checkpoint is kept.
    """
    preset = preset_with_changes(settings.objective)
    rows = data.train.each_with_itself() if preset.same_text else data.train
    arguments = _arguments(settings, load, len(rows), output / CHECKPOINTS, validates=data.validation is not None)
    checkpoint = model_folder_of(settings.model, load)
    record = run_record(settings.record(load), checkpoint.content_hash(), replace(data, train=rows), processes())
    if arguments.process_index == 0:
        _prepare(output, record, force=force)
    _wait()
    if (done := read_outcome(output)) is not None:
        reporter.say(f"{output}: trained already with these settings and this data, kept")
        return done[1]

    transformers.set_seed(settings.seed)  # what training adds to the model begins at random, too
    device = choose_device("cpu" if arguments.use_cpu else load.device)
    labels, classes = _labels(rows, preset)
    model = build_model(checkpoint, settings, preset, classes=classes, precision=load.precision)
    tokenizer = build_tokenizer(checkpoint)
    tokenize = TextTokenizer(tokenizer, checkpoint.max_tokens, "{text}", lowercase=checkpoint.lowercase)
    tokenized = tokenized_rows(rows, labels, tokenize)
    validation = None if data.validation is None else Validation(data.validation.pairs, tokenize)
    watch = Watch(reporter if arguments.process_index == 0 else Reporter(quiet=True))
    loss = replace(preset.loss, positive_threshold=_positive_from(rows, labels), gather=gather_batch)
    trainer = PairTrainer(model, arguments, tokenized, loss, validation, [watch])
    trainer.remove_callback(transformers.trainer_callback.PrinterCallback)
    before = None if validation is None else validation.score(model.encoder)
    if arguments.process_index == 0:
        _say_start(watch.reporter, rows, tokenized, arguments, before)
    last = _last_checkpoint(output / CHECKPOINTS)
    total = len(rows) * settings.epochs
    with watch.following(f"training, seed {settings.seed}", int(total)), watch.stoppable():
        trainer.train(resume_from_checkpoint=None if last is None else str(last))
    if watch.stop_asked and trainer.state.global_step < trainer.state.max_steps:
        raise KeyboardInterrupt
    outcome = _outcome(settings, arguments, trainer, watch, tokenized, before)
    if arguments.process_index == 0:
        save_encoder(model, tokenizer, output, max_tokens=checkpoint.max_tokens, lowercase=checkpoint.lowercase)
        write_manifest(output, record, outcome, describe_device(device))
        if not keep_checkpoints:
            shutil.rmtree(output / CHECKPOINTS, ignore_errors=True)
    _wait()
    return outcome


def _arguments(
    settings: TrainSettings, load: LoadSettings, rows: int, folder: Path, *, validates: bool
) -> transformers.TrainingArguments:
    """Transformers' settings for ours."""
    device = choose_device(load.device)
    common: dict[str, Any] = {
        "output_dir": str(folder),
        "per_device_train_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.accumulate,
        "num_train_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "warmup_steps": settings.warmup,
        "weight_decay": settings.weight_decay,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "use_cpu": device.type == "cpu",
        "bf16": load.precision == "bf16",
        "report_to": "none",
        "disable_tqdm": True,
        "logging_nan_inf_filter": False,
        "remove_unused_columns": False,
        "label_names": [],
        "ddp_find_unused_parameters": False,
        "dataloader_pin_memory": False,
        "save_total_limit": 2,
    }
    arguments = transformers.TrainingArguments(**common)
    world = arguments.world_size
    arguments._n_gpu = min(arguments.n_gpu, 1)  # several GPUs want a process each, not a model cut into threads
    # Processes must make the same number of steps, and none may see rows twice to fill up: the rest of an epoch waits
    # for the next one.
    drops = world > 1
    batches = rows // (settings.batch_size * world) if drops else -(-rows // settings.batch_size)
    if batches < 1:
        raise UsageError(f"{rows} rows are fewer than one batch of {settings.batch_size} in each of {world} processes")
    per_epoch = max(-(-batches // settings.accumulate), 1)
    every = settings.eval_steps or per_epoch
    strategy = "steps" if validates else "no"
    arguments.dataloader_drop_last = drops
    arguments.save_strategy = transformers.trainer_utils.SaveStrategy("steps")
    arguments.eval_strategy = transformers.trainer_utils.IntervalStrategy(strategy)
    arguments.save_steps = arguments.eval_steps = every
    arguments.logging_steps = max(int(per_epoch * settings.epochs) // LOGS, 1)
    arguments.load_best_model_at_end = validates
    arguments.metric_for_best_model = f"eval_{METRIC}"
    arguments.greater_is_better = True
    return arguments


def _prepare(output: Path, record: dict[str, Any], *, force: bool) -> None:
    """Make ``output`` ready for a run with ``record``, or leave the finished one.

    Raises:
        GisError: It holds another model, or the beginning of one.
    """
    wanted = sha256_of(record)
    started = output / CHECKPOINTS / RECORD
    ours = started.is_file() or (output / MANIFEST).is_file()
    if not ours and output.is_dir() and any(output.iterdir()):
        raise GisError(f"{output} is not empty and gis did not train it; choose another --output")
    if force and ours:
        shutil.rmtree(output)
    elif (done := read_outcome(output)) is not None:
        if done[0] == wanted:
            return
        raise GisError(f"{output} holds a model of other settings or data; choose another --output, or --force")
    elif started.is_file() and sha256_of(json.loads(started.read_text(encoding="utf-8"))) != wanted:
        raise GisError(
            f"{output} holds the beginning of a training with other settings or data; "
            "choose another --output, or --force to start anew"
        )
    write_text(started, json.dumps(record, indent=2) + "\n")


def _last_checkpoint(folder: Path) -> Path | None:
    """The last checkpoint that was written whole: its state comes last."""
    found = [path for path in folder.glob("checkpoint-*") if (path / "trainer_state.json").is_file()]
    return max(found, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _labels(rows: TrainingSet, preset: Preset) -> tuple[np.ndarray[Any, Any] | None, int]:
    """What the loss is given, and the number of classes where a classifier is trained."""
    if rows.labels is None:
        return None, 0
    if preset.loss.softmax:
        levels = np.unique(rows.labels)
        if len(levels) > MOST_CLASSES:
            raise UsageError(f"the softmax objective wants classes; the labels have {len(levels)} different values")
        return np.searchsorted(levels, rows.labels).astype(np.float64), len(levels)
    return (rows.scaled_labels() if preset.loss.regression else rows.labels), 0


def _positive_from(rows: TrainingSet, labels: np.ndarray[Any, Any] | None) -> float | None:
    """The threshold, in the unit of ``labels``."""
    if rows.labels is None or labels is None or labels is rows.labels:
        return rows.positive_from
    low, high = float(rows.labels.min()), float(rows.labels.max())
    return (rows.positive_from - low) / (high - low) * float(labels.max())


def _say_start(
    reporter: Reporter,
    rows: TrainingSet,
    tokenized: TokenizedRows,
    arguments: transformers.TrainingArguments,
    before: float | None,
) -> None:
    kind = {"pairs": "labelled pairs", "positives": "positive pairs", "triplets": "triplets"}[rows.format]
    batch = arguments.per_device_train_batch_size * arguments.world_size
    reporter.say(f"{len(rows):,} {kind} from {rows.source}, {len(rows.texts):,} distinct texts, batches of {batch}")
    if tokenized.cut:
        reporter.warn(f"{tokenized.cut:.1%} of the texts are cut at the model's limit")
    if before is None:
        reporter.warn("no validation split: the weights of the last step are kept")
    else:
        reporter.say(f"before training: Spearman {100 * before:.2f} on the validation pairs")


def _outcome(
    settings: TrainSettings,
    arguments: transformers.TrainingArguments,
    trainer: PairTrainer,
    watch: Watch,
    tokenized: TokenizedRows,
    before: float | None,
) -> Outcome:
    state = trainer.state
    history = [entry for entry in state.log_history if "train_runtime" not in entry]
    validations = [{"step": e["step"], METRIC: e[f"eval_{METRIC}"]} for e in history if f"eval_{METRIC}" in e]
    hidden = ("epoch", "learning_rate", "grad_norm")
    losses = [{k: v for k, v in entry.items() if k not in hidden} for entry in history if "loss" in entry]
    batch = settings.batch_size * arguments.world_size
    batches = max(state.global_step * settings.accumulate, 1)
    return Outcome(
        seed=settings.seed,
        before=before,
        best=state.best_metric,
        best_step=state.best_global_step or state.global_step,
        steps=state.global_step,
        pairs=watch.steps * batch * settings.accumulate,
        seconds=round(watch.seconds, 3),
        comparison=batch * tokenized.rows.shape[1],
        incomparable=trainer.incomparable / batches,
        cut=tokenized.cut,
        losses=tuple(losses),
        validations=tuple(validations),
    )


def _wait() -> None:
    if processes() > 1:
        torch.distributed.barrier()

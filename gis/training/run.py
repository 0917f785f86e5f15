"""One training from its settings to the model folder; a stopped one is continued, a finished one is kept."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
import transformers

from gis.benchmark.tasks.pairs import MENDED
from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.files import link_or_copy, load_json
from gis.full_disk import full_disk_named
from gis.hub import CARD
from gis.locks import held_alone
from gis.models.base import Encoder, LoadSettings
from gis.models.learned import Learned, learned_by_weights
from gis.models.registry import load_model
from gis.models.transformer.device import choose_device, describe_device, training_precision
from gis.models.transformer.folder_files import training_of
from gis.models.transformer.loading import quiet_transformers
from gis.models.transformer.model_folder import ModelFolder
from gis.models.transformer.pretrained import model_folder_of
from gis.models.transformer.tokens import TextTokenizer
from gis.replacing import new_folder, replaceable, write_text
from gis.spec import Spec
from gis.training.data.loading import TrainingData
from gis.training.loop.arguments import training_arguments
from gis.training.loop.batches import TokenizedRows, tokenized_rows
from gis.training.loop.callbacks import TrainingMonitor
from gis.training.loop.checkpoints import last_complete, remove_incomplete
from gis.training.loop.distributed import processes
from gis.training.loop.loss import PreparedLoss, prepare_loss
from gis.training.loop.trainer import METRIC, PairTrainer
from gis.training.loop.validation import Validation
from gis.training.messages import OnceReporter
from gis.training.model.build import build_model, build_tokenizer
from gis.training.model.trainable import TrainableEncoder
from gis.training.output.folder import CHECKPOINTS, RETRAINING, carry_over, damaged_files
from gis.training.output.manifest import (
    MANIFEST,
    TrainingManifest,
    differences,
    read_manifest,
    run_record,
    training_manifest,
    write_manifest,
)
from gis.training.output.model_card import model_card
from gis.training.output.report import TrainingReport
from gis.training.output.saving import check_pooling, save_encoder
from gis.training.settings import TrainSettings

RECORD = "run.json"
LAST_WEIGHTS = "the weights of the last step are kept"
NOT_LOSSES = ("epoch", "learning_rate", "grad_norm")  # what transformers logs beside them


@dataclass(frozen=True)
class TrainedModel(os.PathLike[str]):
    """A model folder that training left; it can stand wherever a model's folder can be named.

    Attributes:
        folder: The folder; ``gis bench --model``, sentence-transformers and AutoModel open it.
        report: How the training went.
    """

    folder: Path
    report: TrainingReport

    def __fspath__(self) -> str:
        """Return the folder."""
        return str(self.folder)

    def load(self, settings: LoadSettings | None = None) -> Encoder:
        """Load the model to embed texts."""
        model = load_model(Spec(str(self.folder)), settings or LoadSettings())
        if not isinstance(model, Encoder):
            raise TypeError(f"{self.folder} is not an encoder")
        return model


def train_seeds(
    settings: TrainSettings,
    seeds: int,
    data: TrainingData,
    output: Path,
    *,
    device: str = "auto",
    offline: bool = False,
    force: bool = False,
    keep_checkpoints: bool = False,
    reporter: Reporter = QUIET,
) -> list[TrainedModel]:
    """Train a model for each of several seeds.

    Args:
        settings: What is trained, and how; its seed is the first.
        seeds: The number of models.
        data: Rows to train on, and pairs to validate on.
        output: Folder of the model; for more than one seed, of the folders ``seed-N``.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        force: Train again, whatever ``output`` holds.
        keep_checkpoints: Leave the checkpoints when a model is done.
        reporter: Receives messages and progress.

    Raises:
        UsageError: The settings are impossible, or do not fit the data.
        GisError: A training failed, or a folder holds something else.
        KeyboardInterrupt: A training was stopped; its checkpoint is kept.
    """
    once = OnceReporter(reporter)
    trained = []
    for seed in range(settings.seed, settings.seed + seeds):
        folder = output if seeds == 1 else output / f"seed-{seed}"
        model = train(
            replace(settings, seed=seed),
            data,
            folder,
            device=device,
            offline=offline,
            force=force,
            keep_checkpoints=keep_checkpoints,
            reporter=once,
        )
        trained.append(model)
    return trained


@quiet_transformers()
def train(
    settings: TrainSettings,
    data: TrainingData,
    output: Path,
    *,
    device: str = "auto",
    offline: bool = False,
    force: bool = False,
    keep_checkpoints: bool = False,
    reporter: Reporter = QUIET,
) -> TrainedModel:
    """Train one model and write it to ``output``.

    Stopped by Ctrl-C or SIGTERM, it leaves a checkpoint; the same call continues from the last checkpoint, and does
    nothing where the model is finished.

    Args:
        settings: What is trained, and how.
        data: Rows to train on, and pairs to validate on.
        output: Folder of the model.
        device: A torch device, or "auto".
        offline: Never ask the Hub.
        force: Train again, whatever ``output`` holds.
        keep_checkpoints: Leave the checkpoints when the model is done.
        reporter: Receives messages and progress.

    Raises:
        UsageError: The settings are impossible, or do not fit the data.
        GisError: The training failed, or ``output`` holds something else.
        KeyboardInterrupt: The training was stopped; a checkpoint is kept.
    """
    with full_disk_named(output):
        run = _plan(settings, data, output, device=device, offline=offline)
        if not run.first_process:
            reporter = QUIET
        with _held_alone(run):
            run = _begin(run, force=force)
            if run.finished is not None and not force:
                reporter.say(f"{output}: trained already with these settings and this data, kept")
                return TrainedModel(output, run.finished.report)
            with _forgotten_without_a_checkpoint(run):
                report = _fit(run, reporter, keep_checkpoints=keep_checkpoints)
            return TrainedModel(output, report)


@dataclass(frozen=True, kw_only=True)
class _Run:
    """A training that is ready to start.

    Attributes:
        settings: What is trained, and how; the precision is decided.
        data: The rows as they are trained on, and the validation pairs.
        loss: The loss, with the labels as it takes them.
        base: The model to start from.
        device: The device to train on.
        arguments: transformers' settings.
        record: Everything that decides the weights.
        output: Folder of the model.
        finished: The manifest of the model that is there, or None.
    """

    settings: TrainSettings
    data: TrainingData
    loss: PreparedLoss
    base: ModelFolder
    device: torch.device
    arguments: transformers.TrainingArguments
    record: Mapping[str, Any]
    output: Path
    finished: TrainingManifest | None = None

    @property
    def checkpoints(self) -> Path:
        """The folder of the checkpoints: beside those that were kept of a finished model."""
        return self.output / (CHECKPOINTS if self.finished is None else RETRAINING)

    @property
    def first_process(self) -> bool:
        """Whether this process is the one that reports and writes."""
        return bool(self.arguments.process_index == 0)


def _plan(settings: TrainSettings, data: TrainingData, output: Path, *, device: str, offline: bool) -> _Run:
    """Decide everything that can be decided before the model is loaded and ``output`` is looked at."""
    chosen = choose_device(device)
    precision = training_precision(settings.precision, chosen)
    settings = replace(settings, precision=precision)
    if settings.objective.same_text:
        data = replace(data, train=data.train.each_with_itself())
    loss = prepare_loss(settings.objective, data.train)
    load = LoadSettings(device=device, precision=precision, max_length=settings.max_length, offline=offline)
    base = model_folder_of(settings.model, load)
    check_pooling(base.pooling)
    validates = data.validation is not None
    arguments = training_arguments(settings, len(data.train), chosen, output / CHECKPOINTS, validates=validates)
    return _Run(
        settings=settings,
        data=data,
        loss=loss,
        base=base,
        device=chosen,
        arguments=arguments,
        record=run_record(settings.record(), base.content_hash(), data, processes(), _learned(settings, base)),
        output=output,
    )


def _learned(settings: TrainSettings, base: ModelFolder) -> Learned:
    """Return what the weights that a training starts from have learned."""
    if settings.random_init:
        return Learned()
    return learned_by_weights(str(settings.model), training_of(base.adapter or base.folder))


def _held_alone(run: _Run) -> AbstractContextManager[None]:
    """Keep other trainings from the output folder; the processes of one training share it."""
    if not run.first_process:
        return nullcontext()
    message = f"another training writes {run.output}"
    return held_alone(run.output, GisError(message, remedy="wait for it, or choose a different --output"))


def _begin(run: _Run, *, force: bool) -> _Run:
    """Return a run whose output folder is ready."""
    if run.first_process:
        replaceable(run.output)
    _wait()
    run = replace(run, finished=_finished(run.output, force=force))
    run.arguments.output_dir = str(run.checkpoints)
    if run.first_process:
        _prepare_output(run, force=force)
    _wait()
    return run


def _finished(output: Path, *, force: bool) -> TrainingManifest | None:
    """Return the manifest of the model in ``output``; None where there is none, or one that cannot be read."""
    try:
        return read_manifest(output)
    except GisError:
        if not force:
            raise
        return None


def _prepare_output(run: _Run, *, force: bool) -> None:
    """Make the output folder ready for a run, or leave the model that such a run finished.

    Raises:
        GisError: It holds another model, the beginning of one, or a damaged one.
    """
    output, finished, started = run.output, run.finished, run.checkpoints / RECORD
    ours = started.is_file() or (output / MANIFEST).is_file()
    if not ours and not _is_free(output):
        raise GisError(f"{output} is not empty, and gis did not train it", remedy="choose a different --output")
    if finished is not None and not force:
        if changed := differences(finished.record, run.record):
            raise _other_settings(f"{output} holds a model trained with other settings or data", changed)
        if damaged := damaged_files(output, finished):
            name = output / damaged[0]
            raise GisError(f"{name} is missing, or has changed since the training", remedy="--force trains again")
        return
    if started.is_file() and (changed := _changes(started, run.record)):
        if not force:
            raise _other_settings(f"{output} holds the beginning of a training with other settings or data", changed)
        shutil.rmtree(run.checkpoints)
    write_text(started, json.dumps(run.record, indent=2) + "\n")


@contextmanager
def _forgotten_without_a_checkpoint(run: _Run) -> Iterator[None]:
    """Where this block fails before its first checkpoint, leave no trace, so that a corrected call can begin."""
    try:
        yield
    except BaseException:
        if run.first_process and last_complete(run.checkpoints) is None:
            shutil.rmtree(run.checkpoints, ignore_errors=True)
            with suppress(OSError):
                run.output.rmdir()  # unless it holds more
        raise


def _is_free(output: Path) -> bool:
    """Return whether a folder is empty, but for what a process leaves that is stopped when it has hardly begun."""
    names = (path.relative_to(output).as_posix() for path in output.rglob("*"))
    return all(name == CHECKPOINTS or name.startswith(f"{CHECKPOINTS}/.{RECORD}.") for name in names)


def _changes(started: Path, record: Mapping[str, Any]) -> list[str]:
    """Return in words how a training that was begun differs from the one of ``record``."""
    try:
        before = load_json(started)
    except ValueError:
        before = None
    return differences(before, record) if isinstance(before, dict) else [f"{started} is broken"]


def _other_settings(message: str, changed: list[str]) -> GisError:
    return GisError(f"{message}: {', '.join(changed)}", remedy="choose a different --output, or --force to train again")


def _fit(run: _Run, reporter: Reporter, *, keep_checkpoints: bool) -> TrainingReport:
    """Load the model, train it, and write the folder."""
    settings, arguments, rows = run.settings, run.arguments, run.data.train
    transformers.set_seed(settings.seed)  # what training adds to the model starts at random, too
    model = build_model(run.base, settings, classes=run.loss.classes, precision=run.record["settings"]["precision"])
    tokenizer = build_tokenizer(run.base)
    tokenize = TextTokenizer(tokenizer, run.base.max_tokens, "{text}", lowercase=run.base.lowercase)
    tokenized = tokenized_rows(rows, run.loss.labels, tokenize)
    validation = None if run.data.validation is None else Validation(run.data.validation, tokenize)
    monitor = TrainingMonitor(reporter)
    trainer = PairTrainer(model, arguments, tokenized, run.loss.loss, validation, [monitor])
    trainer.remove_callback(transformers.trainer_callback.PrinterCallback)
    monitor.counts = trainer.counts
    before = None if validation is None else validation.score(model.encoder)
    if run.first_process:
        _report_start(run, reporter, tokenized, before)
        remove_incomplete(run.checkpoints, reporter)
    _wait()
    last = last_complete(run.checkpoints)
    label = f"training, seed {settings.seed}"
    with monitor.following(label, int(len(rows) * settings.epochs)), monitor.stoppable():
        trainer.train(resume_from_checkpoint=None if last is None else str(last))
    if monitor.stop_requested and trainer.state.global_step < trainer.state.max_steps:
        raise KeyboardInterrupt
    report = _report(run, trainer, tokenized, before)
    _wait()  # until all have read the best checkpoint
    if run.first_process:
        _finish(run, model, tokenizer, report, keep_checkpoints=keep_checkpoints)
    _wait()
    return report


def _finish(
    run: _Run,
    model: TrainableEncoder,
    tokenizer: Any,  # noqa: ANN401 - transformers' tokenizers share no useful type
    report: TrainingReport,
    *,
    keep_checkpoints: bool,
) -> None:
    """Put a folder with weights, tokenizer, card and manifest in the place of what is there."""
    with new_folder(run.output) as folder:
        save_encoder(model, tokenizer, folder, max_tokens=run.base.max_tokens, lowercase=run.base.lowercase)
        manifest = training_manifest(folder, run.record, report, describe_device(run.device))
        write_text(folder / CARD, str(model_card(folder, manifest.to_json())))
        write_manifest(folder, manifest)
        if keep_checkpoints:
            shutil.copytree(run.checkpoints, folder / CHECKPOINTS, copy_function=link_or_copy)
        carry_over(run.output, folder, run.finished)


def _report_start(run: _Run, reporter: Reporter, tokenized: TokenizedRows, before: float | None) -> None:
    rows = run.data.train
    reporter.say(rows.description)
    if tokenized.share_cut:
        reporter.warn(f"{tokenized.share_cut:.1%} of the texts are cut at the model's limit")
    validation = run.data.validation
    mended = rows.mended_texts + (0 if validation is None else validation.pairs.mended_texts)
    if mended:
        reporter.warn(MENDED.format(mended))
    if before is None:
        reporter.warn(f"{run.data.not_validated}: {LAST_WEIGHTS}")
    else:
        reporter.say(f"before training: Spearman {100 * before:.2f} on the validation pairs")


def _report(run: _Run, trainer: PairTrainer, tokenized: TokenizedRows, before: float | None) -> TrainingReport:
    state, counts, world = trainer.state, trainer.counts, run.arguments.world_size
    history = [entry for entry in state.log_history if "train_runtime" not in entry]
    scored = f"eval_{METRIC}"
    return TrainingReport(
        seed=run.settings.seed,
        before=before,
        best=state.best_metric,
        best_step=state.best_global_step or state.global_step,
        steps=state.global_step,
        pairs=counts.rows * world,  # with several processes, every batch is full
        seconds=round(counts.seconds, 3),
        effective_batch_texts=round(run.settings.batch_size * world * tokenized.texts_per_row),
        share_single_label_batches=counts.single_label_batches / max(counts.batches, 1),
        share_texts_cut=tokenized.share_cut,
        losses=tuple(
            {name: value for name, value in entry.items() if name not in NOT_LOSSES}
            for entry in history
            if "loss" in entry
        ),
        validations=tuple({"step": entry["step"], METRIC: entry[scored]} for entry in history if scored in entry),
    )


def _wait() -> None:
    """Wait for the other processes."""
    if processes() > 1:
        torch.distributed.barrier()

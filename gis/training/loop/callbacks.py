"""Progress, timing and stopping of a training."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import transformers
from torch import distributed

from gis.console import Reporter, Tracker
from gis.training.loop.checkpoints import mark_complete
from gis.training.loop.distributed import processes
from gis.training.loop.trainer import METRIC, Counts


class TrainingMonitor(transformers.TrainerCallback):
    """Shows and times the steps; when asked to stop, it ends the training after the current step, with a checkpoint.

    Args:
        reporter: Receives the messages and the progress.
    """

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.stop_requested = False
        self.counts = Counts()  # replaced by those of the trainer that it watches
        self._step_began = 0.0
        self._tracker: Tracker | None = None

    @contextmanager
    def following(self, label: str, rows: int) -> Iterator[None]:
        """Show progress over ``rows`` rows until the block ends."""
        with self.reporter.track(label, rows, "rows") as self._tracker:
            yield

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Make the first Ctrl-C or SIGTERM stop the training after the current step; a second one stops at once."""

        def request(_signal: int, _frame: FrameType | None) -> None:
            if self.stop_requested:
                raise KeyboardInterrupt
            self.stop_requested = True
            self.reporter.say("stopping after this step, with a checkpoint")

        try:
            previous = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:  # only the main thread receives signals
            previous = {}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002
        """Report where a continued training resumes."""
        if state.global_step:
            self.reporter.say(f"continuing after step {state.global_step} of {state.max_steps}")

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002
        """Start the clock."""
        self._step_began = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401
        """Stop the clock; have the last step validated and saved, and the step after which to stop."""
        self.counts.seconds += time.perf_counter() - self._step_began
        if self._tracker is not None:
            share = state.global_step / state.max_steps
            self._tracker.advance(round(self._tracker.total * share) - self._tracker.done, share)
        if state.global_step >= state.max_steps:
            control.should_save = True
            control.should_evaluate = args.eval_strategy != transformers.trainer_utils.IntervalStrategy.NO
        elif self.stop_requested:
            control.should_save = control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002
        """Mark the checkpoint as complete once every process has written its part."""
        if processes() > 1:
            distributed.barrier()
        if state.is_world_process_zero:
            mark_complete(Path(args.output_dir) / f"checkpoint-{state.global_step}")

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:  # noqa: ANN401, ARG002
        """Report loss and score of a validation."""
        score = (metrics or {}).get(f"eval_{METRIC}")
        if score is not None:
            last_loss = next((entry["loss"] for entry in reversed(state.log_history) if "loss" in entry), None)
            loss = "" if last_loss is None else f"loss {last_loss:.4g}, "
            self.reporter.say(f"step {state.global_step}: {loss}Spearman {100 * score:.2f} on the validation pairs")

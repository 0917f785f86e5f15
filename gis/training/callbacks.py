"""What a person sees of a training, how long its steps take, and how it is stopped without loss."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import transformers

from gis.console import Reporter, Tracker
from gis.training.trainer import METRIC


class Watch(transformers.TrainerCallback):
    """Shows and times the steps; asked to stop, it ends the training after a step, with a checkpoint."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.stop_asked = False
        self.steps, self.seconds = 0, 0.0  # of the steps alone, without validation and checkpoints
        self._began = 0.0
        self._tracker: Tracker | None = None

    @contextmanager
    def following(self, label: str, rows: int) -> Iterator[None]:
        """Show progress over ``rows`` rows until the block ends."""
        with self.reporter.track(label, rows, "rows") as self._tracker:
            yield

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Turn the first Ctrl-C or SIGTERM into a wish to stop after the step; the second one stops at once."""

        def ask(_signal: int, _frame: FrameType | None) -> None:
            if self.stop_asked:
                raise KeyboardInterrupt
            self.stop_asked = True
            self.reporter.say("stopping after this step, with a checkpoint")

        try:
            previous = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
        except ValueError:  # not the main thread, which alone hears signals
            previous = {}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002
        """Say where a continued training stands."""
        if state.global_step:
            self.reporter.say(f"continuing after step {state.global_step} of {state.max_steps}")

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401, ARG002
        """Start the clock."""
        self._began = time.perf_counter()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ANN401
        """Stop the clock; see that the last step is validated and kept, and one after which to stop."""
        self.seconds += time.perf_counter() - self._began
        self.steps += 1
        if self._tracker is not None:
            share = state.global_step / state.max_steps
            self._tracker.advance(round(self._tracker.total * share) - self._tracker.done, share)
        if state.global_step >= state.max_steps:
            control.should_save = True
            control.should_evaluate = args.eval_strategy != transformers.trainer_utils.IntervalStrategy.NO
        elif self.stop_asked:
            control.should_save = control.should_training_stop = True

    def on_evaluate(self, args: Any, state: Any, control: Any, metrics: Any = None, **_: Any) -> None:  # noqa: ANN401, ARG002
        """Say how a validation went."""
        score = (metrics or {}).get(f"eval_{METRIC}")
        if score is not None:
            self.reporter.say(f"step {state.global_step}: Spearman {100 * score:.2f} on the validation pairs")

"""Messages and progress on standard error; results go to standard output."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from gis.masking import masked
from gis.text import visible, wrapped

PLAIN_LINE_EVERY = 10.0  # seconds between progress lines where there is no terminal


def for_screen(text: str) -> str:
    """Return ``text`` as people may see it: without secrets, and with no character that steers a terminal."""
    return "\n".join(visible(line) for line in masked(text).split("\n"))


class Reporter:
    """Messages and progress on standard error; silent but for warnings when ``quiet``."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Console(stderr=True, highlight=False, soft_wrap=True)
        self.quiet = quiet

    def say(self, message: str) -> None:
        """Report what is going on."""
        if not self.quiet:
            self._print(message)

    def warn(self, message: str) -> None:
        """Report what the reader of a result must know; printed even when quiet."""
        self._print(f"warning: {message}", style="yellow")

    def _print(self, message: str, style: str | None = None) -> None:
        """Print a message, in a terminal wrapped between words; an indented line is a command, to be copied whole."""
        message = for_screen(message)
        if self.console.is_terminal and not message.startswith(" "):
            message = wrapped(message, self.console.width)
        self.console.print(message, style=style, markup=False)

    @contextmanager
    def track(self, label: str, total: int, unit: str) -> Iterator["Tracker"]:
        """Show the progress of ``total`` units of work until the block ends."""
        label = for_screen(label)
        tracker = Tracker(label, total, unit)
        if self.quiet:
            yield tracker
        elif self.console.is_terminal:
            with Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TaskProgressColumn(),
                TextColumn("{task.fields[state]}", markup=False),
                console=self.console,
                transient=True,
            ) as progress:
                row = progress.add_task(label, total=1.0, state="")
                tracker.show = lambda: progress.update(row, completed=tracker.share, state=tracker.state())
                yield tracker
        else:
            shown = time.monotonic()

            def show() -> None:
                nonlocal shown
                if time.monotonic() - shown >= PLAIN_LINE_EVERY:
                    shown = time.monotonic()
                    self.say(f"{label}: {tracker.share:.0%}, {tracker.state()}")

            tracker.show = show
            yield tracker


class Tracker:
    """The progress of a piece of work: how much is done, at what rate, and the time left.

    Attributes:
        note: What else there is to say, such as what it has cost so far.
    """

    def __init__(self, label: str, total: int, unit: str) -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done, self.share, self.note = 0, 0.0, ""
        self.started = time.monotonic()
        self.show: Callable[[], None] = lambda: None

    def advance(self, count: int, share: float) -> None:
        """Count ``count`` more units; ``share`` (0 to 1) is how much of the whole work is done.

        The two differ when units cost unequal amounts: long texts come first, so an estimate from the number of texts
        alone would be far too late.
        """
        self.done += count
        self.share = share
        self.show()

    def state(self) -> str:
        """Return what is done of the total, the rate and the time left, as one line."""
        seconds = max(time.monotonic() - self.started, 1e-9)
        left = seconds * (1 - self.share) / self.share if self.share else float("inf")
        left_text = f"{left // 60:.0f}:{left % 60:02.0f} left" if left != float("inf") else "…"
        done = f"{self.done:,} of {self.total:,} {self.unit}, {self.done / seconds:,.0f} {self.unit}/s, {left_text}"
        return f"{done}, {self.note}" if self.note else done


QUIET = Reporter(quiet=True)  # what the Python API reports to by default: warnings only

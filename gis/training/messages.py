"""Messages of several trainings that share their data: each is given once."""

from collections.abc import Iterable

from gis.console import Reporter


class OnceReporter(Reporter):
    """Passes each message on to the console once.

    Args:
        reporter: The reporter whose console and quietness it shares.
        skipped: Messages not to give at all.
    """

    def __init__(self, reporter: Reporter, *, skipped: Iterable[str] = ()) -> None:
        super().__init__(quiet=reporter.quiet)
        self.console = reporter.console
        self._given = set(skipped)

    def say(self, message: str) -> None:
        """Report what is going on, unless it was said before."""
        if message not in self._given:
            self._given.add(message)
            super().say(message)

    def warn(self, message: str) -> None:
        """Warn, unless the warning was given before."""
        if message not in self._given:
            self._given.add(message)
            super().warn(message)

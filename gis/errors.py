"""Errors a person can act on: each says what was given, what was expected and what to do next."""

import difflib
import sys
import traceback
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any

from gis.masking import masked

LONGEST_REASON = 300  # characters of another library's message; its traceback has the rest


class GisError(Exception):
    """The work could not be done; the command line exits with status 1.

    Args:
        message: What was given, and what was expected. It does not mention options of the command line.
        remedy: What to type on the command line instead; printed after the message there, and nowhere else.
    """

    exit_status = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(masked(message))  # messages end on screens, in stores and in results
        self.remedy = masked(remedy)

    @property
    def for_command_line(self) -> str:
        """The message and, where there is one, the remedy."""
        return f"{self}; {self.remedy}" if self.remedy else str(self)


class CombinedError(GisError):
    """Several failures of one run, a line for each.

    Args:
        errors: The failures, in the order in which they are named.
    """

    def __init__(self, errors: Iterable[GisError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(map(str, self.errors)))
        if self.errors:
            self.exit_status = min(error.exit_status for error in self.errors)
            self.__cause__ = ExceptionGroup("each failure", self.errors)  # a traceback shows every one with its cause

    @property
    def for_command_line(self) -> str:
        """Each message with its own remedy."""
        return "\n".join(error.for_command_line for error in self.errors)


class UsageError(GisError):
    """The request itself is wrong (a misspelt name, an impossible option); exits with status 2."""

    exit_status = 2


def failure_of(name: str, error: BaseException) -> GisError:
    """Return an error of any kind as one that begins with the name of what failed, and says of which class it is.

    The traceback becomes a note, as text: its frames would keep a model's weights in memory while others go on.

    Args:
        name: What failed, such as a model.
        error: What it raised.
    """
    known = error if isinstance(error, GisError) else _unexpected(error)
    message = str(known) if str(known).startswith(name) else f"{name}: {known}"
    failure = (UsageError if isinstance(known, UsageError) else GisError)(message, remedy=known.remedy)
    failure.add_note(masked("".join(traceback.format_exception(error))))
    return failure


def _unexpected(error: BaseException) -> GisError:
    """Return an error of other code as one line that names its class."""
    reason = masked(next(iter(str(error).strip().splitlines()), ""))[:LONGEST_REASON]  # half a token would be unknown
    message = ": ".join(filter(None, [type(error).__name__, reason]))
    return GisError(message, remedy="gis --debug before the verb shows where")


def unknown_name(what: str, given: str, known: Iterable[str], hint: str = "") -> UsageError:
    """Build the error for a name that is not known, naming the closest known ones.

    Args:
        what: The kind of thing that was named, as a person would say it: "model", "task".
        given: The name as it was typed.
        known: All names that would have been accepted.
        hint: A last sentence: where to find the full list, or what else is accepted.
    """
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    close = [folded[match] for match in difflib.get_close_matches(given.casefold(), folded, n=3, cutoff=0.5)]
    suggestion = f" Did you mean {' or '.join(close)}?" if close else f" Known: {', '.join(names)}."
    return UsageError(f"unknown {what} '{given}'.{suggestion}{' ' + hint if hint else ''}")


def check_number(
    what: str,
    given: Any,  # noqa: ANN401 - whatever a caller passed
    lowest: float,
    highest: float = float("inf"),
    *,
    whole: bool = True,
    remedy: str = "",
) -> None:
    """Raise for what is not a finite number, or is out of range.

    Args:
        what: What the number is, as a person would say it: "the batch size".
        given: What was given.
        lowest: The lowest number that is accepted.
        highest: The highest one.
        whole: Whether it must be a whole number.
        remedy: What to type on the command line instead.

    Raises:
        UsageError: ``given`` is no such number.
    """
    is_number = isinstance(given, Integral if whole else Real) and not isinstance(given, bool)
    if is_number and lowest <= given <= highest and abs(given) <= sys.float_info.max:
        return
    bounds = f"from {lowest:g} to {highest:g}" if highest < float("inf") else f"{lowest:g} or more"
    raise UsageError(f"{what} must be a {'whole ' if whole else ''}number, {bounds}, not {given!r}", remedy=remedy)

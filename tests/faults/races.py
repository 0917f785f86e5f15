"""Run two commands at the same time, the second at many moments of the first."""

import os
import pickle
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.command_line import Done, run_gis
from tests.faults import THOROUGH

OFFSETS = 40 if THOROUGH else 3  # moments of the first command at which the second begins
Command = tuple[object, ...]  # the arguments after "gis"


class Race(NamedTuple):
    """How two commands ended that ran at the same time."""

    first: Done
    second: Done

    def refused(self) -> list[str]:
        """What the commands said that failed; one line each, as a person reads it."""
        errors = [done.err for done in self if done.status != 0]
        assert all(error.count("\n") == 1 for error in errors), errors
        return errors


def races(first: Command, second: Command, prepare: Callable[[], object]) -> Iterator[Race]:
    """Run two commands against each other at ``OFFSETS`` moments that are evenly spread over the first.

    Args:
        first: The command that begins.
        second: The one that comes later.
        prepare: Puts everything back to where both begin.
    """
    prepare()
    began = time.monotonic()
    alone = _started(first)()
    assert alone.status == 0, alone.err
    seconds = time.monotonic() - began
    for number in range(OFFSETS):
        prepare()
        first_ends = _started(first)
        time.sleep(seconds * number / OFFSETS)
        second_ends = _started(second)
        yield Race(first_ends(), second_ends())


def _started(command: Command) -> Callable[[], Done]:
    """Run a command in a forked process, and return what waits for its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        with os.fdopen(writing, "wb") as answer:
            try:
                pickle.dump(run_gis(*map(str, command), "--quiet"), answer)
            except BaseException as error:  # a traceback is a fault
                pickle.dump(Done(99, "", f"{type(error).__name__}: {error}\n"), answer)
                raise
            finally:
                answer.flush()
                os._exit(0)
    os.close(writing)

    def end() -> Done:
        with os.fdopen(reading, "rb") as answer:
            done: Done = pickle.loads(answer.read())
        os.waitpid(child, 0)
        assert done.status != 99, done.err
        return done

    return end

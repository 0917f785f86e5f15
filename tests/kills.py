"""Kill a piece of work at each call that changes a file, one after the other."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

CALLS = ("rename", "replace", "mkdir", "rmdir", "unlink", "fsync", "open")


def killed_at_each_call(work: Callable[[], object]) -> Iterator[int]:
    """Run ``work`` in a child that is killed at its first such call, then at its second, until one ends by itself.

    Yields:
        The number of the call, after each kill.
    """
    for number in range(1, 1000):
        child = os.fork()
        if not child:
            _work_until(number, work)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == 0:
            return
        assert status == -signal.SIGKILL, status
        yield number


def _work_until(number: int, work: Callable[[], object]) -> None:
    calls = 0

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            nonlocal calls
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)

        return call

    try:
        for name in CALLS:
            setattr(os, name, counting(getattr(os, name)))
        work()
        os._exit(0)
    finally:
        os._exit(1)

"""Kill a piece of work at each call that changes something on a disk or is sent, one after the other."""

import os
import signal
import socket
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from threading import Timer
from typing import Any, TypeVar

import pytest

from tests.faults import THOROUGH

MOST = None if THOROUGH else 6  # kills of one command; None for one at every call
PATIENCE = 120  # seconds after which a child is stuck
CHANGES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate"})
T = TypeVar("T")

can_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that can be forked")


def killed_at_each_call(work: Callable[[], object]) -> Iterator[int]:
    """Run ``work`` in a child that is killed before its first call of the kind, then its second, until one ends.

    The calls are renames, removals, new folders, files that are opened to be written, writes and fsyncs through
    ``os``, statements of SQLite that do more than read, and what is sent through a socket.

    Yields:
        The number of the call, after each kill.
    """
    for number in range(1, 10_000):
        if not _killed(work, number):
            return
        yield number


def killed_at_some_calls(work: Callable[[], object], prepare: Callable[[], object]) -> Iterator[int]:
    """As ``killed_at_each_call``, after ``prepare`` each time, but at no more than ``MOST`` calls, evenly spread."""
    prepare()
    count = calls_of(work)
    step = 1 if MOST is None else max(count / MOST, 1)
    for number in sorted({round(1 + place * step) for place in range(int(count / step))}):
        prepare()
        if _killed(work, number):
            yield number


def check_kills(
    work: Callable[[], object], *, prepare: Callable[[], object], state: Callable[[], T], partly: bool = False
) -> int:
    """Kill ``work`` at some of its calls: the old or the new state is there each time, and the same work finishes.

    Args:
        work: What is killed: mostly a command, which fails unless its exit status is 0.
        prepare: Puts everything back to where the work begins.
        state: Returns what the work changes, to be compared; None where there is nothing.
        partly: A part of the new state may be there, too, from which the same work goes on.

    Returns:
        How many kills there were.
    """
    prepare()
    old = state()
    work()
    new = state()
    assert new != old
    kills = 0
    for call in killed_at_some_calls(work, prepare):
        kills += 1
        between = state()
        assert partly or between in (old, new, None), call
        if between != new:
            work()
        assert state() == new, call
    return kills


def killed_after(work: Callable[[], object], seconds: float) -> bool:
    """Run ``work`` in a process of its own that is killed after ``seconds``; return whether it was."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    killer = Timer(seconds, os.kill, (child, signal.SIGKILL))
    killer.start()
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    killer.cancel()
    assert status in (0, -signal.SIGKILL), status
    return status != 0


def duration(work: Callable[[], object]) -> float:
    """Return how long ``work`` takes in a process whose modules are loaded already."""
    work()
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _killed(work: Callable[[], object], number: int) -> bool:
    """Return whether ``work`` was killed before its call of this number, or ended before it."""
    child = os.fork()
    if not child:
        _counting(work, lambda calls: os.kill(os.getpid(), signal.SIGKILL) if calls == number else None)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, -signal.SIGKILL), status
    return status != 0


def calls_of(work: Callable[[], object]) -> int:
    """Return how many calls ``work`` makes that could be its last."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _counting(work, lambda _: None, lambda calls: os.write(writing, str(calls).encode()))
    os.close(writing)
    with os.fdopen(reading) as answer:
        calls = answer.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return int(calls)


def _counting(
    work: Callable[[], object], at_call: Callable[[int], object], at_end: Callable[[int], object] = lambda _: None
) -> None:
    """Do ``work`` in this process, which ends with it."""
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1
        at_call(calls)

    def counting(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            count()
            return function(*arguments, **named)

        return call

    def connected(*arguments: Any, **named: Any) -> sqlite3.Connection:  # noqa: ANN401
        connection: sqlite3.Connection = connect(*arguments, **named)
        connection.set_trace_callback(lambda statement: None if statement.startswith("SELECT") else count())
        return connection

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event in CHANGES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
            count()

    try:
        signal.alarm(PATIENCE)
        connect = sqlite3.connect
        setattr(sqlite3, "connect", connected)  # noqa: B010 - its type has overloads
        for name in ("send", "sendall"):
            setattr(socket.socket, name, counting(getattr(socket.socket, name)))
        write, os.fsync, os.write = os.write, counting(os.fsync), counting(os.write)
        sys.addaudithook(heard)
        work()
        os.write = write
        at_end(calls)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)

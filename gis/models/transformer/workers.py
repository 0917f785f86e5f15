"""Threads that compute one batch each, on one device or several."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, cycle, islice
from threading import local
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

import torch

Item = TypeVar("Item")
Made = TypeVar("Made")


class OnDevice(Protocol):
    """Anything that computes on one device."""

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...


Replica = TypeVar("Replica", bound=OnDevice)
ON_A_GPU = 2  # one batch is made ready while the other is computed


class Workers(Generic[Replica]):
    """Threads that compute one batch each.

    On a processor a batch for each core is faster than all cores for each batch (1.2 times on two): nobody waits for
    the slowest part of each operation. Torch's own threads are off meanwhile and set back on exit.

    Each thread keeps to one of the replicas and takes the next batch as soon as it is free, so faster devices compute
    more of them.

    Args:
        replicas: What computes, one for each device.
        alone: Let a replica compute one batch at a time, on a processor with all of torch's threads.
    """

    def __init__(self, replicas: Sequence[Replica], *, alone: bool) -> None:
        self._replicas = replicas
        self._next = cycle(replicas)
        self._of_thread = local()
        self._torch_threads = torch.get_num_threads() if replicas[0].device.type == "cpu" else None
        self.count = len(replicas) * (1 if alone else self._torch_threads or ON_A_GPU)
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            if self._torch_threads is not None:
                torch.set_num_threads(self._torch_threads)

    def map(self, function: Callable[[Replica, Item], Made], items: Iterable[Item]) -> Iterator[Made]:
        """Yield ``function`` of a replica and each item, in order; at most one item more than threads is taken."""
        items = iter(items)
        first = list(islice(items, self.count))
        if self.count == 1 or len(first) < self.count:  # too little for all of them
            yield from (function(self._replicas[0], item) for item in chain(first, items))
            return
        self._pool = ThreadPoolExecutor(self.count, initializer=self._prepare_thread)
        of_thread = self._of_thread
        yield from _in_order(
            self._pool, lambda item: function(of_thread.replica, item), chain(first, items), self.count
        )

    def _prepare_thread(self) -> None:
        self._of_thread.replica = next(self._next)
        if self._torch_threads is not None:
            torch.set_num_threads(1)


def ahead(function: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
    """Yield ``function`` of each item, in order; that of the next is computed meanwhile, in a thread."""
    with ThreadPoolExecutor(1) as pool:
        yield from _in_order(pool, function, items, 1)


def _in_order(
    pool: ThreadPoolExecutor, function: Callable[[Item], Made], items: Iterable[Item], most: int
) -> Iterator[Made]:
    """Yield results in the order of the items, of which at most ``most`` are waited for when one is handed on."""
    running: deque[Future[Made]] = deque()
    for item in items:
        running.append(pool.submit(function, item))
        if len(running) > most:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()

"""Threads that embed one batch each."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from types import TracebackType
from typing import Self, TypeVar

import torch

Item = TypeVar("Item")
Made = TypeVar("Made")
ON_A_GPU = 2  # one batch is made ready while the other is computed


class Workers:
    """Threads that compute one batch each.

    On a processor a batch for each core is faster than all cores for each batch (1.2 times on two): nobody waits for
    the slowest part of each operation. Torch's own threads are off meanwhile and set back on exit.

    Args:
        device: Where batches are computed.
        alone: Compute one batch at a time, with all of torch's threads.
    """

    def __init__(self, device: torch.device, *, alone: bool) -> None:
        self._torch_threads = torch.get_num_threads() if device.type == "cpu" else None
        self.count = 1 if alone else self._torch_threads or ON_A_GPU
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

    def map(self, function: Callable[[Item], Made], items: Iterable[Item]) -> Iterator[Made]:
        """Yield ``function`` of each item, in order; at most one item more than threads is taken ahead."""
        items = iter(items)
        first = list(islice(items, self.count))
        if self.count == 1 or len(first) < self.count:  # too little for all of them
            yield from map(function, chain(first, items))
            return
        self._pool = ThreadPoolExecutor(self.count, initializer=self._prepare_thread)
        yield from _in_order(self._pool, function, chain(first, items), self.count)

    def _prepare_thread(self) -> None:
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

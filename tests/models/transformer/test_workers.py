import threading
import time
from collections.abc import Iterator

import pytest
import torch

from gis.models.transformer.workers import Workers, ahead


class Replica:
    """A number on the processor."""

    device = torch.device("cpu")

    def __init__(self, number: int) -> None:
        self.number = number


ONE = [Replica(0)]


@pytest.fixture(autouse=True)
def _three_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 20])
def test_results_come_in_order_and_torch_gets_its_threads_back(count: int) -> None:
    def slow_for_the_first(_: Replica, item: int) -> int:
        time.sleep(0.02 if item == 0 else 0)
        return item * item

    with Workers(ONE, alone=False) as workers:
        assert workers.count == 3
        assert list(workers.map(slow_for_the_first, range(count))) == [n * n for n in range(count)]
    assert torch.get_num_threads() == 3


def test_each_of_several_batches_has_one_thread_and_a_single_one_has_all() -> None:
    with Workers(ONE, alone=False) as workers:
        assert set(workers.map(lambda *_: torch.get_num_threads(), range(9))) == {1}
    with Workers(ONE, alone=False) as workers:
        assert list(workers.map(lambda *_: torch.get_num_threads(), range(1))) == [3]
    with Workers(ONE, alone=True) as workers:
        assert set(workers.map(lambda *_: torch.get_num_threads(), range(9))) == {3}


def test_an_error_of_a_batch_is_raised_and_torch_gets_its_threads_back() -> None:
    with pytest.raises(ZeroDivisionError), Workers(ONE, alone=False) as workers:
        list(workers.map(lambda _, item: 1 // item, range(9)))
    assert torch.get_num_threads() == 3


def test_items_are_not_taken_far_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for n in range(100):
            taken.append(n)
            yield n

    with Workers(ONE, alone=False) as workers:
        next(workers.map(lambda _, item: item, items()))
        assert len(taken) <= workers.count + 1
    taken.clear()
    assert next(ahead(lambda item: item, items())) == 0
    assert len(taken) == 2


@pytest.mark.parametrize("alone", [True, False])
def test_several_replicas_share_the_items_and_each_thread_keeps_to_one(alone: bool) -> None:
    used: set[tuple[int, int]] = set()
    begun = threading.Barrier(2, timeout=10)  # of two threads at least

    def square(replica: Replica, item: int) -> int:
        if item < 2:
            begun.wait()
        used.add((threading.get_ident(), replica.number))
        return item * item

    with Workers([Replica(0), Replica(1)], alone=alone) as workers:
        assert workers.count == (2 if alone else 6)
        assert list(workers.map(square, range(40))) == [n * n for n in range(40)]
    assert {number for _, number in used} == {0, 1}
    assert len({thread for thread, _ in used}) == len(used)

"""Texts in buckets of similar length."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np


class Shelves:
    """Pairs by their two lengths, to take one of about a given size from; each is looked at once.

    Args:
        lengths: Characters of the two texts of each pair.
        rng: Of the order on a shelf.
    """

    WIDTH = 0.1  # of a shelf, in the logarithm of a length: ten per cent

    def __init__(self, lengths: Sequence[tuple[int, int]], rng: np.random.Generator) -> None:
        self._shelves: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place in rng.permutation(len(lengths)):
            self._shelves[self._shelf(lengths[place])].append(int(place))

    def take(self, lengths: tuple[int, int], free: Callable[[int], bool]) -> int | None:
        """The place of a pair that is still ``free``, from the nearest shelf that has one; None if there is none.

        What is not free is dropped: it never becomes so again.
        """
        row, column = self._shelf(lengths)
        while self._shelves:
            key = self._nearest(row, column)
            shelf = self._shelves[key]
            while shelf:
                place = shelf.pop()
                if free(place):
                    return place
            del self._shelves[key]
        return None

    def _nearest(self, row: int, column: int) -> tuple[int, int]:
        if (row, column) in self._shelves:
            return row, column
        return min(self._shelves, key=lambda key: (max(abs(key[0] - row), abs(key[1] - column)), key))

    def _shelf(self, lengths: tuple[int, int]) -> tuple[int, int]:
        return int(math.log1p(lengths[0]) / self.WIDTH), int(math.log1p(lengths[1]) / self.WIDTH)

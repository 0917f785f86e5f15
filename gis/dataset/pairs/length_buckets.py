"""Pairs of texts in buckets of similar lengths."""

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np

BUCKET_WIDTH = 0.1  # in the logarithm of a length: ten per cent

Bucket = tuple[int, int]


class LengthBuckets:
    """Pairs by the lengths of their two texts, to take pairs of about given lengths from; each is offered once.

    Args:
        lengths: Characters of the two texts of each pair.
        rng: Generator of the order within a bucket.
    """

    def __init__(self, lengths: Sequence[tuple[int, int]], rng: np.random.Generator) -> None:
        self._buckets: dict[Bucket, list[int]] = defaultdict(list)
        for index in rng.permutation(len(lengths)):
            self._buckets[_bucket_of(lengths[index])].append(int(index))

    def pop_nearest(self, lengths: tuple[int, int], is_free: Callable[[int], bool]) -> int | None:
        """Take a free pair out of the nearest bucket that has one.

        Args:
            lengths: Characters of the two texts to come close to.
            is_free: Whether the pair of an index may be taken; one that may not is dropped for good.

        Returns:
            The index of the pair, or None if no pair is free.
        """
        wanted = _bucket_of(lengths)
        while self._buckets:
            nearest = self._nearest(wanted)
            bucket = self._buckets[nearest]
            while bucket:
                index = bucket.pop()
                if is_free(index):
                    return index
            del self._buckets[nearest]
        return None

    def _nearest(self, wanted: Bucket) -> Bucket:
        if wanted in self._buckets:
            return wanted
        return min(self._buckets, key=lambda key: (max(abs(key[0] - wanted[0]), abs(key[1] - wanted[1])), key))


def _bucket_of(lengths: tuple[int, int]) -> Bucket:
    return int(math.log1p(lengths[0]) / BUCKET_WIDTH), int(math.log1p(lengths[1]) / BUCKET_WIDTH)

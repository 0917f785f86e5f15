"""Pairs of texts by their lengths."""

import numpy as np

from gis.dataset.pairs.length_buckets import LengthBuckets


def buckets(*lengths: tuple[int, int]) -> LengthBuckets:
    return LengthBuckets(lengths, np.random.default_rng(0))


def anything(_index: int) -> bool:
    return True


def test_the_nearest_bucket_is_emptied_first() -> None:
    pairs = buckets((10, 10), (1000, 1000), (100, 100), (100, 100))
    taken = [pairs.pop_nearest((101, 101), anything) for _ in range(5)]
    assert sorted(taken[:2]) == [2, 3]  # type: ignore[type-var]
    assert sorted(taken[2:4]) == [0, 1]  # type: ignore[type-var]
    assert taken[4] is None


def test_both_lengths_count_in_their_order() -> None:
    pairs = buckets((50, 5000), (5000, 50))
    assert pairs.pop_nearest((5100, 51), anything) == 1
    assert pairs.pop_nearest((5100, 51), anything) == 0


def test_what_is_not_free_is_dropped_for_good() -> None:
    pairs = buckets((10, 10), (10, 10), (500, 500))
    assert pairs.pop_nearest((10, 10), lambda index: index == 2) == 2
    assert pairs.pop_nearest((10, 10), anything) is None


def test_the_order_within_a_bucket_depends_on_the_generator_alone() -> None:
    def order(seed: int) -> list[int | None]:
        pairs = LengthBuckets([(10, 10)] * 20, np.random.default_rng(seed))
        return [pairs.pop_nearest((10, 10), anything) for _ in range(20)]

    assert order(1) == order(1) != order(2)


def test_no_pairs_and_texts_without_characters() -> None:
    assert buckets().pop_nearest((3, 4), anything) is None
    assert buckets((0, 0)).pop_nearest((10**6, 10**6), anything) == 0

"""Near-duplicates: found, joined step by step, and few comparisons among many alike."""

import random

import numpy as np
import pytest
from numpy.typing import NDArray

from gis import near_duplicates as near_duplicates_module
from gis.near_duplicates import NEAR_JACCARD, Sketches, jaccard, near_duplicates, sketch


def test_jaccard_by_hand() -> None:
    one, other = sketch("a b c d").shingles, sketch("b c d e").shingles  # abc bcd, bcd cde: one of three
    assert jaccard(one, other) == pytest.approx(1 / 3)


def test_near_duplicates_are_found_and_others_are_not() -> None:
    text = " ".join(f"word{n}" for n in range(100))
    texts = {
        0: text,
        1: text.replace("word50", "another"),  # 95 of 101 runs: 0.94
        2: " ".join(f"word{n}" for n in range(70)),  # 68 of 98: 0.69
        3: "ICE",
        4: "ice",
        5: "",
        6: " ",
    }
    assert near_duplicates(texts, Sketches(texts.__getitem__)) == [[0, 1], [3, 4], [5, 6]]


def test_what_is_alike_step_by_step_is_one_group() -> None:
    texts = {n: " ".join(f"word{n + k}" for k in range(100)) for n in range(300)}
    texts |= {1000 + n: " ".join(f"other{5 * n + k}" for k in range(100)) for n in range(3)}  # 93 of 103 in common
    assert near_duplicates(texts, Sketches(texts.__getitem__)) == [list(range(300)), [1000, 1001, 1002]]


def test_a_sketch_depends_on_words_alone() -> None:
    one, other = sketch("Does NOT open, at all!"), sketch("does not open at all")
    assert np.array_equal(one.shingles, other.shingles)
    assert np.array_equal(one.signature, other.signature)
    assert len(one.shingles) == 3
    assert one.signature.shape == (128,)


def test_a_sketch_is_made_once() -> None:
    asked: list[int] = []
    sketches = Sketches(lambda key: asked.append(key) or "a text")  # type: ignore[func-returns-value]
    assert sketches[5] is sketches[5]
    assert asked == [5]


def test_the_signature_estimates_the_similarity() -> None:
    """The share of equal values is an unbiased estimate of Jaccard's index: within four standard errors here."""
    one, other = (sketch(" ".join(f"word{n}" for n in span)) for span in (range(300), range(100, 400)))
    true = jaccard(one.shingles, other.shingles)
    assert np.mean(one.signature == other.signature) == pytest.approx(true, abs=4 * np.sqrt(true * (1 - true) / 128))


def test_the_groups_are_those_of_a_search_over_all_pairs() -> None:
    rng = random.Random(0)
    texts: dict[int, str] = {}
    for key in range(0, 200, 4):
        tokens = [f"w{rng.randrange(500)}" for _ in range(60)]
        for copy in range(4):  # copies further and further away
            texts[key + copy] = " ".join(tokens)
            tokens[rng.randrange(60)] = "changed"
    sketches = Sketches(texts.__getitem__)
    near = [
        {one, other}
        for one in texts
        for other in texts
        if one < other and jaccard(sketches[one].shingles, sketches[other].shingles) >= NEAR_JACCARD
    ]
    groups = near_duplicates(texts, sketches)
    assert all(any(pair <= set(group) for group in groups) for pair in near)
    assert {key for group in groups for key in group} == {key for pair in near for key in pair}


def test_two_thousand_texts_alike_are_compared_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0

    def counting(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> float:
        nonlocal compared
        compared += 1
        return jaccard(one, other)

    monkeypatch.setattr(near_duplicates_module, "jaccard", counting)
    texts = {n: " ".join(f"word{k}" for k in range(120)) + f" number {n}" for n in range(2000)}
    assert near_duplicates(texts, Sketches(texts.__getitem__)) == [list(range(2000))]
    assert compared < 10_000  # of two million pairs, in 32 bands

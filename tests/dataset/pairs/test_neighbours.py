"""Neighbours of issues: ranks and blocks."""

import numpy as np
import pytest
from numpy.typing import NDArray

from gis.dataset.pairs import neighbours
from gis.dataset.pairs.neighbours import find_neighbours
from tests.dataset.pairs.helpers import make_issues, make_texts

COUNT = 80
TEXTS = make_texts([f"text {n}" for n in range(COUNT)])


def by_position(texts: list[str], queries: list[int], count: int) -> NDArray[np.int64]:
    """A search that finds the first ``count`` texts for every query, the query itself among them."""
    return np.tile(np.arange(min(count, len(texts))), (len(queries), 1))


def test_the_neighbours_are_those_of_ranks_6_to_50_without_the_query_itself() -> None:
    found = find_neighbours(make_issues(COUNT), TEXTS, [3, 70, 3], by_position, name="neighbours")
    assert found == {3: [n for n in range(51) if n != 3][5:50], 70: list(range(5, 50))}
    assert len(found[3]) == len(found[70]) == 45


def test_few_issues_have_few_neighbours() -> None:
    few = make_texts(["a", "b", None, "c", "d", "e", "f", "g"])
    found = find_neighbours(make_issues(8), few, [0, 1], by_position, name="neighbours")
    assert found == {0: [7], 1: [7]}  # six others have a text


def test_neighbours_are_of_the_same_block_and_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "ISSUES_PER_BLOCK", 10)
    issues = make_issues(COUNT, repositories=[0] * 40 + [1] * 40)
    found = find_neighbours(issues, TEXTS, [0, 39, 40], by_position, name="neighbours")
    assert found == {0: list(range(6, 10)), 39: list(range(35, 39)), 40: list(range(46, 50))}

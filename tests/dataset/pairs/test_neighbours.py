"""The search for similar texts: ranks, ties and blocks."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.typing import NDArray

from gis.console import Reporter
from gis.dataset.pairs import neighbours
from gis.dataset.pairs.neighbours import by_bm25, by_encoder, find_neighbours
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


def test_bm25_puts_the_rarest_common_words_first() -> None:
    texts = ["apple pear plum", "fig fig fig", "apple kiwi melon", "apple pear grape", "plum lime date"]
    assert by_bm25(texts, [0], 4).tolist()[0][0] == 0
    assert by_bm25(texts, [0, 3], 2).tolist() == [[0, 3], [3, 0]]


def test_bm25_agrees_with_the_library_that_computes_its_weights() -> None:
    import bm25s

    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice([f"w{n}" for n in range(50)], 12)) for _ in range(40)]
    index = bm25s.BM25()
    tokens = [text.split() for text in texts]
    index.index(tokens, show_progress=False)
    nearest = by_bm25(texts, list(range(40)), 5)
    for query, indices in enumerate(nearest):
        scores = index.get_scores(list(dict.fromkeys(tokens[query])))
        assert np.allclose(scores[indices], np.sort(scores)[::-1][:5], atol=1e-5)


def test_an_encoder_finds_the_highest_cosines_and_ties_are_in_order() -> None:
    vectors = np.array([[1, 0], [0, 2], [3, 0.3], [5, 0], [0.1, 0]], np.float32)
    search = by_encoder(lambda texts: vectors[[int(text) for text in texts]])
    assert search(list("01234"), [0, 1], 4).tolist() == [[0, 3, 4, 2], [1, 2, 0, 3]]


def test_the_first_neighbours_of_many_are_the_highest_ones() -> None:
    vectors = np.random.default_rng(0).standard_normal((500, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    search = by_encoder(lambda texts: vectors[[int(text) for text in texts]])
    for count in (1, 7):
        nearest = search([str(n) for n in range(500)], list(range(500)), count)
        assert nearest.tolist() == np.argsort(-(vectors @ vectors.T), axis=1)[:, :count].tolist()


def test_an_embedding_of_zeros_is_similar_to_nothing() -> None:
    search = by_encoder(lambda _: np.array([[0, 0], [0, 0], [1, 0]], np.float32))
    assert search(["", "", "x"], [2], 2).tolist() == [[2, 0]]


@pytest.mark.parametrize(("words_before", "counts"), [(99, True), (100, False)])
def test_the_first_hundred_words_of_a_query_count(words_before: int, counts: bool) -> None:
    query = " ".join([*(f"w{n}" for n in range(words_before)), "last"])
    assert by_bm25([query, "other words", "last words"], [0], 3).tolist() == [[0, 2, 1] if counts else [0, 1, 2]]


def test_progress_comes_to_its_end() -> None:
    steps: list[tuple[int, float]] = []

    class Tracker:
        done = 0

        def advance(self, count: int, share: float) -> None:
            self.done += count
            steps.append((count, share))

    class Tracking(Reporter):
        @contextmanager
        def track(self, *_: object) -> Iterator[Tracker]:  # type: ignore[override]
            yield Tracker()

    issues = make_issues(COUNT, repositories=[0] * 40 + [1] * 40)
    find_neighbours(issues, TEXTS, [0, 1, 2, 40], by_position, name="neighbours", reporter=Tracking(quiet=True))
    assert steps == [(3, 0.75), (1, 1.0)]

"""The search for similar texts: what BM25 and an encoder find, and ties."""

import numpy as np

from gis.models.nearest import by_bm25, by_encoder


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


def test_an_embedding_of_zeros_is_similar_to_nothing() -> None:
    search = by_encoder(lambda _: np.array([[0, 0], [0, 0], [1, 0]], np.float32))
    assert search(["", "", "x"], [2], 2).tolist() == [[2, 0]]

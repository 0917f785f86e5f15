import numpy as np
import pytest

from gis.finder.parts import Order, Texts, Titles, Vectors, title_of

ORDER = Order((2, 1, 2), np.array([3, 0, 2, 4]))  # row 1 counts no longer


def test_rows_of_parts_are_put_in_order() -> None:
    assert ORDER.of([np.array([10, 11]), np.array([12]), np.array([13, 14])]).tolist() == [13, 10, 12, 14]
    assert [ORDER.place(position) for position in range(4)] == [(2, 0), (0, 0), (1, 0), (2, 1)]
    assert len(ORDER) == 4


def test_an_array_that_is_in_order_is_not_copied() -> None:
    array = np.arange(3)
    assert Order((3,)).of([array]) is array


def test_masks_say_which_rows_count() -> None:
    masks = [None if mask is None else mask.tolist() for mask in ORDER.masks()]
    assert masks == [[True, False], None, None]
    masks = [None if mask is None else mask.tolist() for mask in ORDER.masks(np.array([0, 2]))]
    assert masks == [[False, False], None, [True, False]]
    assert Order((2, 1)).masks() == [None, None]


def test_vectors_are_compared_in_order() -> None:
    rows = np.eye(5, dtype=np.float32)
    vectors = Vectors((rows[:2], rows[2:3], rows[3:]), ORDER)
    assert vectors.similarities(rows[[0]]).tolist() == [[0, 1, 0, 0]]
    assert vectors[np.array([2, 0])].tolist() == rows[[2, 3]].tolist()
    assert vectors[np.array([], np.intp)].shape == (0, 5)


def test_texts_and_titles_are_sequences() -> None:
    texts = Texts((["a", "b"], ["c\n\nd"], ["e", "f"]), ORDER)
    assert list(texts) == ["e", "a", "c\n\nd", "f"]
    assert texts[-1] == "f"
    assert texts[1:3] == ["a", "c\n\nd"]
    assert Titles(texts)[1:] == ["a", "c", "f"]
    with pytest.raises(IndexError):
        texts[4]


@pytest.mark.parametrize(("text", "title"), [("One\n\nTwo", "One"), ("One\nTwo\n\nThree", ""), ("One", "One")])
def test_a_title_is_the_line_above_the_first_blank_one(text: str, title: str) -> None:
    assert title_of(text) == title

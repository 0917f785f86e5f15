import gzip
from pathlib import Path

import numpy as np
import pytest

from gis.errors import GisError, UsageError
from gis.models.registry import load_model
from gis.spec import Spec
from tests.errors import error_line
from tests.models.helpers import assert_close, counts, encoder, identity, settings

GLOVE = "the 1 0 0\ncat 0 2 0\nCat 0 0 4\n, 8 8 8\n"


def _file(folder: Path, text: str = GLOVE, name: str = "vectors.txt") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_text_is_the_mean_of_its_words(tmp_path: Path) -> None:
    vectors = encoder("wordvectors", path=_file(tmp_path)).encode(["the cat", "the the cat", "cat, the"])
    assert_close(vectors, [[0.5, 1, 0], [2 / 3, 2 / 3, 0], [3, 10 / 3, 8 / 3]])


def test_a_word_is_looked_up_as_it_stands_and_then_in_lower_case(tmp_path: Path) -> None:
    assert_close(
        encoder("wordvectors", path=_file(tmp_path)).encode(["Cat", "cat", "CAT", "THE"]),
        [[0, 0, 4], [0, 2, 0], [0, 2, 0], [1, 0, 0]],
    )


def test_unknown_words_are_left_out_and_alone_give_the_zero_vector(tmp_path: Path) -> None:
    vectors = encoder("wordvectors", path=_file(tmp_path)).encode(["the zebra", "zebra", ""])
    assert_close(vectors, [[1, 0, 0], [0, 0, 0], [0, 0, 0]])


def test_words_and_marks_are_counted(tmp_path: Path) -> None:
    model = encoder("wordvectors", path=_file(tmp_path))
    assert counts(model, ["the cat, zebra!", ""]) == [(5, 5), (0, 0)]
    assert model.card.length_unit == "words"
    assert model.card.max_tokens is None


@pytest.mark.parametrize("end", ["\n", " \n", "\r\n"])
def test_word2vecs_header_is_no_word(tmp_path: Path, end: str) -> None:
    path = _file(tmp_path, f"2 3{end}cat 0 2 0{end}2 1 1 1{end}")
    assert_close(encoder("wordvectors", path=path).encode(["cat", "2"]), [[0, 2, 0], [1, 1, 1]])


def test_a_number_may_be_the_first_word_of_a_glove_file(tmp_path: Path) -> None:
    path = _file(tmp_path, "7 1 2 3\ncat 0 2 0\n")
    assert_close(encoder("wordvectors", path=path).encode(["7"]), [[1, 2, 3]])


def test_a_gz_file_is_read_as_its_content(tmp_path: Path) -> None:
    packed = tmp_path / "vectors.txt.gz"
    packed.write_bytes(gzip.compress(GLOVE.encode()))
    plain = encoder("wordvectors", path=_file(tmp_path))
    assert_close(encoder("wordvectors", path=packed).encode(["the Cat"]), plain.encode(["the Cat"]))


def test_entries_with_spaces_are_skipped(tmp_path: Path) -> None:
    path = _file(tmp_path, "the 1 0 0\nat name 5 5 5\ncat sat mat 6 6 6\ncat 0 2 0\n")
    assert_close(encoder("wordvectors", path=path).encode(["cat at name"]), [[0, 2, 0]])


def test_the_first_of_two_entries_counts(tmp_path: Path) -> None:
    assert_close(encoder("wordvectors", path=_file(tmp_path, "cat 1 2\ncat 3 4\n")).encode(["cat"]), [[1, 2]])


def test_a_line_that_is_no_numbers_is_named(tmp_path: Path) -> None:
    path = _file(tmp_path, "the 1 0 0\ncat 0 two 0\n")
    with pytest.raises(GisError, match=r"vectors\.txt:2: not a word and its numbers .*two"):
        encoder("wordvectors", path=path).encode(["the cat"])


def test_a_file_without_vectors_is_named(tmp_path: Path) -> None:
    with pytest.raises(GisError, match=r"empty\.txt holds no word vectors"):
        encoder("wordvectors", path=_file(tmp_path, "", "empty.txt")).encode(["cat"])


@pytest.mark.parametrize(
    "content", [gzip.compress(GLOVE.encode() * 50, mtime=0)[:-20], b"no gzip at all"], ids=["cut", "other"]
)
def test_a_broken_gz_file_is_named(tmp_path: Path, content: bytes) -> None:
    packed = tmp_path / "cut.txt.gz"
    packed.write_bytes(content)
    with pytest.raises(GisError, match=r"cut\.txt\.gz"):
        encoder("wordvectors", path=packed).encode(["cat"])


def test_the_file_must_be_given_and_exist(tmp_path: Path) -> None:
    with error_line("wordvectors,path="):
        load_model(Spec("wordvectors"), settings())
    with pytest.raises(UsageError, match=r"no file of word vectors at .*nowhere"):
        encoder("wordvectors", path=tmp_path / "nowhere.txt")


def test_the_identity_is_the_content_and_not_the_name(tmp_path: Path) -> None:
    one, copy = _file(tmp_path, name="one.txt"), _file(tmp_path, name="copy.txt")
    other = _file(tmp_path, GLOVE.replace("2", "3"), name="other.txt")
    assert identity("wordvectors", path=one) == identity("wordvectors", path=copy)
    assert identity("wordvectors", path=one) != identity("wordvectors", path=other)


def test_more_texts_than_one_slice_keep_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gis.models.wordvectors.TEXTS_PER_BATCH", 2)
    vectors = encoder("wordvectors", path=_file(tmp_path)).encode(["the", "cat", "Cat", "the", "cat"])
    assert np.argmax(vectors, axis=1).tolist() == [0, 1, 2, 0, 1]

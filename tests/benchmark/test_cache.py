import sqlite3
from pathlib import Path

import numpy as np
import pytest

from gis.benchmark.cache import EmbeddingCache
from gis.benchmark.embeddings import TextPool, embed
from gis.console import Reporter
from gis.errors import GisError
from gis.models.base import EncodedBatch
from tests.benchmark.helpers import FakeEncoder, make_pairs
from tests.errors import error_line
from tests.faults.damage import Verdict, verdicts

QUIET = Reporter(quiet=True)


def batch(*values: float) -> EncodedBatch:
    n = len(values)
    vectors = np.array([[value, -value] for value in values], dtype=np.float32)
    return EncodedBatch(rows=np.arange(n), vectors=vectors, tokens=np.arange(n) + 3, kept=np.arange(n) + 1, share=1.0)


def stored(cache: EmbeddingCache, *texts: str) -> dict[int, list[float]]:
    return {position: found.vector.tolist() for position, found in cache.find(texts)}


def test_what_was_added_is_found_with_its_cost(tmp_path: Path) -> None:
    with EmbeddingCache(tmp_path, "m") as cache:
        cache.add(["a", "b"], batch(0.1, 0.2), np.array([1.5, 2.5]), "cpu")
    with EmbeddingCache(tmp_path, "m") as cache:
        found = dict(cache.find(["x", "b"]))
    assert list(found) == [1]
    assert found[1].vector.tolist() == np.array([0.2, -0.2], dtype=np.float32).tolist()
    assert (found[1].tokens, found[1].kept, found[1].seconds, found[1].hardware) == (4, 2, 2.5, "cpu")


def test_two_identities_share_nothing(tmp_path: Path) -> None:
    with EmbeddingCache(tmp_path, "one") as cache:
        cache.add(["a"], batch(0.5), np.ones(1), "cpu")
    with EmbeddingCache(tmp_path, "two") as cache:
        assert stored(cache, "a") == {}


def test_without_a_folder_nothing_is_kept() -> None:
    with EmbeddingCache(None, "m") as cache:
        cache.add(["a"], batch(0.5), np.ones(1), "cpu")
        assert stored(cache, "a") == {0: [0.5, -0.5]}
    with EmbeddingCache(None, "m") as cache:
        assert stored(cache, "a") == {}


def test_many_texts_are_found_at_once(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(1200)]  # more than one SQLite statement takes
    with EmbeddingCache(tmp_path, "m") as cache:
        cache.add(texts, batch(*range(1200)), np.zeros(1200), "cpu")
        found = stored(cache, *reversed(texts))
    assert len(found) == 1200
    assert found[0] == [1199.0, -1199.0]


@pytest.mark.parametrize("text", ["", " ", "a\x00b", "\ud800", "x" * 1_000_000])
def test_any_text_has_a_place_of_its_own(tmp_path: Path, text: str) -> None:
    with EmbeddingCache(tmp_path, "m") as cache:
        cache.add([text], batch(0.5), np.ones(1), "cpu")
        assert stored(cache, text) == {0: [0.5, -0.5]}
        assert stored(cache, text + " ") == {}


def test_a_damaged_cache_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "embeddings" / "m.sqlite"
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 100)
    with error_line(r"m\.sqlite cannot be used .*--no-cache"):
        EmbeddingCache(tmp_path, "m")


def test_a_cache_damaged_inside_says_what_to_do(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(400)]
    with EmbeddingCache(tmp_path, "m") as cache:
        cache.add(texts, batch(*range(400)), np.zeros(400), "cpu")
    path = tmp_path / "embeddings" / "m.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x7f" * (len(content) - 4096)
    path.write_bytes(content)
    with error_line("--no-cache"), EmbeddingCache(tmp_path, "m") as cache:
        list(cache.find(texts))


@pytest.mark.slow
def test_a_flipped_bit_never_becomes_another_vector(tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(60)]
    whole = batch(*range(60))
    with EmbeddingCache(tmp_path, "m") as cache:
        cache.add(texts, whole, np.zeros(60), "cpu")
    path = tmp_path / "embeddings" / "m.sqlite"

    def use() -> Verdict:
        with EmbeddingCache(tmp_path, "m") as cache:
            found = stored(cache, *texts)
        assert all(found[n] == whole.vectors[n].tolist() for n in found)
        return "same" if len(found) == 60 else "repaired"  # what is left out is computed again

    counts = verdicts(path, 200, use, [path.name])
    assert min(counts[name] for name in ("same", "repaired", "named")) > 0, counts


def test_damaged_entries_are_computed_again_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = FakeEncoder()
    with EmbeddingCache(tmp_path, "m") as cache:
        before = embed(model, ["a", "b"], cache, "label", QUIET)
        cache._database.execute("UPDATE checked_vectors SET vector = zeroblob(length(vector)) WHERE rowid = 1")
        after = embed(model, ["a", "b"], cache, "label", QUIET)
    assert after.vectors.tolist() == before.vectors.tolist()
    assert after.from_cache.tolist() == [False, True]
    assert "1 damaged entries of the embedding cache are computed again" in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with error_line("--no-cache"):
        EmbeddingCache(tmp_path / "file", "m")


def test_the_pool_holds_every_text_once_in_order() -> None:
    pool = TextPool()
    rows = pool.add(make_pairs((1, 2)))
    again = pool.add(make_pairs((1, 2)).take(np.array([1])))
    assert pool.texts == ["left 0", "left 1", "right 0", "right 1"]
    assert (rows.first.tolist(), rows.second.tolist()) == ([0, 1], [2, 3])
    assert (again.first.tolist(), again.second.tolist(), again.distinct.tolist()) == ([1], [3], [1, 3])


def test_vectors_come_back_in_the_order_of_the_texts(tmp_path: Path) -> None:
    model = FakeEncoder()
    with EmbeddingCache(tmp_path, "m") as cache:
        embed(model, ["c", "a"], cache, "m", QUIET)
        found = embed(model, ["a", "b", "c", "d"], cache, "m", QUIET)
    expected = np.stack([model.vector(text) for text in "abcd"])
    assert np.array_equal(found.vectors, expected)
    assert found.from_cache.tolist() == [True, False, True, False]
    assert model.asked == ["c", "a", "b", "d"]
    assert set(found.hardware) == {"cpu"}


def test_no_texts_need_no_model() -> None:
    model = FakeEncoder()
    with EmbeddingCache(None, "m") as cache:
        assert len(embed(model, [], cache, "m", QUIET).vectors) == 0
    assert model.asked == []


def test_the_seconds_of_a_batch_are_shared_out_by_length(tmp_path: Path) -> None:
    with EmbeddingCache(tmp_path, "m") as cache:
        seconds = embed(FakeEncoder(), ["one", "one two three"], cache, "m", QUIET).seconds
    assert seconds[1] == pytest.approx(3 * seconds[0])


def test_a_vector_that_is_not_a_number_is_not_cached(tmp_path: Path) -> None:
    model = FakeEncoder()
    model.nan = frozenset({"c"})
    with EmbeddingCache(tmp_path, "m") as cache:
        with pytest.raises(GisError, match="NaN or infinity for 1 of 2 texts of a batch, first for 'c'"):
            embed(model, ["a", "b", "c", "d"], cache, "m", QUIET)
        assert set(stored(cache, "a", "b", "c", "d")) == {0, 1}


def test_a_cache_that_another_run_is_opening_can_be_opened(tmp_path: Path) -> None:
    EmbeddingCache(tmp_path, "a" * 64).__exit__(None, None, None)
    (path,) = tmp_path.rglob("*.sqlite")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM sqlite_master").fetchall()
    with EmbeddingCache(tmp_path, "a" * 64) as cache:
        assert list(cache.find(["a text"])) == []
    other.close()

import numpy as np
import pytest
from numpy.typing import NDArray

from gis.models.similarity import cosine, euclidean, manhattan, unit
from gis.models.transformer.late_interaction import mean_maxsim
from gis.models.transformer.long_text import score_by_windows


@pytest.fixture
def vectors() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    generator = np.random.default_rng(0)
    return generator.standard_normal((50, 16)).astype(np.float32), generator.random((50, 16)).astype(np.float32)


def row(*values: float) -> NDArray[np.float32]:
    return np.array([values], dtype=np.float32)


def test_cosine_by_hand() -> None:
    assert cosine(row(1, 0), row(3, 4)) == pytest.approx([0.6])


def test_distances_by_hand_are_negative() -> None:
    assert manhattan(row(1, 2), row(4, -2)) == pytest.approx([-7])
    assert euclidean(row(1, 2), row(4, -2)) == pytest.approx([-5])


def test_cosine_agrees_with_numpy(vectors: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    x, y = vectors
    expected = [float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) for a, b in zip(x, y, strict=True)]
    assert cosine(x, y) == pytest.approx(expected, abs=1e-6)


def test_distances_agree_with_numpy(vectors: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    x, y = vectors
    assert manhattan(x, y) == pytest.approx([-np.abs(a - b).sum() for a, b in zip(x, y, strict=True)], abs=1e-4)
    assert euclidean(x, y) == pytest.approx([-np.linalg.norm(a - b) for a, b in zip(x, y, strict=True)], abs=1e-4)


@pytest.mark.parametrize("other", [row(0, 0, 0), row(1, 2, 3)], ids=["both", "one"])
def test_the_zero_vector_has_cosine_0(other: NDArray[np.float32]) -> None:
    assert cosine(row(0, 0, 0), other).tolist() == [0.0]
    assert cosine(other, row(0, 0, 0)).tolist() == [0.0]


def test_nan_does_not_pass_for_the_zero_vector() -> None:
    broken = row(np.nan, 1)
    assert np.isnan(cosine(broken, row(1, 1))).all()
    assert np.isnan(unit(broken)).all()
    assert np.isnan(mean_maxsim(np.vstack([broken, row(1, 0)]), row(1, 0)))
    assert np.isnan(score_by_windows([("a", "b")], lambda texts: [broken for _ in texts])).all()


def test_opposite_vectors_have_cosine_minus_1(vectors: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    assert set(cosine(vectors[0], -vectors[0]).tolist()) == {-1.0}


def test_equal_pairs_tie_exactly_whatever_their_scale(
    vectors: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    scales = (np.arange(1, 51) / 7).astype(np.float32)[:, None]
    assert set(cosine(vectors[0], vectors[0] * scales).tolist()) == {1.0}


def test_the_two_sides_may_be_exchanged(vectors: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
    x, y = vectors
    assert np.array_equal(cosine(x, y), cosine(y, x))


def test_tiny_and_huge_vectors_keep_their_direction() -> None:
    assert cosine(row(1e-30, 0), row(1e-30, 1e-30)) == pytest.approx([np.sqrt(0.5)])
    assert cosine(row(1e30, 0), row(1e30, 1e30)) == pytest.approx([np.sqrt(0.5)])


def test_similarities_are_rounded_to_seven_digits() -> None:
    assert cosine(row(1, 0), row(1, 2)).tolist() == [0.4472136]
    assert euclidean(row(0, 0), row(1, 1)).tolist() == [-1.4142136]
    assert manhattan(row(0), np.array([[1 / 3]])).tolist() == [-0.3333333]

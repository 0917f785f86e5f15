"""The terms by hand."""

import pytest
import torch

from gis.models.losses.terms import closeness_of, pair_features, unit
from tests.models.losses.helpers import assert_close, embeddings


def test_the_closeness_of_a_vector_to_itself_is_one_and_to_its_opposite_minus_one() -> None:
    x = unit(embeddings(4, 8)[0])
    assert_close(closeness_of(x, x, "phase"), torch.ones(4, dtype=x.dtype))
    assert_close(closeness_of(x, -x, "phase"), -torch.ones(4, dtype=x.dtype))


def test_a_classifier_sees_both_sides_and_how_far_they_are_apart() -> None:
    x, y = torch.tensor([[1.0, -2.0]]), torch.tensor([[3.0, 1.0]])
    assert pair_features(x, y).tolist() == [[1, -2, 3, 1, 2, 3]]


@pytest.mark.parametrize(
    ("real", "imaginary", "closeness"),
    [((1.0, 0.0), (0.0, 0.0), 1.0), ((0.0, 0.0), (0.0, 0.0), 0.0), ((0.5, 0.5), (0.0, 0.0), 1.0)],
)
def test_dimensions_without_a_phase_weigh_nothing(
    real: tuple[float, float], imaginary: tuple[float, float], closeness: float
) -> None:
    x = torch.tensor([[*real, *imaginary]])
    assert closeness_of(x, x, "phase").tolist() == pytest.approx([closeness])
    assert closeness_of(x, torch.zeros(1, 4), "phase").tolist() == [0]


def test_the_phase_by_hand() -> None:
    """Two dimensions: phases apart by 90 degrees, magnitude 2, and by 0, magnitude 1: the mean is 60 degrees."""
    x, y = torch.tensor([[2.0, 1.0, 0.0, 0.0]]), torch.tensor([[0.0, 1.0, 1.0, 0.0]])
    assert closeness_of(x, y, "phase").item() == pytest.approx(1 - 2 * 60 / 180)
    assert closeness_of(x, y, "abs-sum").item() == pytest.approx(abs(2 * (0 - 1) + 1 * (1 - 0)))

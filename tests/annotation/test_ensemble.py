"""Several annotators as one."""

import numpy as np
import pytest

from gis.annotation.ensemble import combine
from gis.errors import GisError


def test_without_gold_labels_it_is_the_mean() -> None:
    combined = combine(np.array([[0.0, 5.0], [1.0, 3.0]]), None)
    assert combined.values.tolist() == [0.5, 4.0]
    assert np.isnan(combined.unseen).all()
    assert not combined.calibrated


def test_calibration_undoes_what_an_annotator_does_to_the_scale_and_ignores_noise() -> None:
    generator = np.random.default_rng(0)
    gold = generator.uniform(0, 5, 400)
    squeezed, noise = 2 + gold / 10, generator.uniform(0, 5, 400)
    labels = np.where(np.arange(400) < 200, gold, np.nan)
    combined = combine(np.stack([squeezed, squeezed + 0.1]), labels)
    assert np.abs(combined.values - gold).max() < 0.2
    assert np.isnan(combined.unseen).tolist() == [False] * 200 + [True] * 200
    noisy = combine(noise[None], labels)
    assert noisy.values.std() < 0.8
    assert abs(np.corrcoef(noisy.unseen[:200], gold[:200])[0, 1]) < 0.2  # not what it has learnt by heart


def test_too_few_gold_labels_are_refused() -> None:
    with pytest.raises(GisError, match="3 gold labels are too few"):
        combine(np.ones((1, 50)), np.r_[np.ones(3), np.full(47, np.nan)])

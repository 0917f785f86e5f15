import numpy as np
import pytest

from gis.statistics.capture import chapman


def test_chapmans_estimate_is_that_worked_out_by_hand() -> None:
    found = chapman(9, 19, 4)
    assert found.estimate == pytest.approx(10 * 20 / 5 - 1)
    low, high = found.interval
    assert 24 < low < 39 < high


def test_what_both_searches_found_in_full_is_all_there_is() -> None:
    assert chapman(7, 7, 7).interval == (7, 7)


def test_the_interval_holds_for_independent_searches() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(400):
        first, second = rng.random(800) < 0.4, rng.random(800) < 0.15
        low, high = chapman(int(first.sum()), int(second.sum()), int((first & second).sum())).interval
        held += low <= 800 <= high
    assert held / 400 == pytest.approx(0.95, abs=0.03)

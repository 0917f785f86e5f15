import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from gis.statistics.sequential import log_wealth

LIMIT = math.log(1 / 0.05)
LOOKS = 1000


@pytest.mark.parametrize(("events", "trials", "share"), [(0, 0, 0.1), (3, 5, 0.1), (1, 20, 0.2), (0, 30, 0.05)])
def test_it_is_the_mean_of_all_likelihood_ratios(events: int, trials: int, share: float) -> None:
    def ratio(chance: float) -> float:
        return (chance / share) ** events * ((1 - chance) / (1 - share)) ** (trials - events)

    mean = quad(ratio, share, 1)[0] / (1 - share)
    assert log_wealth(events, trials, share) == pytest.approx(math.log(mean), abs=1e-6)


def test_no_trial_makes_it_richer_on_average_while_the_claim_holds() -> None:
    for events, trials in ((0, 0), (1, 3), (5, 20), (40, 200)):
        now = log_wealth(events, trials, 0.1)
        after = [math.exp(log_wealth(events + happens, trials + 1, 0.1) - now) for happens in (0, 1)]
        assert 0.9 * after[0] + 0.1 * after[1] == pytest.approx(1)
        assert 0.95 * after[0] + 0.05 * after[1] < 1


def first_alarms(chance: float, promised: float, runs: int) -> NDArray[np.int_]:
    """After how many trials each of some runs is stopped, which is looked at after every trial; LOOKS + 1 for never."""
    rng = np.random.default_rng(20)
    events = np.cumsum(rng.random((runs, LOOKS)) < chance, axis=1)
    # the fewest events after n trials that stop it: a table of few calls, as it grows with n
    fewest, least = np.empty(LOOKS, np.int_), 0
    for n in range(1, LOOKS + 1):
        while least <= n and log_wealth(least, n, 1 - promised) < LIMIT:
            least += 1
        fewest[n - 1] = least
    stopped = events >= fewest
    return np.where(stopped.any(axis=1), stopped.argmax(axis=1) + 1, LOOKS + 1)


@pytest.mark.parametrize("promised", [0.8, 0.9, 0.95])
def test_a_promise_that_is_just_kept_is_hardly_ever_stopped_in_a_thousand_looks(promised: float) -> None:
    runs = 4000
    stopped = np.mean(first_alarms(1 - promised, promised, runs) <= LOOKS)
    assert 0.005 < stopped <= 0.05
    assert np.mean(first_alarms((1 - promised) / 2, promised, runs) <= LOOKS) < 0.005


@pytest.mark.parametrize(("precision", "half_within", "most_within"), [(0.5, 6, 25), (0.7, 25, 90), (0.8, 100, 320)])
def test_a_broken_promise_of_nine_in_ten_is_noticed(precision: float, half_within: int, most_within: int) -> None:
    alarms = first_alarms(1 - precision, 0.9, 4000)
    assert np.median(alarms) <= half_within
    assert np.quantile(alarms, 0.95) <= most_within

import numpy as np
import pytest
from scipy import stats

from gis.statistics.order import count_inversions, kendall_tau_b, mean_ranks


def test_inversions_by_hand() -> None:
    assert count_inversions(np.array([2, 0, 1, 1, 0])) == 5 + 1
    assert count_inversions(np.array([], dtype=np.intp)) == 0
    assert count_inversions(np.arange(100)) == 0
    assert count_inversions(np.arange(100)[::-1]) == 100 * 99 // 2
    assert count_inversions(np.zeros(7, dtype=np.intp)) == 0


@pytest.mark.parametrize("levels", [2, 3, 40, 100_000])
@pytest.mark.parametrize("n", [2, 3, 17, 500])
def test_ranks_and_tau_are_exactly_those_of_scipy(n: int, levels: int) -> None:
    draw = np.random.default_rng(n + levels)
    for _ in range(5):
        a, b = draw.integers(levels, size=n) / 7, draw.integers(levels, size=n) / 3
        a[0], a[1], b[0], b[1] = -1, 1e6, *draw.permutation([-1, 1e6])
        assert mean_ranks(a).tolist() == stats.rankdata(a).tolist()
        assert kendall_tau_b(a, b) == stats.kendalltau(a, b).statistic
        assert kendall_tau_b(a, a) == pytest.approx(1, abs=1e-15)

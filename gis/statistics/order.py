"""Ranks and inversions: what scipy.stats has too, whose import takes longer than scoring a task."""

import numpy as np
from numpy.typing import NDArray


def mean_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each of n values, from 1; equal ones share the mean of theirs."""
    _, group, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[group], dtype=np.float64)


def count_inversions(values: NDArray[np.intp]) -> int:
    """Count the pairs of n numbers, 0 or more, of which the larger comes first.

    Level by level, as a radix sort goes: numbers that agree above a bit stand together in their first order, and of
    these each pair of a 1 before a 0 in that bit is one.
    """
    inversions = 0
    for bit in reversed(range(int(values.max(initial=0)).bit_length())):
        above, ones = values >> bit + 1, values >> bit & 1
        before = np.cumsum(ones) - ones
        in_group = before - before[np.searchsorted(above, above)]
        inversions += int(in_group[ones == 0].sum())
        values = values[np.argsort(values >> bit, kind="stable")]
    return inversions


def kendall_tau_b(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return Kendall's tau-b of two (n,) arrays, neither of which is constant, by Knight's algorithm.

    Knight, "A computer method for calculating Kendall's tau with ungrouped data", Journal of the American Statistical
    Association 61 (1966), 436-439.
    """
    a, b = (np.unique(values, return_inverse=True)[1].astype(np.intp) for values in (first, second))
    pairs = len(a) * (len(a) - 1) // 2
    tied_a, tied_b, tied_both = (_tied_pairs(values) for values in (a, b, a * (int(b.max()) + 1) + b))
    discordant = count_inversions(b[np.lexsort((b, a))])
    difference = pairs - tied_a - tied_b + tied_both - 2 * discordant
    tau = difference / np.sqrt(pairs - tied_a) / np.sqrt(pairs - tied_b)
    return min(1.0, max(-1.0, float(tau)))


def _tied_pairs(values: NDArray[np.intp]) -> int:
    _, counts = np.unique(values, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())

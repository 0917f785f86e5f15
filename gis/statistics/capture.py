"""How many there are of what two searches found in part: capture and recapture."""

import math
from dataclasses import dataclass

from gis.statistics.intervals import Z_95, Interval


@dataclass(frozen=True)
class Abundance:
    """How many there are in all.

    Attributes:
        estimate: The estimate.
        interval: Its 95 % interval; never below the number that is known.
    """

    estimate: float
    interval: Interval


def chapman(first: int, second: int, both: int) -> Abundance:
    """Estimate how many there are, of which each of two searches found some.

    The estimator is that of Chapman (1951), its variance that of Seber (1970), and the interval log-normal for the
    number that neither found, as in Burnham et al., "Design and analysis methods for fish survival experiments" (1987),
    212. It is right where each search finds all with the same chance, whether the other found them or not. What is
    easy for one search is often easy for the other; then there are more than it says.

    Args:
        first: How many the first search found.
        second: How many the second found.
        both: How many both found.
    """
    estimate = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (first + 1) * (second + 1) * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    known = first + second - both
    unknown = estimate - known
    if unknown <= 0:
        return Abundance(float(known), Interval(known, known))
    factor = math.exp(Z_95 * math.sqrt(math.log1p(variance / unknown**2)))
    return Abundance(estimate, Interval(known + unknown / factor, known + unknown * factor))

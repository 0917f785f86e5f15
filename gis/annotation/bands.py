"""The fifths of the scale: which pairs people are asked about, and how often the scores of each fifth are right."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gis.annotation.prompt import TOP_LEVEL
from gis.annotation.review import Reviews
from gis.benchmark.tasks.pairs import Pairs
from gis.statistics.intervals import Interval

BANDS = 5  # of equal width; the highest are the pairs that say the same
BAND_TITLES = ("score", "pairs", "yes", "no", "unsure", "right", "95 %")
RIGHT = "Right: “yes” in the highest band, “no” in the others, among the pairs that were decided; exact intervals."


class Band(NamedTuple):
    """What people said of the pairs whose scores lie in one band.

    Attributes:
        low: The lowest score.
        high: The highest score; the band above begins with it.
        pairs: Pairs in the band.
        yes: Those that say the same, by the reviews.
        no: Those that do not.
        unsure: Those of which no reviewer was sure, or on which reviewers disagree.
        right: How many scores are right: "yes" in the highest band, "no" in the others.
        share: The share of right scores among those that were decided; None where there are none.
        interval: Its exact 95 % interval.
    """

    low: float
    high: float
    pairs: int
    yes: int
    no: int
    unsure: int
    right: int
    share: float | None
    interval: Interval | None


def review_order(pairs: Pairs, seed: int) -> list[int]:
    """Return the rows of all pairs in the order of review: from each band in turn, at random within it."""
    of_band = band_of(pairs.gold)
    shuffled = np.random.default_rng(seed).permutation(len(pairs))
    queues = [[int(row) for row in shuffled if of_band[row] == band] for band in range(BANDS)]
    longest = max(map(len, queues))
    return [queue[turn] for turn in range(longest) for queue in reversed(queues) if turn < len(queue)]


def scale_of(scores: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lowest and the highest score that could be: 0 to 1, 0 to 5, else those that occur."""
    low, high = float(scores.min()), float(scores.max())
    if low < 0 or high > TOP_LEVEL:
        return low, high
    return 0.0, 1.0 if high <= 1 else float(TOP_LEVEL)


def band_of(scores: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the band of each score, 0 for the lowest."""
    low, high = scale_of(scores)
    width = (high - low) / BANDS or 1.0
    return np.asarray(np.clip(np.floor((scores - low) / width + 1e-9), 0, BANDS - 1), dtype=np.intp)


def bands(pairs: Pairs, reviews: Reviews) -> list[Band]:
    """Count answers and right scores in each band, the highest first."""
    low, high = scale_of(pairs.gold)
    of_band, verdicts = band_of(pairs.gold), reviews.verdicts()
    rows: list[Band] = []
    for band in reversed(range(BANDS)):
        answers = [verdict for row, verdict in verdicts.items() if of_band[row] == band]
        yes, no = answers.count("yes"), answers.count("no")
        right = yes if band == BANDS - 1 else no
        rows.append(
            Band(
                low=low + band * (high - low) / BANDS,
                high=low + (band + 1) * (high - low) / BANDS,
                pairs=int((of_band == band).sum()),
                yes=yes,
                no=no,
                unsure=answers.count("unsure"),
                right=right,
                share=right / (yes + no) if yes + no else None,
                interval=clopper_pearson(right, yes + no) if yes + no else None,
            )
        )
    return rows


def band_cells(band: Band) -> tuple[str, ...]:
    """Return a band as a row of a table with the titles ``BAND_TITLES``."""
    share = "–" if band.share is None else f"{band.share:.3f}"
    interval = "–" if band.interval is None else f"[{band.interval.low:.3f}, {band.interval.high:.3f}]"
    counts = (f"{count:,}" for count in (band.pairs, band.yes, band.no, band.unsure))
    return (f"{band.low:g} to {band.high:g}", *counts, share, interval)


def clopper_pearson(successes: int, trials: int) -> Interval:
    """Return the exact 95 % interval of a share.

    Clopper and Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934), 404-413.
    """
    low = float(stats.beta.ppf(0.025, successes, trials - successes + 1)) if successes else 0.0
    high = float(stats.beta.ppf(0.975, successes + 1, trials - successes)) if successes < trials else 1.0
    return Interval(low, high)

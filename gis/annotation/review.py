"""A person's answers about pairs: which to ask about, what was answered, and how often the scores are right."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from gis.annotation.prompt import TOP_LEVEL
from gis.annotation.source import load_split
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import GisError
from gis.files import full_disk_named, make_folder, sha256_of
from gis.spec import Spec
from gis.statistics.intervals import Interval

Verdict = Literal["yes", "no", "unsure"]
UNDO: Final = "undo"
BANDS = 5  # of equal width; the highest are the pairs that say the same
REVIEW = Path("review") / "review.jsonl"  # below a folder of its own, so that nobody takes it for a split
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
        unsure: Those of which the reviewer was not sure.
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


@dataclass(frozen=True, kw_only=True)
class Review:
    """A line of the file of reviews.

    Attributes:
        id: The pair.
        texts: Hash of its texts: an answer about other texts does not count.
        score: Its score, which the reviewer was not shown.
        answer: Whether both texts say the same; or that the answer to this pair is taken back.
        seconds: How long it took.
        time: When it was given.
        reviewer: By whom; empty where that was not said.
    """

    id: str
    texts: str
    score: float
    answer: Verdict | Literal["undo"]
    seconds: float
    time: str
    reviewer: str


def load_scored(folder: Path) -> Pairs:
    """Read the pairs of a folder, with their scores.

    Raises:
        GisError: There is no such folder, or it has no pairs with scores.
    """
    if not folder.is_dir():
        raise GisError(f"no folder {folder}")
    return load_split(Spec(str(folder)), SourceSettings())[1].pairs()


class Reviews:
    """The answers in a folder, and those that are added, each written down at once.

    Attributes:
        by_row: The answer to each pair that has one.
    """

    def __init__(self, path: Path, pairs: Pairs) -> None:
        """Read the answers.

        Args:
            path: The file of answers; it need not exist.
            pairs: The pairs that answers are about; those about other pairs, or other texts, do not count.

        Raises:
            GisError: A line of the file is broken.
        """
        self.by_row: dict[int, Verdict] = {}
        self._path = path
        self._pairs = pairs
        self._order: list[int] = []
        row_of = {name: row for row, name in enumerate(pairs.ids)}
        for review in _read(self._path):
            row = row_of.get(review.id)
            if row is not None and review.texts == _texts(pairs, row):
                self._take(row, review.answer)

    def add(self, row: int, answer: Verdict, *, seconds: float, reviewer: str) -> None:
        """Write down the answer to a pair."""
        self._write(row, answer, seconds, reviewer)
        self._take(row, answer)

    def undo(self, *, reviewer: str) -> int | None:
        """Take back the last answer; return its pair, None where there is none."""
        if not self._order:
            return None
        row = self._order[-1]
        self._write(row, UNDO, 0.0, reviewer)
        self._take(row, UNDO)
        return row

    def _take(self, row: int, answer: Verdict | Literal["undo"]) -> None:
        if row in self._order:
            self._order.remove(row)
            self.by_row.pop(row, None)
        if answer != UNDO:
            self.by_row[row] = answer
            self._order.append(row)

    def _write(self, row: int, answer: Verdict | Literal["undo"], seconds: float, reviewer: str) -> None:
        review = Review(
            id=self._pairs.ids[row],
            texts=_texts(self._pairs, row),
            score=float(self._pairs.gold[row]),
            answer=answer,
            seconds=round(seconds, 1),
            time=datetime.now(UTC).isoformat(timespec="seconds"),
            reviewer=reviewer,
        )
        with full_disk_named(self._path):
            make_folder(self._path.parent)
            broken = self._path.is_file() and not self._path.read_bytes().endswith(b"\n")
            with self._path.open("a", encoding="utf-8") as file:
                file.write(("\n" if broken else "") + json.dumps(asdict(review), ensure_ascii=True) + "\n")


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
    of_band = band_of(pairs.gold)
    rows: list[Band] = []
    for band in reversed(range(BANDS)):
        answers = [answer for row, answer in reviews.by_row.items() if of_band[row] == band]
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


def _texts(pairs: Pairs, row: int) -> str:
    return sha256_of([pairs.text1[row], pairs.text2[row]])


def _read(path: Path) -> Iterator[Review]:
    if not path.is_file():
        return
    lines: Sequence[bytes] = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            review = Review(**json.loads(line))
        except (ValueError, TypeError, RecursionError) as error:
            if number == len(lines):  # what a killed process had begun
                return
            raise GisError(f"{path}:{number}: not a review ({error})") from error
        if review.answer not in ("yes", "no", "unsure", UNDO):
            raise GisError(f"{path}:{number}: the answer is {review.answer!r:.60}")
        yield review

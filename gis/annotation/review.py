"""The answers of people about pairs: whether both texts say the same, by whom, and where people disagree."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

from gis.annotation.source import load_split
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import GisError
from gis.files import make_folder
from gis.full_disk import full_disk_named
from gis.hashes import sha256_of
from gis.spec import Spec

Verdict = Literal["yes", "no", "unsure"]
VERDICTS: Final = ("yes", "no", "unsure")
UNDO: Final = "undo"
REVIEW = Path("review") / "review.jsonl"  # below a folder of its own, so that nobody takes it for a split


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
        reviewer: By whom; empty where that was not said, which is a reviewer too.
    """

    id: str
    texts: str
    score: float
    answer: Verdict | Literal["undo"]
    seconds: float
    time: str
    reviewer: str

    def __post_init__(self) -> None:
        """Refuse what a file may hold instead, before anything is looked up by it."""
        for name in ("id", "texts", "answer", "time", "reviewer"):
            if not isinstance(getattr(self, name), str):
                raise TypeError(f"{name} is {getattr(self, name)!r:.60}, not a text")
        for name in ("score", "seconds"):
            if not isinstance(getattr(self, name), int | float):
                raise TypeError(f"{name} is {getattr(self, name)!r:.60}, not a number")


def load_scored(folder: Path) -> Pairs:
    """Read the pairs of a folder, with their scores.

    Raises:
        GisError: There is no such folder, or it has no pairs with scores.
    """
    if not folder.is_dir():
        raise GisError(f"no folder {folder}")
    return load_split(Spec(str(folder)), SourceSettings())[1].pairs()


class Conflict(NamedTuple):
    """A pair of which one reviewer says yes and another no.

    Attributes:
        id: The pair.
        answers: What each reviewer says.
    """

    id: str
    answers: dict[str, Verdict]


class Reviews:
    """The answers in a folder, and those that are added, each written down at once.

    Attributes:
        by_reviewer: The answers that stand, by reviewer and row, in the order in which they were given.
    """

    def __init__(self, path: Path, pairs: Pairs) -> None:
        """Read the answers.

        Args:
            path: The file of answers; it need not exist.
            pairs: The pairs that answers are about; those about other pairs, or other texts, do not count.

        Raises:
            GisError: A line of the file is broken.
        """
        self.by_reviewer: dict[str, dict[int, Review]] = {}
        self._path, self._pairs = path, pairs
        self._row_of = {name: row for row, name in enumerate(pairs.ids)}
        for review in _read(self._path):
            row = self._row_of.get(review.id)
            if row is not None and review.texts == texts_hash(pairs, row):
                self._take(row, review)

    def of(self, reviewer: str) -> dict[int, Review]:
        """Return the answers of one person, by row."""
        return self.by_reviewer.get(reviewer, {})

    def verdicts(self) -> dict[int, Verdict]:
        """Return what reviewers say of each pair that has an answer; unsure where nobody is sure, or they disagree."""
        return {row: _verdict(answers.values()) for row, answers in self._answers().items()}

    def conflicts(self) -> list[Conflict]:
        """Return the pairs of which one reviewer says yes and another no."""
        by_row = sorted(self._answers().items())
        return [
            Conflict(self._pairs.ids[row], answers) for row, answers in by_row if {"yes", "no"} <= {*answers.values()}
        ]

    def add(self, row: int, answer: Verdict, *, seconds: float, reviewer: str) -> None:
        """Write down the answer to a pair."""
        self.record(new_review(self._pairs, row, answer, seconds=seconds, reviewer=reviewer))

    def undo(self, *, reviewer: str) -> int | None:
        """Take back the last answer of a person; return its pair, None where there is none."""
        row = next(reversed(self.of(reviewer)), None)
        if row is not None:
            self.record(new_review(self._pairs, row, UNDO, seconds=0.0, reviewer=reviewer))
        return row

    def record(self, review: Review) -> None:
        """Write down an answer about one of the pairs."""
        with full_disk_named(self._path):
            make_folder(self._path.parent)
            broken = self._path.is_file() and not self._path.read_bytes().endswith(b"\n")
            with self._path.open("a", encoding="utf-8") as file:
                file.write(("\n" if broken else "") + json.dumps(asdict(review), ensure_ascii=True) + "\n")
        self._take(self._row_of[review.id], review)

    def _take(self, row: int, review: Review) -> None:
        own = self.by_reviewer.setdefault(review.reviewer, {})
        own.pop(row, None)
        if review.answer != UNDO:
            own[row] = review

    def _answers(self) -> dict[int, dict[str, Verdict]]:
        by_row: dict[int, dict[str, Verdict]] = {}
        for reviewer, own in self.by_reviewer.items():
            for row, review in own.items():
                if review.answer != UNDO:
                    by_row.setdefault(row, {})[reviewer] = review.answer
        return by_row


def new_review(
    pairs: Pairs,
    row: int,
    answer: Verdict | Literal["undo"],
    *,
    seconds: float,
    reviewer: str,
    time: datetime | None = None,
) -> Review:
    """Return an answer about a pair, given now unless another time is named."""
    return Review(
        id=pairs.ids[row],
        texts=texts_hash(pairs, row),
        score=float(pairs.gold[row]),
        answer=answer,
        seconds=round(seconds, 1),
        time=(time or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds"),
        reviewer=reviewer,
    )


def _verdict(answers: Collection[Verdict]) -> Verdict:
    decided = {answer for answer in answers if answer != "unsure"}
    return decided.pop() if len(decided) == 1 else "unsure"


def texts_hash(pairs: Pairs, row: int) -> str:
    """Return the hash of the texts of a pair."""
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
        if review.answer not in (*VERDICTS, UNDO):
            raise GisError(f"{path}:{number}: the answer is {review.answer!r:.60}")
        yield review

"""Alerts with a certified precision: people review the surest suggestions of a replay, which then set the threshold.

The n suggestions with the highest scores are independent draws from all that score above the next one, so the share of
right ones among them has an exact lower bound. It is computed for all N that were written for review, for half of
them, a quarter, and so on: numbers that no answer changes. Each bound holds at a level divided by how many there are
(Bonferroni; Dunn, "Multiple comparisons among means", JASA 56 (1961), 52-64), so that all hold at once, and any may be
chosen after the answers are known, for any precision. An answer that is missing counts as wrong, so that each bound
holds at any time of the review.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gis.annotation.review import REVIEW, Reviews, load_scored
from gis.benchmark.results import own_sha256
from gis.errors import GisError, check_number
from gis.files import load_json
from gis.finder.ranker import Ranker, ranker_of
from gis.finder.replay import Replay, pair_name
from gis.hashes import sha256_of_file
from gis.replacing import new_folder

FEWEST = 50  # whose precision is bounded; if all of them are right, 90 % is sure among up to nine bounds
LEVEL = 0.05  # chance that any precision is lower than its bound
SUGGESTIONS, FINDER = "suggestions.jsonl", "finder.json"
SCHEMA = 1
ID_DIGITS = 12  # of a hash


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What is known of the suggestions with the highest scores.

    Attributes:
        count: How many.
        right: How many of them people ruled or judged right.
        missing: How many nobody has judged.
        lowest: The lowest score among them.
        level: The chance that ``precision`` is too high.
        per_week: How many such suggestions came in a week of the replay.
        caught: The share of the ruled duplicates of the replay that these suggestions name, 0 to 1.
    """

    count: int
    right: int
    missing: int
    lowest: float
    level: float
    per_week: float
    caught: float

    @property
    def precision(self) -> float:
        """The precision that suggestions with such scores have at least."""
        return least_share(self.right, self.count, self.level)

    def still_needed(self, precision: float) -> int | None:
        """Return how many more must be judged right to promise a precision; None where too many are wrong."""
        needed = fewest_right(self.count, precision, self.level) - self.right
        return max(needed, 0) if needed <= self.missing else None


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A score from which suggestions are right as often as promised.

    Attributes:
        id: Names the suggestions that were reviewed, in the marker of comments that rest on it.
        precision: What is promised.
        threshold: The score.
        bound: What it was taken from.
        ranker: The ranker that gives these scores.
        identity: Identity of the models that it was fitted with.
    """

    id: str
    precision: float
    threshold: float
    bound: Bound
    ranker: Ranker
    identity: str


def write_suggestions(replayed: Replay, identity: str, folder: Path, count: int) -> int:
    """Write the surest suggestions of a replay as pairs that ``gis review`` asks about; return how many.

    Those that people ruled already are right, and are not asked about.

    Args:
        replayed: The replay.
        identity: Identity of the models that it ranked by.
        folder: The folder to create.
        count: How many suggestions; fewer where there are no more.

    Raises:
        GisError: The folder exists, or there are too few suggestions.
    """
    check_number("the number of suggestions", count, FEWEST)
    if folder.exists():
        raise GisError(f"{folder} exists", remedy="choose another folder: answers may be in it")
    best, corpus = replayed.best[:count], replayed.corpus
    if len(best) < FEWEST:
        raise GisError(f"only {len(best)} new issues have a suggestion; {FEWEST} are needed")
    asked = [each for each in best if not replayed.is_ruled(each)]
    lines = [
        {
            "id": pair_name(corpus, each),
            "text1": corpus.texts[each.issue],
            "text2": corpus.texts[each.candidate],
            "score": each.score,
        }
        for each in asked
    ]
    content = {
        "schema": SCHEMA,
        "identity": identity,
        "ranker": replayed.ranker.content(),
        "ruled": [each.score for each in best if replayed.is_ruled(each)],
        "weeks": replayed.weeks,
        "duplicates": len(replayed.duplicates),
    }
    with new_folder(folder) as made:
        (made / SUGGESTIONS).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        seal(made, content)
    return len(lines)


def seal(folder: Path, content: Mapping[str, Any]) -> None:
    """Write what a replay says beside its suggestions, with the hashes of both: a certificate rests on every score."""
    sealed = {**content, "suggestions": sha256_of_file(folder / SUGGESTIONS)}
    sealed["sha256"] = own_sha256(sealed)
    (folder / FINDER).write_text(json.dumps(sealed, indent=1), encoding="utf-8")


def _read_sealed(folder: Path) -> dict[str, Any]:
    """Read what ``seal`` wrote.

    Raises:
        GisError: It is missing, or it or the suggestions were changed.
    """
    remedy = "make it again: gis find --backtest --review DIR"
    if not (folder / FINDER).is_file():
        raise GisError(f"{folder} has no suggestions of gis find", remedy=remedy)
    try:
        content: dict[str, Any] = load_json(folder / FINDER)
        if content["sha256"] != own_sha256(content) or content["suggestions"] != sha256_of_file(folder / SUGGESTIONS):
            raise GisError(f"{folder}: {FINDER} or {SUGGESTIONS} was changed since gis find wrote them", remedy=remedy)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GisError(f"{folder / FINDER} cannot be read ({error})", remedy=remedy) from error
    return content


def certify(folder: Path, precision: float) -> Certificate:
    """Return the lowest score whose suggestions are right as often as ``precision`` says, with 95 % confidence.

    Args:
        folder: What ``write_suggestions`` wrote, with the answers of ``gis review``.
        precision: The share of alerts that must be right, above 0 and below 1.

    Raises:
        GisError: No score is, or not as far as answers show; the message says what they show.
    """
    check_number("the precision", precision, 0.01, 0.99, whole=False)
    content = _read_sealed(folder)
    bounds = bounds_of(folder, content["ruled"], weeks=content["weeks"], duplicates=content["duplicates"])
    certain = [bound for bound in bounds if bound.precision >= precision]
    if not certain:
        raise _uncertain(folder, bounds, precision)
    bound = certain[-1]
    ranker = ranker_of(content["ranker"])
    return Certificate(
        id=content["sha256"][:ID_DIGITS],
        precision=precision,
        threshold=bound.lowest,
        bound=bound,
        ranker=ranker,
        identity=content["identity"],
    )


def bounds_of(folder: Path, ruled: Sequence[float], *, weeks: float, duplicates: int) -> list[Bound]:
    """Return what is known of the highest scores, first of the fewest.

    Args:
        folder: What ``write_suggestions`` wrote.
        ruled: Scores of suggestions that people ruled right before.
        weeks: How long the replay was.
        duplicates: How many ruled duplicates it had.
    """
    pairs = load_scored(folder)
    verdicts = Reviews(folder / REVIEW, pairs).verdicts()
    judged: list[tuple[float, bool | None]] = [(score, True) for score in ruled]
    judged += [(float(score), _is_right(verdicts.get(row))) for row, score in enumerate(pairs.gold)]
    judged.sort(key=lambda each: -each[0])
    counts = counts_of(len(judged))
    return [
        Bound(
            count=count,
            right=sum(is_right is True for _, is_right in judged[:count]),
            missing=sum(is_right is None for _, is_right in judged[:count]),
            lowest=judged[count - 1][0],
            level=LEVEL / len(counts),
            per_week=count / max(weeks, 1e-9),
            caught=sum(score >= judged[count - 1][0] for score in ruled) / max(duplicates, 1),
        )
        for count in counts
    ]


def reviewed_suggestions(folder: Path) -> dict[str, bool]:
    """Return, by the names of two issues, whether reviewers call a suggestion right."""
    _read_sealed(folder)
    pairs = load_scored(folder)
    verdicts = Reviews(folder / REVIEW, pairs).verdicts()
    return {pairs.ids[row]: verdict == "yes" for row, verdict in verdicts.items()}


def counts_of(suggestions: int) -> list[int]:
    """Return for how many of the highest scores the precision is bounded: all, half, a quarter, the fewest first."""
    counts = []
    while suggestions >= FEWEST:
        counts.append(suggestions)
        suggestions //= 2
    return counts[::-1]


def least_share(successes: int, trials: int, level: float) -> float:
    """Return the exact lower bound of a share, which is wrong with a chance of ``level`` at most.

    Clopper and Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934), 404-413.
    """
    from scipy.stats import beta

    return float(beta.ppf(level, successes, trials - successes + 1)) if successes else 0.0


@cache
def fewest_right(count: int, precision: float, level: float) -> int:
    """Return how many of ``count`` suggestions must be right to promise a precision; one too many where none can."""
    return next((n for n in range(count + 1) if least_share(n, count, level) >= precision), count + 1)


def _is_right(verdict: str | None) -> bool | None:
    """Return whether a suggestion is right; who is unsure does not call it so. None where nobody has judged it."""
    return None if verdict is None else verdict == "yes"


def _uncertain(folder: Path, bounds: Sequence[Bound], precision: float) -> GisError:
    """Return the error that says what the answers show, and how many more could promise a precision."""
    shown = "; ".join(_in_words(bound, precision) for bound in bounds)
    if any(bound.still_needed(precision) is not None for bound in bounds):
        remedy = f"answer more: gis review {folder}"
    elif all(fewest_right(bound.count, precision, bound.level) > bound.count for bound in bounds):
        remedy = "review more: gis find --backtest --review DIR --suggestions N; or ask for a lower --precision"
    else:
        remedy = "ask for a lower --precision, or leave it out for a list"
    return GisError(f"no score promises a precision of {precision:.0%}: {shown}", remedy=remedy)


def _in_words(bound: Bound, precision: float) -> str:
    """Say what is known of the highest scores, and what is needed for a precision."""
    wrong, needed = bound.count - bound.right - bound.missing, bound.still_needed(precision)
    words = f"of the {bound.count} highest scores, {bound.right} are right, {wrong} wrong, {bound.missing} not reviewed"
    if needed is None:
        return f"{words}: {bound.precision:.0%} or more, and too few can be right"
    return (
        f"{words}: {needed} more right answers needed, for {bound.per_week:.1f} alerts a week that name "
        f"{bound.caught:.0%} of the ruled duplicates"
    )

"""Alerts with a certified precision: people review the surest suggestions of a replay, which then set the threshold.

The n suggestions with the highest scores are independent draws from all that score above the next one, so the share of
right ones among them has an exact lower bound. It is computed for a few n that are fixed beforehand, each at a level
divided by their number, so that the best of them may be chosen.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gis.annotation.review import REVIEW, Reviews, load_scored
from gis.errors import GisError, check_number
from gis.files import load_json, new_folder
from gis.finder.backtest import Replay
from gis.finder.ranker import Ranker, ranker_of

COUNTS = (50, 100)  # of the highest scores whose precision is bounded
LEVEL = 0.05  # chance that the precision is lower than promised
SUGGESTIONS, FINDER = "suggestions.jsonl", "finder.json"
SCHEMA = 1


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What is known of the suggestions with the highest scores.

    Attributes:
        count: How many.
        right: How many of them people ruled or judged right.
        missing: How many nobody has judged.
        lowest: The lowest score among them.
        precision: The precision that holds for such scores with 95 % confidence; 0 while answers are missing.
    """

    count: int
    right: int
    missing: int
    lowest: float
    precision: float


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A score from which suggestions are right as often as promised.

    Attributes:
        threshold: The score.
        bound: What it was taken from.
        ranker: The ranker that gives these scores.
        identity: Identity of the encoder that it was fitted with.
        per_week: Alerts that came in a week of the replay.
        caught: The share of the ruled duplicates that these alerts name, 0 to 1.
    """

    threshold: float
    bound: Bound
    ranker: Ranker
    identity: str
    per_week: float
    caught: float


def write_suggestions(replayed: Replay, identity: str, folder: Path) -> int:
    """Write the surest suggestions of a replay as pairs that ``gis review`` asks about; return how many.

    Those that people ruled already are right, and are not asked about.

    Args:
        replayed: The replay.
        identity: Identity of the encoder of its vectors.
        folder: The folder to create.

    Raises:
        GisError: The folder exists, or there are too few suggestions.
    """
    if folder.exists():
        raise GisError(f"{folder} exists", remedy="choose another folder: answers may be in it")
    best, corpus = replayed.best[: max(COUNTS)], replayed.corpus
    if len(best) < min(COUNTS):
        raise GisError(f"only {len(best)} new issues have a suggestion; {min(COUNTS)} are needed")
    asked = [each for each in best if not replayed.is_ruled(each)]
    lines = [
        {
            "id": f"{corpus.names[issue]}~{corpus.names[candidate]}",
            "text1": corpus.texts[issue],
            "text2": corpus.texts[candidate],
            "score": score,
        }
        for issue, candidate, score in asked
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
        (made / FINDER).write_text(json.dumps(content, indent=1), encoding="utf-8")
    return len(lines)


def certify(folder: Path, precision: float) -> Certificate:
    """Return the lowest score whose suggestions are right as often as ``precision`` says, with 95 % confidence.

    Args:
        folder: What ``write_suggestions`` wrote, with the answers of ``gis review``.
        precision: The share of alerts that must be right, above 0 and below 1.

    Raises:
        GisError: No score is, or not as far as answers show; the message says what they show.
    """
    check_number("the precision", precision, 0.01, 0.99, whole=False)
    try:
        content = load_json(folder / FINDER)
        ruled, ranker = [float(score) for score in content["ruled"]], ranker_of(content["ranker"])
        weeks, duplicates, identity = float(content["weeks"]), int(content["duplicates"]), str(content["identity"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GisError(
            f"{folder} has no suggestions of gis find ({error})", remedy="make some: gis find --backtest --review DIR"
        ) from error
    bounds = bounds_of(folder, ruled)
    certain = [bound for bound in bounds if bound.precision >= precision]
    if not certain:
        shown = "; ".join(map(_in_words, bounds))
        raise GisError(
            f"no score promises a precision of {precision:.0%}: {shown}",
            remedy=f"answer more (gis review {folder}), ask for a lower --precision, or leave it out for a list",
        )
    bound = certain[-1]
    return Certificate(
        threshold=bound.lowest,
        bound=bound,
        ranker=ranker,
        identity=identity,
        per_week=bound.count / max(weeks, 1e-9),
        caught=sum(score >= bound.lowest for score in ruled) / max(duplicates, 1),
    )


def bounds_of(folder: Path, ruled: Sequence[float]) -> list[Bound]:
    """Return what is known of the highest scores.

    Args:
        folder: What ``write_suggestions`` wrote.
        ruled: Scores of suggestions that people ruled right before.
    """
    judged: list[tuple[float, bool | None]] = [(score, True) for score in ruled]
    pairs = load_scored(folder)
    verdicts = Reviews(folder / REVIEW, pairs).verdicts()
    judged += [(float(score), _is_right(verdicts.get(row))) for row, score in enumerate(pairs.gold)]
    judged.sort(key=lambda each: -each[0])
    bounds = []
    for count in COUNTS:
        top = judged[:count]
        if len(top) == count:
            right, missing = sum(each is True for _, each in top), sum(each is None for _, each in top)
            precision = 0.0 if missing else least_share(right, count, LEVEL / len(COUNTS))
            bounds.append(Bound(count=count, right=right, missing=missing, lowest=top[-1][0], precision=precision))
    return bounds


def least_share(successes: int, trials: int, level: float) -> float:
    """Return the exact lower bound of a share, which is wrong with a chance of ``level`` at most.

    Clopper and Pearson, "The use of confidence or fiducial limits", Biometrika 26 (1934), 404-413.
    """
    from scipy.stats import beta

    return float(beta.ppf(level, successes, trials - successes + 1)) if successes else 0.0


def _is_right(verdict: str | None) -> bool | None:
    """Return whether a suggestion is right; who is unsure does not call it so. None where nobody has judged it."""
    return None if verdict is None else verdict == "yes"


def _in_words(bound: Bound) -> str:
    if bound.missing:
        return f"of the {bound.count} highest scores, {bound.missing} are not reviewed"
    return f"of the {bound.count} highest scores, {bound.right} are right, so {bound.precision:.0%} or more"

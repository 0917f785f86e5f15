"""Which pairs are worth annotating: by chance, or by what a model of gis says of them."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gis.annotation.source import PairsToGrade
from gis.benchmark.runner import find_model
from gis.errors import GisError, UsageError, check_number, unknown_name
from gis.models.base import Encoder, LoadSettings, Model
from gis.models.similarity import cosine
from gis.spec import Spec

Strategy = Literal["random", "uncertain", "spread"]
STRATA = 20  # of equal width, over the range of the similarities
WHY: dict[Strategy, str] = {
    "random": "drawn at random",
    "uncertain": "those whose similarity by {by} is nearest to the threshold that divides them best, {threshold:.4f}",
    "spread": "drawn evenly over the range of their similarity by {by}",
}


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which of the pairs are annotated.

    Attributes:
        limit: How many; None for all.
        strategy: By what they are chosen.
        by: The model whose similarities they are chosen by; None where they are drawn at random.
        seed: Seed of what is random.
        load: How the model is loaded.

    Raises:
        UsageError: The strategy is unknown, or lacks its model or a limit.
    """

    limit: int | None = None
    strategy: Strategy = "random"
    by: Spec | None = None
    seed: int = 0
    load: LoadSettings = field(default_factory=LoadSettings)

    def __post_init__(self) -> None:
        if self.strategy not in get_args(Strategy):
            raise unknown_name("strategy", self.strategy, get_args(Strategy))
        if self.limit is not None:
            check_number("the number of pairs", self.limit, 2)
        check_number("the seed", self.seed, 0)
        if self.strategy != "random" and self.by is None:
            raise UsageError(f"the strategy {self.strategy} needs a model of gis", remedy="add --by MODEL")
        if self.strategy != "random" and self.limit is None:
            raise UsageError(f"the strategy {self.strategy} needs a number of pairs", remedy="add --limit N")


def select(source: PairsToGrade, selection: Selection) -> PairsToGrade:
    """Return the pairs to annotate, in their order, with a note on how they were chosen.

    Raises:
        UsageError: The model is unknown, or not needed.
        GisError: The model failed, or gave a similarity that is not a number.
    """
    limit = selection.limit
    if selection.by is not None and selection.strategy == "random":
        raise UsageError("pairs that are drawn at random need no model", remedy="add --strategy uncertain or spread")
    if limit is None or limit >= len(source):
        return source
    rng = np.random.default_rng(selection.seed)
    if selection.by is None:
        rows, about = rng.choice(len(source), limit, replace=False), dict[str, Any]()
    else:
        model = find_model(selection.by, selection.load)
        scores = similarities(model, source).mean(axis=1)
        about = {"by": model.card.name, "identity": model.card.identity}
        if selection.strategy == "uncertain":
            about["threshold"] = otsu_threshold(scores)
            rows = np.argsort(np.abs(scores - about["threshold"]), kind="stable")[:limit]
        else:
            rows = _spread(scores, limit, rng)
    note = f"{limit:,} of {len(source):,} pairs: {WHY[selection.strategy].format(**about)}"
    record = {"strategy": selection.strategy, "seed": selection.seed, "of": len(source), **about}
    return replace(source.take(np.sort(rows)), selection=record, selected=note)


def similarities(model: Model, source: PairsToGrade) -> NDArray[np.float64]:
    """Return the (n, 2) similarities of pairs as annotators see them, in their order and swapped.

    Raises:
        GisError: The model failed, or gave a similarity that is not a number.
    """
    n = len(source)
    both = [source.shown(row, swapped=swapped) for swapped in (False, True) for row in range(n)]
    if isinstance(model, Encoder):
        texts = list(dict.fromkeys(text for pair in both[:n] for text in pair))
        row_of = {text: row for row, text in enumerate(texts)}
        vectors = model.encode(texts)
        first, second = (vectors[[row_of[pair[side]] for pair in both[:n]]] for side in (0, 1))
        scores = np.tile(cosine(first, second), 2)
    else:
        scores = model.score(both)
    if not np.isfinite(scores).all():
        raise GisError(f"{model.card.name} gave NaN or infinity as a similarity")
    return np.asarray(scores, dtype=np.float64).reshape(2, n).T


def otsu_threshold(scores: NDArray[np.float64]) -> float:
    """Return the value that divides scores into two groups with the least variance within them.

    Otsu, "A threshold selection method from gray-level histograms", IEEE Transactions on Systems, Man, and Cybernetics
    9 (1979), 62-66; here on the scores themselves, not on a histogram.
    """
    ordered = np.sort(scores)
    below = np.arange(1, len(ordered))
    sums = np.cumsum(ordered)[:-1]
    means = sums / below
    others = (ordered.sum() - sums) / (len(ordered) - below)
    between = below * (len(ordered) - below) * (others - means) ** 2
    best = int(np.argmax(between))
    return float((ordered[best] + ordered[best + 1]) / 2)


def _spread(scores: NDArray[np.float64], limit: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Draw from each stratum of the range in turn, at random within it."""
    low, high = scores.min(), scores.max()
    stratum = np.clip((scores - low) / ((high - low) or 1.0) * STRATA, 0, STRATA - 1).astype(np.intp)
    shuffled = rng.permutation(len(scores))
    turn = np.empty(len(scores), dtype=np.intp)
    for number in range(STRATA):
        members = shuffled[stratum[shuffled] == number]
        turn[members] = np.arange(len(members))
    return shuffled[np.argsort(turn[shuffled], kind="stable")[:limit]]

"""The ranker: a logistic regression over what is known of a candidate, fitted to what people ruled duplicates."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.finder.search import FEATURES, Array, Candidates, SearchedCorpus

DEFAULT = Path(__file__).with_name("ranker.json")
COMPARISON = tuple(f"comparison{part}" for part in ("", ", behind the best", ", 1 / rank"))
FEWEST_DUPLICATES = 100  # with fewer, the shipped weights are better than fitted ones
MOST_DUPLICATES = 3000  # the newest ones; more add minutes and next to nothing
PENALTY = 1.0  # of the squared weights; scikit-learn's C


class Ranked(NamedTuple):
    """The candidates of a query, the best first, and the chance that each would be ruled its target, 0 to 1."""

    candidates: Candidates
    scores: Array


@dataclass(frozen=True, kw_only=True)
class Ranker:
    """Weights of the features.

    Attributes:
        weights: (features,) of the features as they are.
        bias: What is added.
        fitted_on: Where they come from, in words.
        compared: The weights where a re-ranker has compared the query with its first candidates, too; see ``rerank``.
    """

    weights: Array
    bias: float
    fitted_on: str
    compared: "Ranker | None" = None

    def rank(self, candidates: Candidates) -> Ranked:
        """Return candidates in the order of the chance that each would be ruled the target."""
        scores: Array = 1 / (1 + np.exp(-(candidates.features @ self.weights + self.bias)))
        order = np.argsort(-scores, kind="stable")
        return Ranked(candidates.take(order), scores[order])

    def content(self) -> dict[str, Any]:
        """Return it as JSON values."""
        names = (*FEATURES, *COMPARISON)
        weights = {name: float(weight) for name, weight in zip(names, self.weights, strict=False)}
        content = {"fitted_on": self.fitted_on, "bias": self.bias, "weights": weights}
        return content if self.compared is None else {**content, "compared": self.compared.content()}


def ranker_of(content: Mapping[str, Any], names: tuple[str, ...] = FEATURES) -> Ranker:
    """Read what ``Ranker.content`` returned.

    Raises:
        GisError: It is of a gis that knew other features.
    """
    weights, compared = content["weights"], content.get("compared")
    if set(weights) != set(names):
        raise GisError("the ranker is of another version of gis")
    return Ranker(
        weights=np.array([float(weights[name]) for name in names]),
        bias=float(content["bias"]),
        fitted_on=content["fitted_on"],
        compared=None if compared is None else ranker_of(compared, (*FEATURES, *COMPARISON)),
    )


def default_ranker() -> Ranker:
    """Return the ranker that ships with gis."""
    return ranker_of(json.loads(DEFAULT.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Examples:
    """Queries whose duplicates are known, to fit to.

    Attributes:
        candidates: Of each query.
        targets: Its duplicates; none for most.
        weight: How many issues each stands for.
    """

    candidates: Sequence[Candidates]
    targets: Sequence[frozenset[int]]
    weight: Sequence[float]

    def fit(self, fitted_on: str) -> Ranker | None:
        """Fit weights to them; None where there is nothing to tell apart."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.preprocessing import StandardScaler

        x = np.concatenate([each.features for each in self.candidates])
        y = np.concatenate(
            [np.isin(each.positions, list(t)) for each, t in zip(self.candidates, self.targets, strict=True)]
        )
        weight = np.repeat(self.weight, [len(each.positions) for each in self.candidates])
        if not y.any() or y.all():
            return None
        scaler = StandardScaler().fit(x)
        model = LogisticRegression(C=PENALTY, max_iter=2000).fit(scaler.transform(x), y, sample_weight=weight)
        scaled = model.coef_[0] / scaler.scale_
        bias = float(model.intercept_[0] - scaled @ scaler.mean_)
        return Ranker(weights=scaled, bias=bias, fitted_on=fitted_on)


def examples(
    searched: SearchedCorpus,
    duplicates: Mapping[int, frozenset[int]],
    usable: NDArray[np.bool_],
    *,
    most: int = MOST_DUPLICATES,
    seed: int = 0,
    reporter: Reporter = QUIET,
) -> Examples:
    """Return the newest duplicates, and as many issues that nobody ruled one.

    Each of the latter is weighted by how many it stands for: so scores are chances among all new issues. A duplicate
    that nobody marked counts as none, so they are low.

    Args:
        searched: The corpus.
        duplicates: By position, the older duplicates of each issue that is known to be one.
        usable: (n,) the issues to learn from.
        most: How many duplicates, at most.
        seed: Of the sample.
        reporter: Shows progress.
    """
    known = [issue for issue in duplicates if usable[issue]]
    newest = sorted(known, key=lambda n: (searched.corpus.created[n], n))[-most:]
    rest = np.setdiff1d(np.flatnonzero(usable), known)
    sample = np.random.default_rng(seed).choice(rest, min(len(rest), len(newest)), replace=False)
    each_stands_for = len(rest) / max(len(known), 1) * len(newest) / max(len(sample), 1)
    positions = np.sort(np.concatenate([np.array(newest, np.intp), sample]))
    found = []
    with reporter.track("ranker", max(len(positions), 1), "issues") as tracker:
        for candidates in searched.search(searched.queries(positions)):
            found.append(replace(candidates, query=int(positions[candidates.query])))
            tracker.advance(1, (tracker.done + 1) / len(positions))
    targets = [duplicates.get(each.query, frozenset()) for each in found]
    return Examples(found, targets, [1.0 if target else each_stands_for for target in targets])


def fit_ranker(
    searched: SearchedCorpus,
    duplicates: Mapping[int, frozenset[int]],
    usable: NDArray[np.bool_],
    *,
    reporter: Reporter = QUIET,
) -> Ranker | None:
    """Fit a ranker; None where there are too few duplicates. The arguments are those of ``examples``."""
    if sum(usable[issue] for issue in duplicates) < FEWEST_DUPLICATES:
        return None
    known = examples(searched, duplicates, usable, reporter=reporter)
    return known.fit(f"{sum(map(bool, known.targets)):,} duplicates of this store")

"""The ranker: a logistic regression over what is known of a candidate, fitted to what people ruled duplicates."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.console import QUIET, Reporter
from gis.errors import GisError
from gis.finder.search import FEATURES, Array, Candidates, SearchedCorpus

DEFAULT = Path(__file__).with_name("ranker.json")
FEWEST_DUPLICATES = 100  # with fewer, the shipped weights are better than fitted ones
MOST_DUPLICATES = 3000  # the newest ones; more add minutes and next to nothing
PENALTY = 1.0  # of the squared weights; scikit-learn's C


@dataclass(frozen=True)
class Ranker:
    """Weights of the features.

    Attributes:
        weights: (features,) of the features as they are.
        bias: What is added.
        fitted_on: Where they come from, in words.
    """

    weights: Array
    bias: float
    fitted_on: str

    def scores(self, candidates: Candidates) -> Array:
        """Return the (k,) chance that each candidate would be ruled a duplicate's target, 0 to 1."""
        return np.asarray(1 / (1 + np.exp(-(candidates.features @ self.weights + self.bias))), dtype=np.float64)

    def content(self) -> dict[str, Any]:
        """Return it as JSON values."""
        weights = {name: float(weight) for name, weight in zip(FEATURES, self.weights, strict=True)}
        return {"fitted_on": self.fitted_on, "bias": self.bias, "weights": weights}


def ranker_of(content: Mapping[str, Any]) -> Ranker:
    """Read what ``Ranker.content`` returned.

    Raises:
        GisError: It is of a gis that knew other features.
    """
    weights = content["weights"]
    if set(weights) != set(FEATURES):
        raise GisError("the ranker is of another version of gis")
    return Ranker(np.array([float(weights[name]) for name in FEATURES]), float(content["bias"]), content["fitted_on"])


def default_ranker() -> Ranker:
    """Return the ranker that ships with gis."""
    return ranker_of(json.loads(DEFAULT.read_text(encoding="utf-8")))


def fit_ranker(
    searched: SearchedCorpus,
    duplicates: Mapping[int, frozenset[int]],
    usable: NDArray[np.bool_],
    *,
    seed: int = 0,
    reporter: Reporter = QUIET,
) -> Ranker | None:
    """Fit a ranker; None where there are too few duplicates.

    As many issues that nobody ruled a duplicate are added as there are duplicates, each weighted by how many it stands
    for: so scores are chances among all new issues. A duplicate that nobody marked counts as none, so they are low.

    Args:
        searched: The corpus.
        duplicates: By position, the older duplicates of each issue that is known to be one.
        usable: (n,) the issues to learn from.
        seed: Of the sample.
        reporter: Shows progress.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    duplicates = {issue: older for issue, older in duplicates.items() if usable[issue]}
    if len(duplicates) < FEWEST_DUPLICATES:
        return None
    newest = sorted(duplicates, key=lambda n: (searched.corpus.created[n], n))[-MOST_DUPLICATES:]
    rest = np.setdiff1d(np.flatnonzero(usable), list(duplicates))
    sample = np.random.default_rng(seed).choice(rest, min(len(rest), len(newest)), replace=False)
    each_stands_for = len(rest) / len(duplicates) * len(newest) / max(len(sample), 1)
    positions = np.sort(np.concatenate([np.array(newest, np.intp), sample]))
    features, labels, weights = [], [], []
    with reporter.track("ranker", len(positions), "issues") as tracker:
        for candidates in searched.search(searched.queries(positions)):
            targets = duplicates.get(int(positions[candidates.query]), frozenset())
            features.append(candidates.features)
            labels.append(np.array([int(n) in targets for n in candidates.positions], np.bool_))
            weights.append(np.full(len(candidates.positions), 1.0 if targets else each_stands_for))
            tracker.advance(1, (tracker.done + 1) / len(positions))
    x, y, weight = np.concatenate(features), np.concatenate(labels), np.concatenate(weights)
    if not y.any() or y.all():
        return None
    scaler = StandardScaler().fit(x)
    model = LogisticRegression(C=PENALTY, max_iter=2000).fit(scaler.transform(x), y, sample_weight=weight)
    scaled = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - scaled @ scaler.mean_)
    return Ranker(scaled, bias, f"{len(newest):,} duplicates of this store")

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from gis.statistics.metrics import (
    Array,
    Metric,
    Undefined,
    auroc,
    average_precision,
    best_accuracy,
    kendall,
    pearson,
    spearman,
    spearman_ceiling,
)

CORRELATIONS = {"pearson": pearson, "spearman": spearman, "kendall": kendall}
correlations = pytest.mark.parametrize("metric", CORRELATIONS.values(), ids=CORRELATIONS)
seeds = pytest.mark.parametrize("seed", range(8))


def array(*values: float) -> Array:
    return np.array(values, dtype=np.float64)


def with_many_ties(seed: int, *, binary: bool) -> tuple[Array, Array]:
    """40 to 60 scores and labels of few distinct values; both labels occur."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(40, 60))
    scores = generator.integers(0, 6, n).astype(np.float64)
    gold = generator.integers(0, 2 if binary else 5, n).astype(np.float64)
    gold[:2] = 0, 1
    return scores, gold


def test_spearman_by_hand_with_ties() -> None:
    # Ranks of the scores 1, 2.5, 2.5, 4 and of the labels 1.5, 1.5, 3, 4; deviations (-1.5, 0, 0, 1.5) and
    # (-1, -1, .5, 1.5): 3.75 / sqrt(4.5 * 4.5).
    assert spearman(array(0.1, 0.5, 0.5, 0.9), array(1, 1, 2, 3)) == pytest.approx(3.75 / 4.5)


def test_pearson_by_hand() -> None:
    # Deviations (-1, 0, 1) and (-2, 1, 1): 3 / sqrt(2 * 6).
    assert pearson(array(1, 2, 3), array(0, 3, 3)) == pytest.approx(3 / math.sqrt(12))


def test_kendall_tau_b_by_hand_with_ties() -> None:
    # Six pairs of pairs: 1-2 tied in the labels, 2-3 in the scores, four agree, none disagrees: 4 / sqrt(5 * 5).
    assert kendall(array(0.1, 0.5, 0.5, 0.9), array(1, 1, 2, 3)) == pytest.approx(4 / 5)


def test_auroc_by_hand_counts_a_tie_as_half() -> None:
    # Positives 0.9 and 0.5, negatives 0.5 and 0.1: three of four comparisons won, one tied.
    assert auroc(array(0.9, 0.5, 0.5, 0.1), array(1, 1, 0, 0)) == pytest.approx(3.5 / 4)


def test_average_precision_by_hand_takes_ties_together() -> None:
    # At 0.9: precision 1, recall 1/2. At 0.5, both pairs at once: precision 2/3, recall 1.
    assert average_precision(array(0.9, 0.5, 0.5, 0.1), array(1, 1, 0, 0)) == pytest.approx(0.5 + 0.5 * 2 / 3)


@pytest.mark.parametrize(
    ("metric", "reference"),
    [(spearman, stats.spearmanr), (pearson, stats.pearsonr), (kendall, stats.kendalltau)],
    ids=["spearman", "pearson", "kendall"],
)
@seeds
def test_correlations_agree_with_scipy(
    metric: Callable[[Array, Array], Metric], reference: Callable[[Array, Array], tuple[float, float]], seed: int
) -> None:
    scores, gold = with_many_ties(seed, binary=False)
    assert metric(scores, gold) == pytest.approx(reference(scores, gold)[0], abs=1e-12)


@seeds
def test_auroc_agrees_with_scikit_learn(seed: int) -> None:
    scores, gold = with_many_ties(seed, binary=True)
    assert auroc(scores, gold) == pytest.approx(roc_auc_score(gold, scores), abs=1e-12)


@seeds
def test_average_precision_agrees_with_scikit_learn(seed: int) -> None:
    scores, gold = with_many_ties(seed, binary=True)
    assert average_precision(scores, gold) == pytest.approx(average_precision_score(gold, scores), abs=1e-12)


@seeds
def test_average_precision_ignores_the_order_of_ties(seed: int) -> None:
    scores, gold = with_many_ties(seed, binary=True)
    order = np.random.default_rng(seed).permutation(len(gold))
    assert average_precision(scores[order], gold[order]) == average_precision(scores, gold)


@seeds
def test_best_accuracy_is_the_best_of_all_thresholds(seed: int) -> None:
    scores, gold = with_many_ties(seed, binary=True)
    candidates = [*np.unique(scores), np.inf]
    best = max(float(np.mean((scores >= candidate) == (gold == 1))) for candidate in candidates)
    accuracy, threshold = best_accuracy(scores, gold)
    assert accuracy == pytest.approx(best)
    reached = np.mean((scores >= (np.inf if threshold is None else threshold)) == (gold == 1))
    assert reached == pytest.approx(best)


def test_best_accuracy_may_be_to_call_every_pair_negative() -> None:
    accuracy, threshold = best_accuracy(array(0.9, 0.5, 0.1), array(0, 0, 1))
    assert accuracy == pytest.approx(2 / 3)
    assert threshold is None


@pytest.mark.parametrize(("n", "positives"), [(2, 1), (3, 1), (10, 5), (10, 1), (97, 30), (1000, 999)])
def test_spearman_ceiling_is_what_a_perfect_untied_separation_reaches(n: int, positives: int) -> None:
    gold = np.concatenate([np.zeros(n - positives), np.ones(positives)])
    reached = spearman(np.arange(n, dtype=np.float64), gold)
    assert spearman_ceiling(gold) == pytest.approx(reached, abs=1e-12)


def test_spearman_ceiling_of_many_balanced_pairs_is_the_textbook_value() -> None:
    assert spearman_ceiling(np.tile([0.0, 1.0], 5000)) == pytest.approx(math.sqrt(0.75), abs=1e-6)


@correlations
def test_constant_scores_are_undefined(metric: Callable[[Array, Array], Metric]) -> None:
    assert metric(array(0.3, 0.3, 0.3), array(1, 2, 3)) == Undefined("all scores are equal")


@correlations
def test_constant_labels_are_undefined(metric: Callable[[Array, Array], Metric]) -> None:
    assert metric(array(1, 2, 3), array(4, 4, 4)) == Undefined("all labels are equal")


@correlations
@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_pairs_are_undefined(metric: Callable[[Array, Array], Metric], n: int) -> None:
    assert metric(np.arange(n, dtype=np.float64), np.arange(n, dtype=np.float64)) == Undefined("fewer than two pairs")


@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("metric", [auroc, average_precision])
def test_one_class_only_is_undefined(metric: Callable[[Array, Array], Metric], label: float) -> None:
    assert metric(array(1, 2, 3), array(label, label, label)) == Undefined("all labels are equal")


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_the_ceiling_of_one_class_is_undefined(label: float) -> None:
    assert spearman_ceiling(array(label, label)) == Undefined("all labels are equal")


@correlations
def test_nearly_constant_scores_never_give_nan(metric: Callable[[Array, Array], Metric]) -> None:
    scores = array(1.0, 1.0, np.nextafter(1.0, 2.0))
    value = metric(scores, array(0, 0, 1))
    assert isinstance(value, Undefined) or math.isfinite(value)


@correlations
@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_the_scale_of_the_scores_does_not_matter(metric: Callable[[Array, Array], Metric], scale: float) -> None:
    scores, gold = array(1, 2, 4, 3), array(1, 2, 3, 4)
    assert metric(scores * scale, gold) == pytest.approx(metric(scores, gold))


def test_correlations_stay_within_their_limits() -> None:
    for seed in range(50):
        values = np.random.default_rng(seed).normal(size=7)
        assert pearson(values, 3 * values + 1) == pytest.approx(1, abs=1e-12)
        assert -1 <= float(pearson(values, -values)) <= float(pearson(values, values * 7)) <= 1  # type: ignore[arg-type]


def test_two_pairs_have_a_correlation() -> None:
    assert spearman(array(1, 2), array(0, 1)) == pytest.approx(1)
    assert pearson(array(1, 2), array(1, 0)) == pytest.approx(-1)
    assert spearman_ceiling(array(0, 1)) == pytest.approx(1)


def test_of_equally_good_thresholds_the_highest_is_taken_and_before_calling_all_negative() -> None:
    assert best_accuracy(array(0.9, 0.5, 0.1, 0.0), array(1, 0, 1, 0)) == (0.75, 0.9)
    assert best_accuracy(array(0.9, 0.5), array(1, 0)) == (1.0, 0.9)
    assert best_accuracy(array(0.9, 0.9), array(1, 0)) == (0.5, 0.9)  # as good as to call both negative
    assert best_accuracy(array(0.9, 0.5), array(0, 0)) == (1.0, None)

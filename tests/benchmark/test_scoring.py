import numpy as np
import pytest

from gis.benchmark.scoring import main_influence, score_pairs, score_similarities, score_vectors, views_of
from gis.benchmark.tasks.catalogue import Task
from gis.benchmark.tasks.pairs import Pairs
from gis.benchmark.tasks.sources import LoadedTask
from gis.models.similarity import cosine
from gis.statistics.intervals import auroc_interval_of_counts, spearman_interval_of_counts
from gis.statistics.metrics import Array, Undefined, spearman
from tests.benchmark.helpers import make_pairs, number

# Two sub-sets; in "x" the scores agree with the labels, in "y" (three pairs) one exchange: Spearman 1 and 0.5.
GOLD = (1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 3.0)
SCORES = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.5, 0.7])
SUBSETS = ("x", "x", "x", "x", "y", "y", "y")


def test_sub_sets_are_pooled_and_also_scored_each() -> None:
    scores = score_pairs(make_pairs(GOLD, SUBSETS, "subset"), SCORES, binary=False)
    assert [(view.view, view.pairs) for view in scores.views] == [("all", 7), ("x", 4), ("y", 3)]
    assert [view.spearman for view in scores.views[1:]] == [pytest.approx(1.0), pytest.approx(0.5)]


def test_the_main_score_pools_all_sub_sets() -> None:
    scores = score_pairs(make_pairs(GOLD, SUBSETS, "subset"), SCORES, binary=False)
    # Ranks of the scores 1 2 3 4 6 5 7, of the labels 1.5 3.5 5.5 7 1.5 3.5 5.5: deviations from 4 multiplied and
    # summed 7.5 + 1 - 1.5 + 0 - 5 - 0.5 + 4.5 = 6; squares 28 and 26.5.
    assert scores.main == pytest.approx(6 / np.sqrt(28 * 26.5))
    assert scores.main == scores.views[0].spearman
    assert scores.main_definition == "Spearman over all pairs"


def test_mean_and_weighted_mean_of_the_sub_sets_by_hand() -> None:
    scores = score_pairs(make_pairs(GOLD, SUBSETS, "subset"), SCORES, binary=False)
    assert scores.subset_mean == pytest.approx((1 + 0.5) / 2)
    assert scores.subset_weighted_mean == pytest.approx((4 * 1 + 3 * 0.5) / 7)


def test_an_undefined_sub_set_makes_the_mean_undefined_and_is_named() -> None:
    flat = SCORES.copy()
    flat[4:] = 0.5
    scores = score_pairs(make_pairs(GOLD, SUBSETS, "subset"), flat, binary=False)
    assert scores.subset_mean == scores.subset_weighted_mean == Undefined("y: all scores are equal")
    assert isinstance(scores.main, float)


def test_pairs_without_sub_sets_have_one_view_and_no_mean() -> None:
    scores = score_pairs(make_pairs(GOLD), SCORES, binary=False)
    assert [view.view for view in scores.views] == ["all"]
    assert scores.subset_mean is None
    assert scores.subset_weighted_mean is None


def test_graded_pairs_have_no_binary_scores() -> None:
    assert score_pairs(make_pairs(GOLD), SCORES, binary=False).views[0].binary is None


def test_every_stratum_of_negatives_meets_all_positives() -> None:
    gold = (1.0, 1.0, 0.0, 0.0, 0.0)
    strata = ("random", "", "random", "hard", "hard")
    scores = np.array([0.9, 0.5, 0.1, 0.7, 0.6])
    found = score_pairs(make_pairs(gold, strata, "stratum"), scores, binary=True)
    assert [(view.view, view.pairs) for view in found.views] == [("random", 3), ("hard", 4)]
    # random: 0.9 0.5 | 0.1, a perfect separation: ranks 3 2 1 against 2.5 2.5 1, so 1.5 / sqrt(2 * 1.5).
    random = 1.5 / np.sqrt(3)
    # hard: 0.9 0.5 | 0.7 0.6, ranks 4 1 3 2 against 3.5 3.5 1.5 1.5: (1.5 - 1.5 - 0.5 + 0.5) = 0.
    assert [view.spearman for view in found.views] == [pytest.approx(random), pytest.approx(0)]
    assert found.main == pytest.approx(random / 2)
    assert found.main_definition == "mean over strata of Spearman"


@pytest.mark.parametrize("pairs", [6, 40])
def test_the_interval_of_a_mean_is_that_of_its_ends_only_where_pairs_are_few(pairs: int) -> None:
    gold = (1.0,) * pairs + (0.0,) * 2 * pairs
    strata = ("",) * pairs + ("random",) * pairs + ("hard",) * pairs
    scores = np.array(gold) + np.random.default_rng(0).standard_normal(3 * pairs)
    found = score_pairs(make_pairs(gold, strata, "stratum"), scores, binary=True)
    ends = np.mean([view.interval for view in found.views if view.interval is not None], axis=0)
    assert found.main_interval is not None
    assert (found.main_interval == pytest.approx(ends)) == (pairs == 6)


def test_an_undefined_stratum_makes_the_main_score_undefined() -> None:
    pairs = make_pairs((1, 1, 0, 0), ("", "", "far", "near"), "stratum")
    found = score_pairs(pairs, np.array([0.5, 0.5, 0.5, 0.1]), binary=True)
    assert found.main == Undefined("far: all scores are equal")


def test_binary_scores_by_hand() -> None:
    found = score_pairs(make_pairs((1, 1, 0, 0)), np.array([0.9, 0.5, 0.7, 0.1]), binary=True).views[0].binary
    assert found is not None
    assert found.positives == 2
    assert found.auroc == pytest.approx(3 / 4)
    assert found.average_precision == pytest.approx((1 + 2 / 3) / 2)
    assert found.best_accuracy == pytest.approx(3 / 4)
    assert found.best_threshold == 0.9
    assert found.spearman_ceiling == pytest.approx(4 / np.sqrt(20))
    # Ranks 4 2 3 1 against 3.5 3.5 1.5 1.5: 2 / sqrt(5 * 4), of 4 / sqrt(20) one half.
    assert found.share_of_ceiling == pytest.approx(0.5)


@pytest.mark.parametrize("pairs", [18, 400])
def test_the_interval_of_auroc_is_of_its_influence_or_of_counts_where_pairs_are_few(pairs: int) -> None:
    gold = tuple(float(n % 2) for n in range(pairs))
    scores = np.array(gold) + np.random.default_rng(0).standard_normal(pairs)
    found = score_pairs(make_pairs(gold), scores, binary=True).views[0].binary
    assert found is not None
    assert isinstance(found.auroc, float)
    by_counts = auroc_interval_of_counts(found.auroc, pairs // 2, pairs // 2)
    assert found.auroc_interval is not None
    assert (found.auroc_interval == by_counts) == (pairs == 18)


def test_a_constant_model_has_auroc_one_half_and_an_undefined_correlation() -> None:
    found = score_pairs(make_pairs((1, 0, 0)), np.zeros(3), binary=True)
    assert found.main == Undefined("all scores are equal")
    assert found.views[0].binary is not None
    assert found.views[0].binary.auroc == 0.5
    assert found.views[0].binary.share_of_ceiling == Undefined("all scores are equal")


def test_other_similarities_are_scored_over_all_pairs() -> None:
    pairs = make_pairs(GOLD, SUBSETS, "subset")
    found = score_pairs(pairs, SCORES, binary=False, others={"euclidean": -SCORES})
    assert found.other_similarities is not None
    assert number(found.other_similarities["euclidean"]["spearman"]) == pytest.approx(-number(found.main))
    assert found.other_similarities["euclidean"]["spearman"] == spearman(-SCORES, pairs.gold)


def loaded(pairs: Pairs) -> LoadedTask:
    return LoadedTask(
        task=Task(name="t"),
        pairs=pairs,
        source="t.jsonl",
        revision=None,
        splits=("test",),
        full_rows=len(pairs),
        sha256=pairs.content_sha256,
        limit=None,
    )


def test_vectors_are_scored_by_the_protocol_of_the_task() -> None:
    task = loaded(make_pairs((1, 1, 0, 0, 0), ("", "", "near", "near", "far"), "stratum"))
    first, second = np.random.default_rng(0).standard_normal((2, 5, 4)).astype(np.float32)
    scores = score_vectors(task, first, second)
    assert scores.main_definition == "mean over strata of Spearman"
    assert scores.main != spearman(cosine(first, second), task.pairs.gold)
    assert scores.main == score_similarities(task, cosine(first, second)).main
    assert set(scores.other_similarities or ()) == {"manhattan", "euclidean"}


def test_the_labels_decide_whether_binary_metrics_are_defined() -> None:
    assert score_similarities(loaded(make_pairs((1, 0, 0))), np.arange(3.0)).views[0].binary is not None
    assert score_similarities(loaded(make_pairs((1, 0, 0.5))), np.arange(3.0)).views[0].binary is None


def influence(scores: Array, gold: Array) -> Array:
    """Stands for an influence function: the score times the label."""
    return scores * gold


def test_the_influence_on_a_mean_over_strata_is_the_mean_of_that_on_each() -> None:
    gold, scores = np.array([1.0, 1, 0, 0, 0]), np.array([2.0, 4, 6, 8, 10])
    views = views_of(gold, ("", "", "near", "near", "far"), "stratum", binary=True)
    assert {name: rows.tolist() for name, rows in views.items()} == {
        "near": [True, True, True, True, False],
        "far": [True, True, False, False, True],
    }
    assert main_influence(influence, scores, gold, views) == pytest.approx(
        [2 * (5 / 4 + 5 / 3) / 2, 4 * (5 / 4 + 5 / 3) / 2, 0, 0, 0]
    )
    views = views_of(gold, ("", "", "near", "near", "far"), "subset", binary=True)
    assert list(views) == ["all", "", "near", "far"]
    assert main_influence(influence, scores, gold, views) == pytest.approx(scores * gold)
    assert list(views_of(gold, None, None, binary=True)) == ["all"]
    assert list(views_of(gold, ("", "", "near", "near", "far"), "stratum", binary=False)) == ["all"]


@pytest.mark.parametrize(("positives", "negatives"), [(10, 10), (9, 11), (11, 9), (10, 300)])
def test_fewer_than_ten_pairs_of_a_label_are_few(positives: int, negatives: int) -> None:
    gold = (1.0,) * positives + (0.0,) * negatives
    scores = np.array(gold) + np.random.default_rng(0).standard_normal(len(gold))
    view = score_pairs(make_pairs(gold), scores, binary=True).views[0]
    assert view.binary is not None
    assert isinstance(view.binary.auroc, float)
    few = min(positives, negatives) < 10
    by_counts = spearman_interval_of_counts(view.binary.auroc, positives, negatives)
    assert (view.interval == pytest.approx(by_counts)) == few
    assert (view.binary.auroc_interval == auroc_interval_of_counts(view.binary.auroc, positives, negatives)) == few

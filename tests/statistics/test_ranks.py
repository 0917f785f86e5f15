"""Ranks with their uncertainty: clear cases, ties, the same model twice, and what must hold of any ranking."""

import numpy as np
import pytest

from gis.statistics.metrics import Array
from gis.statistics.ranks import Ranking, RankInterval, _percentiles, rank_models

MANY = 10_000.0  # independent units


def ranking(scores: list[float], error: float, correlation: float = 0.5) -> Ranking:
    m = len(scores)
    covariance = error**2 * ((1 - correlation) * np.eye(m) + correlation)
    return rank_models(np.array(scores), covariance, MANY)


def test_ranks_are_drawn_with_seed_0_unless_another_is_given() -> None:
    scores, covariance = np.array([0.5, 0.51, 0.52]), 1e-4 * (np.eye(3) + 0.5)
    unseeded, first, second = (
        rank_models(scores, covariance, MANY, **options) for options in ({}, {"seed": 0}, {"seed": 1})
    )
    assert unseeded.critical == first.critical != second.critical


def test_models_far_apart_have_one_rank_each() -> None:
    found = ranking([0.7, 0.9, 0.8], 0.01)
    assert found.ranks == (RankInterval(3, 3), RankInterval(1, 1), RankInterval(2, 2))
    assert found.holm_ranks == found.percentile_ranks == found.ranks
    assert found.groups == (3, 1, 2)
    assert [str(rank) for rank in found.ranks] == ["3", "1", "2"]
    assert found.at_most[1] == pytest.approx([1, 1, 1])
    assert found.at_most[0] == pytest.approx([0, 0, 1])
    assert found.p[0, 1] < 0.001


def test_models_that_cannot_be_told_apart_share_all_ranks() -> None:
    found = ranking([0.80, 0.801, 0.799], 0.05)
    assert found.ranks == (RankInterval(1, 3),) * 3
    assert str(found.ranks[0]) == "1-3"
    assert found.groups == (1, 1, 1)
    assert not found.better.any()
    assert found.p[0, 1] > 0.5


def test_a_group_ends_where_a_model_is_worse_than_the_groups_first() -> None:
    """Neighbours overlap, the ends do not."""
    found = ranking([0.90, 0.885, 0.86, 0.70], 0.01)
    assert found.groups == (1, 1, 2, 3)
    assert found.ranks[3] == (4, 4)


def test_paired_scores_tell_more_than_their_own_intervals() -> None:
    """Two models that err alike differ certainly although each alone is uncertain."""
    assert ranking([0.80, 0.82], 0.02, correlation=0.99).better[1, 0]
    assert not ranking([0.80, 0.82], 0.02, correlation=0.0).better[1, 0]


def test_the_same_model_twice_is_never_different() -> None:
    covariance = np.full((2, 2), 1e-4)
    found = rank_models(np.array([0.8, 0.8]), covariance, MANY)
    assert found.ranks == (RankInterval(1, 2),) * 2
    assert (found.errors == 0).all()
    assert (found.p == 1).all()


def test_one_model_is_the_first() -> None:
    found = rank_models(np.array([0.5]), np.array([[0.01]]), MANY)
    assert (found.ranks, found.groups) == ((RankInterval(1, 1),), (1,))


def test_for_two_models_the_max_t_is_students_t() -> None:
    found = ranking([0.5, 0.5], 0.1)
    assert found.critical == pytest.approx(1.96, abs=0.1)
    few = rank_models(np.array([0.5, 0.5]), np.eye(2), 11)
    assert few.critical == pytest.approx(2.228, abs=0.15)
    assert rank_models(np.array([0.5, 0.5]), np.eye(2), 3).critical == pytest.approx(4.303, abs=0.3)


def test_holm_takes_one_unit_less_as_the_freedom() -> None:
    """Student's t at 5 % is 4.303 with 2 degrees of freedom, 3.182 with 3 and 2.776 with 4."""
    covariance = np.eye(2) / 2  # the difference has an error of 1
    assert rank_models(np.array([4.2, 0]), covariance, 3).holm_ranks == (RankInterval(1, 2),) * 2
    assert rank_models(np.array([4.4, 0]), covariance, 3).holm_ranks == (RankInterval(1, 1), RankInterval(2, 2))


def test_percentile_ranks_leave_out_a_fortieth_on_either_side() -> None:
    drawn = [1] * 24 + [2] * 1 + [3] * 950 + [4] * 1 + [5] * 24
    rarer = [1] * 24 + [3] * 952 + [5] * 24
    assert _percentiles(np.array([drawn, rarer]).T) == (RankInterval(2, 3), RankInterval(3, 3))
    assert _percentiles(np.array([[1] * 25 + [3] * 949 + [5] * 26]).T) == (RankInterval(1, 5),)


def test_more_models_need_larger_differences() -> None:
    assert ranking([0.5] * 20, 0.1).critical > ranking([0.5] * 3, 0.1).critical > 2.2


def random_case(seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    m = int(rng.integers(2, 12))
    root = rng.normal(size=(m, m + 3)) * 0.01
    return rng.normal(size=m) * 0.03 + 0.7, root @ root.T


@pytest.mark.parametrize("seed", range(20))
def test_what_holds_of_every_ranking(seed: int) -> None:
    scores, covariance = random_case(seed)
    found = rank_models(scores, covariance, 200)
    m = len(scores)
    for model, (rank, holm) in enumerate(zip(found.ranks, found.holm_ranks, strict=True)):
        own = 1 + int((scores > scores[model]).sum())
        assert 1 <= rank.best <= own <= rank.worst <= m
        assert holm.best <= own <= holm.worst
    assert sum(r.worst - r.best for r in found.ranks) <= sum(r.worst - r.best for r in found.holm_ranks)
    assert not (found.better & found.better.T).any()
    assert (scores[:, None] > scores[None, :])[found.better].all()
    assert (found.p == found.p.T).all()
    assert ((found.p < 0.05) == (found.better | found.better.T)).all()
    assert (np.diff(found.at_most, axis=1) >= 0).all()
    assert found.at_most[:, -1] == pytest.approx(np.ones(m))
    ordered = [found.groups[model] for model in np.argsort(-scores)]
    assert ordered == sorted(ordered)
    again = rank_models(scores, covariance, 200)
    assert again.ranks == found.ranks
    assert (again.p == found.p).all()


def test_no_difference_is_more_certain_than_four_thousand_draws_can_tell() -> None:
    assert ranking([0.1, 0.9], 0.001).p[0, 1] == pytest.approx(1 / 4001, abs=0)


def test_two_equal_models_hide_nothing_of_a_third() -> None:
    covariance = np.array([[1e-4, 1e-4, 0], [1e-4, 1e-4, 0], [0, 0, 1e-4]])
    found = rank_models(np.array([0.8, 0.8, 0.5]), covariance, MANY)
    assert found.ranks == (RankInterval(1, 2), RankInterval(1, 2), RankInterval(3, 3))
    assert (found.p[0, 1], found.p[0, 2]) == (1, pytest.approx(1 / 4001))
    assert found.critical == pytest.approx(1.96, abs=0.1)


def test_what_rounding_leaves_of_the_error_of_equal_models_is_none() -> None:
    found = rank_models(np.array([0.8, 0.8]), np.array([[1.0, 1 - 1e-15], [1 - 1e-15, 1.0]]), MANY)
    assert (found.errors == 0).all()
    assert not found.better.any()


def test_errors_of_differences_by_hand() -> None:
    found = rank_models(np.array([0.1, 0.2]), np.array([[4.0, 1.5], [1.5, 9.0]]), MANY)
    assert found.errors == pytest.approx(np.sqrt([[0, 10], [10, 0]]))

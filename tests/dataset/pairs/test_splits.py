"""Splits: dealing, rules, cuts in time, and the search for leaks."""

from collections import Counter

import numpy as np

from gis.dataset.pairs.positives import Pair
from gis.dataset.pairs.splits import (
    BETWEEN_PERIODS,
    BETWEEN_REPOSITORIES,
    NOT_HUMAN_CONFIRMED,
    Shares,
    by_cluster,
    by_repository,
    by_time,
    ends_of,
    units_of,
)
from gis.dataset.settings import SPLITS
from gis.union_find import DisjointSets
from tests.dataset.pairs.helpers import cluster, joined, make_clusters, positive

CREATED = np.arange(1000)
SHARES: Shares = {"train": 0.8, "valid": 0.1, "test": 0.1}


def apart(count: int, *, human_confirmed: bool = True) -> list[Pair]:
    """Pairs that share no issue: 1-0, 3-2, 5-4 and so on."""
    return [positive(2 * n + 1, 2 * n, human_confirmed=human_confirmed) for n in range(count)]


def units(pairs: list[Pair]) -> DisjointSets:
    return joined(*(pair.issues for pair in pairs))


def test_evidence_and_near_duplicate_texts_make_units() -> None:
    found = units_of(make_clusters(cluster((1, 0)), cluster((3, 2))), near=[[3, 8, 9]])
    assert found.groups(range(10)) == [[0, 1], [2, 3, 8, 9], [4], [5], [6], [7]]


def test_units_are_dealt_in_the_shares_of_the_splits() -> None:
    pairs = apart(100)
    assignment = by_cluster(pairs, units(pairs), SHARES, seed=0)
    assert {split: len(of_split) for split, of_split in assignment.pairs.items()} == {
        "train": 80, "valid": 10, "test": 10,
    }  # fmt: skip
    assert assignment.dropped == {}


def test_the_deal_depends_on_the_seed_alone() -> None:
    pairs = apart(50)

    def test_pairs(seed: int) -> list[Pair]:
        return by_cluster(pairs, units(pairs), SHARES, seed).pairs["test"]

    assert test_pairs(1) == test_pairs(1) != test_pairs(2)


def test_a_unit_is_never_divided() -> None:
    pairs = [positive(n, n - n % 4) for n in range(400) if n % 4]
    assignment = by_cluster(pairs, units(pairs), SHARES, seed=3)
    split_of = {
        issue: split for split, of_split in assignment.pairs.items() for pair in of_split for issue in pair.issues
    }
    assert all(split_of[n] == split_of[n - n % 4] for n in range(400))
    assert len(set(split_of.values())) == 3


def test_units_that_no_person_confirmed_are_in_train() -> None:
    pairs = [*apart(50), *(positive(200 + n, 300 + n, human_confirmed=False) for n in range(20))]
    assignment = by_cluster(pairs, units(pairs), SHARES, seed=0)
    assert sum(not pair.human_confirmed for pair in assignment.pairs["train"]) == 20
    assert assignment.pairs["valid"]
    assert assignment.pairs["test"]


def test_one_unit_leaves_splits_empty() -> None:
    assignment = by_cluster(apart(1), units(apart(1)), SHARES, seed=0)
    assert Counter(len(pairs) for pairs in assignment.pairs.values()) == {0: 2, 1: 1}


def test_an_issue_may_join_the_split_that_it_or_its_unit_is_bound_to() -> None:
    pairs = apart(3)
    assignment = by_cluster(pairs, joined((0, 1), (2, 3), (4, 5), (8, 9)), SHARES, seed=0)
    assert all(assignment.allows(8, split) for split in SPLITS)
    assignment.bind(8, "valid")
    assert assignment.allows(9, "valid")
    assert not assignment.allows(9, "train")


def test_whole_repositories_are_in_one_split() -> None:
    pairs = apart(60)
    repository = (np.arange(1000) // 10).astype(np.int32)
    assignment = by_repository(pairs, units(pairs), SHARES, 0, repository=repository, created=CREATED)
    homes = [{int(repository[pair.first]) for pair in assignment.pairs[split]} for split in SPLITS]
    assert all(homes)
    assert sum(map(len, homes)) == len(set.union(*homes)) == 12
    assert not assignment.allows(999, "train")  # a repository without positives is in no split


def test_a_pair_between_repositories_of_two_splits_is_left_out() -> None:
    pairs = [*apart(60), positive(8, 18), positive(28, 38), positive(48, 58)]
    repository = (np.arange(1000) // 10).astype(np.int32)
    assignment = by_repository(pairs, units(pairs), SHARES, 0, repository=repository, created=CREATED)
    split_of = {int(repository[pair.first]): split for split, of in assignment.pairs.items() for pair in of}
    crossing = sum(split_of[one] != split_of[other] for one, other in ((0, 1), (2, 3), (4, 5)))
    assert crossing > 0
    assert assignment.dropped[BETWEEN_REPOSITORIES] >= crossing
    assert all(
        len({split_of[int(repository[n])] for n in pair.issues}) == 1 for of in assignment.pairs.values() for pair in of
    )


def test_each_split_begins_where_the_one_before_ends() -> None:
    pairs = apart(100)
    assignment = by_time(pairs, units(pairs), SHARES, created=CREATED)
    assert [len(assignment.pairs[split]) for split in SPLITS] == [80, 10, 10]
    assert max(pair.first for pair in assignment.pairs["train"]) == 159
    assert [min(pair.second for pair in assignment.pairs[split]) for split in ("valid", "test")] == [160, 180]
    assert assignment.allows(999, "test")
    assert not assignment.allows(999, "train")


def test_a_pair_across_a_cut_is_left_out() -> None:
    pairs = [*apart(100), positive(500, 20)]  # 500 is opened in the time of test
    assignment = by_time(pairs, units(pairs), SHARES, created=CREATED)
    assert assignment.dropped == {BETWEEN_PERIODS: 1, NOT_HUMAN_CONFIRMED: 0}
    assert pairs[-1] not in assignment.pairs["test"]


def test_what_no_person_confirmed_is_left_out_of_later_periods() -> None:
    pairs = apart(100, human_confirmed=False)
    assignment = by_time(pairs, units(pairs), SHARES, created=CREATED)
    assert [len(assignment.pairs[split]) for split in SPLITS] == [80, 0, 0]
    assert assignment.dropped[NOT_HUMAN_CONFIRMED] == 20


def test_issues_opened_at_one_moment_leave_splits_empty() -> None:
    pairs = apart(30)
    assignment = by_time(pairs, units(pairs), SHARES, created=np.zeros(1000, np.int64))
    assert [len(assignment.pairs[split]) for split in SPLITS] == [0, 0, 30]


def test_without_train_what_no_person_confirmed_is_left_out() -> None:
    pairs = [*apart(10), positive(200, 300, human_confirmed=False)]
    assignment = by_cluster(pairs, units(pairs), {"test": 1.0}, seed=0)
    assert {split: len(of_split) for split, of_split in assignment.pairs.items()} == {"test": 10}
    assert assignment.dropped == {NOT_HUMAN_CONFIRMED: 1}


def test_shares_of_splits_are_kept_in_time() -> None:
    pairs = apart(100)
    assignment = by_time(pairs, units(pairs), {"train": 0.5, "test": 0.5}, created=CREATED)
    assert {split: len(of_split) for split, of_split in assignment.pairs.items()} == {"train": 50, "test": 50}


def test_few_units_are_dealt_as_near_to_the_shares_as_they_go() -> None:
    pairs = apart(10)
    assignment = by_cluster(pairs, units(pairs), SHARES, seed=0)
    assert [len(assignment.pairs[split]) for split in SPLITS] == [8, 1, 1]
    assert len(by_cluster(pairs[:1], units(pairs), SHARES, seed=0).pairs["train"]) == 1


def test_a_unit_belongs_to_the_time_of_its_oldest_issue() -> None:
    created = np.full(1000, 500)
    created[:40] = np.arange(40)
    pairs = [*apart(20), positive(990, 0)]
    assignment = by_time(pairs, units(pairs), {"train": 0.5, "test": 0.5}, created=created)
    assert assignment.dropped == {BETWEEN_PERIODS: 1, NOT_HUMAN_CONFIRMED: 0}
    assert [max(pair.issues) for pair in assignment.pairs["train"]] == list(range(1, 18, 2))
    assert [min(pair.issues) for pair in assignment.pairs["test"]] == list(range(18, 40, 2))


def test_splits_end_at_their_shares_without_the_noise_of_sums() -> None:
    assert ends_of({"train": 0.7, "valid": 0.2, "test": 0.1}) == [0.7, 0.9]
    assert ends_of({"train": 1 / 3, "valid": 1 / 3, "test": 1 / 3}) == [0.333333, 0.666667]
    assert ends_of({"test": 1.0}) == []

"""What splits share: issues, clusters and near-duplicate texts."""

import pytest

from gis.dataset.pairs.leaks import find_leaks, random_split, without_near_duplicates
from gis.dataset.pairs.splits import Splits
from gis.dataset.settings import SPLITS
from gis.union_find import DisjointSets
from tests.dataset.pairs.helpers import joined, negative, positive


def test_leaks_are_found_in_issues_clusters_texts_and_test_pairs() -> None:
    splits: Splits = {"train": [positive(0, 1)], "valid": [], "test": [positive(1, 2), negative(8, 9)]}
    leaks = find_leaks(splits, near=[[0, 8], [3, 9]], groups=joined((0, 1, 2)))
    assert (leaks.issues, leaks.clusters, leaks.near_duplicates, leaks.test_pairs) == (1, 1, 1, 0.5)
    assert leaks


def test_a_cluster_leaks_also_where_no_issue_does() -> None:
    splits: Splits = {"train": [positive(0, 1)], "valid": [], "test": [positive(2, 3)]}
    assert find_leaks(splits, (), joined((0, 2))).clusters == 1
    assert not find_leaks(splits, (), joined((0, 1), (2, 3)))


def test_a_random_split_of_pairs_leaks() -> None:
    chain = [positive(n + 1, n) for n in range(100)]
    splits = random_split(chain, {"train": 0.8, "valid": 0.1, "test": 0.1}, seed=0)
    assert [len(splits[split]) for split in SPLITS] == [80, 10, 10]
    assert find_leaks(splits, (), DisjointSets()).test_pairs > 0.5


def test_near_duplicates_are_removed_from_the_earlier_split() -> None:
    splits: Splits = {"train": [positive(0, 1), positive(4, 5)], "valid": [positive(2, 3)], "test": [negative(8, 9)]}
    remaining = without_near_duplicates(splits, near=[[0, 2, 8], [5, 77]])
    assert remaining == {"train": [positive(4, 5)], "valid": [], "test": [negative(8, 9)]}


@pytest.mark.parametrize("near", [[], [[0, 1]], [[60, 70]]])
def test_near_duplicates_within_a_split_stay(near: list[list[int]]) -> None:
    splits: Splits = {"train": [positive(0, 1)], "valid": [], "test": [positive(2, 3)]}
    assert without_near_duplicates(splits, near) == splits


def test_each_kind_of_leak_alone_is_one() -> None:
    apart: Splits = {"train": [positive(0, 1)], "valid": [], "test": [positive(2, 3)]}
    assert find_leaks(apart, [[0, 2]], DisjointSets())
    assert find_leaks(apart, (), joined((0, 2)))
    shared: Splits = {"train": [positive(0, 1)], "test": [positive(1, 2)]}
    leaks = find_leaks(shared, (), DisjointSets())
    assert leaks
    assert (leaks.issues, leaks.clusters) == (1, 0)  # an issue that nothing joins to another is no cluster


def test_without_test_pairs_none_leaks() -> None:
    assert find_leaks({"train": [positive(0, 1)]}, (), DisjointSets()).test_pairs == 0
    assert find_leaks({"train": [positive(0, 1)], "test": []}, (), DisjointSets()).test_pairs == 0

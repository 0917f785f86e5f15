"""Disjoint sets, against a search that looks at every pair."""

import random

import networkx as nx

from gis.union_find import DisjointSets


def test_what_was_never_joined_is_alone() -> None:
    sets = DisjointSets()
    assert sets.find(7) == 7
    assert sets.size(7) == 1
    assert sets.groups([3, 1]) == [[1], [3]]


def test_joining_is_transitive_and_counts() -> None:
    sets = DisjointSets()
    for one, other in ((1, 2), (3, 4), (2, 3), (1, 4)):
        sets.join(one, other)
    assert len({sets.find(item) for item in (1, 2, 3, 4)}) == 1
    assert sets.size(sets.find(1)) == 4


def test_groups_are_ordered_by_their_lowest_item() -> None:
    sets = DisjointSets()
    sets.join(9, 2)
    sets.join(5, 4)
    assert sets.groups([9, 5, 4, 2, 3]) == [[2, 9], [3], [4, 5]]


def test_a_copy_goes_its_own_way() -> None:
    sets = DisjointSets()
    sets.join(1, 2)
    copy = sets.copy()
    copy.join(2, 3)
    assert copy.find(1) == copy.find(3)
    assert sets.find(1) != sets.find(3)


def test_the_sets_are_the_connected_components() -> None:
    rng = random.Random(0)
    for _ in range(50):
        edges = [(rng.randrange(-5, 30), rng.randrange(-5, 30)) for _ in range(20)]
        sets = DisjointSets()
        for edge in edges:
            sets.join(*edge)
        components = sorted(sorted(part) for part in nx.connected_components(nx.Graph(edges)))
        assert sets.groups({item for edge in edges for item in edge}) == components

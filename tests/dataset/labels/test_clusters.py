"""Clusters: who is canonical, what follows, and what one wrong edge may not do."""

from dataclasses import replace
from pathlib import Path

import pytest

from gis.collector.store import Store
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.all_evidence import find_evidence
from gis.dataset.labels.clusters import Clusters, find_clusters
from gis.dataset.labels.policy import POLICY
from gis.dataset.pairs.positives import positive_pairs
from tests.dataset.pairs.helpers import evidence
from tests.dataset.stores import comment, issue, new_store


def clusters_of(tmp_path: Path, edges: list[tuple[int, int]], author: str = "keeper") -> Clusters:
    """Clusters of issues 1 to 20, positions 0 to 19, with a ruling for each edge."""
    issues = []
    for number in range(1, 21):
        targets = [target for source, target in edges if source == number]
        said = [comment(number * 10 + n, author, f"Duplicate of #{t}", 10**6) for n, t in enumerate(targets)]
        issues.append(issue(number, closed=10**6 + 5, comments=said))
    with Store(new_store(tmp_path, issues)) as store:
        found = load_issues(store)
        return find_clusters(find_evidence(store, found), found, POLICY)


def test_the_canonical_issue_is_what_the_others_point_to(tmp_path: Path) -> None:
    (cluster,) = clusters_of(tmp_path, [(1, 5), (2, 5)]).clusters
    assert (cluster.canonical, cluster.members) == (4, (0, 1, 4))


def test_of_equally_trusted_evidence_the_first_stays(tmp_path: Path) -> None:
    with Store(new_store(tmp_path, [issue(1), issue(2)])) as store:
        issues = load_issues(store)
    first = replace(evidence(1, 0), source_id="first")
    for given, kept in (
        ([first, replace(first, source_id="second")], "first"),
        ([first, replace(first, source_id="earlier", created_at=first.created_at - 1)], "earlier"),
    ):
        (cluster,) = find_clusters(given, issues, POLICY).clusters
        assert cluster.direct[0, 1].source_id == kept


def test_without_one_sink_it_is_the_oldest(tmp_path: Path) -> None:
    (cluster,) = clusters_of(tmp_path, [(3, 2), (3, 4)]).clusters
    assert cluster.canonical == 1


def test_one_edge_does_not_join_two_crowds_and_two_do(tmp_path: Path) -> None:
    crowds = [(2, 1), (3, 1), (4, 1), (12, 11), (13, 11), (14, 11)]
    found = clusters_of(tmp_path, [*crowds, (14, 4)])
    assert [len(cluster.members) for cluster in found.clusters] == [4, 4]
    assert found.held_back == ((3, 13),)
    found = clusters_of(tmp_path, [*crowds, (14, 4), (13, 2)])
    assert [len(cluster.members) for cluster in found.clusters] == [8]
    assert found.held_back == ()


def test_direct_and_closure_pairs_are_told_apart(tmp_path: Path) -> None:
    found = clusters_of(tmp_path, [(2, 1), (3, 2)]).clusters
    assert [(p.first, p.second, p.stratum) for p in positive_pairs(found, 5)] == [
        (1, 0, "direct"),
        (2, 1, "direct"),
        (2, 0, "closure"),
    ]
    assert [p.stratum for p in positive_pairs(found, 0)] == ["direct", "direct"]


def test_a_cluster_that_only_a_bot_made_is_marked(tmp_path: Path) -> None:
    (cluster,) = clusters_of(tmp_path, [(2, 1)], author="dedupe[bot]").clusters
    assert not cluster.human_confirmed


@pytest.mark.parametrize(("size", "together"), [(3, True), (4, False)])
def test_a_pair_alone_joins_groups_of_three_and_not_of_four(tmp_path: Path, size: int, together: bool) -> None:
    one, other = ([(start + n, start) for n in range(1, size)] for start in (1, 11))
    found = clusters_of(tmp_path, [*one, *other, (12, 2)])
    assert [len(cluster.members) for cluster in found.clusters] == ([2 * size] if together else [size, size])
    assert found.groups.find(0) == found.groups.find(10)  # no negative pair, either way


def test_a_pair_that_alone_joins_a_crowd_and_a_few_is_taken(tmp_path: Path) -> None:
    crowd = [(n, 1) for n in range(2, 8)]
    (cluster,) = clusters_of(tmp_path, [*crowd, (12, 11), (13, 11), (12, 1)]).clusters
    assert len(cluster.members) == 10


def test_a_member_that_only_a_bot_tied_on_makes_the_cluster_one_for_train(tmp_path: Path) -> None:
    with Store(new_store(tmp_path, [issue(n) for n in range(1, 5)])) as store:
        issues = load_issues(store)
    people = [evidence(1, 0), evidence(2, 0)]
    (cluster,) = find_clusters(people, issues, POLICY).clusters
    assert cluster.human_confirmed
    (cluster,) = find_clusters([*people, replace(evidence(3, 0), actor="bot")], issues, POLICY).clusters
    assert not cluster.human_confirmed


def test_targets_that_were_not_collected_are_counted_and_join_those_that_name_them(tmp_path: Path) -> None:
    with Store(new_store(tmp_path, [issue(n) for n in range(1, 7)])) as store:
        issues = load_issues(store)
    outside = [
        replace(evidence(n, 0), target=None, reference=name)
        for n, name in ((2, "a/b#1"), (3, "A/b#1"), (4, "a/b#2"), (5, "a/b#3"))
    ]
    found = find_clusters(outside, issues, POLICY)
    assert (found.uncollected, found.clusters) == (4, ())
    assert found.groups.groups(range(6)) == [[0], [1], [2, 3], [4], [5]]

"""Negative pairs: whom each stratum offers, what is never a negative, and how many are drawn."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gis.dataset.issues.table import NOBODY
from gis.dataset.labels.citations import Citations
from gis.dataset.labels.clusters import Clusters
from gis.dataset.pairs.negatives import Negatives, NegativeSampler, draw_negatives, quotas, ties_of
from gis.dataset.pairs.splits import Assignment, Shares, by_cluster
from gis.dataset.settings import SPLITS
from gis.near_duplicates import Sketches
from tests.dataset.pairs.helpers import cluster, evidence, joined, make_clusters, make_issues, make_texts, positive

COUNT = 60


def words(seed: int, count: int = 12) -> str:
    return " ".join(f"w{n}" for n in np.random.default_rng(seed).integers(0, 10**6, count))


def sampler(
    clusters: Clusters | None = None,
    texts: Sequence[str | None] | None = None,
    *,
    citations: Sequence[tuple[int, int]] = (),
    unsettled: Sequence[tuple[int, int]] = (),
    neighbours: Mapping[str, Mapping[int, list[int]]] | None = None,
    match: bool = False,
    **columns: Any,  # noqa: ANN401
) -> NegativeSampler:
    chosen = make_texts([words(n) for n in range(COUNT)] if texts is None else texts)
    return NegativeSampler(
        issues=make_issues(len(chosen.kept), **columns),
        texts=chosen,
        usable=chosen.kept,
        clusters=clusters or make_clusters(),
        ties=(clusters or make_clusters()).related,
        sketches=Sketches(chosen.__getitem__),
        citations=Citations(tuple(citations), frozenset(unsettled)),
        neighbours=neighbours or {},
        match=match,
    )


def candidates(negatives: NegativeSampler, stratum: str, anchor: int, chars: int = 50) -> list[int]:
    return negatives.candidates(stratum, anchor, chars, np.random.default_rng(0))


def test_random_candidates_are_of_the_repository() -> None:
    found = candidates(sampler(repositories=[0] * 20 + [1] * 40), "random", 30)
    assert set(found) <= set(range(20, 60))
    assert len(found) > 20
    assert len(found) == len(set(found))


def test_candidates_share_the_rarest_label_that_does_not_mean_duplicate() -> None:
    labels = (
        {n: ["common"] for n in range(20)} | {n: ["common", "rare", "duplicate"] for n in (1, 2, 3)} | {30: ["lone"]}
    )
    of = sampler(labels=labels | {40: ["pair"], 41: ["pair"]})
    assert sorted(candidates(of, "same_label", 1)) == [1, 2, 3]
    assert sorted(candidates(of, "same_label", 40)) == [40, 41]
    assert sorted(candidates(of, "same_label", 9)) == list(range(20))
    assert candidates(of, "same_label", 30) == candidates(of, "same_label", 50) == []


def test_candidates_of_one_author_are_of_one_repository_and_never_a_deleted_account() -> None:
    of = sampler(authors=[0, 1, 0, -1, -1] * 12, repositories=[0] * 30 + [1] * 30)
    assert sorted(candidates(of, "same_author", 1)) == list(range(1, 30, 5))
    assert candidates(of, "same_author", 3) == []


def test_a_deleted_account_of_one_repository_is_nobody_of_another() -> None:
    negatives = sampler(repositories=[0] * 30 + [1] * 30, authors=[0] * 10 + [1] * 20 + [NOBODY] * 30)
    assert set(candidates(negatives, "same_author", 10)) == set(range(10, 30))


def test_neighbours_are_candidates_of_their_stratum() -> None:
    of = sampler(neighbours={"bm25": {3: [9, 8, 7]}})
    assert sorted(candidates(of, "bm25", 3)) == [7, 8, 9]
    assert candidates(of, "bm25", 4) == candidates(of, "dense", 3) == []


def test_unusable_issues_are_not_offered() -> None:
    of = sampler(neighbours={"bm25": {3: [9, 8, 7]}}, texts=[None if n == 8 else words(n) for n in range(COUNT)])
    assert sorted(candidates(of, "bm25", 3)) == [7, 9]


def test_matched_candidates_are_ordered_by_how_close_their_length_is() -> None:
    texts = ["x" * length for length in (10, 100, 1000, 90, 5000)]
    of = sampler(texts=texts, neighbours={"bm25": {0: [1, 2, 3, 4]}}, match=True)
    assert candidates(of, "bm25", 0, chars=94) == [3, 1, 2, 4]
    assert candidates(of, "bm25", 0, chars=2000) == [2, 4, 1, 3]


def test_evidence_relates_issues_within_two_steps() -> None:
    chain = make_clusters(cluster((1, 0), (2, 1)), related=[(10, 11), (11, 12), (12, 13)])
    of = sampler(chain, citations=[(20, 21)])
    assert of.related(0, 2)  # one cluster
    assert sampler(make_clusters(cluster((1, 0), (2, 1), (3, 2), (4, 3)))).related(0, 4)  # however long it is
    assert of.related(5, 5)
    assert of.related(10, 11)
    assert of.related(10, 12)
    assert not of.related(10, 13)
    assert of.related(20, 21)
    assert of.related(21, 20)
    assert not of.related(20, 21, by_citation=False)


def test_a_near_copy_of_a_duplicate_is_a_duplicate() -> None:
    texts = [words(n, 40) for n in range(COUNT)]
    texts[7] = f"{texts[1]} indeed"
    of = sampler(make_clusters(cluster((1, 0), (2, 0))), texts)
    assert of.copies(7, 1)
    assert of.copies(2, 7)  # 7 reads like 1, which is a duplicate of 2
    assert of.copies(7, 2)
    assert not of.copies(7, 3)


@pytest.mark.parametrize(
    ("total", "shares", "expected"),
    [
        (10, {"a": 0.5, "b": 0.5}, {"a": 5, "b": 5}),
        (10, {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}, {"a": 4, "b": 3, "c": 3}),
        (3, {"a": 0.1, "b": 0.9}, {"a": 0, "b": 3}),
        (0, {"a": 1.0}, {"a": 0}),
    ],
)
def test_quotas_are_proportional_and_sum_to_the_total(
    total: int, shares: dict[str, float], expected: dict[str, int]
) -> None:
    assert quotas(total, shares) == expected


PAIRS = [positive(2 * n + 1, 2 * n) for n in range(15)]  # 0 to 29; 30 to 59 are in no pair
CLUSTERS = make_clusters(*(cluster(pair.issues) for pair in PAIRS))


def assignment() -> Assignment:
    return by_cluster(PAIRS, joined(*(pair.issues for pair in PAIRS)), SHARES, seed=0)


SHARES: Shares = {"train": 0.8, "valid": 0.1, "test": 0.1}


def drawn(of: NegativeSampler, shares: dict[str, float], ratio: float = 1, seed: int = 0) -> Negatives:
    return draw_negatives(of, assignment(), shares, ratio, seed)


def test_as_many_are_drawn_as_requested_and_none_is_drawn_twice() -> None:
    negatives = drawn(sampler(CLUSTERS), {"random": 1.0}, ratio=2)
    positives = assignment().pairs
    for split in SPLITS:
        pairs = negatives.pairs[split]
        assert len(pairs) == (2 if split == "train" else 1) * len(positives[split])
        assert len({frozenset(pair.issues) for pair in pairs}) == len(pairs)
        anchors = {issue for pair in positives[split] for issue in pair.issues}
        assert all(pair.first in anchors and pair.label == 0 for pair in pairs)
    assert all(count.requested == count.found for count in negatives.counts)


def test_no_issue_is_drawn_into_two_splits() -> None:
    negatives = drawn(sampler(CLUSTERS), {"random": 1.0}, ratio=1.5)
    splits = {
        split: {n for pair in [*assignment().pairs[split], *negatives.pairs[split]] for n in pair.issues}
        for split in SPLITS
    }
    assert sum(map(len, splits.values())) == len(set.union(*splits.values()))


def test_the_draw_depends_on_the_seed_alone() -> None:
    of = sampler(CLUSTERS)
    assert drawn(of, {"random": 1.0}) == drawn(of, {"random": 1.0})
    assert drawn(of, {"random": 1.0}).pairs != drawn(of, {"random": 1.0}, seed=1).pairs


def test_related_issues_and_copies_are_never_drawn() -> None:
    texts = [words(n, 40) for n in range(COUNT)]
    texts[40] = f"{texts[0]} indeed"
    of = sampler(CLUSTERS, texts, neighbours={"bm25": {n: [n ^ 1, 40, 41] for n in range(30)}})
    pairs = [pair for split in SPLITS for pair in drawn(of, {"bm25": 1.0}, ratio=4).pairs[split]]
    assert {40, 41} & {pair.second for pair in pairs}
    assert not {frozenset((0, 40)), frozenset((1, 40))} & {frozenset(pair.issues) for pair in pairs}
    assert not any(pair.first ^ 1 == pair.second for pair in pairs)


def test_cross_referenced_negatives_are_the_citations_that_no_evidence_explains() -> None:
    free = [(30 + n, 45 + n) for n in range(15)]
    related = make_clusters(*CLUSTERS.clusters, related=[free[0]])
    negatives = drawn(sampler(related, citations=[(0, 1), *free]), {"cross_referenced": 1.0})
    pairs = [frozenset(pair.issues) for split in SPLITS for pair in negatives.pairs[split]]
    assert sorted(map(sorted, pairs)) == [list(pair) for pair in free[1:]]
    found = Counter[str]()
    for count in negatives.counts:
        found.update(requested=count.requested, found=count.found)
    assert found == {"requested": 15, "found": 14}


def test_each_stratum_of_valid_and_test_has_as_many_negatives_as_there_are_positives() -> None:
    neighbours = {"bm25": {n: [30 + n, 31 + n] for n in range(29)}}
    negatives = drawn(sampler(CLUSTERS, neighbours=neighbours), {"random": 0.9, "bm25": 0.1}, ratio=0.5)
    positives = assignment().pairs
    for split in ("valid", "test"):
        counts = {count.stratum: count.found for count in negatives.counts if count.split == split}
        assert counts == {"random": len(positives[split]), "bm25": len(positives[split])}
    assert len(negatives.pairs["train"]) == round(0.5 * len(positives["train"]))


def test_what_may_be_a_ruling_is_neither_drawn_nor_lost_from_the_count() -> None:
    cited = [(30 + n, 45 + n) for n in range(15)]
    of = sampler(CLUSTERS, citations=[(0, 1), *cited], unsettled=[(0, 1), *cited[:5]])
    pairs = [pair for pairs in drawn(of, {"cross_referenced": 1.0}).pairs.values() for pair in pairs]
    assert {pair.first % 15 for pair in pairs} | {pair.second % 15 for pair in pairs} <= set(range(5, 15))
    assert of.related(*cited[0])
    assert of.related(*reversed(cited[0]))
    assert of.count_unsettled() == 5  # 0 and 1 are duplicates by a ruling


def test_evidence_of_any_kind_ties_issues_also_through_one_that_was_not_collected() -> None:
    outside = [replace(evidence(issue, 0), target=None, reference=name) for issue, name in ((3, "a/b#1"), (4, "A/b#1"))]
    ties = ties_of([evidence(1, 2), *outside, replace(evidence(5, 0), target=None, reference="a/b#2")])
    of = replace(sampler(), ties=ties)
    assert of.related(2, 1)
    assert of.related(3, 4)
    assert not any(of.related(*pair) for pair in ((3, 5), (3, 2), (3, 0), (5, 0), (5, 1)))


def test_what_is_not_found_is_counted() -> None:
    negatives = drawn(sampler(CLUSTERS), {"random": 0.5, "bm25": 0.5}, ratio=2)
    assert {(count.stratum, count.found) for count in negatives.counts if count.split == "train"} == {
        ("random", len(assignment().pairs["train"])), ("bm25", 0),
    }  # fmt: skip
    assert [count.split for count in negatives.counts] == ["test", "test", "valid", "valid", "train", "train"]


@pytest.mark.parametrize(("count", "offered"), [(64, 64), (65, 64)])
def test_at_most_64_candidates_are_offered_and_fewer_stay_in_order(count: int, offered: int) -> None:
    near = list(range(1, count + 1))
    of = sampler(neighbours={"bm25": {0: near}}, texts=[words(n) for n in range(count + 1)])
    found = candidates(of, "bm25", 0)
    assert len(set(found)) == len(found) == offered
    assert (found == near) == (count == offered)


def test_a_text_is_compared_with_the_first_hundred_of_a_group() -> None:
    texts = [words(n, 40) for n in range(104)]
    texts[102], texts[103] = f"{texts[99]} indeed", f"{texts[100]} indeed"
    of = sampler(make_clusters(cluster(*((n, 0) for n in range(1, 102)))), texts)
    assert of.copies(102, 0)
    assert not of.copies(103, 0)


@pytest.mark.parametrize(("shared", "near"), [(8, True), (7, False)])
def test_texts_that_share_eight_of_ten_shingles_are_copies(shared: int, near: bool) -> None:
    """Runs of three words: of 9 in either text, 8 in common are 8 of 10 together."""
    one = [f"a{n}" for n in range(11)]
    other = [*one[: shared + 2], *(f"b{n}" for n in range(9 - shared))]
    assert sampler(texts=[" ".join(one), " ".join(other)]).copies(0, 1) is near


def test_as_many_cross_referenced_are_drawn_as_requested_and_no_more() -> None:
    free = [(30 + n, 45 + n) for n in range(15)]
    negatives = drawn(sampler(CLUSTERS, citations=free), {"cross_referenced": 1.0}, ratio=0.5)
    assert [(count.requested, count.found) for count in negatives.counts] == [(1, 1), (1, 1), (6, 6)]


def test_cross_referenced_negatives_are_about_as_long_as_a_positive_and_in_its_order() -> None:
    lengths = {0: 20, 1: 900, **dict.fromkeys(range(2, 40), 200), 30: 22, 31: 890}
    texts = ["x" * lengths.get(n, 200) for n in range(COUNT)]
    pairs = [positive(1, 0)]
    near = make_clusters(cluster((1, 0)))
    of = sampler(near, texts, citations=[(n, n + 1) for n in range(10, 40, 2)], match=True)
    only = by_cluster(pairs, joined((1, 0)), {"test": 1.0}, seed=0)
    of.copies = lambda *_: False  # type: ignore[method-assign]  # texts of one letter
    (pair,) = draw_negatives(of, only, {"cross_referenced": 1.0}, 1, 0).pairs["test"]
    assert pair.issues == (31, 30)


def test_the_first_issues_of_the_positives_come_first_and_then_the_second_ones() -> None:
    positives = assignment().pairs["train"]
    firsts = {pair.first for pair in positives}
    of = sampler(CLUSTERS)
    assert {pair.first for pair in drawn(of, {"random": 1.0}).pairs["train"]} == firsts
    twice = [pair.first for pair in drawn(of, {"random": 1.0}, ratio=2).pairs["train"]]
    assert set(twice[: len(firsts)]) == firsts
    assert set(twice[len(firsts) :]) == {pair.second for pair in positives}


@pytest.mark.parametrize("which", [0, 1])
def test_an_unsettled_pair_of_which_one_is_unusable_is_not_counted(which: int) -> None:
    texts: list[str | None] = [words(n) for n in range(COUNT)]
    assert sampler(texts=texts, unsettled=[(30, 31)], citations=[(30, 31)]).count_unsettled() == 1
    texts[30 + which] = None
    of = sampler(texts=texts, unsettled=[(30, 31)], citations=[(30, 31)])
    assert of.count_unsettled() == 0
    assert of.citing_pairs() == []

"""Positive pairs: what was ruled, what follows from it, and what is left out."""

from gis.dataset.pairs.positives import find_positives, positive_pairs
from tests.dataset.pairs.helpers import cluster, make_texts


def test_a_direct_pair_begins_with_the_issue_that_was_ruled_a_duplicate() -> None:
    (pair,) = positive_pairs([cluster((5, 2))], closure=0)
    assert (pair.issues, pair.label, pair.stratum, pair.cluster) == ((5, 2), 1, "direct", 2)
    assert pair.evidence is not None
    assert pair.evidence.source_id == "C5"


def test_transitive_pairs_are_limited_per_cluster_and_prefer_the_canonical_issue() -> None:
    chain = cluster((1, 0), (2, 1), (3, 2))  # three direct pairs; 0-2, 0-3 and 1-3 follow
    strata = [pair.stratum for pair in positive_pairs([chain], closure=2)]
    assert strata == ["direct"] * 3 + ["closure"] * 2
    closure = [pair.issues for pair in positive_pairs([chain], closure=9)][3:]
    assert closure == [(2, 0), (3, 0), (1, 3)]  # a duplicate first, the canonical issue second
    assert len(list(positive_pairs([chain, cluster((9, 8))], closure=0))) == 4


def test_pairs_of_a_cluster_that_no_person_confirmed_say_so() -> None:
    pairs = positive_pairs([cluster((1, 0), human_confirmed=False), cluster((3, 2))], closure=1)
    assert [pair.human_confirmed for pair in pairs] == [False, True]


def test_pairs_without_a_text_and_pairs_of_one_text_are_left_out_and_counted() -> None:
    texts = make_texts(["a text", None, "the same", "the same", "another", "a text"])
    positives = find_positives([cluster((1, 0)), cluster((3, 2)), cluster((5, 4))], texts, closure=0)
    assert [pair.issues for pair in positives.pairs] == [(5, 4)]
    assert positives.left_out == {"short": 1, "the same text": 1}

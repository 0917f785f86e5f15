"""Queries of the retrieval task."""

import numpy as np

from gis.dataset.pairs.retrieval import MAX_QUERIES_PER_CLUSTER, make_queries
from gis.dataset.pairs.splits import Splits
from tests.dataset.pairs.helpers import cluster, positive

CREATED = np.arange(100)
ALL_HAVE_TEXTS = np.ones(100, np.bool_)
CHAIN = cluster((1, 0), (2, 1))


def test_all_but_the_oldest_ask_for_all_the_others() -> None:
    splits: Splits = {"train": [], "valid": [positive(1, 0), positive(2, 1)], "test": []}
    queries = make_queries([CHAIN], splits, (), created=CREATED, has_text=ALL_HAVE_TEXTS)
    assert queries == {"train": [], "valid": [(1, (0, 2)), (2, (0, 1))], "test": []}


def test_the_oldest_is_the_one_opened_first_whatever_its_position() -> None:
    splits: Splits = {"train": [positive(1, 0)], "valid": [], "test": []}
    queries = make_queries([CHAIN], splits, (), created=-CREATED, has_text=ALL_HAVE_TEXTS)
    assert [query.issue for query in queries["train"]] == [1, 0]


def test_issues_without_a_text_neither_ask_nor_are_relevant() -> None:
    has_text = ALL_HAVE_TEXTS.copy()
    has_text[0] = False
    splits: Splits = {"train": [], "valid": [], "test": [positive(2, 1, of=0)]}
    queries = make_queries([CHAIN], splits, (), created=CREATED, has_text=has_text)
    assert queries["test"] == [(2, (1,))]


def test_an_issue_with_a_near_duplicate_in_another_split_is_not_a_query() -> None:
    splits: Splits = {"train": [positive(1, 0), positive(2, 1)], "valid": [], "test": [positive(8, 7)]}
    queries = make_queries([CHAIN], splits, [[1, 50], [2, 8]], created=CREATED, has_text=ALL_HAVE_TEXTS)
    assert [query.issue for query in queries["train"]] == [1]


def test_a_cluster_in_no_split_makes_no_query_and_a_large_one_not_many() -> None:
    large = cluster(*((n, 0) for n in range(1, 60)))
    splits: Splits = {"train": [positive(1, 0)], "valid": [], "test": []}
    queries = make_queries([large, cluster((71, 70))], splits, (), created=CREATED, has_text=ALL_HAVE_TEXTS)
    assert [query.issue for query in queries["train"]] == list(range(1, MAX_QUERIES_PER_CLUSTER + 1))
    assert all(len(query.relevant) == 59 for query in queries["train"])

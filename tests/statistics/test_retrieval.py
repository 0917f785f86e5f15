import math

import numpy as np
import pytest

from gis.statistics.retrieval import MAP, METRICS, MRR, NDCG, by_query, interval_of_mean


def test_metrics_follow_from_the_ranks_of_the_relevant_documents() -> None:
    query, rank = np.array([0, 0, 1]), np.array([3, 1, 12])
    metrics = by_query(query, rank, np.ones(3))
    ideal = 1 + 1 / math.log2(3)
    assert metrics[NDCG] == pytest.approx([(1 + 1 / math.log2(4)) / ideal, 0])
    assert metrics["Recall@1"].tolist() == [0.5, 0]
    assert metrics["Recall@5"].tolist() == [1, 0]
    assert metrics["Recall@20"].tolist() == [1, 1]
    assert metrics[MRR] == pytest.approx([1, 1 / 12])
    assert metrics[MAP] == pytest.approx([(1 + 2 / 3) / 2, 1 / 12])
    assert tuple(metrics) == METRICS


def test_gains_count_in_ndcg_and_the_ideal_has_the_most_relevant_first() -> None:
    metrics = by_query(np.array([0, 0]), np.array([1, 2]), np.array([1.0, 3.0]))
    assert metrics[NDCG] == pytest.approx([(1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))])


def _plainly(ranking: list[str], gains: dict[str, float]) -> dict[str, float]:
    """The metrics of one query from its whole ranking, as trec_eval defines them."""
    hits = [n for n, document in enumerate(ranking, 1) if document in gains]
    dcg = sum(gains[d] / math.log2(n + 1) for n, d in enumerate(ranking[:10], 1) if d in gains)
    ideal = sum(g / math.log2(n + 1) for n, g in enumerate(sorted(gains.values(), reverse=True)[:10], 1))
    plain = {NDCG: dcg / ideal, MRR: 1 / hits[0]}
    plain[MAP] = sum(place / n for place, n in enumerate(hits, 1)) / len(gains)
    return plain | {f"Recall@{k}": sum(n <= k for n in hits) / len(gains) for k in (1, 5, 10, 20)}


def test_metrics_equal_those_of_whole_rankings() -> None:
    rng = np.random.default_rng(0)
    names = [f"d{n}" for n in range(40)]
    rows: list[tuple[int, int, float]] = []
    expected = []
    for query in range(30):
        ranking = list(rng.permutation(names))
        gains = {str(name): float(rng.integers(1, 4)) for name in rng.choice(names, rng.integers(1, 15), replace=False)}
        expected.append(_plainly(ranking, gains))
        rows += [(query, ranking.index(name) + 1, gain) for name, gain in gains.items()]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    metrics = by_query(*columns)
    for name in METRICS:
        assert metrics[name] == pytest.approx([each[name] for each in expected], abs=1e-12)


def test_the_interval_is_wider_where_queries_depend_on_each_other() -> None:
    values = np.tile(np.random.default_rng(0).random(60), 2)
    apart, twins = np.arange(120), np.tile(np.arange(60), 2)
    narrow, wide = interval_of_mean(values, apart), interval_of_mean(values, twins)
    assert narrow is not None
    assert wide is not None
    assert 1.35 < (wide.high - wide.low) / (narrow.high - narrow.low) < 1.5
    assert 0 < wide.low < values.mean() < wide.high < 1


def test_few_queries_have_no_interval() -> None:
    assert interval_of_mean(np.array([0.0, 1.0]), np.array([0, 1])) is None

"""Retrieval metrics. All of them follow from the ranks of a query's relevant documents, so no ranking is kept whole.

The definitions are those of trec_eval: ``recall_k``, ``recip_rank``, ``map`` over the whole ranking, and
``ndcg_cut_10`` with linear gains.
"""

import numpy as np
from numpy.typing import NDArray

from gis.statistics.dependence import Dependence
from gis.statistics.intervals import Interval, auroc_interval
from gis.statistics.metrics import Array

CUTOFFS = (1, 5, 10, 20)
NDCG_CUTOFF = 10
NDCG, MRR, MAP = f"nDCG@{NDCG_CUTOFF}", "MRR", "MAP"
METRICS = (NDCG, *(f"Recall@{k}" for k in CUTOFFS), MRR, MAP)
Numbers = NDArray[np.intp]


def by_query(query: Numbers, rank: Numbers, gain: Array) -> dict[str, Array]:
    """Return the metrics of each of n queries, by the names in ``METRICS``: (n,) each, 0 to 1.

    Args:
        query: (m,) the query of each relevant document, 0 to n - 1; each query has one or more.
        rank: (m,) the document's rank, from 1.
        gain: (m,) how relevant it is, above 0.
    """
    order = np.lexsort((rank, query))
    query, rank, gain = query[order], rank[order], gain[order]
    n = int(query.max()) + 1
    relevant = np.bincount(query, minlength=n)
    starts = np.cumsum(relevant) - relevant
    place = np.arange(len(query)) - starts[query] + 1  # of the document among the relevant ones, from 1

    def total(values: Array) -> Array:
        return np.asarray(np.bincount(query, weights=values, minlength=n), dtype=np.float64)

    best_first = np.lexsort((-gain, query))  # the ideal ranking has them in the places 1, 2, …
    ideal = total(np.where(place <= NDCG_CUTOFF, gain[best_first] / np.log2(place + 1), 0.0))
    metrics = {NDCG: total(np.where(rank <= NDCG_CUTOFF, gain / np.log2(rank + 1), 0.0)) / ideal}
    metrics |= {f"Recall@{k}": total((rank <= k).astype(np.float64)) / relevant for k in CUTOFFS}
    metrics[MRR] = 1 / rank[starts]
    metrics[MAP] = total(place / rank) / relevant
    return metrics


def interval_of_mean(values: Array, group: Numbers) -> Interval | None:
    """Return the 95 % interval of the mean of n values from 0 to 1, symmetric on the scale of logits.

    Args:
        values: (n,) a metric of each query.
        group: (n,) which queries depend on each other; groups do not.

    Returns:
        The interval; None where there are too few groups, or no value differs.
    """
    mean = float(values.mean())
    return auroc_interval(mean, values - mean, Dependence(group, group))

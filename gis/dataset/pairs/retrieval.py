"""The retrieval task: for each query, find the duplicates among all issues."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gis.dataset.labels.clusters import Cluster
from gis.dataset.pairs.splits import Splits
from gis.dataset.settings import Split

MAX_QUERIES_PER_CLUSTER = 20  # so that one cluster of a thousand issues does not dominate the task


class Query(NamedTuple):
    """A query, by position.

    Attributes:
        issue: The issue whose duplicates are to be found.
        relevant: The other members of its cluster.
    """

    issue: int
    relevant: tuple[int, ...]


Queries = Mapping[Split, Sequence[Query]]


def make_queries(
    clusters: Iterable[Cluster],
    splits: Splits,
    near: Iterable[Sequence[int]],
    *,
    created: NDArray[np.int64],
    has_text: NDArray[np.bool_],
) -> Queries:
    """Return the queries of each split: all issues of a cluster but the oldest, in the split of the cluster's pairs.

    All other members of the cluster are relevant, including newer ones: the corpus contains them too.

    Args:
        clusters: The clusters of duplicates.
        splits: The labelled pairs.
        near: DisjointSets of near-duplicate texts; an issue with a near-duplicate in another split is not a query.
        created: (n,) when each issue was opened.
        has_text: (n,) whether an issue has a text.
    """
    split_of_issue = {issue: split for split, pairs in splits.items() for pair in pairs for issue in pair.issues}
    split_of_cluster = {pair.cluster: split for split, pairs in splits.items() for pair in pairs if pair.label}
    near_of = {issue: group for group in near for issue in group}
    queries: dict[Split, list[Query]] = {split: [] for split in splits}
    for cluster in clusters:
        split = split_of_cluster.get(cluster.members[0])
        if split is None:
            continue
        members = sorted((n for n in cluster.members if has_text[n]), key=lambda n: (int(created[n]), n))
        safe = [n for n in members[1:] if all(split_of_issue.get(m, split) == split for m in near_of.get(n, ()))]
        queries[split] += [
            Query(issue, tuple(member for member in members if member != issue))
            for issue in safe[:MAX_QUERIES_PER_CLUSTER]
        ]
    return queries

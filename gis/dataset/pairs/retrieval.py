"""Queries of the retrieval task: issues whose older duplicates are looked for among all issues."""

from collections.abc import Iterable, Mapping, Sequence

from gis.dataset.issues.table import Issues
from gis.dataset.labels.clusters import Clusters
from gis.dataset.pairs.splits import SPLITS, Split, Splits
from gis.dataset.texts.texts import Texts

MOST = 20  # queries of a cluster: one crowd of a thousand alike is not the whole task
Queries = Mapping[Split, Sequence[tuple[int, Sequence[int]]]]  # issue, and the others of its cluster


def make_queries(
    clusters: Clusters, splits: Splits, near: Iterable[Sequence[int]], issues: Issues, texts: Texts
) -> Queries:
    """All issues but the first of each cluster, in the split of its pairs.

    Relevant are all others of the cluster, also those that were opened later, as the corpus has them, too.

    Args:
        clusters: What is a duplicate of what.
        splits: The labelled pairs.
        near: Groups of near-duplicate texts; one that is in another split is no query.
        issues: When they were opened.
        texts: Which have a text.
    """
    where = {n: split for split, pairs in splits.items() for pair in pairs for n in (pair.first, pair.second)}
    split_of = {pair.cluster: split for split, pairs in splits.items() for pair in pairs if pair.label}
    alike = {n: group for group in near for n in group}
    found: dict[Split, list[tuple[int, Sequence[int]]]] = {split: [] for split in SPLITS}
    for cluster in clusters.clusters:
        split = split_of.get(cluster.members[0])
        members = sorted((n for n in cluster.members if texts.kept[n]), key=lambda n: (int(issues.created[n]), n))
        asked = [n for n in members[1:] if all(where.get(other, split) == split for other in alike.get(n, ()))]
        if split is not None:
            found[split] += [(n, [other for other in members if other != n]) for n in asked[:MOST]]
    return found

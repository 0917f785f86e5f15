"""Which texts are known to mean the same: duplicates of duplicates are duplicates."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def groups_of(
    rows: NDArray[np.intp], positive: NDArray[np.bool_], clusters: Sequence[Sequence[str | None]], count: int
) -> NDArray[np.int64]:
    """Number texts so that those known to mean the same share a number: duplicates of duplicates are duplicates."""
    edges = [rows[positive][:, :2]]
    names: dict[str, int] = {}
    for side, named in enumerate(clusters):
        links = [
            (rows[row, side], count + names.setdefault(name, len(names))) for row, name in enumerate(named) if name
        ]
        edges.append(np.array(links, dtype=np.intp).reshape(-1, 2))
    ends = np.concatenate(edges)
    nodes = count + len(names)
    graph = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    _, group = connected_components(graph, directed=False)
    return np.asarray(group[:count], dtype=np.int64)

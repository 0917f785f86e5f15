"""Which pairs of a task are not independent of each other, and the covariance of scores that follows.

Pairs that share a text rise and fall together, so n of them are worth fewer than n independent ones. Pairs that a chain
of shared texts connects form a *component*; components are independent, pairs inside one may depend on each other in
any way. Where a task has only a few components, because nearly all pairs hang together (hard negatives connect the
issues of a repository, a crossed design connects all texts), sums over components say nothing. In a component that
holds more than ``LARGEST_SHARE`` of the pairs, only pairs with a text in common count as dependent.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gis.statistics.rounding import RELATIVE_ROUNDING

LARGEST_SHARE = 0.2  # a larger component is not taken as one unit: too few such units would make a task
FEWEST_UNITS = 10  # components, or texts of a large one, below which no error is estimated

Array = NDArray[np.float64]
Labels = NDArray[np.intp]


class Dependence:
    """The dependence between the n pairs of a task.

    Args:
        first: (n,) number of each pair's first text.
        second: (n,) number of its second text; equal texts have equal numbers on either side.

    Attributes:
        components: How many components the pairs form.
        largest: How many pairs the largest one holds.
        units: The number of components, and of texts in those that are too large to be one unit.
        effective: How many units of equal size are as uncertain as these: n² / Σ size².
        enough: Whether there are enough units to estimate an error from.
    """

    def __init__(self, first: Labels, second: Labels) -> None:
        self._pairs = len(first)
        texts, numbered = np.unique(np.concatenate([first, second]), return_inverse=True)
        one, other = numbered[: self._pairs], numbered[self._pairs :]
        graph = coo_array((np.ones(self._pairs), (one, other)), shape=(len(texts), len(texts)))
        self.components, of_text = connected_components(graph, directed=False)
        component = of_text[one]
        sizes = np.bincount(component, minlength=self.components)
        self.largest = int(sizes.max())
        chained = (sizes > LARGEST_SHARE * self._pairs)[component]
        self._units = _Groups(component[~chained].astype(np.intp), np.flatnonzero(~chained))
        self._shared = _SharedTexts(one[chained], other[chained], np.flatnonzero(chained))
        unit_sizes = np.concatenate([self._units.sizes, self._shared.sizes / 2])  # each pair is of two texts
        self.units = len(unit_sizes)
        self.effective = float(unit_sizes.sum() ** 2 / (unit_sizes**2).sum())
        self.enough = self.units >= FEWEST_UNITS and self.effective > 2

    def covariance(self, influence: Array) -> Array:
        """Return the covariance matrix of m scores.

        Args:
            influence: (n, m) influence of each pair on each score; 0 for pairs that a score is not of.

        Returns:
            (m, m), positive semi-definite.
        """
        sums = self._units.sums(influence)
        total = sums.T @ sums + self._shared.products(influence)
        return np.asarray(total * (self.units / max(self.units - 1, 1)) / self._pairs**2, dtype=np.float64)


class _Groups:
    """Rows in groups, for sums by group."""

    def __init__(self, labels: Labels, rows: Labels) -> None:
        _, group, counts = np.unique(labels, return_inverse=True, return_counts=True)
        self.sizes = counts.astype(np.float64)
        shape = (len(counts), len(labels))
        self._matrix = coo_array((np.ones(len(labels)), (group, np.arange(len(labels)))), shape=shape).tocsr()
        self._rows = rows

    def sums(self, values: Array) -> Array:
        """Return the (groups, m) sums of (n, m) values."""
        return np.asarray(self._matrix @ values[self._rows], dtype=np.float64)


class _SharedTexts:
    """Pairs of which those with a text in common depend on each other.

    Fafchamps and Gubert, "The formation of risk sharing networks", Journal of Development Economics 83 (2007), 326-350;
    Aronow, Samii and Assenova, "Cluster-robust variance estimation for dyadic data", Political Analysis 23 (2015).
    """

    def __init__(self, one: Labels, other: Labels, rows: Labels) -> None:
        low, high = np.minimum(one, other), np.maximum(one, other)
        edges, edge = np.unique(np.stack([low, high]), axis=1, return_inverse=True)
        ends = edges[0] != edges[1]  # a text paired with itself has one end only
        self._edges = _Groups(edge.ravel(), rows)
        edge_numbers = np.arange(edges.shape[1])
        self._texts = _Groups(
            np.concatenate([edges[0], edges[1][ends]]), np.concatenate([edge_numbers, edge_numbers[ends]])
        )
        self._two_ended = ends
        self.sizes = self._texts.sums(self._edges.sizes[:, None]).ravel()

    def products(self, influence: Array) -> Array:
        """Return the (m, m) sum of products of influences over all pairs of rows that share a text.

        No variance is below that of independent rows.
        """
        by_edge = self._edges.sums(influence)
        by_text = self._texts.sums(by_edge)
        twice = by_edge[self._two_ended]  # both of its texts count the products of an edge with itself
        return _at_least(by_text.T @ by_text - twice.T @ twice, by_edge.T @ by_edge)


def _at_least(matrix: Array, least: Array) -> Array:
    """Return ``matrix`` with no variance, of a score or a difference, below that by ``least``.

    A sum of products over shared texts can be too small by chance, or even negative; no score is more exact than with
    independent pairs. So the eigenvalues of ``matrix`` relative to ``least`` are raised to 1.
    """
    values, vectors = np.linalg.eigh(least)
    kept = values > RELATIVE_ROUNDING * values.max(initial=0.0)
    root = vectors[:, kept] * np.sqrt(values[kept])
    back = vectors[:, kept] / np.sqrt(values[kept])
    ratios, directions = np.linalg.eigh(back.T @ matrix @ back)
    return np.asarray((root @ directions * np.maximum(ratios, 1.0)) @ (root @ directions).T, dtype=np.float64)

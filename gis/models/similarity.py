"""Similarities of paired vectors, each (n,) float64, higher for more similar."""

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Float = TypeVar("Float", np.float32, np.float64)
Vectors = NDArray[np.float32] | NDArray[np.float64]
DECIMALS = 7  # float32 carries no more; rounding makes equal pairs tie instead of differing by noise


def cosine(x: Vectors, y: Vectors) -> NDArray[np.float64]:
    """Cosine of each row of ``x`` with the same row of ``y``, both (n, dim); 0 where either is the zero vector."""
    a, b = x.astype(np.float64), y.astype(np.float64)
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    dots = np.einsum("ij,ij->i", a, b)
    return _rounded(np.divide(dots, norms, out=np.zeros_like(dots), where=norms != 0))


def unit(vectors: NDArray[Float]) -> NDArray[Float]:
    """Return (n, dim) vectors with length 1; zero vectors stay, and NaN, which has no similarity, stays NaN."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms != 0))


def manhattan(x: Vectors, y: Vectors) -> NDArray[np.float64]:
    """Minus the sum of absolute differences."""
    return _rounded(-np.abs(x.astype(np.float64) - y).sum(axis=1))


def euclidean(x: Vectors, y: Vectors) -> NDArray[np.float64]:
    """Minus the Euclidean distance."""
    return _rounded(-np.linalg.norm(x.astype(np.float64) - y, axis=1))


def _rounded(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.round(values, DECIMALS), dtype=np.float64)

"""Whitening: the vectors of a model, turned and scaled until their dimensions are uncorrelated and equally wide."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.models.base import FITTED_ON_TASK, Encoder, LoadSettings, Model
from gis.models.composite import Composite, Output, PairVectors
from gis.models.registry import load_model
from gis.models.similarity import cosine
from gis.spec import Spec, parse_spec

SMALLEST_SHARE = 1e-10  # of the largest variance: what is narrower holds nothing but float32's rounding


class Whitening(Composite):
    """Cosine of whitened vectors (Su et al. 2021, "Whitening Sentence Representations").

    The mean and the covariance come from the texts of the task that is scored, each distinct text once; of the
    principal components the first ``dimensions`` remain. A text that the model knows nothing of has the zero vector,
    has no part in them and keeps it.

    Args:
        model: The encoder.
        dimensions: How many principal components are kept; None for all.
        name: What tables call it.

    Raises:
        UsageError: The model has no vectors.
    """

    def __init__(self, model: Model, dimensions: int | None = None, *, name: str = "whitening") -> None:
        if not isinstance(model, Encoder):
            raise UsageError(f"whitening is for models that embed texts; {model.card.name} only compares them")
        self._dimensions = dimensions
        super().__init__(
            "whitening", [model], name=name, settings={"dimensions": dimensions or "all"}, fitted_on=FITTED_ON_TASK
        )

    def combine(self, outputs: Sequence[Output]) -> NDArray[np.float64]:
        """Score pairs by the cosine of their whitened vectors.

        Raises:
            GisError: The vectors are narrower than the dimensions to keep, or too few to find so many directions.
        """
        (output,) = outputs
        if not isinstance(output, PairVectors):
            raise TypeError("whitening takes vectors")
        rows = output.rows
        if not len(rows.first):
            return np.zeros(0)
        vectors = output.vectors.astype(np.float64)
        known = rows.distinct[vectors[rows.distinct].any(axis=1)]
        mean, matrix = self._fit(vectors[known])
        whitened = np.zeros((len(vectors), matrix.shape[1]))
        whitened[known] = (vectors[known] - mean) @ matrix
        return cosine(whitened[rows.first], whitened[rows.second])

    def _fit(self, vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the (dim,) mean and the (dim, dimensions) matrix that whitens what deviates from it."""
        n, width = vectors.shape
        kept = self._dimensions or width
        if kept > width:
            raise GisError(f"{self.parts[0].card.name} has {width} dimensions; whitening cannot keep {kept} of them")
        if n <= kept + 1:  # all distances between n points in n - 1 whitened dimensions are equal
            raise GisError(
                f"whitening to {kept} dimensions needs more than {kept + 1} distinct texts, and the task has {n}",
                remedy=f"add dimensions=N with N well below {n}",
            )
        mean = vectors.mean(axis=0)
        variances, directions = np.linalg.eigh((vectors - mean).T @ (vectors - mean) / n)
        wide = np.flatnonzero(variances > SMALLEST_SHARE * variances[-1])[-kept:]  # the widest come last
        return mean, directions[:, wide] / np.sqrt(variances[wide])


def whitening(spec: Spec, settings: LoadSettings) -> Whitening:
    """Open ``whitening,model=…,dimensions=N``.

    Raises:
        UsageError: An option is wrong.
        GisError: The model cannot be loaded.
    """
    spec.check_options(("model", "dimensions"))
    if "model" not in spec.options:
        raise UsageError("whitening needs a model", remedy="name it: whitening,model=minilm")
    given = spec.options.get("dimensions")
    if given is not None and (not given.isdecimal() or not int(given)):
        raise UsageError(f"dimensions must be a whole number above 0, not '{given}'")
    model = load_model(parse_spec(spec.options["model"]), settings)
    return Whitening(model, None if given is None else int(given), name=str(spec))

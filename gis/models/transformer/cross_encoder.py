"""Cross-encoders: models that read two texts together and give one similarity, run by sentence-transformers."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError
from gis.models.base import LoadSettings, ModelCard, PairScorer
from gis.models.transformer.model_folder import ModelFolder

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

ROWS = {"cpu": 32}  # of a forward pass; more elsewhere
ROWS_ELSEWHERE = 128


class PretrainedPairScorer(PairScorer):
    """A cross-encoder's folder; the first text of a pair is read before the second, so the order can matter.

    Args:
        folder: The folder, already read.
        settings: Device and precision.
        card: What results record of it.
    """

    def __init__(self, folder: ModelFolder, settings: LoadSettings, card: ModelCard) -> None:
        self._folder = folder
        self._settings = settings
        self.card = card

    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Score each pair as ``CrossEncoder.predict`` does.

        Raises:
            GisError: The model cannot be loaded, or does not give one number for each pair.
        """
        if not pairs:
            return np.zeros(0)
        try:
            scores = self._model.predict(
                list(pairs), batch_size=ROWS.get(self._model.device.type, ROWS_ELSEWHERE), show_progress_bar=False
            )
        except GisError:
            raise
        except Exception as error:  # every module has errors of its own
            raise GisError(f"{self.card.name} failed: {type(error).__name__}: {error}") from error
        if scores.shape != (len(pairs),):
            raise GisError(
                f"{self._folder.folder} gives {scores.shape[1:]} numbers for a pair; gis needs one similarity"
            )
        return np.asarray(scores, dtype=np.float64)

    @cached_property
    def _model(self) -> "CrossEncoder":
        from gis.models.transformer.sentence_transformer import load_cross_encoder

        model, self.hardware = load_cross_encoder(self._folder, self._settings)
        return model

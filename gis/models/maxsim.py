"""Late interaction by the token vectors of any encoder."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gis.errors import UsageError
from gis.hashes import sha256_of
from gis.models.base import LEARNED, LoadSettings, Model, ModelCard, PairScorer, TextLengths
from gis.models.registry import load_model
from gis.models.transformer.late_interaction import MEAN_MAXSIM, score_by_tokens
from gis.models.transformer.pretrained_encoder import PretrainedEncoder
from gis.spec import Spec, parse_spec
from gis.text import whole_characters


class MaxSim(PairScorer):
    """Late interaction by the token vectors of an encoder: the last layer's, without special tokens.

    Args:
        model: An encoder whose transformer gis runs itself.
        name: What tables call it.

    Raises:
        UsageError: The model has no token vectors.
    """

    def __init__(self, model: Model, *, name: str = "maxsim") -> None:
        if not isinstance(model, PretrainedEncoder):
            raise UsageError(
                f"maxsim is for transformers that give each token a vector; {model.card.name} is something else"
            )
        self._model = model
        self.reproducible = model.reproducible
        self.card = ModelCard(
            name=name,
            identity=sha256_of({"adapter": "maxsim", "model": model.card.identity}),
            settings={
                "models": model.card.name,
                "score": MEAN_MAXSIM,
                **{key: value for key, value in model.card.settings.items() if key == LEARNED},
            },
            max_tokens=model.card.max_tokens,
            parameters=model.card.parameters,
        )

    def in_full_precision(self) -> "MaxSim | None":
        """Return late interaction by the same encoder in fp32; None where it runs in fp32 already."""
        model = self._model.in_full_precision()
        return None if model is None else MaxSim(model, name=self.card.name)

    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Score each pair by ``mean_maxsim``.

        Raises:
            GisError: The model cannot be loaded, only sentence-transformers can run it, or it fails.
        """
        if not pairs:
            return np.zeros(0)
        engine = self._model.token_engine
        self.hardware = engine.hardware
        whole = [(whole_characters(first), whole_characters(second)) for first, second in pairs]
        return score_by_tokens(whole, engine.token_vectors)

    def lengths(self, texts: Sequence[str]) -> TextLengths:
        """Count the tokens of each text, and how many of them are read."""
        return self._model.token_engine.lengths(texts)


def maxsim(spec: Spec, settings: LoadSettings) -> MaxSim:
    """Open ``maxsim,model=…``.

    Raises:
        UsageError: An option is wrong, or the model has no token vectors.
        GisError: The model cannot be loaded.
    """
    spec.check_options(("model",))
    if "model" not in spec.options:
        raise UsageError("maxsim needs a model", remedy="name it: maxsim,model=minilm")
    return MaxSim(load_model(parse_spec(spec.options["model"]), settings), name=str(spec))

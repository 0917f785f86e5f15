"""The encoder of any model folder, whatever runs it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from gis.errors import GisError
from gis.models.base import EncodedBatch, Encoder, LoadSettings, ModelCard
from gis.models.transformer.card import card_of
from gis.models.transformer.model_folder import ModelFolder

if TYPE_CHECKING:
    from gis.models.transformer.engine import TransformerEngine


class Engine(Protocol):
    """What embeds texts with the weights of a model folder."""

    hardware: str

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """As ``Encoder.batches``."""
        ...


class PretrainedEncoder(Encoder):
    """The encoder of a model folder; its weights are loaded with the first text.

    A run that finds every vector in the cache never imports torch.

    Args:
        folder: The folder, already read.
        settings: Device, precision, memory.
        card: What results record of it.
    """

    def __init__(self, folder: ModelFolder, settings: LoadSettings, card: ModelCard) -> None:
        self._folder = folder
        self._settings = settings
        self.card = card
        self.reproducible = not folder.own_code

    def in_full_precision(self) -> "PretrainedEncoder | None":
        """Return the same model in fp32; None where it runs in fp32 already, or in its own format, as a static one."""
        if self._settings.precision == "fp32" or self._folder.engine == "model2vec":
            return None
        settings = replace(self._settings, precision="fp32")
        card = card_of(self._folder, settings, f"{self.card.name} in fp32", None)
        return PretrainedEncoder(self._folder, settings, card)

    def load(self) -> None:
        """Load weights and tokenizer."""
        self.hardware = self._engine.hardware

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first.

        Raises:
            GisError: The model cannot be loaded, or fails on these texts.
        """
        self.load()
        try:
            yield from self._engine.batches(texts)
        except (GisError, GeneratorExit):
            raise
        except Exception as error:  # every architecture has errors of its own
            raise GisError(f"{self.card.name} failed: {type(error).__name__}: {error}") from error

    @property
    def token_engine(self) -> "TransformerEngine":
        """What gives each token a vector.

        Raises:
            GisError: The model cannot be loaded, or is one that gis does not run itself.
        """
        from gis.models.transformer.engine import TransformerEngine

        self.load()
        if not isinstance(self._engine, TransformerEngine):
            raise GisError(f"{self.card.name} has no vectors of tokens that gis can read; it runs in another library")
        return self._engine

    @cached_property
    def _engine(self) -> Engine:
        if self._folder.engine == "model2vec":
            from gis.models.transformer.static import StaticEngine

            return StaticEngine(self._folder)
        if self._folder.engine == "transformer":
            from gis.models.transformer.engine import TransformerEngine

            engine = TransformerEngine.of(self._folder, self._settings)
            if engine is not None:
                return engine
        from gis.models.transformer.sentence_transformer import open_with_sentence_transformers

        return open_with_sentence_transformers(self._folder, self._settings)

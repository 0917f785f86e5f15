"""Models that only sentence-transformers can run: dense layers, static embeddings, several poolings."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import transformers

from gis.errors import GisError, UsageError
from gis.models.base import EncodedBatch, LoadSettings, TextLengths
from gis.models.transformer.device import DTYPES, check_precision, choose_device, describe_device
from gis.models.transformer.loading import SAMPLE, check_weights, quiet_transformers, reason_of, tolerance
from gis.models.transformer.model_folder import ModelFolder, split_prompt

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS_PER_CALL = 256  # between two batches handed on: what an interruption can cost
TEXTS_PER_PASS = 32  # the library's own default
# The poolings that sentence-transformers has, too, under its names.
LIBRARY_POOLINGS = {"cls": "cls", "mean": "mean", "max": "max", "last": "lasttoken"}
VECTOR = "sentence_embedding"  # the key under which modules hand it on


class SentenceTransformerEngine:
    """A thin layer over ``SentenceTransformer.encode``; texts still come sorted by length.

    Args:
        model: The model; ``max_seq_length`` is already what it should be.
        max_tokens: That length, special tokens included; None without limit.
        prompt: Text with ``{text}`` where the text goes.
        rows: Texts of a forward pass. None finds out whether texts may be padded to the longest of a pass.
    """

    def __init__(
        self, model: "SentenceTransformer", *, max_tokens: int | None, prompt: str, rows: int | None = None
    ) -> None:
        self.hardware = describe_device(model.device)
        self._model = model
        self._max_tokens = max_tokens
        self._before, self._after = split_prompt(prompt)
        tokens, kept = token_lengths(
            model, [f"{self._before}{text}{self._after}" for text in ("", "a b c")], max_tokens
        )
        if tokens[0] < tokens[1] and kept[0] == kept[1]:  # all texts would have one vector
            raise UsageError(f"max_length {max_tokens} leaves no room for a text beside the prompt and special tokens")
        self._rows = rows

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first."""
        if self._rows is None:
            self._rows = TEXTS_PER_PASS if self._ignores_padding() else 1
        prompted = [f"{self._before}{text}{self._after}" for text in texts]
        tokens, kept = token_lengths(self._model, prompted, self._max_tokens)
        order = np.argsort(-tokens, kind="stable")
        work = kept + 1  # an empty text is some work, too
        total, done = int(work.sum()), 0
        for start in range(0, len(order), TEXTS_PER_CALL):
            rows = order[start : start + TEXTS_PER_CALL]
            vectors = self._encode([prompted[row] for row in rows])
            done += int(work[rows].sum())
            yield EncodedBatch(
                rows=rows,
                vectors=np.asarray(vectors, dtype=np.float32),
                tokens=tokens[rows],
                kept=kept[rows],
                share=done / total,
            )

    def _encode(self, prompted: list[str]) -> Any:  # noqa: ANN401 - an array of any precision
        texts = [text[len(self._before) :] for text in prompted] if not self._after else prompted
        try:
            return self._model.encode(
                texts,
                prompt=self._before if not self._after else "",
                batch_size=self._rows or 1,
                convert_to_numpy=True,
                show_progress_bar=False,
            )
        except KeyError as error:
            if error.args != (VECTOR,):
                raise
            modules = ", ".join(type(module).__name__ for module in self._model)
            raise GisError(
                f"no module of the model makes one vector of a text, as Pooling does; it has {modules}"
            ) from error

    def _ignores_padding(self) -> bool:
        """Return whether a text has the same vector alone and beside a longer one; with some architectures it has not.

        A model that fails alone fails in the same way on the first texts, which says what it needs.
        """
        try:
            alone = self._model.encode([SAMPLE[0]], show_progress_bar=False, convert_to_numpy=True)[0]
            beside = self._model.encode(list(SAMPLE), show_progress_bar=False, convert_to_numpy=True)[0]
        except Exception:  # every module has errors of its own; without a token for padding, for one
            return False
        return bool(np.allclose(alone, beside, rtol=0, atol=tolerance(self._model.dtype) * max(1, np.abs(alone).max())))


def token_lengths(model: Any, texts: list[str], max_tokens: int | None) -> TextLengths:  # noqa: ANN401 - of any kind
    """Count the tokens of each text without special ones, and how many of them a model of the library reads.

    Args:
        model: A model of sentence-transformers.
        texts: n texts with their prompts.
        max_tokens: Where it cuts, special tokens included; None without limit.

    Returns:
        The lengths; zeros where the model's input is not tokenised text.
    """
    tokenizer: Any = getattr(reader_of_texts(model), "tokenizer", None)
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(tokenizer, "encode_batch_fast"):
        tokenizer.no_truncation()
        tokenizer.no_padding()
        rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
    elif isinstance(tokenizer, transformers.PreTrainedTokenizerBase):
        rows = tokenizer(texts, add_special_tokens=False)["input_ids"] if texts else []
    else:
        rows = [[] for _ in texts]
    tokens = np.array([len(ids) for ids in rows], dtype=np.int64)
    if max_tokens is None:
        return TextLengths(tokens, tokens)
    specials: Any = getattr(tokenizer, "num_special_tokens_to_add", None)
    return TextLengths(tokens, np.minimum(tokens, max_tokens - (specials(is_pair=False) if specials else 0)))


def reader_of_texts(model: Any) -> Any:  # noqa: ANN401 - a model of the library, and one of its modules
    """Return the module that reads texts: the first, or where a router sends them."""
    from sentence_transformers.base.modules import Router

    module: Any = model[0]
    while isinstance(module, Router):
        try:
            route: Any = module._resolve_route(modality="text")
            module = next(iter(module.sub_modules[route].children()))
        except ValueError:  # no route for texts of no task; encoding them says so
            return None
    return module


def open_with_sentence_transformers(folder: ModelFolder, settings: LoadSettings) -> SentenceTransformerEngine:
    """Load a model folder with sentence-transformers itself.

    Raises:
        GisError: Weights are missing or broken, or the library cannot express the folder's pooling.
        UsageError: A length was asked for, and the model reads texts whole.
    """
    device = choose_device(settings.device)
    check_precision(settings.precision, device)
    with _loading(folder):
        model = _with_modules(folder, device) if folder.pooling is not None else _as_saved(folder, device)
    model = model.to(DTYPES[settings.precision])
    _set_limit(model, folder)
    rows = TEXTS_PER_PASS if folder.own_code else None  # a folder's own code is run as the library would run it
    return SentenceTransformerEngine(model, max_tokens=folder.max_tokens, prompt=folder.prompt, rows=rows)


def load_pair_scorer(kind: str, folder: ModelFolder, settings: LoadSettings) -> tuple[Any, str]:
    """Load a model that compares pairs, of one of the library's classes, and say what it runs on.

    Raises:
        GisError: Weights are missing or broken.
    """
    import sentence_transformers

    device = choose_device(settings.device)
    check_precision(settings.precision, device)
    with _loading(folder):
        model: Any = getattr(sentence_transformers, kind)(
            str(folder.folder),
            device=str(device),
            trust_remote_code=folder.trust_remote_code,
            local_files_only=True,
        )
    model = model.to(DTYPES[settings.precision])
    _set_limit(model, folder)
    return model, describe_device(device)


@contextmanager
def _loading(folder: ModelFolder) -> Iterator[None]:
    """Load in this block with one kind of error, and no weights that are missing in the file."""
    try:
        with quiet_transformers(), _watched_weights(folder.folder):
            yield
    except GisError:
        raise
    except Exception as error:  # every module has errors of its own for a file that is not whole
        raise GisError(f"sentence-transformers cannot load {folder.folder}: {reason_of(error)}") from error


@contextmanager
def _watched_weights(folder: Path) -> Iterator[None]:
    """Refuse in this block what transformers fills with random numbers; sentence-transformers does not look.

    Raises:
        GisError: Weights of the architecture are missing in ``folder``, or have another shape.
    """
    original = transformers.PreTrainedModel.__dict__["from_pretrained"]

    @classmethod  # type: ignore[misc]
    def from_pretrained(cls: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401
        wants_report = options.pop("output_loading_info", False)
        model, report = original.__func__(cls, *args, output_loading_info=True, **options)
        if report["missing_keys"] and cls.__name__.endswith("Encoder"):
            raise GisError(
                f"{folder}: sentence-transformers opens the encoder alone, does not find its weights, and would go on "
                "with random ones; gis cannot run this encoder-decoder"
            )
        check_weights(folder, report)
        return (model, report) if wants_report else model

    setattr(transformers.PreTrainedModel, "from_pretrained", from_pretrained)  # noqa: B010 - a method, to mypy
    try:
        yield
    finally:
        setattr(transformers.PreTrainedModel, "from_pretrained", original)  # noqa: B010


def _as_saved(folder: ModelFolder, device: torch.device) -> "SentenceTransformer":
    """Open a folder with modules.json."""
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(
        str(folder.folder), device=str(device), trust_remote_code=folder.trust_remote_code, local_files_only=True
    )


def _with_modules(folder: ModelFolder, device: torch.device) -> "SentenceTransformer":
    """Put the modules together that ``folder`` describes: a transformer of texts, its pooling, its length."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

    if folder.adapter is not None:
        raise GisError(f"the backbone of {folder.adapter} is of a kind on which gis cannot run an adapter")
    if folder.pooling not in LIBRARY_POOLINGS:
        known = ", ".join(LIBRARY_POOLINGS)
        raise GisError(f"{folder.folder} is left to sentence-transformers, which knows the poolings {known} only")
    own: dict[str, Any] = {"trust_remote_code": folder.trust_remote_code, "local_files_only": True}
    transformer = Transformer(
        str(folder.folder),
        model_kwargs=dict(own),
        processor_kwargs=dict(own),
        config_kwargs=dict(own),
        do_lower_case=folder.lowercase,
        modality_config={"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
        module_output_name="token_embeddings",
    )
    width = transformer.get_embedding_dimension()
    modules = [transformer, Pooling(width, pooling_mode=LIBRARY_POOLINGS[folder.pooling])]
    return SentenceTransformer(modules=[*modules, Normalize()] if folder.normalize else modules, device=str(device))


def _set_limit(model: Any, folder: ModelFolder) -> None:  # noqa: ANN401 - an encoder or a cross-encoder
    if folder.max_tokens is None:
        return
    try:
        model.max_seq_length = folder.max_tokens
        if getattr(model[0], "document_length", None) is not None:  # of late interaction, and the narrower one
            model[0].document_length = folder.max_tokens
    except AttributeError as error:
        raise UsageError(f"{folder.name} reads texts whole: max_length cannot cut them") from error

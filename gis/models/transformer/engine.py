"""The engine that embeds texts with a transformer: tokenised once, longest first, batches by tokens."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray

from gis.errors import GisError
from gis.models.base import EncodedBatch, LoadSettings
from gis.models.transformer.device import DTYPES, choose_device, describe_device
from gis.models.transformer.encoder import SentenceEncoder, TokenIds
from gis.models.transformer.model_folder import ModelFolder
from gis.models.transformer.tokens import TextTokenizer

BATCH_TOKENS = {"cpu": 4096, "cuda": 65536, "mps": 16384}  # on a CPU, activations that stay in its cache win
BATCH_ROWS = 1024

TOKENIZER_FILES = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken")


# A short and a long text, to compare what the engine makes of them with what the model itself does.
SAMPLE = ("a cat", "one two three four five six seven eight nine ten")


class TransformerEngine:
    """A transformer with a pooling, ready to embed.

    Raises:
        GisError: The device is not there, the weights do not fit the configuration, or one text alone does not
            fit into memory.
    """

    def __init__(self, model_folder: ModelFolder, settings: LoadSettings) -> None:
        if model_folder.pooling is None:
            raise AssertionError("a folder without a pooling is left to sentence-transformers")
        device = choose_device(settings.device)
        self.hardware = describe_device(device)
        backbone = load_backbone(model_folder, settings.precision).to(device).eval()
        self._encoder = SentenceEncoder(backbone, model_folder.pooling, normalize=model_folder.normalize)
        self._tokenize = TextTokenizer(
            load_tokenizer(model_folder), model_folder.max_tokens, model_folder.prompt, lowercase=model_folder.lowercase
        )
        self._budget = settings.batch_tokens or BATCH_TOKENS.get(device.type, BATCH_TOKENS["mps"])

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first, so that what does not fit into memory shows at once."""
        tokenized = self._tokenize(texts)
        lengths = np.array([len(ids) for ids in tokenized.ids])
        order = np.argsort(-lengths, kind="stable")
        work = lengths + 1  # an empty text is some work, too
        total, done, start = int(work.sum()), 0, 0
        while start < len(order):
            longest = max(int(lengths[order[start]]), 1)
            rows = order[start : start + min(max(self._budget // longest, 1), BATCH_ROWS)]
            vectors = self._embed([tokenized.ids[row] for row in rows])
            start += len(rows)
            done += int(work[rows].sum())
            yield EncodedBatch(
                rows=rows, vectors=vectors, tokens=tokenized.tokens[rows], kept=tokenized.kept[rows], share=done / total
            )

    def token_vectors(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return the last layer's output for each token of each text, special tokens left out: (tokens, width) each."""
        ids = self._tokenize(texts).ids
        vectors = [np.zeros((0, self._encoder.width), dtype=np.float32)] * len(texts)
        order = [int(row) for row in np.argsort([-len(row) for row in ids], kind="stable") if len(ids[row])]
        start = 0
        while start < len(order):
            rows = order[start : start + min(max(self._budget // len(ids[order[start]]), 1), BATCH_ROWS)]
            start += len(rows)
            with torch.inference_mode():
                states = self._encoder.token_states([ids[row] for row in rows])
            for row, state in zip(rows, states, strict=True):
                vectors[row] = state.cpu().numpy()[~np.isin(ids[row], self._tokenize.special_ids)]
        return vectors

    @classmethod
    def of(cls, model_folder: ModelFolder, settings: LoadSettings) -> "TransformerEngine | None":
        """Open ``model_folder`` if this engine is proven to give the model's own vectors; None otherwise.

        It feeds a model nothing but token ids and a mask, pads on the right, and expects a hidden state for each token.
        Architectures of which an encoder and a decoder are one model, or that need or see more than that, are left to
        sentence-transformers.
        """
        if _is_encoder_decoder(model_folder):
            return None
        engine = cls(model_folder, settings)
        return engine if engine.is_faithful() else None

    def is_faithful(self) -> bool:
        """Return whether a text's vector is the model's own for the whole output of its tokenizer, text alone."""
        if self._encoder.proven:
            return True
        ids = self._tokenize(SAMPLE).ids
        with torch.inference_mode():
            try:
                vectors = self._encoder(ids)
            except (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError):
                return False
            expected = torch.cat([self._encoder.alone(self._tokenize.inputs(text)) for text in SAMPLE])
        share = tolerance(self._encoder.backbone.dtype)
        return torch.allclose(vectors, expected, rtol=0, atol=share * max(1.0, float(expected.abs().max())))

    def _embed(self, ids: list[TokenIds]) -> NDArray[np.float32]:
        """Embed one batch, (texts, dim) float32; halves it when memory runs out."""
        try:
            with torch.inference_mode():
                return np.asarray(self._encoder(ids).cpu().numpy(), dtype=np.float32)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if len(ids) == 1:
                raise GisError(
                    f"a text of {len(ids[0])} tokens does not fit into the memory of {self.hardware}",
                    remedy="set --max-length, or --precision bf16",
                ) from None
            middle = len(ids) // 2
            self._budget = max(self._budget // 2, 1)
            return np.concatenate([self._embed(ids[:middle]), self._embed(ids[middle:])])


def _is_encoder_decoder(model_folder: ModelFolder) -> bool:
    """Return whether the model has an encoder beside its decoder, even if only the encoder was saved."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES as ENCODERS
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES as MODELS

    try:
        config = transformers.AutoConfig.from_pretrained(
            model_folder.folder, trust_remote_code=model_folder.trust_remote_code
        )
    except Exception as error:  # of a broken file, or an architecture that is not known
        raise GisError(f"{model_folder.folder} cannot be loaded by transformers: {reason_of(error)}") from error
    kind = config.model_type
    return bool(config.is_encoder_decoder) or (kind in ENCODERS and ENCODERS[kind] != MODELS.get(kind))


def load_backbone(model_folder: ModelFolder, precision: str, config: Any = None) -> Any:  # noqa: ANN401 - transformers' models share no type
    """Load the transformer without a head, a LoRA adapter merged in.

    Args:
        model_folder: The folder.
        precision: A key of ``DTYPES``.
        config: Takes the place of the folder's own, to leave out layers; None takes that.

    Raises:
        GisError: Weights are missing (transformers would fill them with random numbers and go on), or ``peft`` is.
    """
    try:
        with quiet_transformers():
            model, report = transformers.AutoModel.from_pretrained(
                model_folder.folder,
                dtype=DTYPES[precision],
                trust_remote_code=model_folder.trust_remote_code,
                output_loading_info=True,
                **({} if config is None else {"config": config}),
            )
    except Exception as error:  # every library below has errors of its own for a file that is not whole
        raise GisError(f"{model_folder.folder} cannot be loaded by transformers: {reason_of(error)}") from error
    check_weights(model_folder.folder, report)
    if model_folder.adapter is not None:
        model = _with_adapter(model, model_folder.adapter)
    return model.get_encoder() if model.config.is_encoder_decoder else model


def check_weights(folder: Path, report: Mapping[str, Any]) -> None:
    """Raise a GisError for weights that transformers did not find in ``folder``, by its report on loading."""
    missing = sorted(key for key in report["missing_keys"] if "pooler." not in key and "position_ids" not in key)
    if missing:
        raise GisError(
            f"{folder} lacks {len(missing)} weights of its architecture ({missing[0]}, …): "
            "the file is incomplete or belongs to another model"
        )
    if report.get("mismatched_keys"):
        raise GisError(f"{folder}: weights have another shape than config.json says")


def tolerance(dtype: torch.dtype | None) -> float:
    """Return how much two computations of one number may differ, as a share of the largest number."""
    return 1e-4 if dtype in (None, torch.float32, torch.float64) else 3e-2


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Let transformers and peft work without progress bars and remarks; their switches are then put back."""
    logging = transformers.utils.logging
    verbosity, progress = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="peft|transformers")
            yield
    finally:
        logging.set_verbosity(verbosity)
        if progress:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _with_adapter(model: Any, adapter: Path) -> Any:  # noqa: ANN401
    """Merge a LoRA adapter into its backbone."""
    try:
        from peft import PeftModel, get_peft_model_state_dict
        from peft.utils import load_peft_weights
    except ImportError as error:
        raise GisError("LoRA adapters need the extra 'lora': pip install 'gis-similarity[lora]'") from error
    try:
        with quiet_transformers():
            adapted = PeftModel.from_pretrained(model, adapter)
        missing = get_peft_model_state_dict(adapted).keys() - load_peft_weights(str(adapter), device="cpu").keys()
        missing = {name for name in missing if "pooler." not in name}  # no vector passes through it
    except Exception as error:
        raise GisError(f"the adapter in {adapter} does not fit its backbone: {reason_of(error)}") from error
    if missing:
        raise GisError(f"the adapter in {adapter} lacks {len(missing)} of its weights ({min(missing)}, …)")
    return adapted.merge_and_unload().requires_grad_(requires_grad=True)  # peft froze what it adapted


def load_tokenizer(model_folder: ModelFolder) -> Any:  # noqa: ANN401
    """Load the tokenizer: the adapter's where it has one, else the backbone's.

    Raises:
        GisError: There is none, or it is broken.
    """
    folders = [folder for folder in (model_folder.adapter, model_folder.folder) if folder is not None]
    folder = next((f for f in folders if any(any(f.glob(pattern)) for pattern in TOKENIZER_FILES)), None)
    if folder is None:  # transformers would make one up that knows no word
        raise GisError(f"{model_folder.folder} holds no tokenizer ({', '.join(TOKENIZER_FILES)})")
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=model_folder.trust_remote_code)
    except Exception as error:
        raise GisError(f"the tokenizer in {folder} cannot be loaded: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """Return in one line why a library could not load something; their own messages go on with advice."""
    message = str(error).strip()
    if isinstance(error, UnpicklingError) or "weights_only" in message:
        return "its weights are a pickle that is damaged or holds more than tensors, which gis does not run"
    if "trust_remote_code" in message:
        return "it needs code of its own, which runs only with trust_remote_code=true"
    return message.splitlines()[0] if message else type(error).__name__

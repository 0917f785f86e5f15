"""Load a transformer and its tokenizer from a model folder, and refuse what is not whole."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
import transformers

from gis.errors import GisError
from gis.models.transformer.device import DTYPES
from gis.models.transformer.flat.bert_weights import read_bert
from gis.models.transformer.flat.families import FAMILIES
from gis.models.transformer.model_folder import ModelFolder

# A short and a long text, whose vectors are compared with those of a model itself, and must not depend on each other.
SAMPLE = ("a cat", "one two three four five six seven eight nine ten")
OTHER_SHAPES = "weights have another shape than config.json says"
TOKENIZER_FILES = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken")


def read_config(model_folder: ModelFolder) -> Any:  # noqa: ANN401 - transformers' configurations share no type
    """Read the configuration of a model folder.

    Raises:
        GisError: It is broken, or of an architecture that is not known.
    """
    try:
        return transformers.AutoConfig.from_pretrained(
            model_folder.folder, trust_remote_code=model_folder.trust_remote_code
        )
    except Exception as error:  # of a broken file, or an architecture that is not known
        raise GisError(f"{model_folder.folder} cannot be loaded by transformers: {reason_of(error)}") from error


def is_encoder_decoder(config: Any) -> bool:  # noqa: ANN401
    """Return whether a model has an encoder beside its decoder, even if only the encoder was saved."""
    if config.is_encoder_decoder or config.model_type in FAMILIES:
        return bool(config.is_encoder_decoder)
    from transformers.models.auto.modeling_auto import MODEL_FOR_TEXT_ENCODING_MAPPING_NAMES as ENCODERS
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES as MODELS

    kind = config.model_type
    return kind in ENCODERS and ENCODERS[kind] != MODELS.get(kind)


def load_frozen(model_folder: ModelFolder, precision: str, config: Any) -> Any:  # noqa: ANN401
    """Load the transformer for embedding alone: plain weights where they are all that it takes, else as it is."""
    if model_folder.adapter is None and not model_folder.trust_remote_code:
        weights = read_bert(model_folder.folder, config, DTYPES[precision])
        if weights is not None:
            return weights
    return load_backbone(model_folder, precision)


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
        raise GisError(f"{folder}: {OTHER_SHAPES}")


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
    if "ignore_mismatched_sizes" in message:
        return OTHER_SHAPES
    first, *more = message.splitlines() or [type(error).__name__]
    return f"{first} {more[0].strip()}" if first.endswith(":") and more else first

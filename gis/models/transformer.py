"""The engine that embeds texts with a transformer: tokenised once, longest first, batches by tokens."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize
from torch.nn.utils.rnn import pad_sequence

from gis.errors import GisError
from gis.models.base import EncodedBatch, LoadSettings
from gis.models.checkpoint import Checkpoint
from gis.models.device import DTYPES, choose_device, describe_device
from gis.models.flat import FlatBert
from gis.models.pooling import FIRST_LAST_AVG, POOLINGS
from gis.models.tokens import TextTokenizer

BATCH_TOKENS = {"cpu": 4096, "cuda": 65536, "mps": 16384}  # on a CPU, activations that stay in its cache win
BATCH_ROWS = 1024

TOKENIZER_FILES = ("tokenizer.json", "vocab*", "*.model", "*.tiktoken")

TokenIds = NDArray[np.int32]


class TransformerEngine:
    """A transformer with a pooling, ready to embed.

    Raises:
        GisError: The device is not there, the weights do not fit the configuration, or one text alone does not
            fit into memory.
    """

    def __init__(self, checkpoint: Checkpoint, settings: LoadSettings) -> None:
        if checkpoint.pooling is None:
            raise AssertionError("a checkpoint without a pooling is sentence-transformers' to run")
        self._device = choose_device(settings.device)
        self.hardware = describe_device(self._device)
        self._model = load_backbone(checkpoint, settings.precision).to(self._device).eval()
        tokenizer = load_tokenizer(checkpoint)
        self._tokenize = TextTokenizer(
            tokenizer, checkpoint.max_tokens, checkpoint.prompt, lowercase=checkpoint.lowercase
        )
        self._pooling = checkpoint.pooling
        self._normalize = checkpoint.normalize
        self._budget = settings.batch_tokens or BATCH_TOKENS.get(self._device.type, BATCH_TOKENS["mps"])
        with torch.inference_mode():
            self._flat = FlatBert.of(self._model) if self._device.type == "cpu" else None

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first, so that what does not fit into memory shows at once."""
        tokenized = self._tokenize(texts)
        lengths = np.array([len(ids) for ids in tokenized.ids])
        order = np.argsort(-lengths, kind="stable")
        total, done = max(int(lengths.sum()), 1), 0
        start, stop = 0, int(np.count_nonzero(lengths))
        while start < stop:
            longest = int(lengths[order[start]])
            rows = order[start : min(start + min(max(self._budget // longest, 1), BATCH_ROWS), stop)]
            vectors = self._embed([tokenized.ids[row] for row in rows])
            start += len(rows)
            done += int(lengths[rows].sum())
            yield EncodedBatch(rows, vectors, tokenized.tokens[rows], tokenized.kept[rows], done / total)
        if stop < len(order):  # an empty text, and a tokenizer that adds nothing to it
            rows = order[stop:]
            nothing = np.zeros((len(rows), self._model.config.hidden_size), dtype=np.float32)
            yield EncodedBatch(rows, nothing, tokenized.tokens[rows], tokenized.kept[rows], 1.0)

    def _embed(self, ids: list[TokenIds]) -> NDArray[np.float32]:
        """Embed one batch, (texts, dim) float32; halves it when memory runs out."""
        try:
            with torch.inference_mode():
                pooled = torch.cat([self._pool(*run) for run in self._hidden_states(ids)])
                pooled = normalize(pooled, dim=-1) if self._normalize else pooled
                return np.asarray(pooled.cpu().numpy(), dtype=np.float32)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            if len(ids) == 1:
                raise GisError(
                    f"a text of {len(ids[0])} tokens does not fit into the memory of {self.hardware}; "
                    "set --max-length, or --precision bf16"
                ) from None
            middle = len(ids) // 2
            self._budget = max(self._budget // 2, 1)
            return np.concatenate([self._embed(ids[:middle]), self._embed(ids[middle:])])

    def _pool(self, first: Tensor | None, last: Tensor, mask: Tensor) -> Tensor:
        """One float32 vector a text from the hidden states of its tokens."""
        hidden = last.float() if first is None else (first.float() + last.float()) / 2
        return POOLINGS[self._pooling](hidden, mask)

    def _hidden_states(self, ids: list[TokenIds]) -> list[tuple[Tensor | None, Tensor, Tensor]]:
        """First layer's output (where the pooling wants it), last layer's, and mask, for consecutive texts."""
        wants_first = self._pooling == FIRST_LAST_AVG
        if self._flat is not None:
            return [
                (first if wants_first else None, last, torch.ones(last.shape[:2])) for first, last in self._flat(ids)
            ]
        tokens = pad_sequence([torch.from_numpy(row.astype(np.int64)) for row in ids], batch_first=True)
        lengths = torch.tensor([len(row) for row in ids])
        mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
        tokens, mask = tokens.to(self._device), mask.to(self._device)
        output = self._model(input_ids=tokens, attention_mask=mask, output_hidden_states=wants_first)
        first = output.hidden_states[1] if wants_first else None
        return [(first, output.last_hidden_state, mask)]


def load_backbone(checkpoint: Checkpoint, precision: str) -> Any:  # noqa: ANN401 - transformers' models share no type
    """Load the transformer without a head, a LoRA adapter merged in.

    Raises:
        GisError: Weights are missing (transformers would fill them with random numbers and go on), or ``peft`` is.
    """
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model, report = transformers.AutoModel.from_pretrained(
            checkpoint.folder,
            dtype=DTYPES[precision],
            trust_remote_code=checkpoint.trust_remote_code,
            output_loading_info=True,
        )
    except Exception as error:  # every library below has errors of its own for a file that is not whole
        raise GisError(f"{checkpoint.folder} cannot be loaded by transformers: {_first_line(error)}") from error
    missing = sorted(key for key in report["missing_keys"] if "pooler." not in key and "position_ids" not in key)
    if missing:
        raise GisError(
            f"{checkpoint.folder} lacks {len(missing)} weights of its architecture ({missing[0]}, …): "
            "the file is incomplete or belongs to another model"
        )
    if report.get("mismatched_keys"):
        raise GisError(f"{checkpoint.folder}: weights have another shape than config.json says")
    if checkpoint.adapter is not None:
        model = _with_adapter(model, checkpoint.adapter)
    return model.get_encoder() if model.config.is_encoder_decoder else model


def _with_adapter(model: Any, adapter: Path) -> Any:  # noqa: ANN401
    """Merge a LoRA adapter into its backbone."""
    try:
        from peft import PeftModel, get_peft_model_state_dict
        from peft.utils import load_peft_weights
    except ImportError as error:
        raise GisError("LoRA adapters need the extra 'lora': pip install 'gis[lora]'") from error
    try:
        adapted = PeftModel.from_pretrained(model, adapter)
        missing = get_peft_model_state_dict(adapted).keys() - load_peft_weights(str(adapter), device="cpu").keys()
    except Exception as error:
        raise GisError(f"the adapter in {adapter} does not fit its backbone: {_first_line(error)}") from error
    if missing:
        raise GisError(f"the adapter in {adapter} lacks {len(missing)} of its weights ({min(missing)}, …)")
    return adapted.merge_and_unload()


def load_tokenizer(checkpoint: Checkpoint) -> Any:  # noqa: ANN401
    """Load the tokenizer: the adapter's where it has one, else the backbone's.

    Raises:
        GisError: There is none, or it is broken.
    """
    folders = [folder for folder in (checkpoint.adapter, checkpoint.folder) if folder is not None]
    folder = next((each for each in folders if any(any(each.glob(p)) for p in TOKENIZER_FILES)), None)
    if folder is None:  # transformers would make one up that knows no word
        raise GisError(f"{checkpoint.folder} holds no tokenizer ({', '.join(TOKENIZER_FILES)})")
    try:
        return transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=checkpoint.trust_remote_code)
    except Exception as error:
        raise GisError(f"the tokenizer in {folder} cannot be loaded: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__

"""Models that only sentence-transformers can run: dense layers, static embeddings, several poolings."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.models.base import EncodedBatch, LoadSettings
from gis.models.transformer.device import DTYPES, choose_device, describe_device
from gis.models.transformer.engine import load_backbone, quiet_transformers
from gis.models.transformer.model_folder import ModelFolder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TEXTS_PER_CALL = 256  # between two batches handed on: what an interruption can cost


class SentenceTransformerEngine:
    """A thin layer over ``SentenceTransformer.encode``; texts still come sorted by length.

    Args:
        model: The model; ``max_seq_length`` is already what it should be.
        max_tokens: That length, special tokens included; None without limit.
        prompt: Text with ``{text}`` where the text goes.
    """

    def __init__(self, model: "SentenceTransformer", *, max_tokens: int | None, prompt: str) -> None:
        self.hardware = describe_device(model.device)
        self._model = model
        tokenizer: Any = getattr(model, "tokenizer", None)
        self._tokenizer: Any = getattr(tokenizer, "backend_tokenizer", tokenizer)
        self._limit = max_tokens
        if max_tokens is not None and hasattr(self._tokenizer, "num_special_tokens_to_add"):
            self._limit = max_tokens - self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._before, self._after = prompt.split("{text}")

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first."""
        prompted = [f"{self._before}{text}{self._after}" for text in texts]
        tokens = self._count(prompted)
        kept = tokens if self._limit is None else np.minimum(tokens, self._limit)
        order = np.argsort(-tokens, kind="stable")
        work = kept + 1  # an empty text is some work, too
        total, done = int(work.sum()), 0
        for start in range(0, len(order), TEXTS_PER_CALL):
            rows = order[start : start + TEXTS_PER_CALL]
            vectors = self._model.encode(
                [text[len(self._before) :] if not self._after else text for text in (prompted[row] for row in rows)],
                prompt=self._before if not self._after else "",
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            done += int(work[rows].sum())
            yield EncodedBatch(
                rows=rows,
                vectors=np.asarray(vectors, dtype=np.float32),
                tokens=tokens[rows],
                kept=kept[rows],
                share=done / total,
            )

    def _count(self, texts: list[str]) -> NDArray[np.int64]:
        """Count the tokens of each text without special ones; zeros where the model's input is not tokenised text."""
        if not hasattr(self._tokenizer, "encode_batch_fast"):
            return np.zeros(len(texts), dtype=np.int64)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        encodings = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return np.array([len(encoding) for encoding in encodings], dtype=np.int64)


def open_with_sentence_transformers(folder: ModelFolder, settings: LoadSettings) -> SentenceTransformerEngine:
    """Load a model folder with sentence-transformers itself.

    Raises:
        GisError: Weights are missing or broken.
        UsageError: A length was asked for, and the model reads texts whole.
    """
    from sentence_transformers import SentenceTransformer

    device = choose_device(settings.device)
    if (folder.folder / "config.json").is_file():
        load_backbone(folder, settings.precision)  # reports missing weights, which the library does not
    try:
        with quiet_transformers():
            model = SentenceTransformer(
                str(folder.folder),
                device=str(device),
                trust_remote_code=folder.trust_remote_code,
                local_files_only=True,
            )
    except Exception as error:  # every module has errors of its own for a file that is not whole
        raise GisError(f"sentence-transformers cannot load {folder.folder}: {error}") from error
    model = model.to(DTYPES[settings.precision])
    if folder.max_tokens is not None:
        try:
            model.max_seq_length = folder.max_tokens
        except AttributeError as error:
            raise UsageError(f"{folder.folder.name} reads texts whole: max_length cannot cut them") from error
    return SentenceTransformerEngine(model, max_tokens=folder.max_tokens, prompt=folder.prompt)

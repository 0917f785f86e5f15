"""Folders that only sentence-transformers can run: dense layers, static embeddings, several poolings."""

from collections.abc import Iterator, Sequence

import numpy as np

from gis.errors import GisError, UsageError
from gis.models.base import EncodedBatch, LoadSettings
from gis.models.transformer.device import DTYPES, choose_device, describe_device
from gis.models.transformer.engine import load_backbone
from gis.models.transformer.model_folder import Checkpoint

SLICE = 256  # texts between two batches handed on: what an interruption can cost


class SentenceTransformerEngine:
    """A thin layer over ``SentenceTransformer.encode``; texts still come sorted by length."""

    def __init__(self, checkpoint: Checkpoint, settings: LoadSettings) -> None:
        from sentence_transformers import SentenceTransformer

        device = choose_device(settings.device)
        self.hardware = describe_device(device)
        if (checkpoint.folder / "config.json").is_file():
            load_backbone(checkpoint, settings.precision)  # it tells of missing weights, the library does not
        try:
            model = SentenceTransformer(
                str(checkpoint.folder),
                device=str(device),
                trust_remote_code=checkpoint.trust_remote_code,
                local_files_only=True,
            )
        except Exception as error:  # every module has errors of its own for a file that is not whole
            raise GisError(f"sentence-transformers cannot load {checkpoint.folder}: {error}") from error
        self._model = model.to(DTYPES[settings.precision])
        self._limit = checkpoint.max_tokens
        self._tokenizer = getattr(self._model.tokenizer, "backend_tokenizer", self._model.tokenizer)
        if self._limit is not None:
            try:
                self._model.max_seq_length = self._limit
            except AttributeError as error:
                raise UsageError(f"{checkpoint.folder.name} reads texts whole: max_length cannot cut them") from error
            self._limit -= self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._before, self._after = checkpoint.prompt.split("{text}")

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first."""
        prompted = [f"{self._before}{text}{self._after}" for text in texts]
        tokens = self._count(prompted)
        kept = tokens if self._limit is None else np.minimum(tokens, self._limit)
        order = np.argsort(-tokens, kind="stable")
        work = kept + 1  # an empty text is some work, too
        total, done = int(work.sum()), 0
        for start in range(0, len(order), SLICE):
            rows = order[start : start + SLICE]
            vectors = self._model.encode(
                [text[len(self._before) :] if not self._after else text for text in (prompted[row] for row in rows)],
                prompt=self._before if not self._after else "",
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            done += int(work[rows].sum())
            yield EncodedBatch(rows, np.asarray(vectors, dtype=np.float32), tokens[rows], kept[rows], done / total)

    def _count(self, texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Tokens of each text without special ones; zeros where the model's input is not tokenised text."""
        if not hasattr(self._tokenizer, "encode_batch_fast"):
            return np.zeros(len(texts), dtype=np.int64)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        encodings = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return np.array([len(encoding) for encoding in encodings], dtype=np.int64)

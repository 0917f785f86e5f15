"""Folders that only sentence-transformers can run: dense layers, static embeddings, several poolings."""

from collections.abc import Iterator, Sequence

import numpy as np

from gis.models.base import EncodedBatch, LoadSettings
from gis.models.checkpoint import Checkpoint
from gis.models.device import DTYPES, choose_device, describe_device

SLICE = 256  # texts between two batches handed on: what an interruption can cost


class SentenceTransformerEngine:
    """A thin layer over ``SentenceTransformer.encode``; texts still come sorted by length."""

    def __init__(self, checkpoint: Checkpoint, settings: LoadSettings) -> None:
        from sentence_transformers import SentenceTransformer

        device = choose_device(settings.device)
        self.hardware = describe_device(device)
        self._model = SentenceTransformer(
            str(checkpoint.folder),
            device=str(device),
            trust_remote_code=checkpoint.trust_remote_code,
            local_files_only=True,
        ).to(DTYPES[settings.precision])
        if checkpoint.max_tokens is not None:
            self._model.max_seq_length = checkpoint.max_tokens
        self._before, self._after = checkpoint.prompt.split("{text}")

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first."""
        prompted = [f"{self._before}{text}{self._after}" for text in texts]
        tokens = self._count(prompted)
        limit = self._model.max_seq_length
        kept = tokens if limit is None else np.minimum(tokens, limit)
        order = np.argsort(-tokens, kind="stable")
        total, done = max(int(kept.sum()), 1), 0
        for start in range(0, len(order), SLICE):
            rows = order[start : start + SLICE]
            vectors = self._model.encode(
                [text[len(self._before) :] if not self._after else text for text in (prompted[row] for row in rows)],
                prompt=self._before if not self._after else "",
                convert_to_numpy=True,
                show_progress_bar=False,
            )
            done += int(kept[rows].sum())
            share = (start + len(rows)) / len(order) if total == 1 else done / total
            yield EncodedBatch(rows, np.asarray(vectors, dtype=np.float32), tokens[rows], kept[rows], min(share, 1.0))

    def _count(self, texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Tokens of each text without special ones; zeros where the model's input is not tokenised text."""
        tokenizer = getattr(self._model.tokenizer, "backend_tokenizer", self._model.tokenizer)
        if not hasattr(tokenizer, "encode_batch_fast"):
            return np.zeros(len(texts), dtype=np.int64)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return np.array([len(encoding) for encoding in encodings], dtype=np.int64)

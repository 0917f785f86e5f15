"""The engine that embeds texts with a transformer: tokenised once, longest first, batches by tokens."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.models.base import EncodedBatch, LoadSettings, TextLengths
from gis.models.transformer.device import check_precision, choose_devices, describe_device, describe_devices
from gis.models.transformer.encoder import SentenceEncoder, TokenIds
from gis.models.transformer.loading import (
    SAMPLE,
    is_encoder_decoder,
    load_backbone,
    load_frozen,
    load_tokenizer,
    read_config,
)
from gis.models.transformer.model_folder import ModelFolder
from gis.models.transformer.tokens import TextTokenizer
from gis.models.transformer.workers import Workers, ahead

# Of one forward pass. On a processor, activations that stay in its cache win.
BATCH_TOKENS = {"cpu": 2048, "cuda": 65536, "mps": 16384}
BATCH_ROWS = 1024
TEXTS_PER_BLOCK = 8192  # are tokenised while those before them are embedded


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """Texts of one forward pass: their places among all texts, ids, lengths, and the share of work then done."""

    rows: NDArray[np.intp]
    ids: list[TokenIds]
    tokens: NDArray[np.int64]
    kept: NDArray[np.int64]
    share: float


class TransformerEngine:
    """A transformer with a pooling, ready to embed.

    Raises:
        UsageError: The machine lacks the device or the precision.
        GisError: The weights do not fit the configuration, one text alone does not fit into memory, or the model does
            not give a text the same vector twice.
    """

    def __init__(self, model_folder: ModelFolder, settings: LoadSettings, config: Any) -> None:  # noqa: ANN401
        if model_folder.pooling is None:
            raise AssertionError("a folder without a pooling is left to sentence-transformers")
        devices = choose_devices(settings.device, settings.precision)
        check_precision(settings.precision, devices[0])
        self.hardware = describe_devices(devices)
        self._tokenize = TextTokenizer(
            load_tokenizer(model_folder), model_folder.max_tokens, model_folder.prompt, lowercase=model_folder.lowercase
        )
        self._encoders = _load_encoders(model_folder, settings, config, devices)
        self._encoder = self._encoders[0]
        self._budget = settings.batch_tokens or BATCH_TOKENS.get(devices[0].type, BATCH_TOKENS["mps"])

    @classmethod
    def of(cls, model_folder: ModelFolder, settings: LoadSettings) -> "TransformerEngine | None":
        """Open ``model_folder`` if this engine is proven to give the model's own vectors; None otherwise.

        It feeds a model nothing but token ids and a mask, pads on the right, and expects a hidden state for each token.
        Architectures of which an encoder and a decoder are one model, or that need or see more than that, are left to
        sentence-transformers.
        """
        config = read_config(model_folder)
        if is_encoder_decoder(config):
            return None
        engine = cls(model_folder, settings, config)
        if not engine.is_faithful():
            if settings.precision == "int8":
                raise UsageError(
                    f"{model_folder.name} has no int8 form: it reads more than token ids and a mask",
                    remedy="use --precision bf16 or fp32",
                )
            return None
        engine.check_repeatable()
        return engine

    def is_faithful(self) -> bool:
        """Return whether a text's vector is the model's own for the whole output of its tokenizer, text alone."""
        if self._encoder.proven:
            return not self._tokenize.has_types
        ids = self._tokenize(SAMPLE).ids
        with torch.inference_mode():
            try:
                vectors = self._encoder(ids)
            except (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError):
                return False
            expected = torch.cat([self._encoder.alone(self._tokenize.inputs(text)) for text in SAMPLE])
        return self._close(vectors, expected)

    def check_repeatable(self) -> None:
        """Raise a GisError unless a text has one vector: twice alone, beside a longer one, and on every device.

        A dropout that stayed on, or a mask that lets padding through, changes scores and nothing else shows it.
        """
        short, long = self._tokenize(SAMPLE).ids
        with torch.inference_mode():
            alone, again, beside = (self._encoder(ids)[:1] for ids in ([short], [short], [short, long]))
        for other, how in ((again, "twice"), (beside, "alone and beside a longer one")):
            if not self._close(other, alone):
                raise GisError(
                    f"the model gives a text different vectors {how}: it cannot be scored",
                    remedy="check the code and settings of the model",
                )
        for encoder in self._encoders[1:]:
            with torch.inference_mode(), self._named(encoder):
                other = encoder([short]).to(alone.device)
            if not self._close(other, alone):
                raise GisError(
                    f"the model gives other vectors on {encoder.device} than on {self._encoder.device}",
                    remedy=f"use one device: --device {self._encoder.device}",
                )

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        """Embed ``texts``, longest first, so that what does not fit into memory shows at once."""
        # Layers that keep something between two calls are only known to be absent where gis runs them itself.
        with Workers(self._encoders, alone=self._encoder.pads) as workers:
            batches = self._batches(texts, workers.count)
            for batch, vectors in workers.map(lambda encoder, batch: (batch, self._embed(encoder, batch.ids)), batches):
                yield EncodedBatch(
                    rows=batch.rows, vectors=vectors, tokens=batch.tokens, kept=batch.kept, share=batch.share
                )

    def lengths(self, texts: Sequence[str]) -> TextLengths:
        """Count the tokens of each text, and how many of them are read."""
        tokenized = self._tokenize(texts)
        return TextLengths(tokenized.tokens, tokenized.kept)

    def token_vectors(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        """Return the last layer's output for each token of each text, special tokens left out: (tokens, width) each."""
        ids = self._tokenize(texts).ids
        vectors = [np.zeros((0, self._encoder.width), dtype=np.float32)] * len(texts)
        lengths = np.array([len(row) for row in ids], dtype=np.int64)

        @torch.inference_mode()
        def states(
            encoder: SentenceEncoder, rows: NDArray[np.intp]
        ) -> tuple[NDArray[np.intp], list[NDArray[np.float32]]]:
            filled = [ids[row] for row in rows if len(ids[row])]
            with self._named(encoder):
                return rows, [state.cpu().numpy() for state in encoder.token_states(filled)]

        with Workers(self._encoders, alone=self._encoder.pads) as workers:
            for rows, made in workers.map(states, cut(lengths, self._budget, workers.count)):
                for row, state in zip(rows, made, strict=False):  # texts without tokens come last
                    vectors[row] = state[~np.isin(ids[row], self._tokenize.special_ids)]
        return vectors

    def _batches(self, texts: Sequence[str], workers: int) -> Iterator[_Batch]:
        """Tokenise texts in blocks, each while the one before is embedded, and cut each block into batches."""
        characters = np.array([len(text) + 1 for text in texts])  # an empty text is some work, too
        order = np.argsort(-characters, kind="stable")
        total, done = int(characters.sum()), 0
        blocks = [order[start : start + TEXTS_PER_BLOCK] for start in range(0, len(order), TEXTS_PER_BLOCK)]
        tokenized_blocks = ahead(lambda block: self._tokenize([texts[row] for row in block]), blocks)
        for block, tokenized in zip(blocks, tokenized_blocks, strict=True):
            lengths = np.array([len(ids) for ids in tokenized.ids])
            for part in cut(lengths, self._budget, workers):
                done += int(characters[block[part]].sum())
                yield _Batch(
                    rows=block[part],
                    ids=[tokenized.ids[row] for row in part],
                    tokens=tokenized.tokens[part],
                    kept=tokenized.kept[part],
                    share=done / total,
                )

    def _embed(self, encoder: SentenceEncoder, ids: list[TokenIds]) -> NDArray[np.float32]:
        """Embed one batch, (texts, dim) float32; halves it when memory runs out."""
        try:
            with torch.inference_mode(), self._named(encoder):
                return np.asarray(encoder(ids).cpu().numpy(), dtype=np.float32)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            if len(ids) == 1:
                raise GisError(
                    f"a text of {len(ids[0])} tokens does not fit into the memory of {describe_device(encoder.device)}",
                    remedy="set --max-length, or --precision bf16",
                ) from None
            middle = len(ids) // 2
            self._budget = max(self._budget // 2, 1)
            return np.concatenate([self._embed(encoder, part) for part in (ids[:middle], ids[middle:])])

    @contextmanager
    def _named(self, encoder: SentenceEncoder) -> Iterator[None]:
        """Say in this block which of several devices failed."""
        try:
            yield
        except RuntimeError as error:
            if len(self._encoders) == 1 or is_out_of_memory(error):
                raise
            raise GisError(
                f"the model failed on {encoder.device}: {error}", remedy="use one of the others: --device cuda:0"
            ) from error

    def _close(self, vectors: torch.Tensor, expected: torch.Tensor) -> bool:
        atol = self._encoder.tolerance * max(1.0, float(expected.abs().max()))
        return torch.allclose(vectors, expected, rtol=0, atol=atol, equal_nan=True)  # NaN is named with its text


def _load_encoders(
    model_folder: ModelFolder,
    settings: LoadSettings,
    config: Any,  # noqa: ANN401 - transformers' configurations share no type
    devices: Sequence[torch.device],
) -> list[SentenceEncoder]:
    """Load a model once, and put a copy of it on every device."""
    if settings.precision == "int8":
        from gis.models.transformer.int8 import load_int8

        return [load_int8(model_folder, settings)]
    if devices[0].type == "cpu":
        loaded = load_frozen(model_folder, settings.precision, config).eval()
    else:
        loaded = load_backbone(model_folder, settings.precision).eval()
    encoders = []
    for left, device in zip(reversed(range(len(devices))), devices, strict=True):
        try:
            backbone = (deepcopy(loaded) if left else loaded).to(device)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            raise GisError(
                f"the model does not fit into the memory of {describe_device(device)}, {device}",
                remedy="choose another --device, or --precision bf16",
            ) from None
        encoder = SentenceEncoder(backbone, str(model_folder.pooling), normalize=model_folder.normalize)
        encoders.append(encoder.eval())
    return encoders


def cut(lengths: NDArray[np.int64], budget: int, workers: int) -> list[NDArray[np.intp]]:
    """Cut texts into batches of similar length, longest first.

    Args:
        lengths: (n,) tokens of each text.
        budget: Most tokens of a batch, padding included; a single text may have more.
        workers: How many batches are computed at a time: little work is spread over all of them.

    Returns:
        The rows of each batch.
    """
    order = np.argsort(-lengths, kind="stable")
    budget = min(budget, ceil(lengths.sum() / workers))
    batches, start = [], 0
    while start < len(order):
        longest = max(int(lengths[order[start]]), 1)
        batches.append(order[start : start + min(max(budget // longest, 1), BATCH_ROWS)])
        start += len(batches[-1])
    return batches


def is_out_of_memory(error: RuntimeError) -> bool:
    """Return whether torch failed to get memory: of a GPU by a class of its own, of a processor by its words."""
    return isinstance(error, torch.OutOfMemoryError) or "allocate memory" in str(error)

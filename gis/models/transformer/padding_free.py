"""BERT without padding: the tokens of a batch form one row, and only attention sees where texts begin.

Padding to the longest text of a batch is work thrown away, and so is masking it out again. Here every linear layer
runs once over all real tokens of the batch, and attention runs once for each group of texts of equal length, without
a mask. The vectors equal the padded ones to rounding error.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from gis.models.transformer.positions import BEHIND_PADDING

# The shape this forward pass is written for: absolute positions, layer norm after each sub-layer.
ARCHITECTURES = ("bert", "roberta", "xlm-roberta", "camembert")


class PaddingFreeBert:
    """A padding-free forward pass over the weights of a transformers BERT, RoBERTa or XLM-RoBERTa model."""

    def __init__(self, model: Any, *, trainable: bool) -> None:  # noqa: ANN401 - transformers' models share no type
        self._embeddings = model.embeddings
        self._layers = list(model.encoder.layer)
        self._heads: int = model.config.num_attention_heads
        behind_padding = model.config.model_type in BEHIND_PADDING
        self._padding: int | None = model.config.pad_token_id if behind_padding else None
        self._qkv = None if trainable else [_fused(layer.attention.self) for layer in self._layers]

    @classmethod
    def of(cls, model: Any, *, trainable: bool = False) -> "PaddingFreeBert | None":  # noqa: ANN401
        """Wrap ``model`` if it has this shape and gives the same numbers here; None otherwise.

        Args:
            model: A transformers model, in eval mode.
            trainable: Its weights will change, so nothing that is made of them may be kept.
        """
        if model.config.model_type not in ARCHITECTURES or getattr(model.config, "is_decoder", False):
            return None
        sample = [np.array([5, 4, 3, 2]), np.array([2, 3, 4])]  # no padding token, which is 0 or 1
        try:
            with torch.no_grad():
                flat = cls(model, trainable=trainable)
                for ids, (_, last) in zip(sample, flat(sample), strict=True):
                    expected = model(input_ids=torch.from_numpy(ids)[None]).last_hidden_state
                    if not torch.allclose(last.float(), expected.float(), atol=1e-4, rtol=1e-3):
                        return None
        except (AttributeError, RuntimeError, IndexError):  # a variant with other parts, or a tiny vocabulary
            return None
        return flat

    def __call__(
        self, texts: Sequence[NDArray[np.integer[Any]]], other: int | None = None
    ) -> list[tuple[Tensor | None, Tensor]]:
        """Run texts, those of equal length side by side, through the model.

        Args:
            texts: Token ids of each text, special tokens included, sorted by length.
            other: Another hidden state to return, numbered as by transformers: 0 are the embeddings.

        Returns:
            For each run of equal lengths, in order, the other hidden state and the output of the last layer, each
            (texts of the run, tokens, width).
        """
        lengths = [len(text) for text in texts]
        flat_ids = torch.from_numpy(np.concatenate(texts).astype(np.int64))
        positions = torch.from_numpy(np.concatenate([self._positions(text) for text in texts]))
        parts = self._embeddings
        hidden = parts.word_embeddings(flat_ids) + parts.token_type_embeddings.weight[0]
        hidden = parts.dropout(parts.LayerNorm(hidden + parts.position_embeddings(positions)))
        runs = _runs(lengths)
        wanted = None if other is None else other % (len(self._layers) + 1)
        state = hidden if wanted == 0 else None
        for number, layer in enumerate(self._layers):
            attention, output = layer.attention.output, layer.output
            fused = self._qkv[number] if self._qkv else _fused(layer.attention.self)
            qkv = _separate(layer.attention.self, hidden) if fused is None else functional.linear(hidden, *fused)
            dropout = layer.attention.self.dropout
            context = self._attend(qkv, runs, dropout.p * dropout.training)
            attended = attention.LayerNorm(attention.dropout(attention.dense(context)) + hidden)
            inner = layer.intermediate.intermediate_act_fn(layer.intermediate.dense(attended))
            hidden = output.LayerNorm(output.dropout(output.dense(inner)) + attended)
            if number + 1 == wanted:
                state = hidden
        return [
            (None if state is None else state[start:stop].view(*shape, -1), hidden[start:stop].view(*shape, -1))
            for start, stop, *shape in runs
        ]

    def _positions(self, text: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Return the position of each token; the RoBERTa family never counts a padding token, even in a text."""
        if self._padding is None:
            return np.arange(len(text), dtype=np.int64)
        counted = text != self._padding
        return np.asarray(np.cumsum(counted) * counted + self._padding, dtype=np.int64)

    def _attend(self, qkv: Tensor, runs: list[tuple[int, int, int, int]], dropout: float) -> Tensor:
        """Attention of each run on its own: qkv is (tokens, 3 x width), the result (tokens, width)."""
        contexts = []
        parts = torch.split_with_sizes(qkv, [stop - start for start, stop, _, _ in runs])
        for part, (_, _, count, length) in zip(parts, runs, strict=True):
            heads = part.view(count, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            attended = functional.scaled_dot_product_attention(heads[0], heads[1], heads[2], dropout_p=dropout)
            contexts.append(attended.transpose(1, 2).reshape(count * length, -1))
        return torch.cat(contexts)


def _fused(attention: Any) -> tuple[Tensor, Tensor] | None:  # noqa: ANN401
    """Return query, key and value projections as one matrix and bias; None where an adapter wraps one of them."""
    parts = (attention.query, attention.key, attention.value)
    if any(type(part) is not nn.Linear for part in parts):
        return None
    return torch.cat([part.weight for part in parts]), torch.cat([part.bias for part in parts])


def _separate(attention: Any, hidden: Tensor) -> Tensor:  # noqa: ANN401
    """Return query, key and value of each token side by side, each made by its own layer."""
    return torch.cat([attention.query(hidden), attention.key(hidden), attention.value(hidden)], dim=-1)


def _runs(lengths: list[int]) -> list[tuple[int, int, int, int]]:
    """Cut sorted lengths into runs of equal ones: (first token, token after the last, texts, length of each)."""
    runs, start, text = [], 0, 0
    while text < len(lengths):
        count = 1
        while text + count < len(lengths) and lengths[text + count] == lengths[text]:
            count += 1
        stop = start + count * lengths[text]
        runs.append((start, stop, count, lengths[text]))
        start, text = stop, text + count
    return runs

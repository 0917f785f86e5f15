"""Attention inside each text of a row: softmax(q k' / sqrt(d)) v, over the whole text or a window around each token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from gis.models.transformer.flat.texts import FlatTexts, Run

SHORT = 96  # tokens up to which, in bf16, two products are faster than one fused operation

Token = Literal["first", "last"]


@dataclass(frozen=True, kw_only=True)
class Attention:
    """How layers attend inside the texts of one batch.

    Attributes:
        texts: Where the tokens are.
        heads: Number of heads.
        window: How far a token sees to each side; None for the whole text.
        bias: What is added to the scores in texts of each length, (heads, length, length); None for nothing.
    """

    texts: FlatTexts
    heads: int
    window: int | None = None
    bias: Mapping[int, Tensor] | None = None

    def __call__(self, qkv: Tensor, *, only: Token | None = None, dropout: float = 0.0) -> Tensor:
        """Return the context of each token.

        Args:
            qkv: (tokens, 3 x width) queries, keys and values.
            only: Let only this token of each text ask.
            dropout: The share of weights that is dropped, in training.

        Returns:
            (tokens, width); with ``only``, (texts, width).
        """
        if qkv.device.type == "cuda":
            return self._by_flash_attention(qkv, only)
        parts = torch.split_with_sizes(qkv, [run.stop - run.start for run in self.texts.runs])
        return torch.cat(
            [self._of_run(part, run, only, dropout) for part, run in zip(parts, self.texts.runs, strict=True)]
        )

    def _of_run(self, qkv: Tensor, run: Run, only: Token | None, dropout: float) -> Tensor:
        query, key, value = qkv.view(run.texts, run.length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        if only is not None:
            asking = slice(0, 1) if only == "first" else slice(run.length - 1, run.length)
            query = query[:, :, asking]
        else:
            asking = slice(0, run.length)
        if self.window is not None and run.length > self.window + 1:
            context = self._in_windows(query, key, value, asking, dropout)
        elif query.dtype is torch.bfloat16 and run.length <= SHORT and not dropout and self.bias is None:
            weights = (query @ key.transpose(2, 3) * key.shape[-1] ** -0.5).softmax(-1)
            context = weights @ value
        else:
            mask = None if self.bias is None else self.bias[run.length][:, asking]
            context = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
        return context.transpose(1, 2).reshape(-1, self.heads * key.shape[-1])

    def _in_windows(self, query: Tensor, key: Tensor, value: Tensor, asking: slice, dropout: float) -> Tensor:
        """Attend block by block, each block of queries to the keys that it can see: linear in the length."""
        assert self.window is not None
        length, contexts = key.shape[2], []
        for start in range(asking.start, asking.stop, block := 2 * self.window):
            stop = min(start + block, asking.stop)
            low, high = max(start - self.window, 0), min(stop + self.window, length)
            distance = torch.arange(start, stop)[:, None] - torch.arange(low, high)
            contexts.append(
                functional.scaled_dot_product_attention(
                    query[:, :, start - asking.start : stop - asking.start],
                    key[:, :, low:high],
                    value[:, :, low:high],
                    attn_mask=distance.abs() <= self.window,
                    dropout_p=dropout,
                )
            )
        return torch.cat(contexts, dim=2)

    def _by_flash_attention(self, qkv: Tensor, only: Token | None) -> Tensor:
        from torch.nn.attention.varlen import varlen_attn

        query, key, value = qkv.view(len(qkv), 3, self.heads, -1).unbind(1)
        keys, longest = self.texts.starts, max(run.length for run in self.texts.runs)
        queries, longest_query = keys, longest
        if only is not None:
            query, longest_query = query[self.texts.rows(only)], 1
            queries = torch.arange(len(keys), dtype=torch.int32, device=keys.device)
        window = (-1, -1) if self.window is None else (self.window, self.window)
        context = varlen_attn(query, key, value, queries, keys, longest_query, longest, window_size=window)
        return context.flatten(1)  # type: ignore[union-attr]

"""Attention inside each text of a row: softmax(q k' / sqrt(d)) v, over the whole text or a window around each token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from gis.models.transformer.flat.texts import FlatTexts, Run

SCORES = 2**20  # of bf16 attention that are held at once: two megabytes, which stay in a core's cache

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
        else:
            context = attend(
                query, key, value, None if self.bias is None else self.bias[run.length][:, asking], dropout
            )
        return context.transpose(1, 2).reshape(-1, self.heads * key.shape[-1])

    def _in_windows(self, query: Tensor, key: Tensor, value: Tensor, asking: slice, dropout: float) -> Tensor:
        """Attend block by block, each block of queries to the keys that it can see: linear in the length."""
        assert self.window is not None
        length, contexts = key.shape[2], []
        for start in range(asking.start, asking.stop, block := 2 * self.window):
            stop = min(start + block, asking.stop)
            low, high = max(start - self.window, 0), min(stop + self.window, length)
            asked = query[:, :, start - asking.start : stop - asking.start]
            distance = torch.arange(start, stop)[:, None] - torch.arange(low, high)
            unseen = query.new_zeros(distance.shape).masked_fill_(distance.abs() > self.window, -torch.inf)
            contexts.append(attend(asked, key[:, :, low:high], value[:, :, low:high], unseen[None], dropout))
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


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, dropout: float) -> Tensor:
    """Return softmax(q k' / sqrt(d) + bias) v of each head on a processor: (texts, heads, asking, width).

    Args:
        query: (texts, heads, asking, width).
        key: (texts, heads, length, width).
        value: As the keys.
        bias: What is added to the scores of every text, (heads or 1, asking, length); None for nothing.
        dropout: The share of weights that is dropped.
    """
    if query.dtype is torch.bfloat16 and not dropout and not query.requires_grad:
        return _by_products(query, key, value, bias)
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout)


def _by_products(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None) -> Tensor:
    """Attend by two products for each block of scores.

    In bf16 they take a half to two thirds of the time of the fused operation, at every length: the products run on the
    units for bf16, and memory for the scores is taken once.
    """
    texts, heads, asking, width = query.shape
    length = key.shape[2]
    queries, keys, values = (part.reshape(texts * heads, -1, width) for part in (query, key, value))
    keys = keys.transpose(1, 2)
    rows = min(asking, max(SCORES // length, 1))
    step = max(SCORES // (rows * length), 1)
    context, memory = torch.empty_like(queries), queries.new_empty(min(step, len(queries)), rows, length)
    added = None
    if bias is not None:
        added = bias.expand(len(queries), -1, -1) if len(bias) == 1 else bias.repeat(texts, 1, 1)
    for head in range(0, len(queries), step):
        some = slice(head, head + step)
        for row in range(0, asking, rows):
            asked = queries[some, row : row + rows]
            scores = memory[: len(asked), : asked.shape[1]]
            start = scores if added is None else added[some, row : row + rows]
            torch.baddbmm(start, asked, keys[some], beta=int(added is not None), alpha=width**-0.5, out=scores)
            torch.softmax(scores, -1, out=scores)
            context[some, row : row + rows] = scores @ values[some]
    return context.view(texts, heads, asking, width)

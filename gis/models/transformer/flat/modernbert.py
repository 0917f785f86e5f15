"""ModernBERT: rotary positions, layer norm before each sum, gated feed-forward, windows in most layers."""

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn

from gis.models.transformer.flat.attention import Attention, Token
from gis.models.transformer.flat.products import Product, product
from gis.models.transformer.flat.texts import FlatTexts


class ModernBertLayer:
    """One layer: attention over the whole text or a window, then a gated feed-forward network."""

    def __init__(self, layer: Any, *, frozen: bool) -> None:  # noqa: ANN401 - transformers' class
        self._layer = layer
        attention, mlp = layer.attn, layer.mlp
        self._qkv = product((attention.Wqkv,), frozen=frozen)
        self._attended = product((attention.Wo,), frozen=frozen)
        self._outer = product((mlp.Wo,), frozen=frozen)
        self._inner: Product | None
        self._gate: Product | None
        if frozen and type(mlp.Wi) is nn.Linear:
            inner, gate = (_part_of(mlp.Wi, part) for part in (0, 1))
            self._inner, self._gate = product((inner,), mlp.act, frozen=True), product((gate,), frozen=True)
        else:
            self._inner = self._gate = None

    def __call__(
        self, hidden: Tensor, attend: Attention, rotations: tuple[Tensor, Tensor], only: Token | None
    ) -> Tensor:
        """Return the states of all tokens, or of one token of each text, from those of all.

        Args:
            hidden: (tokens, width) states.
            attend: How this layer attends.
            rotations: Cosine and sine of each token's position, (tokens, width of a head).
            only: The token of each text that is wanted; None for all.
        """
        layer = self._layer
        qkv = _rotated(self._qkv(layer.attn_norm(hidden)), attend.heads, *rotations)
        context = attend(qkv, only=only, dropout=layer.attn.attention_dropout * layer.attn.training)
        before = hidden if only is None else hidden[attend.texts.rows(only)]
        hidden = layer.attn.out_drop(self._attended(context)).add_(before)
        return self._feed_forward(layer.mlp_norm(hidden)).add_(hidden)

    def _feed_forward(self, hidden: Tensor) -> Tensor:
        mlp = self._layer.mlp
        if self._inner is None or self._gate is None:
            return cast(Tensor, mlp(hidden))
        return self._outer(self._inner(hidden).mul_(self._gate(hidden)))


def _part_of(linear: nn.Linear, part: int) -> nn.Linear:
    """Return one half of a linear layer's outputs as a layer."""
    half = linear.out_features // 2
    rows = slice(part * half, (part + 1) * half)
    layer = nn.Linear(linear.in_features, half, bias=linear.bias is not None, device="meta")
    layer.weight = nn.Parameter(linear.weight[rows], requires_grad=False)
    if linear.bias is not None:
        layer.bias = nn.Parameter(linear.bias[rows], requires_grad=False)
    return layer


def _rotated(qkv: Tensor, heads: int, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn queries and keys by their positions: rotary embeddings (Su et al. 2021), in float32 as transformers does."""
    parts = qkv.view(len(qkv), 3, heads, -1)
    turned = parts[:, :2].float()
    first, second = turned.chunk(2, dim=-1)
    turned = turned * cosine[:, None, None] + torch.cat([-second, first], dim=-1) * sine[:, None, None]
    return torch.cat([turned.to(qkv.dtype), parts[:, 2:]], dim=1).view(qkv.shape)


class ModernBertStack:
    """The embeddings and layers of a ModernBERT model."""

    def __init__(self, model: Any, *, frozen: bool) -> None:  # noqa: ANN401
        self._model = model
        self._layers = [ModernBertLayer(layer, frozen=frozen) for layer in model.layers]

    def states(self, texts: FlatTexts, only: Token | None) -> Iterator[Tensor]:
        """Yield the embeddings and each layer's states, (tokens, width); with ``only`` the last are (texts, width)."""
        model, config = self._model, self._model.config
        hidden = model.embeddings(texts.ids)
        windows = {"full_attention": None, "sliding_attention": config.sliding_window}
        attend = {
            kind: Attention(texts=texts, heads=config.num_attention_heads, window=window)
            for kind, window in windows.items()
        }
        rotations = {kind: model.rotary_emb(hidden.float(), texts.positions, kind) for kind in set(config.layer_types)}
        yield hidden
        for number, (layer, kind) in enumerate(zip(self._layers, config.layer_types, strict=True), start=1):
            is_last = number == len(self._layers)
            hidden = layer(hidden, attend[kind], rotations[kind], only if is_last else None)
            yield model.final_norm(hidden) if is_last else hidden

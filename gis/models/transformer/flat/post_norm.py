"""BERT and its kin: absolute positions, and layer norm after each of a layer's two sums."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from torch import Tensor, nn

from gis.models.transformer.flat.attention import Attention, Token
from gis.models.transformer.flat.products import product
from gis.models.transformer.flat.texts import FlatTexts


class LayerParts(NamedTuple):
    """The modules of one layer of a transformers model, whatever the family calls them."""

    query: nn.Module
    key: nn.Module
    value: nn.Module
    weights_dropout: nn.Dropout
    attended: nn.Module
    attended_dropout: nn.Module
    attended_norm: nn.Module
    inner: nn.Module
    activation: Any
    outer: nn.Module
    outer_dropout: nn.Module
    outer_norm: nn.Module


def parts_of(model: Any) -> list[LayerParts]:  # noqa: ANN401 - transformers' models share no type
    """Return the layers of a model of the kinds that this module runs."""
    match model.config.model_type:
        case "distilbert":
            return [_of_distilbert(layer) for layer in model.transformer.layer]
        case "mpnet":
            return [_of_mpnet(layer) for layer in model.encoder.layer]
        case _:
            return [_of_bert(layer) for layer in model.encoder.layer]


def _of_bert(layer: Any) -> LayerParts:  # noqa: ANN401
    own, output = layer.attention.self, layer.attention.output
    attention = (own.query, own.key, own.value, own.dropout, output.dense, output.dropout, output.LayerNorm)
    return LayerParts(*attention, *_feed_forward(layer))


def _of_mpnet(layer: Any) -> LayerParts:  # noqa: ANN401
    own, whole = layer.attention.attn, layer.attention
    attention = (own.q, own.k, own.v, own.dropout, own.o, whole.dropout, whole.LayerNorm)
    return LayerParts(*attention, *_feed_forward(layer))


def _feed_forward(layer: Any) -> tuple[Any, ...]:  # noqa: ANN401
    inner, outer = layer.intermediate, layer.output
    return inner.dense, inner.intermediate_act_fn, outer.dense, outer.dropout, outer.LayerNorm


def _of_distilbert(layer: Any) -> LayerParts:  # noqa: ANN401
    own, ffn = layer.attention, layer.ffn
    attention = (own.q_lin, own.k_lin, own.v_lin, own.dropout, own.out_lin, nn.Identity(), layer.sa_layer_norm)
    return LayerParts(*attention, ffn.lin1, ffn.activation, ffn.lin2, ffn.dropout, layer.output_layer_norm)


class PostNormLayer:
    """One layer: attention and a feed-forward network, each added to its input and normalised."""

    def __init__(self, parts: LayerParts, *, frozen: bool) -> None:
        self._parts = parts
        self._qkv = product((parts.query, parts.key, parts.value), frozen=frozen)
        self._attended = product((parts.attended,), frozen=frozen)
        self._inner = product((parts.inner,), parts.activation, frozen=frozen)
        self._outer = product((parts.outer,), frozen=frozen)

    def __call__(self, hidden: Tensor, attend: Attention, only: Token | None) -> Tensor:
        """Return the states of all tokens, or of one token of each text, from those of all."""
        parts, dropout = self._parts, self._parts.weights_dropout
        context = attend(self._qkv(hidden), only=only, dropout=dropout.p * dropout.training)
        before = hidden if only is None else hidden[attend.texts.rows(only)]
        # A product's output is nobody else's, so sums are made in place.
        hidden = parts.attended_norm(parts.attended_dropout(self._attended(context)).add_(before))
        return parts.outer_norm(parts.outer_dropout(self._outer(self._inner(hidden))).add_(hidden))  # type: ignore[no-any-return]


class PostNormStack:
    """The embeddings and layers of a BERT, RoBERTa, XLM-RoBERTa, CamemBERT, ELECTRA, DistilBERT or MPNet model."""

    def __init__(self, model: Any, *, frozen: bool) -> None:  # noqa: ANN401
        self._embeddings = model.embeddings
        self._project = getattr(model, "embeddings_project", None)  # ELECTRA's smaller ones
        self._layers = [PostNormLayer(parts, frozen=frozen) for parts in parts_of(model)]
        self._heads: int = model.config.num_attention_heads
        self._encoder = model.encoder if model.config.model_type == "mpnet" else None

    def states(self, texts: FlatTexts, only: Token | None) -> Iterator[Tensor]:
        """Yield the embeddings and each layer's states, (tokens, width); with ``only`` the last are (texts, width)."""
        hidden = self._embed(texts)
        attend = Attention(texts=texts, heads=self._heads, bias=self._bias(texts))
        yield hidden
        for number, layer in enumerate(self._layers, start=1):
            hidden = layer(hidden, attend, only if number == len(self._layers) else None)
            yield hidden

    def _embed(self, texts: FlatTexts) -> Tensor:
        parts = self._embeddings
        hidden = parts.word_embeddings(texts.ids)
        if hasattr(parts, "token_type_embeddings"):
            hidden = hidden + parts.token_type_embeddings.weight[0]
        hidden = parts.dropout(parts.LayerNorm(hidden + parts.position_embeddings(texts.positions)))
        return hidden if self._project is None else self._project(hidden)  # type: ignore[no-any-return]

    def _bias(self, texts: FlatTexts) -> dict[int, Tensor] | None:
        """MPNet adds a number to a score for the distance between its two tokens."""
        if self._encoder is None:
            return None
        lengths = [run.length for run in texts.runs]
        return {n: self._encoder.compute_position_bias(texts.ids.new_empty(1, n))[0] for n in lengths}

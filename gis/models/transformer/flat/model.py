"""The forward pass without padding over the weights of a transformers model, where its numbers are proven the same."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gis.models.transformer.flat.attention import Token
from gis.models.transformer.flat.bert_weights import BertWeights
from gis.models.transformer.flat.families import FAMILIES, MODERNBERT, POST_NORM
from gis.models.transformer.flat.modernbert import ModernBertStack
from gis.models.transformer.flat.post_norm import PostNormStack
from gis.models.transformer.flat.texts import FlatTexts, Run
from gis.models.transformer.loading import tolerance
from gis.models.transformer.positions import BEHIND_PADDING

STACKS: dict[str, type[PostNormStack] | type[ModernBertStack]] = {
    **dict.fromkeys(POST_NORM, PostNormStack),
    MODERNBERT: ModernBertStack,
}
FLASH_TYPES = (torch.bfloat16, torch.float16)  # that flash attention reads


class Stack(Protocol):
    """The embeddings and layers of a model."""

    def states(self, texts: FlatTexts, only: Token | None) -> Iterator[Tensor]:
        """Yield the embeddings and each layer's states, (tokens, width); with ``only`` the last are (texts, width)."""
        ...


class FlatModel:
    """A padding-free forward pass.

    Args:
        model: A transformers model of one of ``FAMILIES``.
        frozen: Its weights will not change, so copies of them may be kept.
    """

    def __init__(self, model: Any, *, frozen: bool) -> None:  # noqa: ANN401 - transformers' models share no type
        self._stack: Stack = STACKS[model.config.model_type](model, frozen=frozen)
        behind_padding = model.config.model_type in BEHIND_PADDING
        self._padding: int | None = model.config.pad_token_id if behind_padding else None
        self.device: torch.device = model.device
        self._depth: int = model.config.num_hidden_layers

    @classmethod
    def of(cls, model: Any, *, trainable: bool = False) -> "FlatModel | None":  # noqa: ANN401
        """Wrap ``model`` if its family is known and it gives the same numbers here; None otherwise.

        Plain weights have no forward pass of their own. What is compared there is what depends on the machine: packed
        products with torch's. Where these differ, nothing is packed.

        On a GPU this takes half precision and a torch with flash attention for texts of different lengths.

        Args:
            model: A transformers model in eval mode, or plain weights.
            trainable: Its weights will change, so nothing that is made of them may be kept.
        """
        if isinstance(model, BertWeights):
            return cls._of_weights(model)
        config = model.config
        if config.model_type not in FAMILIES or getattr(config, "is_decoder", False) or _changes_by_reading(config):
            return None
        on_gpu = model.device.type == "cuda" and not trainable and model.dtype in FLASH_TYPES
        if model.device.type != "cpu" and (not on_gpu or config.model_type == "mpnet"):  # which adds to the scores
            return None
        try:
            with torch.no_grad():
                flat = cls(model, frozen=not trainable)
                return (
                    flat if flat._equals(model, lambda ids: model(input_ids=ids[None]).last_hidden_state[0]) else None
                )
        except (AttributeError, ImportError, RuntimeError, IndexError):  # other parts, or a tiny vocabulary
            return None

    @classmethod
    def _of_weights(cls, weights: BertWeights) -> "FlatModel":
        packed, plain = (cls(weights, frozen=frozen) for frozen in (True, False))
        try:
            with torch.no_grad():
                return packed if packed._equals(weights, lambda ids: plain([ids.numpy()])[0][0][0]) else plain
        except IndexError:  # a tiny vocabulary
            return plain

    def _equals(self, model: Any, states_of: Callable[[Tensor], Tensor]) -> bool:  # noqa: ANN401
        """Compare a long and a short text with other states: their tokens must see each other, and nothing else."""
        longest = 4 * getattr(model.config, "sliding_window", 1)  # two blocks of windows
        sample = [np.array([5, 4, 3, 2] * (longest // 4)), np.array([2, 3, 4])]  # no padding, which is 0 or 1
        of_each = 1e-3 if model.dtype == torch.float32 else 0
        states = [group[0] for group in self(sample)] if self.device.type == "cpu" else list(self(sample)[0][0])
        for ids, state in zip(sample, states, strict=True):
            expected = states_of(torch.from_numpy(ids).to(model.device)).float()
            atol = tolerance(model.dtype) * max(1.0, float(expected.abs().max()))
            found = state.float().reshape(-1, expected.shape[-1])[: len(ids)]
            if not torch.allclose(found, expected, atol=atol, rtol=of_each):
                return False
        return True

    def __call__(
        self, texts: Sequence[NDArray[np.integer[Any]]], layers: Sequence[int] = (-1,), only: Token | None = None
    ) -> list[tuple[Tensor, Tensor]]:
        """Run texts through the model.

        Args:
            texts: Token ids of each text, special tokens included, sorted by length.
            layers: The hidden states that are averaged: 0 the embeddings, 1 the first layer's, -1 the last layer's.
            only: The one token of each text whose state is wanted, which is then the last layer's; None for all.

        Returns:
            For consecutive texts their states, (texts, tokens, width), and a mask of what is not padding, (texts,
            tokens). On a processor each run of texts of equal length is a group of its own, without padding.
        """
        flat = FlatTexts.of(texts, self._padding, self.device)
        wanted = {layer % (self._depth + 1) for layer in layers}
        states = [state for number, state in enumerate(self._stack.states(flat, only)) if number in wanted]
        hidden = states[0] if len(states) == 1 else torch.stack([state.float() for state in states]).mean(0)
        if only is not None:
            return [(hidden[:, None], hidden.new_ones(len(texts), 1))]
        if self.device.type == "cpu":
            return [_group(hidden, run) for run in flat.runs]
        return [_padded(hidden, flat)]


def _changes_by_reading(config: Any) -> bool:  # noqa: ANN401
    """Return whether rotations depend on the longest text so far: batches are computed side by side."""
    kinds = getattr(config, "rope_parameters", None) or {}
    return any(isinstance(kind, dict) and kind.get("rope_type") in ("dynamic", "longrope") for kind in kinds.values())


def _group(hidden: Tensor, run: Run) -> tuple[Tensor, Tensor]:
    states = hidden[run.start : run.stop].view(run.texts, run.length, -1)
    return states, states.new_ones(states.shape[:2])


def _padded(hidden: Tensor, flat: FlatTexts) -> tuple[Tensor, Tensor]:
    """Pad behind the last layer: on a GPU, a kernel for each length would cost more."""
    columns = torch.arange(flat.runs[0].length, device=hidden.device)
    mask = columns < flat.starts.diff()[:, None]
    rows = (flat.starts[:-1, None] + columns).clamp(max=len(hidden) - 1)
    return hidden[rows], mask.long()

"""A transformer with a pooling: token ids in, one vector a text out, the same for scoring and for training."""

from collections.abc import Mapping, Sequence
from inspect import Parameter, signature
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.rnn import pad_sequence

from gis.models.transformer.flat.attention import Token
from gis.models.transformer.flat.families import FAMILIES
from gis.models.transformer.flat.model import FlatModel
from gis.models.transformer.loading import tolerance
from gis.models.transformer.pooling import LAYERS, POOLINGS, TOKEN

TokenIds = NDArray[np.int32]


class SentenceEncoder(nn.Module):
    """Embeds tokenised texts.

    Args:
        backbone: A transformers model without a head.
        pooling: A name in ``POOLINGS``.
        normalize: Scale the vectors to length 1.
        trainable: The weights will change; else what can be computed from them beforehand is.
    """

    def __init__(self, backbone: Any, pooling: str, *, normalize: bool, trainable: bool = False) -> None:  # noqa: ANN401
        super().__init__()
        self.backbone = backbone
        self.pooling = pooling
        self.normalize = normalize
        self.width: int = width_of(backbone)
        # Not a sub-module: it holds no weights of its own.
        self._flat = [FlatModel.of(backbone, trainable=trainable)]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.backbone.parameters()).device
        return device

    @property
    def tolerance(self) -> float:
        """How much two computations of one vector may differ, as a share of its largest number."""
        return tolerance(self.backbone.dtype)

    @property
    def proven(self) -> bool:
        """Whether the backbone is of a family of which it is known that ids and a mask are all that it needs."""
        return self.backbone.config.model_type in FAMILIES

    def alone(self, inputs: Any) -> Tensor:  # noqa: ANN401 - transformers' BatchEncoding
        """Embed one text by its tokenizer's whole output, without padding: (1, width) float32, the slow way."""
        known = signature(self.backbone.forward).parameters
        open_ended = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in known.values())
        taken = {name: value.to(self.device) for name, value in inputs.items() if open_ended or name in known}
        hidden = self._by_transformers(taken, LAYERS.get(self.pooling, (-1,)))
        vectors = self._pool(hidden, torch.ones(hidden.shape[:2], device=hidden.device))
        return normalize(vectors, dim=-1) if self.normalize else vectors

    @property
    def pads(self) -> bool:
        """Whether texts of a batch are padded to its longest."""
        return self._flat_model is None

    @property
    def _flat_model(self) -> FlatModel | None:
        """The forward pass without padding, where the weights still are where it was made for."""
        flat = self._flat[0]
        return flat if flat is not None and flat.device == self.device else None

    def forward(self, texts: Sequence[TokenIds]) -> Tensor:
        """Embed texts given as token ids: (n, width) float32; a text without any token has the zero vector.

        Half precision ends with the hidden states: pooling and what follows are float32.
        """
        lengths = np.array([len(ids) for ids in texts])
        order = np.argsort(-lengths, kind="stable")
        filled = int(np.count_nonzero(lengths))
        pooled = [self._pool(*group) for group in self._hidden_states([texts[row] for row in order[:filled]])]
        if filled < len(texts):
            pooled.append(torch.zeros(len(texts) - filled, self.width, device=self.device))
        vectors = torch.cat(pooled)[torch.from_numpy(np.argsort(order)).to(self.device)]
        return normalize(vectors, dim=-1) if self.normalize else vectors

    def token_states(self, texts: Sequence[TokenIds]) -> list[Tensor]:
        """Return the last layer's states of texts sorted by length, (tokens, width) float32 for each."""
        groups = self._states(texts, (-1,), None)
        return [row[kept.bool()].float() for states, mask in groups for row, kept in zip(states, mask, strict=True)]

    def _pool(self, hidden: Tensor, mask: Tensor) -> Tensor:
        return POOLINGS[self.pooling](hidden.float(), mask)

    def _hidden_states(self, texts: Sequence[TokenIds]) -> list[tuple[Tensor, Tensor]]:
        """Return the states that the pooling reads."""
        return self._states(texts, LAYERS.get(self.pooling, (-1,)), TOKEN.get(self.pooling))

    def _states(
        self, texts: Sequence[TokenIds], layers: Sequence[int], only: Token | None
    ) -> list[tuple[Tensor, Tensor]]:
        """Return states of consecutive texts, (texts, tokens, width), and their masks; arguments as of ``FlatModel``.

        Without a ``FlatModel`` all tokens have states.
        """
        if not texts:
            return []
        if (flat := self._flat_model) is not None:
            return flat(texts, layers, only)
        tokens = pad_sequence([torch.from_numpy(ids.astype(np.int64)) for ids in texts], batch_first=True)
        lengths = torch.tensor([len(ids) for ids in texts])
        mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
        tokens, mask = tokens.to(self.device), mask.to(self.device)
        return [(self._by_transformers({"input_ids": tokens, "attention_mask": mask}, layers), mask)]

    def _by_transformers(self, inputs: Mapping[str, Tensor], layers: Sequence[int]) -> Tensor:
        return states_by_transformers(self.backbone, inputs, layers)


def states_by_transformers(backbone: Any, inputs: Mapping[str, Tensor], layers: Sequence[int]) -> Tensor:  # noqa: ANN401
    """Return the average of some hidden states as the backbone itself makes them: (texts, tokens, width)."""
    last_alone = tuple(layers) == (-1,)
    output = backbone(**inputs, output_hidden_states=not last_alone)
    if last_alone:
        return cast(Tensor, output.last_hidden_state)
    # The last of the hidden states may lack the last norm.
    states = [output.last_hidden_state if n == -1 else output.hidden_states[n] for n in layers]
    return torch.stack([state.float() for state in states]).mean(0)


def width_of(backbone: Any) -> int:  # noqa: ANN401 - transformers' models share no type
    """Return the width of a backbone's hidden states, which architectures write down under several names."""
    config = backbone.config.get_text_config()
    names = ("word_embed_proj_dim", "hidden_size", "d_model", "dim", "emb_dim", "n_embd", "embed_dim")
    width: int = next(value for name in names if (value := getattr(config, name, None)))
    return width

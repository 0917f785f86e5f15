"""A transformer with a pooling: token ids in, one vector a text out, the same for scoring and for training."""

from collections.abc import Sequence
from inspect import Parameter, signature
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.rnn import pad_sequence

from gis.models.transformer.padding_free import ARCHITECTURES, PaddingFreeBert
from gis.models.transformer.pooling import OTHER_LAYER, POOLINGS

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
        self._flat = [PaddingFreeBert.of(backbone, trainable=trainable)] if backbone.device.type == "cpu" else [None]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = next(self.backbone.parameters()).device
        return device

    @property
    def proven(self) -> bool:
        """Whether the backbone is of a family of which it is known that ids and a mask are all that it needs."""
        return self.backbone.config.model_type in ARCHITECTURES

    def alone(self, inputs: Any) -> Tensor:  # noqa: ANN401 - transformers' BatchEncoding
        """Embed one text by its tokenizer's whole output, without padding: (1, width) float32, the slow way."""
        known = signature(self.backbone.forward).parameters
        open_ended = any(parameter.kind is Parameter.VAR_KEYWORD for parameter in known.values())
        taken = {name: value.to(self.device) for name, value in inputs.items() if open_ended or name in known}
        other = OTHER_LAYER.get(self.pooling)
        output = self.backbone(**taken, output_hidden_states=other is not None)
        last = output.last_hidden_state
        mask = torch.ones(last.shape[:2], device=last.device)
        vectors = self._pool(None if other is None else output.hidden_states[other], last, mask)
        return normalize(vectors, dim=-1) if self.normalize else vectors

    @property
    def pads(self) -> bool:
        """Whether texts of a batch are padded to its longest."""
        return self._flat[0] is None or self.device.type != "cpu"

    def forward(self, texts: Sequence[TokenIds]) -> Tensor:
        """Embed texts given as token ids: (n, width) float32; a text without any token has the zero vector.

        Half precision ends with the hidden states: pooling and what follows are float32.
        """
        lengths = np.array([len(ids) for ids in texts])
        order = np.argsort(-lengths, kind="stable")
        filled = int(np.count_nonzero(lengths))
        pooled = [self._pool(*run) for run in self._hidden_states([texts[row] for row in order[:filled]])]
        if filled < len(texts):
            pooled.append(torch.zeros(len(texts) - filled, self.width, device=self.device))
        vectors = torch.cat(pooled)[torch.from_numpy(np.argsort(order)).to(self.device)]
        return normalize(vectors, dim=-1) if self.normalize else vectors

    def token_states(self, texts: Sequence[TokenIds]) -> list[Tensor]:
        """Return the last layer's output for each token, (tokens, width) float32 for each of texts sorted by length."""
        runs = self._hidden_states(texts)
        return [row[kept.bool()].float() for _, last, mask in runs for row, kept in zip(last, mask, strict=True)]

    def _pool(self, other: Tensor | None, last: Tensor, mask: Tensor) -> Tensor:
        hidden = last.float() if other is None else (other.float() + last.float()) / 2
        return POOLINGS[self.pooling](hidden, mask)

    def _hidden_states(self, texts: Sequence[TokenIds]) -> list[tuple[Tensor | None, Tensor, Tensor]]:
        """Another layer's output (where the pooling wants it), the last layer's, and mask, for consecutive texts."""
        if not texts:
            return []
        other = OTHER_LAYER.get(self.pooling)
        flat, device = self._flat[0], self.device
        if flat is not None and not self.pads:
            return [(state, last, torch.ones(last.shape[:2])) for state, last in flat(texts, other)]
        tokens = pad_sequence([torch.from_numpy(ids.astype(np.int64)) for ids in texts], batch_first=True)
        lengths = torch.tensor([len(ids) for ids in texts])
        mask = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
        tokens, mask = tokens.to(device), mask.to(device)
        output = self.backbone(input_ids=tokens, attention_mask=mask, output_hidden_states=other is not None)
        return [(None if other is None else output.hidden_states[other], output.last_hidden_state, mask)]


def width_of(backbone: Any) -> int:  # noqa: ANN401 - transformers' models share no type
    """Return the width of a backbone's hidden states, which architectures write down under several names."""
    config = backbone.config.get_text_config()
    names = ("word_embed_proj_dim", "hidden_size", "d_model", "dim", "emb_dim", "n_embd", "embed_dim")
    width: int = next(value for name in names if (value := getattr(config, name, None)))
    return width

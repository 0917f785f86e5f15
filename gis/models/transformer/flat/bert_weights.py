"""The weights of a plain BERT or RoBERTa, read without the code that transformers has for it.

Importing that code takes longer than all else that a short run does, and here it would only hold the weights. A folder
with anything unusual is left to transformers.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from gis.models.transformer.positions import BEHIND_PADDING

# The families, and what transformers calls a model's body, under which a model with a head keeps its weights.
BODIES = {"bert": "bert", "roberta": "roberta", "xlm-roberta": "roberta", "camembert": "roberta"}
WEIGHTS = "model.safetensors"
UNREAD = ("pooler.", "cls.", "lm_head.", "classifier.", "embeddings.position_ids")  # no vector passes through them


class BertWeights(nn.Module):
    """The modules of a model, named as transformers names them.

    Args:
        config: Its configuration.
    """

    def __init__(self, config: Any) -> None:  # noqa: ANN401 - transformers' class
        super().__init__()
        self.config = config
        width, inner = config.hidden_size, config.intermediate_size

        def output(inputs: int) -> nn.Module:
            norm = nn.LayerNorm(width, eps=config.layer_norm_eps)
            return _module(dense=nn.Linear(inputs, width), dropout=nn.Dropout(0.0), LayerNorm=norm)

        def layer() -> nn.Module:
            own = _module(**{name: nn.Linear(width, width) for name in ("query", "key", "value")})
            own.dropout = nn.Dropout(0.0)
            intermediate = _module(dense=nn.Linear(width, inner), intermediate_act_fn=nn.GELU())
            attention = _module(self=own, output=output(width))
            return _module(attention=attention, intermediate=intermediate, output=output(inner))

        def table(rows: int) -> nn.Module:  # without the random numbers that Embedding would draw
            return nn.Embedding(rows, width, _weight=torch.empty(rows, width))

        self.embeddings = _module(
            word_embeddings=table(config.vocab_size),
            position_embeddings=table(config.max_position_embeddings),
            token_type_embeddings=table(config.type_vocab_size),
            LayerNorm=nn.LayerNorm(width, eps=config.layer_norm_eps),
            dropout=nn.Dropout(0.0),
        )
        self.encoder = _module(layer=nn.ModuleList(layer() for _ in range(config.num_hidden_layers)))

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The number format of the weights."""
        return next(self.parameters()).dtype


def read_bert(folder: Path, config: Any, dtype: torch.dtype) -> BertWeights | None:  # noqa: ANN401
    """Read the weights in ``folder``; None where they are not exactly those of such a model.

    Args:
        folder: The model folder.
        config: Its configuration, as transformers reads it.
        dtype: The number format to convert to.
    """
    if config.model_type not in BODIES or config.hidden_act != "gelu" or config.is_decoder:
        return None
    if getattr(config, "position_embedding_type", "absolute") != "absolute" or hasattr(config, "quantization_config"):
        return None
    if config.pad_token_id is None and config.model_type in BEHIND_PADDING:
        return None
    try:
        if config.hidden_size % config.num_attention_heads:
            return None
        body = f"{BODIES[config.model_type]}."
        tensors = load_file(folder / WEIGHTS)
        stored = {name.removeprefix(body): tensor for name, tensor in tensors.items()}
        if len(stored) < len(tensors):  # some are there with and without the prefix
            return None
        with torch.device("meta"):
            model = BertWeights(config)
        weights = {name: tensor.to(dtype) for name, tensor in stored.items() if not name.startswith(UNREAD)}
        model.load_state_dict(weights, assign=True)
    except (OSError, SafetensorError, RuntimeError, AttributeError, ZeroDivisionError):  # transformers says more
        return None
    return model.requires_grad_(requires_grad=False)


def _module(**parts: nn.Module) -> nn.Module:
    module = nn.Module()
    for name, part in parts.items():
        module.add_module(name, part)
    return module

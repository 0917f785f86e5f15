"""Save a model folder that gis, sentence-transformers and AutoModel open with the same embeddings."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from gis.errors import UsageError
from gis.hub import CARD
from gis.training.model.trainable import TrainableEncoder

MODULES = "sentence_transformers.models"
# The names of the poolings in sentence-transformers' Pooling module.
MODES = {
    "cls": ("cls_token",),
    "mean": ("mean_tokens",),
    "max": ("max_tokens",),
    "last": ("lasttoken",),
    "cls_avg": ("cls_token", "mean_tokens"),
}


def check_pooling(pooling: str | None) -> None:
    """Raise a UsageError for a pooling that a saved folder cannot express; None is not known yet."""
    if pooling is not None and pooling not in MODES:
        raise UsageError(f"{pooling} cannot be saved so that other libraries open it; train with {', '.join(MODES)}")


def save_encoder(
    model: TrainableEncoder,
    tokenizer: Any,  # noqa: ANN401 - transformers' tokenizers share no useful type
    folder: Path,
    *,
    max_tokens: int | None,
    lowercase: bool,
) -> None:
    """Write the encoder without what only training needed.

    Args:
        model: The trained encoder; a LoRA adapter is written as an adapter.
        tokenizer: Its tokenizer, the prompt in it.
        folder: An empty folder.
        max_tokens: Where texts are cut; None without limit.
        lowercase: Whether texts are lower-cased first.
    """
    encoder = model.encoder
    encoder.backbone.save_pretrained(str(folder))
    if max_tokens is not None:
        tokenizer.model_max_length = max_tokens
    tokenizer.save_pretrained(str(folder))
    _json(folder / "sentence_bert_config.json", {"max_seq_length": max_tokens, "do_lower_case": lowercase})
    _json(folder / "config_sentence_transformers.json", {"prompts": {}, "similarity_fn_name": "cosine"})
    modules = ["", "1_Pooling"]
    modes = MODES[encoder.pooling]
    config = {"word_embedding_dimension": encoder.width}
    names = ("cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken")
    _json(folder / "1_Pooling" / "config.json", {**config, **{f"pooling_mode_{n}": n in modes for n in names}})
    if len(modes) > 1:
        modules.append(f"{len(modules)}_Dense")
        _save_mean(folder / modules[-1], encoder.width, len(modes))
    if encoder.normalize:
        modules.append(f"{len(modules)}_Normalize")
        (folder / modules[-1]).mkdir()
    kinds = ["Transformer", *(module.partition("_")[2] for module in modules[1:])]
    listed = [
        {"idx": n, "name": str(n), "path": path, "type": f"{MODULES}.{kind}"}
        for n, (path, kind) in enumerate(zip(modules, kinds, strict=True))
    ]
    _json(folder / "modules.json", listed)
    (folder / CARD).unlink(missing_ok=True)  # peft's, with nothing filled in


def _save_mean(folder: Path, width: int, parts: int) -> None:
    """Write a dense layer that averages concatenated poolings, which sentence-transformers cannot do itself."""
    folder.mkdir()
    weight = torch.cat([torch.eye(width) / parts] * parts, dim=1).contiguous()
    save_file({"linear.weight": weight}, folder / "model.safetensors")
    shape = {"in_features": parts * width, "out_features": width, "bias": False}
    _json(folder / "config.json", {**shape, "activation_function": "torch.nn.modules.linear.Identity"})


def _json(path: Path, value: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")

"""Folders of any architecture that transformers knows, made small: random weights, a tokenizer of a few dozen words."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.models.auto import modeling_auto

from tests.tiny_models import HIDDEN, POSITIONS, wordpiece_tokenizer

LARGEST = 3_000_000  # weights; above, an architecture needs more than the names below to be made small
# Heads of which one or more makes an architecture one of texts.
HEADS = ("TEXT_ENCODING", "CAUSAL_LM", "MASKED_LM", "SEQ_TO_SEQ_CAUSAL_LM", "SEQUENCE_CLASSIFICATION")
# What architectures call their sizes.
SIZES = {
    "hidden_size d_model n_embd dim emb_dim embedding_size model_dim embed_dim word_embed_proj_dim": HIDDEN,
    "hidden_dim intermediate_size d_ff ffn_dim encoder_ffn_dim decoder_ffn_dim n_inner d_inner": 2 * HIDDEN,
    "ffn_hidden_size shared_expert_intermediate_size": 2 * HIDDEN,
    "max_position_embeddings n_positions n_ctx": POSITIONS,
    "moe_intermediate_size": 16,
    "head_dim d_kv d_head rotary_dim": 8,
    "num_attention_heads n_head n_heads num_heads encoder_attention_heads decoder_attention_heads": 4,
    "num_encoder_attention_heads num_decoder_attention_heads": 4,
    "num_experts num_local_experts n_routed_experts moe_num_experts": 4,
    "num_key_value_heads num_hidden_layers num_layers n_layer n_layers encoder_layers decoder_layers": 2,
    "num_encoder_layers num_decoder_layers num_experts_per_tok moe_topk moe_k type_vocab_size": 2,
}
# What single architectures need beside those.
OWN_SIZES: dict[str, dict[str, Any]] = {
    "esm": {"pad_token_id": 1, "mask_token_id": 4, "position_embedding_type": "absolute", "token_dropout": False},
    "layoutlmv3": {"coordinate_size": 5, "shape_size": 6},
    "lilt": {"channel_shrink_ratio": 4, "hidden_size": 48},
    "luke": {"entity_vocab_size": 10, "entity_emb_size": 16},
    "xmod": {"default_language": "en_XX"},
    "funnel": {"block_sizes": [1, 1], "block_repeats": [1, 1]},
    "roc_bert": {"pronunciation_vocab_size": 10, "shape_vocab_size": 10},
    "nemotron": {"head_dim": 8},
    "ministral": {"head_dim": 8},
    "rwkv": {"attention_hidden_size": HIDDEN},
    "reformer": {"axial_pos_embds_dim": [16, 16], "axial_pos_shape": [8, 8], "attn_layers": ["local", "lsh"]},
}


def text_architectures() -> list[str]:
    """Every model type with a base model and a head for texts."""
    mappings = [getattr(modeling_auto, f"MODEL_FOR_{head}_MAPPING_NAMES") for head in HEADS]
    return sorted(kind for kind in modeling_auto.MODEL_MAPPING_NAMES if any(kind in names for names in mappings))


def small_config(kind: str, vocabulary: int) -> Any:  # noqa: ANN401
    """The config of a model type with every size that it has made small."""
    config = transformers.AutoConfig.for_model(kind)
    _shrink(config, vocabulary)
    for name, value in OWN_SIZES.get(kind, {}).items():
        setattr(config, name, value)
    for name in ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id"):
        value = getattr(config, name, None)
        if isinstance(value, int) and value >= vocabulary:
            setattr(config, name, 1)
    return config


def save_architecture(kind: str, folder: Path) -> tuple[Any, Any]:
    """A folder of one architecture; returns its model and tokenizer. Raises whatever forbids to make it small."""
    tokenizer = wordpiece_tokenizer()
    config = small_config(kind, len(tokenizer))
    with torch.device("meta"):
        size = sum(weight.numel() for weight in transformers.AutoModel.from_config(config).parameters())  # type: ignore[no-untyped-call]
    if size > LARGEST:
        raise ValueError(f"{size / 1e6:.0f} million weights")
    torch.manual_seed(0)
    model = transformers.AutoModel.from_config(config).eval()  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return model, tokenizer


def _shrink(config: Any, vocabulary: int) -> None:  # noqa: ANN401
    sizes = {name: size for names, size in SIZES.items() for name in names.split()}
    for name, size in {**sizes, "vocab_size": vocabulary}.items():
        value = getattr(config, name, None)
        if isinstance(value, int) and not isinstance(value, bool):
            with suppress(NotImplementedError):  # a name that the architecture computes
                setattr(config, name, size)
    for name in ("layer_types", "mlp_layer_types", "layers_block_type"):
        if isinstance(getattr(config, name, None), list | tuple):
            setattr(config, name, list(getattr(config, name))[:2])
    for name in getattr(config, "sub_configs", {}):
        part = getattr(config, name, None)
        if isinstance(part, transformers.PretrainedConfig):
            _shrink(part, vocabulary)

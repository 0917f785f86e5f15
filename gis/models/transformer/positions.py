"""How many tokens a model can read: its position table's true length, which config.json seldom says plainly."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gis.models.transformer.folder_files import read_json_if_there, token_limit

# Where the table's length is written down, in the order in which transformers' attribute_map resolves the name.
NAMES = ("max_position_embeddings", "n_positions")
# Positions are counted from behind the padding's row, so that the first rows hold no token.
BEHIND_PADDING = frozenset(
    (
        "camembert",
        "data2vec-text",
        "esm",
        "ibert",
        "layoutlmv3",
        "lilt",
        "longformer",
        "luke",
        "markuplm",
        "mpnet",
        "roberta",
        "roberta-prelayernorm",
        "xlm-roberta",
        "xlm-roberta-xl",
        "xmod",
    )
)
# Nothing limits these but what they were trained on: they rotate, bias or recur, or make positions as they need them.
WITHOUT_TABLE = frozenset(
    """
    afmoe apertus arcee aria_text beam bitnet cohere cohere2 cohere2_moe cwm deepseek_v4 diffllama
    doge ernie4_5 ernie4_5_moe eurobert exaone4 exaone_moe falcon flex_olmo flint fsmt gemma gemma2
    gemma3_text glm glm4 glm4_moe gpt_neox gpt_neox_japanese gpt_oss granite granite_swa granitemoe
    granitemoe_swa granitemoeshared gte helium hy_v3 hyperclovax inkling2_text inkling_text
    internlm3 iquestcoder jais2 jetmoe jina_embeddings_v3 kolibri1 laguna lfm2 llama llama4_text
    mellum mimo_v2_flash minimax minimax_m2 minimax_m3_vl_text ministral3 mistral mixtral modernbert
    modernbert-decoder molmo2_text moshi nanochat nomic_bert olmo olmo2 olmo3 olmoe persimmon phi
    phi3 phimoe qwen2 qwen2_moe qwen3 qwen3_moe seed_oss smollm3 solar_open stablelm starcoder2
    tapas ultrabert vaultgemma xglm zaya
    """.split()
)
# Their configs may mention a number of positions, which nothing reads.
RELATIVE = frozenset(("longt5", "mt5", "pop2piano", "switch_transformers", "t5", "t5gemma", "t5gemma2", "udop", "umt5"))


def declared_limit(folder: Path, changes: Mapping[str, Any] | None = None) -> int | None:
    """Return the shorter of the tokenizer's limit and the number of positions, as sentence-transformers reads them.

    Args:
        folder: A folder with config.json and a tokenizer.
        changes: Keys that take the place of those in config.json.
    """
    path, key = folder / "tokenizer_config.json", "model_max_length"
    tokenizer = token_limit(path, key, read_json_if_there(path).get(key))
    limits = (tokenizer, _positions(folder, changes))
    return min((limit for limit in limits if limit and limit < 1_000_000), default=None)


def table_length(folder: Path, changes: Mapping[str, Any] | None = None) -> int | None:
    """Return how many tokens the position table holds; None for a model that has none and reads on.

    Args:
        folder: A folder with config.json.
        changes: Keys that take the place of those in config.json.
    """
    config = _config(folder, changes)
    # DeBERTa's later versions have relative positions alone, and ESM has both kinds.
    relative = config.get("position_biased_input") is False or config.get("position_embedding_type") == "rotary"
    return None if relative or config.get("model_type") in WITHOUT_TABLE else _positions(folder, changes)


def _positions(folder: Path, changes: Mapping[str, Any] | None) -> int | None:
    """Return how many positions the config declares for tokens."""
    config = _config(folder, changes)
    if config.get("model_type") in RELATIVE:
        return None
    name = next((name for name in NAMES if config.get(name)), None)
    positions = config[name] if name else None
    if name and not (isinstance(positions, int) and positions < 0):  # a number below 0 stands for no table
        positions = token_limit(folder / "config.json", name, positions)
    if positions is None and not any(name in config for name in NAMES):
        positions = _default(config)
    if positions and config.get("model_type") in BEHIND_PADDING:
        padding = config.get("pad_token_id")
        positions -= (1 if padding is None else int(padding)) + 1
    return int(positions) if positions and positions > 0 else None


def _config(folder: Path, changes: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**read_json_if_there(folder / "config.json"), **(changes or {})}


def _default(config: Mapping[str, Any]) -> int | None:
    """Return the number of positions of an architecture whose config.json does not mention it."""
    kind = config.get("model_type")
    if not kind:
        return None
    import transformers

    try:
        value: int | None = getattr(transformers.AutoConfig.for_model(kind), NAMES[0], None)
    except (ValueError, AttributeError):  # an architecture with code of its own, or with parts that differ
        return None
    return value

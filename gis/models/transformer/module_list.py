"""Read a folder of sentence-transformers: its modules, and their settings under every name they have had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gis.errors import GisError
from gis.models.base import COSINE
from gis.models.transformer.folder_files import (
    is_static,
    read_json,
    read_json_if_there,
    settings_file,
    token_limit,
    transformer_settings,
)
from gis.models.transformer.pooling import POOLING_NAMES
from gis.models.transformer.positions import declared_limit, table_length
from gis.models.transformer.routers import modules_inside, reader_of_texts
from gis.models.transformer.trust import LIBRARY, TRANSFORMER, check_module

# The modules that gis knows, under the names of the library's versions. All others are left to the library.
CLASSES = {
    f"{LIBRARY}{module}.{name}": name
    for name, modules in {
        "Transformer": ("models", "models.Transformer", "base.modules", "base.modules.transformer"),
        "Pooling": (
            "models",
            "models.Pooling",
            "sentence_transformer.modules",
            "sentence_transformer.modules.pooling",
        ),
        "Normalize": (
            "models",
            "models.Normalize",
            "base.modules",
            "base.modules.normalize",
            "sentence_transformer.modules.normalize",
        ),
        "StaticEmbedding": (
            "models",
            "models.StaticEmbedding",
            "sentence_transformer.modules",
            "sentence_transformer.modules.static_embedding",
        ),
    }.items()
    for module in modules
}
USUAL = (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
STATIC = (["StaticEmbedding"], ["StaticEmbedding", "Normalize"])
# Settings that the library has for a Transformer of texts; gis leaves a folder with others to it.
USUAL_SETTINGS = {
    "transformer_task": "feature-extraction",
    "module_output_name": "token_embeddings",
    "modality_config": {"text": {"method": "forward", "method_output_name": "last_hidden_state"}},
}
READ_SETTINGS = ("max_seq_length", "do_lower_case")
PROCESSOR_ARGUMENTS = ("processor_kwargs", "tokenizer_args")  # new name, old name
CONFIG_ARGUMENTS = ("config_kwargs", "config_args")
# The modes of a Pooling module, by the keys that older versions had for them.
POOLING_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
POOLING_KEY = "pooling_mode"
Engine = Literal[
    "transformer", "sentence-transformers", "model2vec", "cross-encoder", "sparse-encoder", "multi-vector-encoder"
]
PAIR_SCORERS = ("cross-encoder", "sparse-encoder", "multi-vector-encoder")  # engines that give no vector for a text
ENCODER = "SentenceTransformer"
KINDS: Mapping[str, Engine] = {  # the library's classes
    ENCODER: "sentence-transformers",
    "CrossEncoder": "cross-encoder",
    "SparseEncoder": "sparse-encoder",
    "MultiVectorEncoder": "multi-vector-encoder",
}
DEFAULT_PROMPTS = {"query": "", "document": ""}  # the library's own


@dataclass(frozen=True, kw_only=True)
class ModuleList:
    """What modules.json and the files that it leads to say.

    Attributes:
        body: The folder of the first module.
        engine: What runs the folder; "transformer" where gis can run the modules itself.
        pooling: A name in ``POOLINGS`` where the engine is "transformer"; else None.
        normalize: Whether vectors are scaled to length 1, where ``pooling`` is given.
        lowercase: Whether texts are lower-cased first, where ``pooling`` is given.
        max_tokens: Where texts are cut, by the module that reads them first; None without limit.
        positions: How many tokens that module can read at all; None without a table of positions.
        static: Whether it is a static model as model2vec saves it, which that library does not read as this one does.
        similarity: The similarity that the folder declares for its vectors.
        own_code: Whether a module is code from outside the library.
        prompts: The named prompts.
        default_prompt: The name of the prompt of every text, if any.
    """

    body: Path
    engine: Engine
    pooling: str | None
    normalize: bool
    lowercase: bool
    max_tokens: int | None
    positions: int | None
    static: bool
    similarity: str
    own_code: bool
    prompts: Mapping[str, str]
    default_prompt: str | None


def read_module_list(folder: Path, *, trust_remote_code: bool) -> ModuleList:
    """Read modules.json of ``folder``; nothing is imported, and no weights are opened.

    Raises:
        GisError: The folder brings code that it may not run, leads outside itself, or is of a kind that gis cannot
            score.
    """
    modules: list[dict[str, Any]] = read_json(folder / "modules.json", list)
    if not modules or not all(_is_module(module) for module in modules):
        raise GisError(f"{folder / 'modules.json'} does not list modules with type and path")
    for module in modules:
        check_module(folder, module["path"], module["type"], trusted=trust_remote_code)
        for path, reference in modules_inside(folder / module["path"], module["type"]):
            if CLASSES.get(reference) == "Pooling":
                _pooling_modes(path / "config.json")
    config = read_json_if_there(folder / "config_sentence_transformers.json")
    kind = config.get("model_type") or ENCODER
    if kind not in KINDS:
        raise GisError(f"{folder} is a {kind} of sentence-transformers; gis scores its {', '.join(KINDS)} only")
    body = folder / modules[0]["path"]
    settings = transformer_settings(body)
    names = [CLASSES.get(module["type"]) for module in modules]
    usual = names in USUAL and kind == ENCODER and not config.get("truncate_dim") and _are_usual(settings)
    pooling = _stored_pooling(folder / modules[1]["path"] / "config.json") if usual else None
    reader, reference = reader_of_texts(body, modules[0]["type"])
    is_transformer = reference.rsplit(".", 1)[-1] == TRANSFORMER
    return ModuleList(
        body=body,
        engine="transformer" if pooling else KINDS[kind],
        pooling=pooling,
        normalize=usual and names[-1] == "Normalize",
        lowercase=usual and bool(settings.get("do_lower_case")),
        max_tokens=_limit(reader) if is_transformer else None,
        positions=_positions(reader) if is_transformer else None,
        static=not config and names in STATIC and modules[0]["path"] in ("", ".") and is_static(folder),
        similarity=str(config.get("similarity_fn_name") or COSINE),
        own_code=any(not module["type"].startswith(LIBRARY) for module in modules),
        prompts={**DEFAULT_PROMPTS, **_prompts(config, folder)},
        default_prompt=config.get("default_prompt_name"),
    )


def _prompts(config: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """Return the named prompts of a folder; one that is null is empty."""
    prompts = config.get("prompts") or {}
    if not isinstance(prompts, dict) or not all(isinstance(text, str | None) for text in prompts.values()):
        raise GisError(f"{folder / 'config_sentence_transformers.json'}: the prompts are not texts by name")
    return {name: text or "" for name, text in prompts.items()}


def _is_module(module: object) -> bool:
    return isinstance(module, dict) and all(isinstance(module.get(key), str) for key in ("type", "path"))


def _are_usual(settings: Mapping[str, Any]) -> bool:
    """Return whether ``settings`` ask for nothing but what gis does itself."""
    return all(key in READ_SETTINGS or not value or USUAL_SETTINGS.get(key) == value for key, value in settings.items())


def _limit(body: Path) -> int | None:
    """Return where the Transformer in ``body`` cuts texts, in the library's order of precedence."""
    settings, path = transformer_settings(body), settings_file(body)
    of_tokenizer = _arguments(settings, PROCESSOR_ARGUMENTS).get("model_max_length")
    limit = token_limit(path, "model_max_length", of_tokenizer)
    own = token_limit(path, "max_seq_length", settings.get("max_seq_length"))
    of_documents = token_limit(path, "document_length", settings.get("document_length"))  # of late interaction
    return of_documents or limit or own or declared_limit(body, _arguments(settings, CONFIG_ARGUMENTS))


def _positions(body: Path) -> int | None:
    """Return how many tokens the Transformer in ``body`` can read at all."""
    return table_length(body, _arguments(transformer_settings(body), CONFIG_ARGUMENTS))


def _arguments(settings: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """Return the arguments that ``settings`` hand to a part of the Transformer, under any of their names."""
    return next((settings[name] for name in names if isinstance(settings.get(name), dict)), {})


def _stored_pooling(path: Path) -> str | None:
    """Return the pooling of the Pooling module with the configuration ``path``; None for one that gis lacks."""
    modes = _pooling_modes(path)
    include_prompt = read_json(path).get("include_prompt", True)
    return POOLING_NAMES.get(modes[0]) if len(modes) == 1 and include_prompt else None


def _pooling_modes(path: Path) -> list[str]:
    """Return the modes that the Pooling module with the configuration ``path`` names, in old or new terms.

    Raises:
        GisError: It names one that sentence-transformers does not have, and might pass over.
    """
    config = read_json(path)
    stated = config.get(POOLING_KEY)
    listed = [] if stated is None else stated if isinstance(stated, list) else [stated]
    by_key = [key for key, value in config.items() if key.startswith(f"{POOLING_KEY}_") and value]
    unknown = [mode for mode in listed if mode not in POOLING_MODES.values()]
    unknown += [key for key in by_key if key not in POOLING_MODES]
    if unknown:
        known = ", ".join(POOLING_MODES.values())
        raise GisError(
            f"{path} asks for the pooling {unknown[0]}, which sentence-transformers does not have; it has {known}"
        )
    return listed or [POOLING_MODES[key] for key in by_key]

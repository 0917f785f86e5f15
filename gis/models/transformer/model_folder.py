"""Read what a model folder says about itself: one of sentence-transformers, of AnglE, or a plain Hugging Face one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gis.errors import GisError, UsageError
from gis.files import sha256_of, sha256_of_file
from gis.models.base import LoadSettings
from gis.models.transformer.pooling import POOLINGS
from gis.spec import Spec

OPTIONS = ("pooling", "prompt", "prompt_name", "max_length", "revision", "base", "trust_remote_code")
WEIGHTS = ("*.safetensors", "*.bin")
# Everything that can change a vector. What training leaves behind (optimizer.pt, event files) cannot.
CONTENT = (*WEIGHTS, "*.json", "*.txt", "*.model", "*.py", "*.jinja")
NOT_CONTENT = (
    "trainer_state.json",
    "training_args.bin",
    "optimizer.bin",
    "all_results.json",
    "eval_results.json",
    "gis_training.json",
)
POOLING_NAMES = {"avg": "mean", "lasttoken": "last", **{name: name for name in POOLINGS}}
FIRST_POSITION_AFTER_PADDING = ("roberta", "xlm-roberta", "camembert")


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """What a model folder says about itself.

    Attributes:
        folder: Where configuration, weights and tokenizer are; of the backbone when ``adapter`` is set.
        layout: Whose conventions the folder follows.
        pooling: A name in ``POOLINGS``; None when only sentence-transformers itself can run the folder.
        prompt: Text with ``{text}`` where the text goes.
        max_tokens: Where texts are cut; None without limit.
        normalize: Scale vectors to length 1, as the folder asks.
        lowercase: Lower-case texts first.
        adapter: A LoRA adapter's folder, or None.
        backbone: The folder that sentence-transformers itself will take the backbone from, or None.
        trust_remote_code: Run code that the folder brings.
    """

    folder: Path
    layout: str
    pooling: str | None
    prompt: str
    max_tokens: int | None
    normalize: bool = False
    lowercase: bool = False
    adapter: Path | None = None
    backbone: Path | None = None
    trust_remote_code: bool = False

    def content_hash(self) -> str:
        """SHA-256 over the names and bytes of every file that can change a vector."""
        folders = (self.folder, self.adapter, self.backbone)
        return sha256_of([_hashes(folder) for folder in folders if folder is not None])


def read_model_folder(spec: Spec, settings: LoadSettings) -> ModelFolder:
    """Find the folder that ``spec`` names, on disk or on the Hub, and read how to use it.

    Options in ``spec`` go before ``settings``, and both before what the folder says.

    Raises:
        UsageError: An option has an impossible value.
        GisError: The folder is not a model, or the Hub cannot be reached.
    """
    spec.check_options(OPTIONS)
    options = spec.options
    folder = find_folder(spec.name, options.get("revision"), settings)
    trust = _truth("trust_remote_code", options.get("trust_remote_code", "false"))
    model = _read(folder, options, settings)
    model = replace(model, trust_remote_code=trust)
    if "pooling" in options:
        if model.pooling is None:
            raise UsageError(f"{spec.name} has modules of its own behind the pooling: pooling= cannot replace them")
        model = replace(model, pooling=pooling_name(options["pooling"]))
    if "prompt" in options:
        model = replace(model, prompt=as_prompt(options["prompt"]))
    if "prompt_name" in options and model.layout != "sentence-transformers":
        raise UsageError(f"{spec.name} has no named prompts; write the prompt itself: prompt=…")
    return replace(model, max_tokens=_limit(model, options, settings))


def _read(folder: Path, options: Mapping[str, str], settings: LoadSettings) -> ModelFolder:
    """Read ``folder`` by the conventions that it follows."""
    adapter = folder / "adapter_config.json"
    model = _sentence_transformers(folder, options) if (folder / "modules.json").is_file() else None
    if not adapter.is_file():
        return model or _with_angle(_plain(folder), folder)
    base = options.get("base") or read_json(adapter).get("base_model_name_or_path")
    if not base:
        raise GisError(f"the adapter in {folder} does not name its backbone", remedy="add base=FOLDER-OR-HUB-ID")
    if not _weights(folder):
        raise GisError(f"{folder} holds an adapter_config.json but no adapter weights")
    try:
        backbone = _plain(find_folder(base, None, settings))
    except GisError as error:
        instead = "add base=FOLDER-OR-HUB-ID"
        raise GisError(
            f"the backbone of the adapter in {folder}: {error}",
            remedy=f"{error.remedy}, or {instead}" if error.remedy else instead,
        ) from error
    if model is None:
        return _with_angle(replace(backbone, adapter=folder, pooling="last"), folder)
    if model.pooling is None:
        return replace(model, backbone=backbone.folder)
    return replace(model, folder=backbone.folder, adapter=folder)


def find_folder(name: str, revision: str | None, settings: LoadSettings) -> Path:
    """Return the local folder ``name``, or the snapshot of the Hub repository ``name``."""
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise UsageError(f"no model folder '{name}' here, and a Hub id has the form ORG/NAME")
    from huggingface_hub import snapshot_download

    from gis.hub import ask_hub

    instead = "give the path of a local model folder instead of its Hub id"
    with ask_hub(f"the model {name}", revision, instead, offline=settings.offline) as local_only:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                local_files_only=local_only,
                allow_patterns=[*CONTENT, "*/*.json", "*/*.safetensors", "*/*.bin"],
                ignore_patterns=["onnx/*", "openvino/*", "checkpoint-*/*"],
            )
        )


def pooling_name(name: str) -> str:
    """Resolve a pooling's name or alias."""
    if name not in POOLING_NAMES:
        raise UsageError(f"unknown pooling '{name}'; known: {', '.join(POOLINGS)}")
    return POOLING_NAMES[name]


def as_prompt(prompt: str) -> str:
    """Make a prompt of a prefix: text goes at ``{text}``, else at the end."""
    if prompt.count("{text}") > 1:
        raise UsageError(f"the prompt '{prompt}' holds {{text}} more than once")
    return prompt if "{text}" in prompt else prompt + "{text}"


def _plain(folder: Path) -> ModelFolder:
    if not (folder / "config.json").is_file():
        inside = sorted(path.parent.name for path in folder.glob("*/config.json"))
        hint = f"; did you mean its {' or '.join(inside)}?" if inside else ""
        raise GisError(f"{folder} holds no model: no config.json, modules.json or adapter_config.json{hint}")
    if not _weights(folder):
        raise GisError(f"{folder} holds a config.json but no weights (*.safetensors or *.bin)")
    return ModelFolder(
        folder=folder, layout="plain", pooling="mean", prompt="{text}", max_tokens=_declared_limit(folder)
    )


def _weights(folder: Path) -> list[Path]:
    return [path for pattern in WEIGHTS for path in folder.glob(pattern) if path.name not in NOT_CONTENT]


def _with_angle(model: ModelFolder, folder: Path) -> ModelFolder:
    """Apply the angle_config.json of ``folder``, or of its parent, where AnglE leaves it beside best-checkpoint."""
    files = [path for path in (folder / "angle_config.json", folder.parent / "angle_config.json") if path.is_file()]
    if not files:
        return model
    config = read_json(files[0])
    if config.get("apply_billm"):
        raise GisError(f"{files[0]} asks for a bidirectional LLM (billm), which gis cannot run")
    limit = config.get("max_length") or model.max_tokens
    pooling = pooling_name(str(config.get("pooling_strategy") or "cls"))
    return replace(model, layout="angle", pooling=pooling, max_tokens=limit)


def _sentence_transformers(folder: Path, options: Mapping[str, str]) -> ModelFolder:
    """Read modules.json; pooling stays None for anything but Transformer, one Pooling and Normalize."""
    modules: list[dict[str, Any]] = read_json(folder / "modules.json", list)
    if not modules or not all(isinstance(each, dict) and {"type", "path"} <= each.keys() for each in modules):
        raise GisError(f"{folder / 'modules.json'} does not list modules with type and path")
    kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
    config_file = folder / "config_sentence_transformers.json"
    config = read_json(config_file) if config_file.is_file() else {}
    body = folder / modules[0]["path"]
    sbert = read_json(body / "sentence_bert_config.json") if (body / "sentence_bert_config.json").is_file() else {}
    limit = (sbert.get("max_seq_length") or _declared_limit(body)) if kinds[0] == "Transformer" else None
    whole = ModelFolder(
        folder=folder,
        layout="sentence-transformers",
        pooling=None,
        prompt=_stored_prompt(config, options, folder),
        max_tokens=limit,
    )
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]) or config.get("truncate_dim"):
        return whole
    pooling = _stored_pooling(read_json(folder / modules[1]["path"] / "config.json"))
    if pooling is None:
        return whole
    return replace(
        whole,
        folder=body,
        pooling=pooling,
        normalize=kinds[-1] == "Normalize",
        lowercase=bool(sbert.get("do_lower_case")),
    )


def _stored_pooling(config: Mapping[str, Any]) -> str | None:
    """Return the pooling that a Pooling module's config names, in old or new terms; None for one that gis lacks."""
    active = config.get("pooling_mode") or [
        key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
        for key, value in config.items()
        if key.startswith("pooling_mode_") and value
    ]
    active = [active] if isinstance(active, str) else active
    return POOLING_NAMES.get(active[0]) if len(active) == 1 and config.get("include_prompt", True) else None


def _stored_prompt(config: Mapping[str, Any], options: Mapping[str, str], folder: Path) -> str:
    prompts: dict[str, str] = config.get("prompts") or {}
    name = options.get("prompt_name") or config.get("default_prompt_name")
    if name is None:
        return "{text}"
    if name not in prompts:
        raise UsageError(f"{folder} has no prompt '{name}'; it has: {', '.join(prompts) or 'none'}")
    return as_prompt(prompts[name])


def _declared_limit(folder: Path) -> int | None:
    """Return the shorter of the tokenizer's limit and the number of positions, as sentence-transformers reads them."""
    config = read_json(folder / "config.json") if (folder / "config.json").is_file() else {}
    tokenizer_file = folder / "tokenizer_config.json"
    declared = read_json(tokenizer_file).get("model_max_length") if tokenizer_file.is_file() else None
    limits = [int(limit) for limit in (declared, _positions(config)) if limit and limit < 1_000_000]
    return min(limits, default=None)


def _positions(config: Mapping[str, Any]) -> int | None:
    """Return how many tokens the position table holds; RoBERTa's first rows belong to the padding."""
    positions: int | None = config.get("max_position_embeddings")
    if positions and config.get("model_type") in FIRST_POSITION_AFTER_PADDING:
        return positions - int(config.get("pad_token_id", 1)) - 1
    return positions


def _limit(model: ModelFolder, options: Mapping[str, str], settings: LoadSettings) -> int | None:
    config_file = model.folder / "config.json"
    positions = _positions(read_json(config_file)) if config_file.is_file() else None
    requested = options.get("max_length", settings.max_length)
    if requested is None:
        # A folder may promise more than its position table holds; reading past its end would crash.
        return min((limit for limit in (model.max_tokens, positions) if limit), default=None)
    if not str(requested).isdecimal() or int(requested) < 1:
        raise UsageError(f"max_length must be a whole number of tokens above 0, not '{requested}'")
    if positions and int(requested) > positions:
        raise UsageError(f"max_length {requested} is more than the {positions} positions that the model has")
    return int(requested)


def _hashes(folder: Path) -> dict[str, str]:
    paths = {path for pattern in CONTENT for path in [*folder.glob(pattern), *folder.glob(f"*/{pattern}")]}
    content = [p for p in paths if p.name not in NOT_CONTENT and not p.parent.name.startswith("checkpoint-")]
    return {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in sorted(content)}


def _truth(key: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise UsageError(f"{key} must be true or false, not '{value}'")
    return value.lower() == "true"


def read_json(path: Path, kind: type = dict) -> Any:  # noqa: ANN401
    """Read a JSON file that holds a ``kind``, naming it in the error when it is missing or broken."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise GisError(f"{path} is missing; download or save the model again") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise GisError(f"{path} is not valid JSON ({error}); download or save the model again") from error
    if not isinstance(content, kind):
        raise GisError(
            f"{path} does not hold a JSON {'list' if kind is list else 'object'}; download or save the model again"
        )
    return content

"""Read what a model folder says about itself: one of sentence-transformers, AnglE, model2vec, or a plain one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from gis.errors import GisError, UsageError, unknown_name
from gis.hashes import sha256_of
from gis.models.base import COSINE, LoadSettings
from gis.models.transformer.folder_files import (
    content_hashes,
    is_static,
    read_json,
    read_json_if_there,
    token_limit,
    weight_files,
)
from gis.models.transformer.module_list import PAIR_SCORERS, Engine, ModuleList, read_module_list
from gis.models.transformer.named_prompts import NAMED_PROMPTS
from gis.models.transformer.pooling import POOLING_NAMES, POOLINGS
from gis.models.transformer.positions import declared_limit, table_length
from gis.models.transformer.trust import check_architecture, check_files
from gis.spec import Spec

OPTIONS = ("pooling", "prompt", "prompt_name", "max_length", "long", "revision", "base", "trust_remote_code")
STATIC_LIMIT = 512  # model2vec's own default
CLASSIFIER = "ForSequenceClassification"

NOT_POOLED = {
    "sentence-transformers": "has modules of its own behind the pooling",
    "model2vec": "averages the vectors of tokens",
    **dict.fromkeys(PAIR_SCORERS, "compares pairs and has no vector for a text"),
}


@dataclass(frozen=True, kw_only=True)
class ModelFolder:
    """What a model folder says about itself.

    Attributes:
        name: What was typed for it.
        folder: Where configuration, weights and tokenizer are; of the backbone when ``adapter`` is set.
        layout: Whose conventions the folder follows.
        engine: What runs it: gis itself ("transformer"), sentence-transformers, or gis for a static model of
            model2vec; those in ``PAIR_SCORERS`` have no vectors.
        pooling: A name in ``POOLINGS``; None unless the engine is "transformer".
        pooling_declared: Whether the folder or an option says how to pool; else mean or last token is a guess.
        prompt: Text with ``{text}``, its last one, where the text goes.
        max_tokens: Where texts are cut; None without limit.
        positions: How many tokens the model can read at all; None where it has no table of positions.
        normalize: Scale vectors to length 1, as the folder asks.
        lowercase: Lower-case texts first.
        similarity: The similarity that the folder declares for its vectors.
        adapter: A LoRA adapter's folder, or None.
        backbone: The folder that sentence-transformers itself will take the backbone from, or None.
        trust_remote_code: Run code that the folder brings.
        own_code: It has modules that are such code; what they make of a text may depend on those beside it.
    """

    name: str = ""
    folder: Path
    layout: str
    engine: Engine = "transformer"
    pooling: str | None
    pooling_declared: bool = True
    prompt: str
    max_tokens: int | None
    positions: int | None = None
    normalize: bool = False
    lowercase: bool = False
    similarity: str = COSINE
    adapter: Path | None = None
    backbone: Path | None = None
    trust_remote_code: bool = False
    own_code: bool = False

    def content_hash(self) -> str:
        """SHA-256 over the names and bytes of every file that can change a vector."""
        folders = (self.folder, self.adapter, self.backbone)
        return sha256_of([content_hashes(folder) for folder in folders if folder is not None])


def read_model_folder(spec: Spec, settings: LoadSettings, *, packaged: Path | None = None) -> ModelFolder:
    """Find the folder that ``spec`` names, on disk or on the Hub, and read how to use it.

    Options in ``spec`` go before ``settings``, and both before what the folder says. No code of the folder is run.

    Args:
        spec: A folder or Hub id, with options.
        settings: What all models of a run have in common.
        packaged: The folder, where the name stands for one that a package holds.

    Raises:
        UsageError: An option has an impossible value.
        GisError: The folder is not a model, needs its own code, or the Hub cannot be reached.
    """
    spec.check_options(OPTIONS)
    options = spec.options
    folder = packaged or find_folder(spec.name, options.get("revision"), settings)
    trust = _truth("trust_remote_code", options.get("trust_remote_code", "false"))
    model = replace(_read(folder, options, settings, trust_remote_code=trust), trust_remote_code=trust)
    check_architecture(model.folder, trusted=trust)
    if model.engine != "transformer":
        _check_encoder_options(model, options, spec.name)
    elif "pooling" in options:
        model = replace(model, pooling=pooling_name(options["pooling"]), pooling_declared=True)
    if "prompt" in options and "prompt_name" in options:
        raise UsageError(f"{spec.name} was given a prompt and the name of one; choose between prompt= and prompt_name=")
    if "prompt" in options:
        model = replace(model, prompt=as_prompt(options["prompt"]))
    elif "prompt_name" in options and model.layout != "sentence-transformers":
        model = _with_named_prompt(model, options["prompt_name"])
    return replace(model, name=spec.name, max_tokens=_limit(model, options, settings))


def _with_named_prompt(model: ModelFolder, name: str) -> ModelFolder:
    """Give a model the prompt of a paper; what goes on after the text is answered by the last token."""
    if name not in NAMED_PROMPTS:
        raise unknown_name("prompt", name, NAMED_PROMPTS, "Or write the prompt itself: prompt=…")
    prompt = NAMED_PROMPTS[name]
    if model.pooling is None or model.pooling_declared or prompt.endswith("{text}"):
        return replace(model, prompt=prompt)
    return replace(model, prompt=prompt, pooling="last", pooling_declared=True)


def _check_encoder_options(model: ModelFolder, options: Mapping[str, str], name: str) -> None:
    """Refuse options that the folder's engine cannot follow."""
    if "pooling" in options:
        raise UsageError(f"{name} {NOT_POOLED[model.engine]}: pooling= cannot replace them")
    if model.engine in PAIR_SCORERS and options.keys() & {"prompt", "prompt_name"}:
        raise UsageError(f"{name} compares pairs; prompts are for models that embed texts")


def _read(folder: Path, options: Mapping[str, str], settings: LoadSettings, *, trust_remote_code: bool) -> ModelFolder:
    """Read ``folder`` by the conventions that it follows."""
    model = None
    if (folder / "modules.json").is_file():
        modules = read_module_list(folder, trust_remote_code=trust_remote_code)
        model = _sentence_transformers(folder, modules, options)
    if (folder / "adapter_config.json").is_file():
        return _adapter(folder, model, options, settings)
    return model or _plain(folder, options)


def _adapter(
    folder: Path, model: ModelFolder | None, options: Mapping[str, str], settings: LoadSettings
) -> ModelFolder:
    """Read a folder with a LoRA adapter; full weights beside it are ignored, as by the libraries."""
    config = read_json(folder / "adapter_config.json")
    base = options.get("base") or config.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise GisError(f"the adapter in {folder} does not name its backbone", remedy="add base=FOLDER-OR-HUB-ID")
    if config.get("task_type") == "SEQ_CLS":
        raise GisError(f"the adapter in {folder} is a classifier's; merge it into its backbone first")
    if not weight_files(folder):
        raise GisError(f"{folder} holds an adapter_config.json but no adapter weights")
    try:
        backbone = _encoder(find_folder(base, None, settings))
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
    return replace(model, folder=backbone.folder, positions=backbone.positions, adapter=folder)


def find_folder(name: str, revision: str | None, settings: LoadSettings) -> Path:
    """Return the local folder ``name``, or the snapshot of the Hub repository ``name``.

    Raises:
        UsageError: Nothing can have this name.
        GisError: The Hub cannot be reached or has no such model, or a file in the folder leads outside it.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        check_files(path)
        return path
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise UsageError(f"no model folder '{name}' here, and a Hub id has the form ORG/NAME")
    from huggingface_hub import snapshot_download

    from gis.hub import ask_hub
    from gis.models.transformer.folder_files import CONTENT

    instead = "give the path of a local model folder instead of its Hub id"
    with ask_hub(f"the model {name}", revision, instead, offline=settings.offline) as local_only:
        snapshot = Path(
            snapshot_download(
                name,
                revision=revision,
                local_files_only=local_only,
                allow_patterns=[*CONTENT, "*/*.json", "*/*.safetensors", "*/*.bin"],
                ignore_patterns=["onnx/*", "openvino/*", "checkpoint-*/*"],
            )
        )
    check_files(snapshot)
    return snapshot


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


def split_prompt(prompt: str) -> tuple[str, str]:
    """Return what goes before a text and what goes behind it; a stored prefix may itself hold ``{text}``."""
    before, _, after = prompt.rpartition("{text}")
    return before, after


def _plain(folder: Path, options: Mapping[str, str]) -> ModelFolder:
    """Read a folder that only has a config.json: a model of transformers, or of model2vec."""
    model = _encoder(folder)
    if is_static(folder):
        return _static(folder)
    if "pooling" not in options and (classes := _classes(folder)) is not None:
        _check_classes(folder, classes, "to score vectors of its encoder, without the classifier, add pooling=mean")
        return replace(model, pooling=None, pooling_declared=True, engine="cross-encoder")
    return _with_angle(model, folder)


def _static(folder: Path) -> ModelFolder:
    """Read a static model of model2vec."""
    path = folder / "config.json"
    return ModelFolder(
        folder=folder,
        layout="model2vec",
        engine="model2vec",
        pooling=None,
        prompt="{text}",
        max_tokens=token_limit(path, "max_length", read_json(path).get("max_length", STATIC_LIMIT)),
    )


def _classes(body: Path) -> int | None:
    """Return how many classes the classifier in ``body`` has; None for a model that is not a classifier."""
    config = read_json_if_there(body / "config.json")
    if not any(str(name).endswith(CLASSIFIER) for name in config.get("architectures") or ()):
        return None
    return len(config["id2label"]) if config.get("id2label") else int(config.get("num_labels", 2))


def _check_classes(folder: Path, classes: int, remedy: str = "") -> None:
    if classes != 1:
        raise GisError(
            f"{folder} sorts texts or pairs into {classes} classes; gis needs one similarity for each pair",
            remedy=remedy,
        )


def _encoder(folder: Path) -> ModelFolder:
    if not (folder / "config.json").is_file():
        inside = sorted(path.parent.name for path in folder.glob("*/config.json"))
        hint = f"; did you mean its {' or '.join(inside)}?" if inside else ""
        raise GisError(f"{folder} holds no model: no config.json, modules.json or adapter_config.json{hint}")
    if not weight_files(folder):
        raise GisError(f"{folder} holds a config.json but no weights (*.safetensors or *.bin)")
    return ModelFolder(
        folder=folder,
        layout="plain",
        pooling="mean",
        pooling_declared=False,
        prompt="{text}",
        max_tokens=declared_limit(folder),
        positions=table_length(folder),
    )


def _with_angle(model: ModelFolder, folder: Path) -> ModelFolder:
    """Apply the angle_config.json of ``folder``, or of its parent, where AnglE leaves it beside best-checkpoint."""
    files = [path for path in (folder / "angle_config.json", folder.parent / "angle_config.json") if path.is_file()]
    if not files:
        return model
    config = read_json(files[0])
    if config.get("apply_billm"):
        raise GisError(f"{files[0]} asks for a bidirectional LLM (billm), which gis cannot run")
    limit = token_limit(files[0], "max_length", config.get("max_length")) or model.max_tokens
    pooling = pooling_name(str(config.get("pooling_strategy") or "cls"))
    return replace(model, layout="angle", pooling=pooling, pooling_declared=True, max_tokens=limit)


def _sentence_transformers(folder: Path, modules: ModuleList, options: Mapping[str, str]) -> ModelFolder:
    """Read a folder with modules.json; what gis does not run itself is left to sentence-transformers."""
    if modules.static:
        return _static(folder)
    if modules.engine == "cross-encoder":
        _check_classes(folder, _classes(modules.body) or 1)
    return ModelFolder(
        folder=modules.body if modules.pooling else folder,
        layout="sentence-transformers",
        engine=modules.engine,
        pooling=modules.pooling,
        prompt=_stored_prompt(modules, options, folder),
        max_tokens=modules.max_tokens,
        positions=modules.positions,
        normalize=modules.normalize,
        lowercase=modules.lowercase,
        similarity=modules.similarity if "maxsim" not in modules.similarity else COSINE,  # of tokens
        own_code=modules.own_code,
    )


def _stored_prompt(modules: ModuleList, options: Mapping[str, str], folder: Path) -> str:
    """Return the prompt that an option or the folder names; a folder's all goes before the text, as in the library."""
    name = options.get("prompt_name") or modules.default_prompt
    if name is None or modules.engine in PAIR_SCORERS:
        return "{text}"
    if name in modules.prompts:
        return modules.prompts[name] + "{text}"
    if name not in NAMED_PROMPTS:
        known = ", ".join(name for name, prompt in modules.prompts.items() if prompt)
        raise UsageError(
            f"{folder} has no prompt '{name}'; it has: {known or 'none'}; gis has: {', '.join(NAMED_PROMPTS)}"
        )
    return NAMED_PROMPTS[name]


def _limit(model: ModelFolder, options: Mapping[str, str], settings: LoadSettings) -> int | None:
    """Return where texts are cut: never behind the end of a position table, where reading would crash."""
    positions = model.positions
    requested = options.get("max_length", settings.max_length)
    if requested is None:
        return min((limit for limit in (model.max_tokens, positions) if limit), default=None)
    if not str(requested).isdecimal() or int(requested) < 1:
        raise UsageError(f"max_length must be a whole number of tokens above 0, not '{requested}'")
    if positions and int(requested) > positions:
        raise UsageError(f"max_length {requested} is more than the {positions} positions that the model has")
    return int(requested)


def _truth(key: str, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise UsageError(f"{key} must be true or false, not '{value}'")
    return value.lower() == "true"

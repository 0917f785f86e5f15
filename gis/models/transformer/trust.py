"""What a model folder may not do: lead outside itself, or, unless it is trusted, run code that it brings or names."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from gis.errors import GisError
from gis.models.transformer.folder_files import content_files, read_json, read_json_if_there, transformer_settings
from gis.models.transformer.routers import inner_modules

LIBRARY = "sentence_transformers."
TRANSFORMER = "Transformer"
# Arguments that a Transformer hands on and that sentence-transformers replaces by its own.
REPLACED_ARGUMENTS = ("cache_dir", "revision", "subfolder", "token")
# Where config.json names the function that makes a similarity of a cross-encoder's output: now, and before version 4.
ACTIVATION, OLD_ACTIVATION = ("sentence_transformers", "activation_fn"), "sbert_ce_default_activation_function"


def check_files(folder: Path) -> None:
    """Refuse ``folder`` if a link or a list of shards in it leads to a file outside it.

    In a snapshot of the Hub's cache, files are links to the blobs beside it.

    Raises:
        GisError: Something leads outside; says what.
    """
    root = folder.resolve()
    repository = root.parent.parent
    snapshot = root.parent.name == "snapshots" and repository.name.startswith("models--")
    homes = (root, repository / "blobs") if snapshot else (root,)
    for path in content_files(folder):
        if not any(path.resolve().is_relative_to(home) for home in homes):
            raise GisError(f"{path} is a link that leads outside its folder", remedy="copy the file into the folder")
        if path.name.endswith(".index.json"):
            shards = read_json(path).get("weight_map")
            for name in set(shards.values()) if isinstance(shards, dict) else ():
                _check_name(path, name)


def check_module(folder: Path, path: str, reference: str, *, trusted: bool) -> None:
    """Check a module of sentence-transformers in ``folder``, and those inside it, before anything is loaded.

    Args:
        folder: The folder with modules.json.
        path: The module's folder in it.
        reference: The class that it names.
        trusted: Code that it brings or names may run.

    Raises:
        GisError: It leads outside the folder, or needs code that is not trusted.
    """
    _check_name(folder / "modules.json", path)
    if reference.rsplit(".", 1)[-1] == TRANSFORMER:
        config: dict[str, Any] = {}  # its config.json is that of its model
        check_architecture(folder / path, trusted=trusted)
        _check_arguments(folder / path)
    else:
        names = ("router_config.json", "wordembedding_config.json", "config.json")
        config = next(filter(None, (read_json_if_there(folder / path / name) for name in names)), {})
    foreign = [name for name in (reference, *_named_classes(config, reference)) if not name.startswith(LIBRARY)]
    if foreign and not trusted:
        raise _refusal(f"{folder} names code that is not a part of sentence-transformers ({', '.join(foreign)})")
    for name, inner in inner_modules(config):
        check_module(folder, (PurePosixPath(path) / name).as_posix(), inner, trusted=trusted)


def check_architecture(folder: Path, *, trusted: bool) -> None:
    """Check the config.json in ``folder`` for code: an architecture that transformers lacks, a function by its name.

    Raises:
        GisError: There is such code, and it is not trusted.
    """
    config = read_json_if_there(folder / "config.json")
    if trusted:
        return
    own = config.get(ACTIVATION[0])
    activation = (own.get(ACTIVATION[1]) if isinstance(own, dict) else None) or config.get(OLD_ACTIVATION)
    if isinstance(activation, str) and not activation.startswith("torch."):
        raise _refusal(f"{folder} names code that is not a part of torch ({activation})")
    if not config.get("auto_map"):
        return
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES  # type: ignore[attr-defined]

    if config.get("model_type") not in CONFIG_MAPPING_NAMES:
        raise _refusal(f"{folder} is a model that transformers does not have and brings its own code")


def _check_arguments(body: Path) -> None:
    """Refuse a Transformer whose settings hand on the name of a file outside its folder."""
    for arguments in transformer_settings(body).values():
        for key, value in arguments.items() if isinstance(arguments, dict) else ():
            if isinstance(value, str) and key not in REPLACED_ARGUMENTS:
                _check_name(body, value)


def _refusal(what: str) -> GisError:
    return GisError(
        f"{what}; it runs only with trust_remote_code",
        remedy="read that code, and if you trust it, add trust_remote_code=true to the model",
    )


def _check_name(source: Path, name: str) -> None:
    """Refuse the name of a file, given by ``source``, that is not one inside its folder."""
    path = PureWindowsPath(name)  # knows both kinds of slashes, and drives
    if path.anchor or ".." in path.parts:
        raise GisError(f"{source} leads outside its folder ('{name}'); gis does not follow it")


def _named_classes(config: Mapping[str, Any], reference: str) -> Iterator[str]:
    """Yield the classes that a module's config names, beside torch's own, which sentence-transformers imports."""
    for key in ("tokenizer_class", "activation_function") if reference.startswith(LIBRARY) else ():
        name = config.get(key)
        if isinstance(name, str) and "." in name and not name.startswith("torch."):
            yield name

"""The files of a model folder: reading its JSON, finding its weights, hashing what can change a vector."""

import json
import math
from pathlib import Path, PurePath
from typing import Any

from gis.errors import GisError
from gis.files import load_json
from gis.hashes import sha256_of, sha256_of_file
from gis.models.base import LEARNED, TRAINING, TRAINING_SEED, Setting

TRAINING_MANIFEST = "gis_training.json"  # of gis train, with the hashes of the files that it wrote
TRAINING_RECORD = ("base_sha256", "processes", "train", "validation")  # what decides its weights beside the settings
WEIGHTS = ("*.safetensors", "*.bin")
# Everything that can change a vector. What training leaves behind (optimizer.pt, event files) cannot.
CONTENT = (*WEIGHTS, "*.json", "*.txt", "*.model", "*.py", "*.jinja", "*.codes", "*.spm", "*.tiktoken", "*.vocab")
NOT_CONTENT = (
    "trainer_state.json",
    "training_args.bin",
    "optimizer.bin",
    "all_results.json",
    "eval_results.json",
    TRAINING_MANIFEST,
)
# The first of these that is there and not empty holds a Transformer's settings, as the library reads them.
SETTINGS_FILES = tuple(
    f"sentence_{name}_config.json"
    for name in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
DEPTH = 3  # a router keeps its modules in folders of their own, inside its own


def weight_files(folder: Path) -> list[Path]:
    """Return the files of weights directly in ``folder``."""
    return [path for pattern in WEIGHTS for path in folder.glob(pattern) if path.name not in NOT_CONTENT]


def is_static(folder: Path) -> bool:
    """Return whether ``folder`` holds a static model of model2vec: declared, or weights that are a table of vectors."""
    config = read_json_if_there(folder / "config.json")
    if config.get("model_type") == "model2vec" or "StaticModel" in (config.get("architectures") or ()):
        return True
    return bool(config) and "embeddings" in _header(folder / "model.safetensors")


def count_parameters(folder: Path) -> int | None:
    """Return how many weights the files directly in ``folder`` hold; None where no safetensors file shows it."""
    tensors = [tensor for path in weight_files(folder) for tensor in _header(path).values()]
    shapes = [tensor["shape"] for tensor in tensors if str(tensor.get("dtype", "")).startswith(("F", "BF"))]
    return sum(math.prod(shape) for shape in shapes) or None


def _header(path: Path) -> dict[str, Any]:
    """Return what a safetensors file says of each tensor; nothing of another file, or one damaged or not there."""
    if path.suffix != ".safetensors" or not path.is_file():
        return {}
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length < path.stat().st_size else b""
    try:
        content = json.loads(header)
    except (ValueError, RecursionError):
        return {}
    return {name: tensor for name, tensor in content.items() if isinstance(tensor, dict) and "shape" in tensor}


def training_of(folder: Path) -> dict[str, Setting]:
    """Return the settings of a model's card that say how ``gis train`` made the model; none for other models.

    Models that differ only in the seed have the same ``TRAINING``.
    """
    manifest = read_json_if_there(folder / TRAINING_MANIFEST)
    settings = manifest.get("settings")
    seed = settings.get("seed") if isinstance(settings, dict) else None
    if not isinstance(settings, dict) or not isinstance(seed, int):
        return {}
    record = {name: manifest.get(name) for name in TRAINING_RECORD}
    but_the_seed = {name: value for name, value in settings.items() if name != "seed"}
    learned = manifest.get("learned")
    return {
        TRAINING: sha256_of([but_the_seed, record]),
        TRAINING_SEED: seed,
        **({} if learned is None else {LEARNED: json.dumps(learned, sort_keys=True)}),
    }


def content_files(folder: Path) -> list[Path]:
    """Return the files in ``folder`` that can change a vector."""
    paths = {path for pattern in CONTENT for depth in range(DEPTH) for path in folder.glob("*/" * depth + pattern)}
    return sorted(path for path in paths if path.name not in NOT_CONTENT and not _left_by_training(path, folder))


def content_hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file in ``folder`` that can change a vector.

    Raises:
        GisError: ``gis train`` wrote the folder, and such a file was changed or removed since; all are named.
    """
    hashes = {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in content_files(folder)}
    written = read_json_if_there(folder / TRAINING_MANIFEST).get("files")
    expected = (
        {name: sha256 for name, sha256 in written.items() if _is_content(PurePath(name))}
        if isinstance(written, dict)
        else {}
    )
    problems = [
        f"{name} {'was changed' if name in hashes else 'is missing'}"
        for name, sha256 in expected.items()
        if hashes.get(name) != sha256
    ]
    if problems:
        raise GisError(
            f"{folder} is not as gis train wrote it: {', '.join(problems)}",
            remedy=f"train or fetch it again, or delete {folder / TRAINING_MANIFEST} to use its files as they are",
        )
    return hashes


def _is_content(path: PurePath) -> bool:
    return path.name not in NOT_CONTENT and any(path.match(pattern) for pattern in CONTENT)


def _left_by_training(path: Path, folder: Path) -> bool:
    return any(part.startswith("checkpoint") for part in path.relative_to(folder).parts[:-1])


def settings_file(body: Path) -> Path:
    """Return the file with the settings of the Transformer module in ``body``, which need not be there."""
    files = [body / name for name in SETTINGS_FILES]
    return next((path for path in files if read_json_if_there(path)), files[0])


def transformer_settings(body: Path) -> dict[str, Any]:
    """Return the settings of the Transformer module in ``body``."""
    return read_json_if_there(settings_file(body))


def token_limit(path: Path, key: str, value: object) -> int | None:
    """Return the number of tokens that ``key`` has in the file ``path``; None where it has none.

    Raises:
        GisError: It is not a whole number above 0.
    """
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or value < 1 or value % 1:  # type: ignore[operator]
        raise GisError(f"{path}: {key} is {value!r}; expected a whole number of tokens above 0")
    return int(value)  # type: ignore[call-overload, no-any-return]


def read_json_if_there(path: Path) -> dict[str, Any]:
    """Read a JSON object; {} where there is no such file."""
    content: dict[str, Any] = read_json(path) if path.is_file() else {}
    return content


def read_json(path: Path, kind: type = dict) -> Any:  # noqa: ANN401
    """Read a JSON file that holds a ``kind``, naming it in the error when it is missing or broken."""
    try:
        content = load_json(path)
    except FileNotFoundError as error:
        raise GisError(f"{path} is missing; download or save the model again") from error
    except ValueError as error:
        raise GisError(f"{path} is not valid JSON ({error}); download or save the model again") from error
    if not isinstance(content, kind):
        raise GisError(
            f"{path} does not hold a JSON {'list' if kind is list else 'object'}; download or save the model again"
        )
    return content

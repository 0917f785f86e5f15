"""The files of a finished model folder: which are the model's, whether they are whole, and what others put there."""

from fnmatch import fnmatch
from pathlib import Path

from gis.files import link_or_copy
from gis.hashes import sha256_of_file
from gis.hub import CARD
from gis.training.output.manifest import MANIFEST, TrainingManifest

CHECKPOINTS = "checkpoints"
RETRAINING = "checkpoints-new"  # of a training that will replace the model that is there
# The names that files of a model have.
PATTERNS = ("*.json", "*.safetensors", "*.model", "*.spm", "*.bpe", "*.jinja", "vocab.txt", "merges.txt", CARD)


def damaged_files(folder: Path, manifest: TrainingManifest) -> list[str]:
    """Return the files of a finished model that are missing or not what was written."""
    return [name for name, sha256 in manifest.files.items() if not _is_whole(folder / name, sha256)]


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of_file(path) == sha256


def carry_over(old: Path, new: Path, manifest: TrainingManifest | None) -> None:
    """Give a new model folder the files of the old one that are neither the model's nor checkpoints.

    Args:
        old: The folder that will be replaced.
        new: The folder that will replace it.
        manifest: The manifest of the model in ``old``; None where it holds none, or one that cannot be read.
    """
    files = manifest.files if manifest is not None else {}
    holds_a_model = (old / MANIFEST).is_file()
    for path in sorted(old.rglob("*")):
        name = path.relative_to(old)
        of_the_model = name.as_posix() in (MANIFEST, CARD, *files)
        if not files and holds_a_model:
            of_the_model = of_the_model or _named_like_a_model(path.name)
        if path.is_file() and not of_the_model and name.parts[0] not in (CHECKPOINTS, RETRAINING):
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            if not (new / name).exists():
                link_or_copy(path, new / name)


def _named_like_a_model(name: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in PATTERNS)

"""What is published: files, a card, and the problems that stand in the way."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from huggingface_hub import RepoCard
from yaml import YAMLError

from gis.benchmark.tasks.manifest import MANIFEST as DATASET_MANIFEST
from gis.errors import GisError
from gis.hub import CARD
from gis.masking import masked
from gis.replacing import folder_identity
from gis.training.output.manifest import MANIFEST as MODEL_MANIFEST

Kind = Literal["dataset", "model", "results"]
RESULTS_MANIFEST = "gis_results.json"
MANIFESTS: dict[Kind, str] = {"dataset": DATASET_MANIFEST, "model": MODEL_MANIFEST, "results": RESULTS_MANIFEST}
NOT_PUBLISHED = ("optimizer.pt", "scheduler.pt", "trainer_state.json", "training_args.bin", "rng_state.pth")


@dataclass(frozen=True, kw_only=True)
class Publication:
    """A folder, ready to be published.

    Attributes:
        kind: Dataset, model or results.
        files: By their path in the repository: a file, or the content of one that is not in the folder.
        card: The content of README.md.
        problems: Why it must not be published; nothing is sent while there are any.
        folder: The folder; None if the files are from nowhere.
        identity: What tells the folder that was checked from one that has taken its place since.
    """

    kind: Kind
    files: Mapping[str, Path | bytes]
    card: str
    problems: tuple[str, ...]
    folder: Path | None = None
    identity: tuple[int, int] | None = None

    def check_folder(self) -> None:
        """Check that the folder is the one whose files were checked.

        Raises:
            GisError: Another has taken its place.
        """
        if self.folder is not None:
            check_identity(self.folder, self.identity)

    @property
    def repo_type(self) -> str:
        """The Hub's name of the kind; results are a dataset there."""
        return "model" if self.kind == "model" else "dataset"

    def size(self, name: str) -> int:
        """Return the size of a file in bytes."""
        file = self.files[name]
        return len(file) if isinstance(file, bytes) else file.stat().st_size


def check_identity(folder: Path, identity: tuple[int, int] | None) -> None:
    """Check that a folder is the one that had ``identity``.

    Raises:
        GisError: Another has taken its place.
    """
    if folder_identity(folder) != identity:
        message = f"{folder} was replaced while it was being published"
        raise GisError(message, remedy="the same command publishes what is there now")


def files_of(folder: Path) -> dict[str, Path | bytes]:
    """Return the files of a folder by path, without links, hidden files and the intermediate states of a training."""
    files: dict[str, Path | bytes] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and not _is_left_out(path, folder):
            files[path.relative_to(folder).as_posix()] = path
    return files


def _is_left_out(path: Path, folder: Path) -> bool:
    """Return whether a file is hidden, or an intermediate state of a training."""
    hidden = any(part.startswith((".", "checkpoint")) for part in path.relative_to(folder).parts)
    return hidden or path.name in NOT_PUBLISHED


def link_problems(folder: Path) -> Iterator[str]:
    """Yield a problem for every link in a folder: what it points to may be any file of this machine."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and not _is_left_out(path, folder):
            yield f"{path.relative_to(folder).as_posix()} is a link; put a copy of the file in its place, or remove it"


def secret_problems(files: Mapping[str, Path | bytes], patterns: Sequence[str]) -> Iterator[str]:
    """Yield a problem for every text file that holds a password or key of an address, or a token of this process."""
    for name, file in files.items():
        if any(fnmatch(Path(name).name, pattern) for pattern in patterns):
            text = (file if isinstance(file, bytes) else file.read_bytes()).decode(errors="replace")
            if any(masked(line) != line for line in text.splitlines()):
                yield f"{name} holds a password, key or token; make it again, or take it out"


def foreign_file_problems(files: Iterable[str], patterns: Sequence[str]) -> Iterator[str]:
    """Yield a problem for every file whose name matches none of ``patterns``."""
    for name in files:
        if not any(fnmatch(Path(name).name, pattern) for pattern in patterns):
            yield f"{name} was not made by gis; remove it"


def read_card(folder: Path) -> str:
    """Return the content of README.md; "" where there is none.

    Raises:
        GisError: It is not UTF-8.
    """
    path = folder / CARD
    try:
        return path.read_text(encoding="utf-8") if path.is_file() and not path.is_symlink() else ""
    except UnicodeDecodeError as error:
        raise GisError(f"{path} is not a text in UTF-8 ({error})", remedy="save it as UTF-8") from error


def metadata_of(card: str) -> dict[str, Any]:
    """Return the metadata of a card; empty where it has none that can be read."""
    try:
        data: dict[str, Any] = RepoCard(card, ignore_metadata_errors=True).data.to_dict()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, YAMLError, RecursionError):
        return {}
    return data

"""The manifest that gis leaves in a folder of pairs: whether the folder's files are still as they were written."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from gis.errors import GisError
from gis.files import load_json
from gis.hashes import sha256_of, sha256_of_file

MANIFEST = "gis_manifest.json"


def check_unchanged(paths: Iterable[Path]) -> None:
    """Raise if files of a folder are not as its manifest says; files elsewhere are not looked at.

    Raises:
        GisError: A file was changed or added since, or the manifest was changed; all such files are named.
    """
    by_folder: dict[Path, list[str]] = {}
    for path in (path.absolute() for path in paths):  # the current folder may be inside the dataset
        if (folder := _dataset_folder(path)) is not None:
            by_folder.setdefault(folder, []).append(path.relative_to(folder).as_posix())
    for folder, names in by_folder.items():
        if problems := [*_problems(folder, names)]:
            raise GisError(
                f"{folder} is not as gis wrote it: {', '.join(problems)}",
                remedy=f"make or fetch it again, or delete {folder / MANIFEST} to score its files as they are",
            )


def file_problems(folder: Path, sha256_by_name: Mapping[str, str], names: Iterable[str]) -> Iterator[str]:
    """Yield which of the files of a folder are missing, or do not have the hash that is recorded."""
    for name in names:
        if not (folder / name).is_file():
            yield f"{name} is missing"
        elif sha256_of_file(folder / name) != sha256_by_name[name]:
            yield f"{name} was changed since it was written"


def is_intact(content: Mapping[str, Any]) -> bool:
    """Return whether the content of a manifest still is what the build wrote."""
    return bool(content["identity"] == sha256_of({name: part for name, part in content.items() if name != "identity"}))


def recorded_hashes(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of each file by its path; "" where the manifest, of an older gis, has none."""
    records = content["files"].items()
    return {name: str(record.get("sha256", "")) if isinstance(record, dict) else "" for name, record in records}


def newest_by_repository(source: Path) -> dict[str, str] | None:
    """Return the time of the newest thing that a dataset of ``gis build`` knows, by each name of a repository.

    Args:
        source: The dataset folder, the folder of one of its configs, or a file of them.

    Returns:
        The times by the repositories' names in lower case; None where the pairs are not such a dataset's.
    """
    folder = _dataset_folder(source.absolute() / "any")
    try:
        content = load_json((folder or source) / MANIFEST)
        times = {each["repository"]: each["newest"] for each in content["store"]}
        return {str(name).lower(): str(times[now]) for name, now in content["names"].items() if times[now]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _dataset_folder(path: Path) -> Path | None:
    """Return the dataset folder that a file of pairs is in, which holds it directly or in the folder of a config."""
    return next((folder for folder in list(path.parents)[:2] if (folder / MANIFEST).is_file()), None)


def _problems(folder: Path, names: Iterable[str]) -> Iterator[str]:
    try:
        content = load_json(folder / MANIFEST)
        intact, hashes = is_intact(content), recorded_hashes(content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        intact = False
    if not intact:
        yield f"{MANIFEST} was changed"
        return
    for name in names:
        if name not in hashes:
            yield f"{name} was not written by gis"
        elif hashes[name]:
            yield from file_problems(folder, hashes, [name])

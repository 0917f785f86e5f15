"""What a model folder records of its training: settings, data, versions, and how it went."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.benchmark.tasks.manifest import newest_by_repository
from gis.errors import GisError
from gis.files import load_json
from gis.hashes import SHORT_HASH, sha256_of_file
from gis.models.learned import Learned, together
from gis.models.transformer.folder_files import TRAINING_MANIFEST
from gis.replacing import write_text
from gis.training.data.loading import TrainingData
from gis.training.data.training_set import effective_rows
from gis.training.output.report import TrainingReport
from gis.versions import versions_of

MANIFEST = TRAINING_MANIFEST
SCHEMA = 2
LIBRARIES = ("gis", "numpy", "torch", "transformers", "tokenizers", "accelerate", "peft")
# Groups of the record, and how a message names what differs in them.
GROUPS = {"settings": "{}", "train": "training {}", "validation": "validation {}"}
NOT_COMPARED = ("licence", "languages")  # they decide no weight
SINGLES = {
    "base_sha256": "other files of the base model",
    "processes": "another number of processes",
}


@dataclass(frozen=True)
class TrainingManifest:
    """A finished training.

    Attributes:
        record: Everything that decided the weights, as ``run_record`` makes it.
        report: How it went.
        versions: Versions of the libraries.
        hardware: What it ran on.
        files: The SHA-256 of each file of the model by path; empty where an earlier gis did not record them.
    """

    record: Mapping[str, Any]
    report: TrainingReport
    versions: Mapping[str, str]
    hardware: str
    files: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the manifest as JSON values."""
        return {
            "schema": SCHEMA,
            **self.record,
            "report": self.report.to_json(),
            "hardware": self.hardware,
            "versions": dict(self.versions),
            "files": dict(self.files),
        }


def run_record(
    settings: dict[str, Any], base_sha256: str, data: TrainingData, processes: int, learned: Learned
) -> dict[str, Any]:
    """Return everything that decides the weights; two runs with equal records make the same model."""
    train, validation = data.train, data.validation
    return {
        "settings": settings,
        "base_sha256": base_sha256,
        "processes": processes,
        "learned": together([learned, *learned_from(data)]).to_json(),
        "train": {
            "source": train.source,
            "revision": train.revision,
            "splits": list(train.splits),
            "format": train.format,
            "rows": len(train),
            "limit": train.limit,
            "positive_threshold": train.positive_threshold,
            "sha256": train.sha256,
            "licence": train.licence,
            "languages": list(train.languages),
            **({} if train.weights is None else {"weights": _weights(train.weights)}),
        },
        "validation": validation
        and {
            "source": validation.source,
            "revision": validation.revision,
            "splits": list(validation.splits),
            "rows": len(validation.pairs),
            "sha256": validation.sha256,
        },
    }


def learned_from(data: TrainingData) -> Iterator[Learned]:
    """Yield what is known of the pairs to train on and of those to validate on."""
    sources = [data.train.source, *([] if data.validation is None else [data.validation.source])]
    for source in map(Path, sources):
        newest = newest_by_repository(source)
        yield Learned(unknown=(source.name,)) if newest is None else Learned(newest)


def _weights(weights: NDArray[np.float64]) -> dict[str, float]:
    return {"least": float(weights.min()), "most": float(weights.max()), "equal_rows": effective_rows(weights)}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return in words how two records differ; what only one of them has, as an older version's, is no difference."""
    differing = []
    for group, wording in GROUPS.items():
        old, new = before.get(group), now.get(group)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            changed = [name for name in new if name in old and old[name] != new[name] and name not in NOT_COMPARED]
            differing += [f"{wording.format(name)} {shown(old[name])} (now {shown(new[name])})" for name in changed]
        elif old != new:
            differing.append(
                f"{'no' if old is None else 'some'} {group} pairs (now {'none' if new is None else 'some'})"
            )
    return differing + [words for name, words in SINGLES.items() if name in before and before[name] != now[name]]


def shown(value: object) -> str:
    """Return a setting as people read it: a hash by its beginning."""
    if isinstance(value, str) and len(value) == 64:
        return f"{value[:SHORT_HASH]}…"
    return "none" if value is None else str(value)


def training_manifest(
    folder: Path, record: Mapping[str, Any], report: TrainingReport, hardware: str
) -> TrainingManifest:
    """Return the manifest of the model that was just written to ``folder``."""
    files = {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in folder.rglob("*") if path.is_file()}
    return TrainingManifest(record, report, versions_of(LIBRARIES), hardware, dict(sorted(files.items())))


def write_manifest(folder: Path, manifest: TrainingManifest) -> None:
    """Write the manifest; it is what marks a model as finished."""
    write_text(folder / MANIFEST, json.dumps(manifest.to_json(), indent=2, ensure_ascii=False) + "\n")


def manifest_values(folder: Path) -> dict[str, Any]:
    """Return the fields of the manifest in ``folder``, whatever its schema.

    Raises:
        GisError: There is none, or it is broken.
    """
    path = folder / MANIFEST
    try:
        values = load_json(path)
    except (OSError, ValueError) as error:
        raise GisError(f"{path} is broken ({error})", remedy="gis train --force trains again") from error
    if not isinstance(values, dict):
        raise GisError(f"{path} is broken (it has no fields)", remedy="gis train --force trains again")
    return values


def read_manifest(folder: Path) -> TrainingManifest | None:
    """Read the manifest of the model in ``folder``, of the first schema too; None where none was finished.

    Raises:
        GisError: The manifest is broken, or from a newer version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    manifest = manifest_values(folder)
    try:
        if manifest["schema"] > SCHEMA:
            raise GisError(f"{path} was written by a newer gis", remedy="update gis, or choose a different --output")
        report = TrainingReport.from_json(manifest["report" if "report" in manifest else "outcome"])
        record = {name: manifest[name] for name in ("settings", "base_sha256", "processes", "train", "validation")}
        files = dict(manifest.get("files", {}))
        return TrainingManifest(record, report, manifest["versions"], manifest["hardware"], files)
    except (AttributeError, ValueError, KeyError, TypeError) as error:
        raise GisError(f"{path} is broken ({error})", remedy="gis train --force trains again") from error

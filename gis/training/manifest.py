"""What a trained model was made of, beside it: settings, data, versions, and how it went."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gis.errors import GisError
from gis.files import sha256_of, write_text
from gis.training.data import TrainingData
from gis.versions import versions_of

MANIFEST = "gis_training.json"
SCHEMA = 1
LIBRARIES = ("gis", "numpy", "torch", "transformers", "tokenizers", "accelerate", "peft")


@dataclass(frozen=True)
class Outcome:
    """How one training went.

    Attributes:
        seed: Of everything random.
        before: Spearman on the validation pairs before the first step, -1 to 1; None without validation pairs.
        best: The best on the way, whose weights were kept; None without validation pairs.
        best_step: When that was; the last step without validation pairs.
        steps: Steps made.
        pairs: Rows that went through, all processes together.
        seconds: Time of the steps alone.
        comparison: Texts that each text of a step is compared with at once, itself included.
        incomparable: Share of the batches in which no two labels differed: there the ranking terms say nothing.
        cut: Share of the distinct texts that the model's limit cut.
        losses: Step and mean of each objective since the entry before.
        validations: Step and Spearman of each validation.
    """

    seed: int
    before: float | None
    best: float | None
    best_step: int
    steps: int
    pairs: int
    seconds: float
    comparison: int
    incomparable: float
    cut: float
    losses: tuple[dict[str, float], ...]
    validations: tuple[dict[str, float], ...]


def run_record(settings: dict[str, Any], base_sha256: str, data: TrainingData, processes: int) -> dict[str, Any]:
    """Everything that decides the weights; two runs with equal records make the same model."""
    train, validation = data.train, data.validation
    return {
        "settings": settings,
        "base_sha256": base_sha256,
        "processes": processes,
        "train": {
            "source": train.source,
            "revision": train.revision,
            "splits": list(train.splits),
            "format": train.format,
            "rows": len(train),
            "positive_from": train.positive_from,
            "sha256": train.sha256,
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


def write_manifest(folder: Path, record: dict[str, Any], outcome: Outcome, hardware: str) -> None:
    """Write the manifest; it is what marks a model as finished."""
    manifest = {
        "schema": SCHEMA,
        **record,
        "record_sha256": sha256_of(record),
        "outcome": asdict(outcome),
        "hardware": hardware,
        "versions": versions_of(LIBRARIES),
    }
    write_text(folder / MANIFEST, json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def read_outcome(folder: Path) -> tuple[str, Outcome] | None:
    """The hash of the record and the outcome of the model in ``folder``; None where none was finished.

    Raises:
        GisError: The manifest is broken, or from a newer version.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["schema"] > SCHEMA:
            raise GisError(f"{path} was written by a newer gis; update gis, or choose another --output")
        found = manifest["outcome"]
        series = {name: tuple(found[name]) for name in ("losses", "validations")}
        return manifest["record_sha256"], Outcome(**{**found, **series})
    except (ValueError, KeyError, TypeError) as error:
        raise GisError(f"{path} is broken ({error}); --force trains again") from error

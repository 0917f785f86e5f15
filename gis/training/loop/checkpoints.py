"""Which checkpoints are whole: a marker with the hash of every file is written last."""

import json
import shutil
from pathlib import Path

from gis.console import Reporter
from gis.files import load_json
from gis.hashes import sha256_of_file
from gis.replacing import write_text

MARKER = "complete.json"
STATE = "trainer_state.json"  # as transformers calls it


def mark_complete(checkpoint: Path) -> None:
    """Record that every file of a checkpoint is written."""
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file() and path.name != MARKER)
    hashes = {path.relative_to(checkpoint).as_posix(): sha256_of_file(path) for path in files}
    write_text(checkpoint / MARKER, json.dumps(hashes, indent=2) + "\n")


def is_complete(checkpoint: Path) -> bool:
    """Return whether a checkpoint is as it was when it was marked."""
    try:
        hashes = load_json(checkpoint / MARKER)
        return bool(hashes) and all(sha256_of_file(checkpoint / name) == value for name, value in hashes.items())
    except (OSError, ValueError, AttributeError):
        return False


def last_complete(folder: Path) -> Path | None:
    """Return the last checkpoint in ``folder`` that is complete, as is the one that it names as the best so far."""
    for path in _newest_first(folder):
        if is_complete(path):
            state = load_json(path / STATE)
            best = state["best_model_checkpoint"]
            if best is None or is_complete(folder / Path(best).name):
                return path
    return None


def remove_incomplete(folder: Path, reporter: Reporter) -> None:
    """Remove the checkpoints in ``folder`` that a stopped process left half-written, or that changed since, by name."""
    for path in _newest_first(folder):
        if not is_complete(path):
            reporter.warn(f"{path} is incomplete or damaged: it is removed, and not continued from")
            shutil.rmtree(path, ignore_errors=True)


def _newest_first(folder: Path) -> list[Path]:
    numbered = [path for path in folder.glob("checkpoint-*") if path.name.rpartition("-")[2].isdecimal()]
    return sorted(numbered, key=lambda path: -int(path.name.rpartition("-")[2]))

"""Check the folder of a trained model before it is published."""

import json
import re
from pathlib import Path
from typing import Any

from gis.hub import CARD
from gis.publishing.evaluation import eval_results
from gis.publishing.publication import (
    Publication,
    files_of,
    foreign_file_problems,
    link_problems,
    metadata_of,
    read_card,
    secret_problems,
)
from gis.training.output.folder import PATTERNS
from gis.training.output.manifest import MANIFEST, manifest_values
from gis.training.output.model_card import model_card

# A path on this machine: everything before its last part.
FOLDERS = re.compile(r"(?<![\w/:.])(?:~|\.{0,2})/(?=[^\s,/])(?:[^\s,/]++/++(?=[^\s,/]))*+")


def prepare_model(folder: Path, name: str | None, results: Path | None = None) -> Publication:
    """Check a model folder: its files, its weights and its card, which is made where there is none.

    The examples in the card open the model as ``name``, if one is given; its scores in ``results`` go with it.
    """
    manifest = _without_folders(manifest_values(folder))
    files = files_of(folder)
    files[MANIFEST] = (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
    problems = [*link_problems(folder), *foreign_file_problems(files, PATTERNS)]
    if not any(name.endswith(".safetensors") for name in files):
        problems.append("there are no weights (.safetensors)")
    card = read_card(folder) or f"{model_card(folder, manifest)}\n"
    if name is not None:
        card = re.sub(rf"\./{re.escape(folder.resolve().name)}(?![\w.-])", name, card)
    if not metadata_of(card):
        problems.append(f"{CARD} has no metadata (--- … ---) that can be read")
    files[CARD] = card.encode()
    if results is not None:
        files |= eval_results(folder, results)
    problems += secret_problems(files, (MANIFEST, CARD))
    return Publication(kind="model", files=files, card=card, problems=tuple(problems))


def _without_folders(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value whose strings name files of this machine by their last part alone."""
    if isinstance(value, dict):
        return {name: _without_folders(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without_folders(member) for member in value]
    return FOLDERS.sub("", value) if isinstance(value, str) else value

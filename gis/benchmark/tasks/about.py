"""What a dataset folder says about itself in its card and its manifest: markup, licence, citation."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from gis.benchmark.tasks.catalogue import Task
from gis.benchmark.tasks.manifest import MANIFEST
from gis.files import load_json
from gis.hub import CARD

FRONT_MATTER = re.compile(r"\s*+---[ \t]*+\r?\n((?:(?!---[ \t]*+$).*+\n)*+)---[ \t]*+$", re.MULTILINE)


def described(task: Task) -> Task:
    """Return the task with what its local folder says about the texts; a folder without a card says nothing.

    The folder of one config of a dataset, such as ``rust-issues/time``, is described by the dataset around it.
    """
    folder = Path(task.folder)
    manifest = _manifest(folder) or _manifest(folder.parent)
    if not manifest and not (folder / CARD).is_file():
        return task
    card = card_metadata((folder if (folder / CARD).is_file() else folder.parent) / CARD)
    licence = card.get("license_name") or card.get("license")
    title = card.get("pretty_name")
    identity = manifest.get("identity")
    return replace(
        task,
        markup=_markup(manifest) or task.markup,
        licence=task.licence or (str(licence) if licence else None),
        citation=task.citation or (f"{title}, built by gis, identity {identity}" if title and identity else None),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of ``folder``; a folder without one says nothing."""
    try:
        content = load_json(folder / MANIFEST)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _markup(manifest: dict[str, Any]) -> str | None:
    settings = manifest.get("settings")
    text = settings.get("text") if isinstance(settings, dict) else None
    return str(text["form"]) if isinstance(text, dict) and text.get("form") else None


def card_metadata(path: Path) -> dict[str, Any]:
    """Read the metadata of a card; a card without any, or whose metadata is not valid, says nothing."""
    import yaml

    try:
        front = FRONT_MATTER.match(path.read_text(encoding="utf-8"))
        metadata = yaml.safe_load(front[1]) if front else None
    except Exception:  # YAML of any kind, written by anybody
        return {}
    return metadata if isinstance(metadata, dict) else {}

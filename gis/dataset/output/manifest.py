"""The manifest of a dataset folder: what it was made from, how, and the hash of every file."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gis.collector.store import Store
from gis.dataset.issues.table import Issues
from gis.dataset.settings import BuildSettings
from gis.files import sha256_of, sha256_of_file, write_text
from gis.versions import versions_of

MANIFEST = "gis_manifest.json"

SCHEMA = 1

LIBRARIES = ("gis", "numpy", "pyarrow", "bm25s", "py3langid", "markdown-it-py")


def write_manifest(
    folder: Path,
    store: Store,
    settings: BuildSettings,
    rows: Mapping[str, int],
    templates: Mapping[int, frozenset[bytes]],
    issues: Issues,
) -> None:
    """Write what one must know to build the same again; nothing of it depends on when."""
    import json

    described: dict[str, Any] = asdict(settings) | {
        "policy": settings.policy and settings.policy.read_text(encoding="utf-8"),
        "dense": settings.dense and str(settings.dense),
    }
    # who asked to be left out is not told by naming the issue
    described["text"]["removed"] = sha256_of(sorted(settings.text.removed)) if settings.text.removed else None
    manifest = {
        "schema": SCHEMA,
        "versions": versions_of(LIBRARIES),
        "settings": described,
        "store": [
            {"repository": each.name, "issues": each.issues, "comments": each.comments, "newest": each.last_update}
            for each in store.status()
        ],
        "names": {name: issues.names.repositories[index] for name, index in sorted(issues.names.index_by_name.items())},
        "templates": {
            issues.names.repositories[key]: sorted(line.hex() for line in found) for key, found in templates.items()
        },
        "files": {
            name: {"rows": count, "bytes": (folder / name).stat().st_size, "sha256": sha256_of_file(folder / name)}
            for name, count in sorted(rows.items())
        },
    }
    manifest["identity"] = sha256_of(manifest)
    write_text(folder / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")

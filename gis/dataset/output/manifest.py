"""The manifest of a dataset folder: what it was made from, with which settings, and the hash of every file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from gis.benchmark.tasks.manifest import MANIFEST, is_intact, recorded_hashes
from gis.collector.servers import GITHUB
from gis.collector.store import Store
from gis.dataset.issues.table import Issues
from gis.dataset.labels.judged import Judgements
from gis.dataset.output.layout import IDS_CARD
from gis.dataset.settings import BuildSettings
from gis.errors import GisError
from gis.files import load_json
from gis.hashes import sha256_of, sha256_of_file
from gis.hub import CARD
from gis.replacing import write_text
from gis.versions import versions_of

SCHEMA = 1
LIBRARIES = ("gis", "numpy", "pyarrow", "bm25s", "py3langid", "markdown-it-py")


class FileRecord(TypedDict):
    """What the manifest says about a file; ``rows`` only where it is a table."""

    rows: NotRequired[int]
    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a dataset folder says about itself.

    Attributes:
        settings: The settings of the build, as JSON.
        repository_names: OWNER/NAME of each repository by every lower-case name it is known by.
        web_url: Address of the server that the issues are on.
        templates: Hashes, in hexadecimal, of the lines of issue templates by repository.
        files: SHA-256 of each file by its path in the folder; "" where the manifest has none.
        identity: Hash of the whole manifest.
        intact: Whether the manifest still is what the build wrote.
    """

    settings: Mapping[str, Any]
    repository_names: Mapping[str, str]
    web_url: str = GITHUB
    templates: Mapping[str, list[str]]
    files: Mapping[str, str]
    identity: str
    intact: bool


def file_record(path: Path, rows: int | None = None) -> FileRecord:
    """Return the manifest's record of a file."""
    record: FileRecord = {"bytes": path.stat().st_size, "sha256": sha256_of_file(path)}
    return record if rows is None else {"rows": rows, **record}


def write_manifest(
    folder: Path,
    *,
    store: Store,
    settings: BuildSettings,
    policy_text: str | None,
    issues: Issues,
    templates: Mapping[int, frozenset[bytes]],
    files: Mapping[str, FileRecord],
    judged: Judgements | None = None,
) -> str:
    """Write what is needed to build the same dataset again; nothing in it depends on the time of the build.

    Args:
        folder: The dataset folder.
        store: The store that it was built from.
        settings: The settings of the build.
        policy_text: The policy file as it was read, or None.
        issues: The issues of the store.
        templates: Hashes of the lines of issue templates, by repository index.
        files: A record of every file but the cards, by path.
        judged: What models read in comments, or None.

    Returns:
        The dataset's identity.
    """
    names = issues.names
    manifest = {
        "schema": SCHEMA,
        "versions": versions_of(LIBRARIES),
        "settings": _settings_record(settings, policy_text, judged),
        "store": [
            {
                "repository": status.name,
                "issues": status.issues,
                "comments": status.comments,
                "newest": status.last_update,
            }
            for status in store.status()
        ],
        **({} if names.web_url == GITHUB else {"server": names.web_url}),
        "names": {name: names.repositories[index] for name, index in sorted(names.index_by_name.items())},
        "templates": {
            names.repositories[index]: sorted(line.hex() for line in lines) for index, lines in templates.items()
        },
        "files": dict(sorted(files.items())),
    }
    identity = sha256_of(manifest)
    write_text(folder / MANIFEST, json.dumps({**manifest, "identity": identity}, indent=1, ensure_ascii=False) + "\n")
    return identity


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a dataset folder, of this version of gis or an older one.

    Raises:
        GisError: There is none, it is broken, or a newer gis wrote it.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise GisError(f"{folder} is not a dataset folder: it has no {MANIFEST}")
    try:
        content = load_json(path)
        schema = content["schema"]
        if schema > SCHEMA:
            raise GisError(f"{path} was written by a newer gis; update gis to read it")
        templates = dict(content.get("templates") or {})
        return Manifest(
            settings={**content["settings"], "text": dict(content["settings"]["text"])},
            # the first manifests have no names: each repository had the one that it was collected under
            repository_names=dict(content.get("names") or {name.lower(): name for name in templates}),
            web_url=str(content.get("server", GITHUB)),
            templates=templates,
            files=recorded_hashes(content),
            identity=str(content["identity"]),
            intact=is_intact(content),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GisError(f"{path} is broken: {error!r}") from error


def foreign_files(folder: Path) -> list[str]:
    """Return the files of a folder that no build made, sorted; all of them where it has no readable manifest."""
    try:
        own = {*read_manifest(folder).files, MANIFEST, CARD, IDS_CARD}
    except GisError:
        own = set()
    paths = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in paths if name not in own)


def _settings_record(settings: BuildSettings, policy_text: str | None, judged: Judgements | None) -> dict[str, Any]:
    record: dict[str, Any] = asdict(settings) | {
        "policy": policy_text,
        "dense": settings.dense and str(settings.dense),
    }
    record.pop("judged")
    until = record.pop("until")
    if until is not None:
        record["until"] = until.isoformat()
    if judged is not None:
        record["judged"] = judged.to_json()
    # to name the issues would reveal who asked to be left out
    record["text"]["removed"] = sha256_of(sorted(settings.text.removed)) if settings.text.removed else None
    return record

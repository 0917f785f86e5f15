"""Describe a dataset folder in the Croissant format, which data catalogues and loaders read.

The format: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.0.html
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from gis.citation import ANGLE_BIBTEX
from gis.dataset.output.layout import CONFIGS, CROISSANT, Config
from gis.dataset.output.manifest import FileRecord
from gis.replacing import write_text

WORDS = re.compile(r"[a-z0-9]+")
CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
CONTEXT = Path(__file__).with_name("croissant_context.json")  # as the specification gives it
DATA_TYPES = {pa.string(): "sc:Text", pa.int64(): "sc:Integer", pa.bool_(): "sc:Boolean"}


def write_croissant(
    folder: Path,
    *,
    title: str,
    license_link: str,
    sources: Mapping[str, str],
    date: str,
    files: Mapping[str, FileRecord],
) -> None:
    """Write the description of a dataset folder; it depends on nothing but the arguments.

    Args:
        folder: The dataset folder.
        title: One line that describes it.
        license_link: Address of the terms of the texts.
        sources: The address of each repository by its name, OWNER/NAME.
        date: The day of the newest change in the data, as YYYY-MM-DD.
        files: The record of each file by its path.
    """
    existing = {config: config.files(files) for config in CONFIGS.values()}
    description = {
        "@context": json.loads(CONTEXT.read_text(encoding="utf-8")),
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": "-".join(WORDS.findall(title.lower())),
        "description": f"{title}. Pairs of issues with labels and the evidence for them, in splits without leaks.",
        "license": license_link,
        "url": next(iter(sources.values())),
        "creator": [
            {"@type": "sc:Organization", "name": f"The authors of the issues of {source}", "url": url}
            for source, url in sources.items()
        ],
        "datePublished": date,
        "citeAs": ANGLE_BIBTEX,
        "distribution": [_file_object(path, files[path]) for paths in existing.values() for path in paths.values()],
        "recordSet": [
            _record_set(config, split, path) for config, paths in existing.items() for split, path in paths.items()
        ],
    }
    write_text(folder / CROISSANT, json.dumps(description, indent=1, ensure_ascii=False) + "\n")


def _file_object(path: str, record: FileRecord) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": path,
        "name": path,
        "contentUrl": path,
        "contentSize": f"{record['bytes']} B",
        "encodingFormat": "application/x-parquet",
        "sha256": record["sha256"],
    }


def _record_set(config: Config, split: str, path: str) -> dict[str, Any]:
    identifier = f"{config.name}/{split}"
    return {
        "@type": "cr:RecordSet",
        "@id": identifier,
        "name": identifier,
        "description": f"The split {split} of the config {config.name}: {config.summary}.",
        "field": [_field(identifier, path, column) for column in config.schema],
    }


def _field(record_set: str, path: str, column: pa.Field) -> dict[str, Any]:
    repeated = pa.types.is_list(column.type)
    return {
        "@type": "cr:Field",
        "@id": f"{record_set}/{column.name}",
        "name": column.name,
        "dataType": DATA_TYPES[column.type.value_type if repeated else column.type],
        **({"repeated": True} if repeated else {}),
        "source": {"fileObject": {"@id": path}, "extract": {"column": column.name}},
    }

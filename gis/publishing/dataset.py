"""Check a dataset folder before it is published."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from huggingface_hub import DatasetCard

from gis.benchmark.tasks.manifest import MANIFEST, file_problems
from gis.dataset.issues.names import host_of
from gis.dataset.output.card import with_name
from gis.dataset.output.layout import (
    CONFIGS,
    CROISSANT,
    IDS_CARD,
    LABELLED,
    POSITIVE_CONFIG,
    WITHOUT_TEXTS,
    Config,
)
from gis.dataset.output.manifest import Manifest, read_manifest
from gis.dataset.texts.redaction import redact
from gis.hub import CARD
from gis.publishing.evaluation import EVAL_CONFIG, eval_config
from gis.publishing.publication import (
    Publication,
    files_of,
    link_problems,
    metadata_of,
    read_card,
    secret_problems,
)

TEST = CONFIGS["default"].path("test")
REQUIRED = ("default", "positive")  # other configs of pairs may be missing, but not in part


def prepare_dataset(folder: Path, name: str | None) -> Publication:
    """Check a dataset folder: its files, schemas, splits and card, leaks between splits, secrets in texts."""
    manifest = read_manifest(folder)
    card = read_card(folder)
    files = files_of(folder)
    problems = [
        *link_problems(folder),
        *_file_problems(folder, manifest),
        *card_problems(card, files),
        *secret_problems(files, (MANIFEST, CARD, CROISSANT)),
    ]
    try:
        if not problems:
            problems = [*_schema_problems(folder), *_leak_problems(folder), *_secret_problems(folder, manifest)]
    except pa.ArrowException as error:
        problems = [f"a Parquet file cannot be read: {error}"]
    files = {path: file for path, file in files.items() if path != IDS_CARD}
    if TEST in files:
        files.setdefault(EVAL_CONFIG, eval_config(card, folder.resolve().name))
    return _with_card(Publication(kind="dataset", files=files, card=card, problems=tuple(problems)), card, name)


def without_texts(publication: Publication, folder: Path, name: str | None) -> Publication:
    """Return the publication of the ids and the evidence alone."""
    paths = {path for config in WITHOUT_TEXTS for path in CONFIGS[config].files(publication.files).values()}
    files = {path: file for path, file in publication.files.items() if path in {*paths, MANIFEST}}
    ids_card = folder / IDS_CARD
    card = ids_card.read_text(encoding="utf-8") if ids_card.is_file() else _cut_down(publication.card)
    return _with_card(replace(publication, files=files), card, name)


def _with_card(publication: Publication, card: str, name: str | None) -> Publication:
    """Return the publication with a card whose examples open the dataset as ``name``."""
    card = card if name is None else with_name(card, name)
    return replace(publication, files={**publication.files, CARD: card.encode()}, card=card)


def _cut_down(card: str) -> str:
    """Return the card of a folder that an older gis built, with the configs of the copy without texts."""
    if not metadata_of(card):
        return card
    short = DatasetCard(card, ignore_metadata_errors=True)
    short.data["configs"] = [
        {**config, "default": True} if config["config_name"] == "ids" else config
        for config in metadata_of(card).get("configs") or []
        if config.get("config_name") in WITHOUT_TEXTS
    ]
    note = "This copy holds no texts: `gis hydrate` restores them. The card describes the whole dataset."
    short.text = f"\n{note}\n{short.text}"
    return str(short)


def _file_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield where the files are not those of the manifest."""
    if not manifest.intact:
        yield f"{MANIFEST} was changed since it was written; build again"
    for name in sorted(files_of(folder).keys() - manifest.files.keys() - {CARD, IDS_CARD, MANIFEST, EVAL_CONFIG}):
        yield f"{name} was not made by the build; remove it"
    for problem in file_problems(folder, manifest.files, manifest.files):
        yield f"{problem}; build again"


def card_problems(card: str, files: Iterable[str]) -> Iterator[str]:
    """Yield what the card lacks: metadata, a licence, the files that its configs name."""
    metadata = metadata_of(card)
    if not metadata:
        yield f"{CARD} has no metadata (--- … ---) that can be read"
        return
    if not metadata.get("license"):
        yield f"{CARD} names no license"
    elif metadata["license"] == "other" and not metadata.get("license_name"):
        yield f"{CARD} has the license 'other' without a license_name"
    try:
        paths = [
            (config["config_name"], str(file["path"]))
            for config in metadata["configs"]
            for file in config["data_files"]
        ]
    except (KeyError, TypeError):
        yield f"{CARD} names no configs with their data_files"
        return
    for config, path in paths:
        if not any(fnmatch(file, path) for file in files):
            yield f"{CARD}: the config {config} names {path}, which does not exist"


def _schema_problems(folder: Path) -> Iterator[str]:
    for config in (*LABELLED.values(), POSITIVE_CONFIG):
        paths = _existing(config, folder)
        if not paths and config.name in REQUIRED:
            yield f"the config {config.name} has no splits"
        for split, path in paths.items():  # a build may make some of the splits only; the manifest names its files
            if not pq.read_metadata(path).num_rows:
                yield f"the split {split} of the config {config.name} is empty"
            else:
                yield from (f"{config.path(split)}: {problem}" for problem in _table_problems(path, config.schema))


def _existing(config: Config, folder: Path) -> dict[str, Path]:
    return {split: path for split in config.splits if (path := folder / config.path(split)).is_file()}


def _table_problems(path: Path, expected: pa.Schema) -> Iterator[str]:
    schema = pq.read_schema(path)
    if "label" in schema.names and set(pq.read_table(path, columns=["label"])[0].to_pylist()) - {0, 1}:
        yield "there are labels other than 0 and 1"
    for name in expected.names:
        if name not in schema.names:
            yield f"the column {name} is missing"
        elif schema.field(name).type != expected.field(name).type:
            yield f"the column {name} is {schema.field(name).type}, not {expected.field(name).type}"


def _leak_problems(folder: Path) -> Iterator[str]:
    """Yield a problem for each config with issues in two splits."""
    for config in LABELLED.values():
        splits_by_url: dict[str, set[str]] = defaultdict(set)
        for split, path in _existing(config, folder).items():
            for column in pq.read_table(path, columns=["url1", "url2"]).columns:
                for url in column.to_pylist():
                    splits_by_url[url].add(split)
        shared = sorted(url for url, splits in splits_by_url.items() if len(splits) > 1)
        if shared:
            yield f"{config.name}: {len(shared)} issues are in two splits, for example {shared[0]}"


def _secret_problems(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Yield a problem for each table whose texts hold what the build redacts."""
    for config in CONFIGS.values():
        for split, path in _existing(config, folder).items():
            if counts := _secrets(path, config.text_columns, host_of(manifest.web_url)):
                kinds = ", ".join(f"{count} of kind {kind}" for kind, count in sorted(counts.items()))
                yield f"{config.path(split)}: texts hold what should have been redacted: {kinds}; build again"


def _secrets(path: Path, columns: Iterable[str], host: str) -> Mapping[str, int]:
    """Count what the build redacts in the texts of a table, by kind."""
    counts: Counter[str] = Counter()
    names = [name for name in pq.read_schema(path).names if name in columns]
    for batch in pq.ParquetFile(path).iter_batches(1000, columns=names) if names else ():
        for column in batch.columns:
            for text in column.to_pylist():
                redact(text, counts, host)
    return counts

"""What a folder is, and what stands against publishing it."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from gis.dataset.output.layout import PAIRS, POSITIVE
from gis.dataset.output.manifest import MANIFEST as DATASET_MANIFEST
from gis.dataset.pairs.splits import SPLITS
from gis.dataset.texts.redaction import redact
from gis.errors import GisError
from gis.files import sha256_of, sha256_of_file
from gis.leaderboard.table import load_table
from gis.training.manifest import MANIFEST as MODEL_MANIFEST

Kind = Literal["dataset", "model", "results"]
RESULTS_MARK = "gis_results.json"
MARKS: dict[Kind, str] = {"dataset": DATASET_MANIFEST, "model": MODEL_MANIFEST, "results": RESULTS_MARK}
OF_MODELS = ("*.json", "*.safetensors", "*.model", "*.spm", "*.bpe", "*.jinja", "vocab.txt", "merges.txt", "README.md")
OF_RESULTS = ("*.json", "*.parquet", "*.md", "*.csv", "*.html")
NOT_PUBLISHED = ("optimizer.pt", "scheduler.pt", "trainer_state.json", "training_args.bin", "rng_state.pth")


@dataclass(frozen=True)
class Publication:
    """What will be sent.

    Attributes:
        kind: Dataset, model or results.
        files: Path in the repository and the file here, or its content where gis makes it.
        card: README.md.
        problems: What stands against it; nothing is sent while there are any.
    """

    kind: Kind
    files: dict[str, Path | bytes]
    card: str
    problems: tuple[str, ...]

    @property
    def repo_type(self) -> str:
        """What the Hub calls it; results are a dataset to it."""
        return "model" if self.kind == "model" else "dataset"

    def size(self, name: str) -> int:
        """Bytes of a file."""
        found = self.files[name]
        return len(found) if isinstance(found, bytes) else found.stat().st_size


def prepare(folder: Path, *, ids_only: bool = False) -> Publication:
    """Find out what a folder is, and check it.

    Args:
        folder: What gis made.
        ids_only: Of a dataset, publish what holds no text alone.

    Raises:
        GisError: It is none of what gis makes.
    """
    if not folder.is_dir():
        raise GisError(f"no folder at {folder}")
    if (folder / DATASET_MANIFEST).is_file():
        found = _dataset(folder)
        return _without_texts(found) if ids_only else found
    if ids_only:
        raise GisError(f"{folder} is no dataset of gis build; --ids-only is for those")
    if (folder / MODEL_MANIFEST).is_file():
        return _model(folder)
    if any(folder.rglob("*.parquet")) and any(folder.rglob("*.json")):
        return _results(folder)
    raise GisError(f"{folder} is no dataset of gis build, no model of gis train and no results of gis bench")


def _files(folder: Path) -> dict[str, Path | bytes]:
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.name not in NOT_PUBLISHED
        and not any(part.startswith("checkpoint-") for part in path.relative_to(folder).parts)
    }


def _dataset(folder: Path) -> Publication:
    problems: list[str] = []
    manifest = _manifest(folder / DATASET_MANIFEST, "files")
    told_of = manifest["files"]
    if manifest.pop("identity", None) != sha256_of(manifest):
        problems.append(f"{DATASET_MANIFEST} was changed after the build; build again")
    files = _files(folder)
    others = sorted(files.keys() - told_of.keys() - {"README.md", DATASET_MANIFEST})
    problems += [f"{name} was not made by the build; take it away" for name in others]
    for name, told in told_of.items():
        if not (folder / name).is_file():
            problems.append(f"{name} is missing")
        elif not isinstance(told, dict) or sha256_of_file(folder / name) != told.get("sha256"):
            problems.append(f"{name} was changed after the build; build again")
    card = _read(folder / "README.md")
    problems += _card_problems(card, folder)
    try:
        if not problems:
            problems += [*_schema_problems(folder), *_leak_problems(folder), *_secret_problems(folder)]
    except pa.ArrowException as error:
        problems.append(f"a Parquet file cannot be read: {error}")
    return Publication("dataset", files, card, tuple(problems))


def _without_texts(found: Publication) -> Publication:
    """The same without the files that hold texts, and with a card that names the others alone."""
    files = {
        name: path for name, path in found.files.items() if "/" not in name or name.split("/")[0] in ("ids", "evidence")
    }
    head = _head(found.card)
    head["configs"] = [
        {**config, "default": True} if config["config_name"] == "ids" else config
        for config in head.get("configs") or []
        if config["config_name"] in ("ids", "evidence")
    ]
    body = found.card.split("---\n", 2)[2]
    note = "\nThis copy holds no texts: `gis hydrate` fetches them. What is said of other configs is of the whole.\n"
    card = f"---\n{yaml.safe_dump(head, sort_keys=False, allow_unicode=True)}---\n{note}{body}"
    files["README.md"] = card.encode()
    return replace(found, files=files, card=card)


def _manifest(path: Path, *needed: str) -> dict[str, Any]:
    """A manifest of gis, with what is needed of it.

    Raises:
        GisError: It is broken.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GisError(f"{path} is broken: {error}") from error
    lacking = [name for name in needed if not isinstance(found, dict) or not isinstance(found.get(name), dict)]
    if not isinstance(found, dict) or lacking:
        raise GisError(f"{path} is broken: it has no {', '.join(lacking) or 'fields'}")
    return found


def _card_problems(card: str, folder: Path) -> Iterator[str]:
    """What a card lacks: its head, a licence, files that its configs name."""
    head = _head(card)
    if not head:
        yield "README.md has no head (--- … ---) that can be read"
        return
    if not head.get("license"):
        yield "README.md names no license"
    elif head["license"] == "other" and not head.get("license_name"):
        yield "README.md has the license 'other' without a license_name"
    try:
        named = [(config["config_name"], each["path"]) for config in head["configs"] for each in config["data_files"]]
    except (KeyError, TypeError):
        yield "README.md names no configs with their data_files"
        return
    for config, path in named:
        if not list(folder.glob(path)):
            yield f"README.md: the config {config} names {path}, which is not there"


def _head(card: str) -> dict[str, Any]:
    parts = card.split("---\n", 2)
    if len(parts) < 3 or parts[0]:
        return {}
    try:
        found = yaml.safe_load(parts[1])
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _schema_problems(folder: Path) -> Iterator[str]:
    for config, wanted in (("data", PAIRS), ("repository", PAIRS), ("time", PAIRS), ("positive", POSITIVE)):
        if config in ("repository", "time") and not (folder / config).is_dir():
            continue
        for split in SPLITS:
            paths = sorted((folder / config).glob(f"{split}-*.parquet"))
            if not sum(pq.read_metadata(path).num_rows for path in paths):
                yield f"the config {config} has no split {split}, or nothing in it"
            for path in paths:
                found = pq.read_schema(path)
                if "label" in found.names and set(pq.read_table(path, columns=["label"])[0].to_pylist()) - {0, 1}:
                    yield f"{path.relative_to(folder)}: there are labels other than 0 and 1"
                yield from (f"{path.relative_to(folder)}: {problem}" for problem in _differences(found, wanted))


def _differences(found: pa.Schema, wanted: pa.Schema) -> Iterator[str]:
    for name in wanted.names:
        if name not in found.names:
            yield f"the column {name} is missing"
        elif found.field(name).type != wanted.field(name).type:
            yield f"the column {name} is {found.field(name).type}, not {wanted.field(name).type}"


def _leak_problems(folder: Path) -> Iterator[str]:
    """Issues that are in two splits of a config."""
    for config in ("data", "repository", "time"):
        where: dict[str, set[str]] = {}
        for split in SPLITS:
            for path in (folder / config).glob(f"{split}-*.parquet"):
                table = pq.read_table(path, columns=["url1", "url2"])
                for column in table.columns:
                    for url in column.to_pylist():
                        where.setdefault(url, set()).add(split)
        shared = sorted(url for url, splits in where.items() if len(splits) > 1)
        if shared:
            yield f"{config}: {len(shared)} issues are in two splits, {shared[0]} for one"


def _secret_problems(folder: Path) -> Iterator[str]:
    """Texts that hold what redaction takes out."""
    for path in sorted(folder.rglob("*.parquet")):
        columns = [name for name in pq.read_schema(path).names if name in TEXT_COLUMNS]
        found: Counter[str] = Counter()
        for batch in pq.ParquetFile(path).iter_batches(1000, columns=columns) if columns else ():
            for column in batch.columns:
                for text in column.to_pylist():
                    redact(text, found)
        if found:
            said = ", ".join(f"{count} of kind {kind}" for kind, count in sorted(found.items()))
            yield f"{path.relative_to(folder)}: texts hold what should have been redacted: {said}; build again"


TEXT_COLUMNS = ("text1", "text2", "anchor", "positive", "title", "text")


def _model(folder: Path) -> Publication:
    manifest = _without_folders(_manifest(folder / MODEL_MANIFEST))
    files = _files(folder)
    files[MODEL_MANIFEST] = (json.dumps(manifest, indent=2, ensure_ascii=False) + "\n").encode()
    problems = _unknown(files, OF_MODELS)
    problems += [] if any(name.endswith(".safetensors") for name in files) else ["there are no weights (.safetensors)"]
    card = _read(folder / "README.md") or _model_card(manifest)
    if not _head(card):
        problems.append("README.md has no head (--- … ---) that can be read")
    files["README.md"] = card.encode()
    return Publication("model", files, card, tuple(problems))


def _unknown(files: Mapping[str, object], patterns: Sequence[str]) -> list[str]:
    """Files that are not what gis makes."""
    return [
        f"{name} was not made by gis; take it away"
        for name in files
        if not any(fnmatch(Path(name).name, pattern) for pattern in patterns)
    ]


def _without_folders(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value whose strings name files of this machine by their last part alone."""
    if isinstance(value, dict):
        return {name: _without_folders(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_folders(each) for each in value]
    if isinstance(value, str):
        return re.sub(r"(?<![\w/:.])(?:~|\.{0,2})/(?:[^\s,]+/)?(?=[^\s,/]+)", "", value)
    return value


def _model_card(manifest: dict[str, Any]) -> str:
    """A card from the manifest of gis train."""
    head = {
        "library_name": "sentence-transformers",
        "pipeline_tag": "sentence-similarity",
        "tags": ["sentence-similarity", "gis"],
    }
    record = {name: value for name, value in manifest.items() if name not in ("outcome", "versions", "schema")}
    return (
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---\n\n# An encoder trained with gis\n\n"
        "Opens with sentence-transformers, with transformers' AutoModel, and with `gis bench --model`. How it was "
        "trained, from "
        f"`{MODEL_MANIFEST}`:\n\n```json\n{json.dumps(record, indent=2, ensure_ascii=False)}\n```\n\n"
        f"Versions: {', '.join(f'{name} {version}' for name, version in manifest.get('versions', {}).items())}.\n\n"
        "No licence is named: that of the base model and of the training data decide it. Add one to this card.\n"
    )


def _results(folder: Path) -> Publication:
    files = _files(folder)
    table = load_table(folder)
    card = (
        "---\ntags:\n- gis\n- leaderboard\n---\n\n# Scores\n\nSpearman × 100, made by `gis bench`; every result "
        "file beside "
        f"its scores per pair.\n\n{table.to_markdown()}\n"
    )
    files["README.md"] = card.encode()
    files[RESULTS_MARK] = (json.dumps({"schema": 1, "files": sorted(files)}, indent=1) + "\n").encode()
    return Publication("results", files, card, tuple(_unknown(files, OF_RESULTS)))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""

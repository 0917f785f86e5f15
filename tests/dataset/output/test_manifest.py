"""The manifest is read as it was written; a broken, newer or older one is handled."""

import json
from pathlib import Path
from typing import Any

import pytest

from gis.benchmark.tasks.manifest import MANIFEST
from gis.collector.store import Store
from gis.dataset.issues.table import load_issues
from gis.dataset.output.manifest import SCHEMA, file_record, foreign_files, read_manifest, write_manifest
from gis.dataset.settings import BuildSettings, TextSettings
from gis.errors import GisError
from gis.hashes import sha256_of, sha256_of_file
from tests.dataset.stores import fill, issue

LINE = bytes.fromhex("00ff")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = fill(tmp_path / "issues.db", [issue(1), issue(2)])
    folder = tmp_path / "set"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "test.parquet").write_bytes(b"rows")
    settings = BuildSettings(text=TextSettings(removed=("octo/widgets#1",)))
    with Store(path) as store:
        identity = write_manifest(
            folder,
            store=store,
            settings=settings,
            policy_text=None,
            issues=load_issues(store),
            templates={0: frozenset([LINE])},
            files={"data/test.parquet": file_record(folder / "data" / "test.parquet", 3)},
        )
    assert identity == read_manifest(folder).identity
    return folder


def change(folder: Path, **fields: Any) -> None:  # noqa: ANN401
    content = json.loads((folder / MANIFEST).read_text(encoding="utf-8")) | fields
    (folder / MANIFEST).write_text(json.dumps(content), encoding="utf-8")


def test_it_is_read_as_it_was_written(folder: Path) -> None:
    manifest = read_manifest(folder)
    assert manifest.intact
    assert manifest.files == {"data/test.parquet": sha256_of_file(folder / "data" / "test.parquet")}
    assert manifest.repository_names == {"octo/widgets": "octo/widgets"}
    assert manifest.templates == {"octo/widgets": [LINE.hex()]}
    assert manifest.settings["text"]["form"] == "markdown"


def test_it_does_not_name_the_issues_that_were_removed(folder: Path) -> None:
    assert "octo/widgets#1" not in (folder / MANIFEST).read_text(encoding="utf-8")
    assert read_manifest(folder).settings["text"]["removed"] == sha256_of(["octo/widgets#1"])


def test_a_changed_manifest_is_not_intact(folder: Path) -> None:
    change(folder, store=[])
    assert not read_manifest(folder).intact


def test_a_newer_manifest_asks_for_an_update(folder: Path) -> None:
    change(folder, schema=SCHEMA + 1)
    with pytest.raises(GisError, match="was written by a newer gis; update gis"):
        read_manifest(folder)


def test_an_older_manifest_without_names_has_those_of_its_templates(folder: Path) -> None:
    change(folder, names=None)
    assert read_manifest(folder).repository_names == {"octo/widgets": "octo/widgets"}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": "1"}', '{"schema": 1, "settings": 3}', "\xff"])
def test_a_broken_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / MANIFEST).write_bytes(text.encode("latin-1"))
    with pytest.raises(GisError, match=rf"{MANIFEST} is broken: "):
        read_manifest(tmp_path)


def test_a_folder_without_a_manifest_is_not_a_dataset(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="is not a dataset folder: it has no gis_manifest"):
        read_manifest(tmp_path)


def test_files_that_no_build_made_are_foreign(folder: Path) -> None:
    (folder / "README.md").touch()
    assert foreign_files(folder) == []
    (folder / "notes.txt").touch()
    assert foreign_files(folder) == ["notes.txt"]
    (folder / MANIFEST).write_text("{", encoding="utf-8")
    assert foreign_files(folder) == ["README.md", "data/test.parquet", MANIFEST, "notes.txt"]

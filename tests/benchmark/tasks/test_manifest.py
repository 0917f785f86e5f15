"""A dataset folder whose files are not those of its manifest is not scored; any other folder is."""

import json
from pathlib import Path

import pytest

from gis.benchmark.tasks import manifest
from gis.benchmark.tasks.catalogue import Task
from gis.benchmark.tasks.manifest import MANIFEST, check_unchanged, is_intact
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.hashes import sha256_of_file
from tests.benchmark.helpers import ROWS, sign_dataset, write_jsonl
from tests.errors import error_line


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("data/train.jsonl", "data/test.jsonl", "time/test.jsonl"):
        write_jsonl(tmp_path / "set" / name)
    sign_dataset(tmp_path / "set")
    return tmp_path / "set"


def load(path: Path) -> LoadedTask:
    return load_task(Task(name="mine", folder=str(path)), SourceSettings())


@pytest.mark.parametrize("below", ["", "time", "data/test.jsonl"])
def test_a_folder_as_it_was_built_is_scored(folder: Path, below: str) -> None:
    assert len(load(folder / below).pairs) == len(ROWS)


@pytest.mark.parametrize(
    ("below", "name"), [("", "data/test.jsonl"), ("time", "time/test.jsonl"), ("data/test.jsonl", "data/test.jsonl")]
)
def test_a_file_that_was_changed_is_named_with_the_way_out(folder: Path, below: str, name: str) -> None:
    write_jsonl(folder / name, [{**row, "score": 5 - row["score"]} for row in ROWS])
    with error_line(
        rf"set is not as gis wrote it: {name} was changed since it was written; make or fetch it again, or delete"
    ):
        load(folder / below)
    (folder / MANIFEST).unlink()
    assert len(load(folder / below).pairs) == len(ROWS)


def test_a_changed_file_is_noticed_from_within_the_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jsonl(folder / "data" / "test.jsonl", ROWS[:3])
    for place, name in ((folder, "."), (folder / "data", "test.jsonl"), (folder / "data", ".")):
        monkeypatch.chdir(place)
        with error_line(r"data/test\.jsonl was changed"):
            load(Path(name))


def test_a_file_that_is_not_read_is_not_looked_at(folder: Path) -> None:
    (folder / "data" / "train.jsonl").unlink()
    assert len(load(folder).pairs) == len(ROWS)


def test_a_file_that_was_added_is_named(folder: Path) -> None:
    (folder / "data" / "test.jsonl").rename(folder / "data" / "test-0.jsonl")
    write_jsonl(folder / "data" / "test-1.jsonl")
    with error_line(r"data/test-0\.jsonl was not written by gis, data/test-1\.jsonl was not written by gis"):
        load(folder)


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", '{"identity": 1}', '{"files": [], "identity": "x"}', "\x00"])
def test_a_damaged_manifest_is_named(folder: Path, content: str) -> None:
    (folder / MANIFEST).write_text(content, encoding="utf-8")
    with error_line(rf"{MANIFEST} was changed; make or fetch it again"):
        load(folder)


def test_a_manifest_that_was_changed_is_named(folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(path.read_text(encoding="utf-8").replace('"rows": 6', '"rows": 7', 1), encoding="utf-8")
    assert not is_intact(json.loads(path.read_text(encoding="utf-8")))
    with error_line("was changed"):
        load(folder)


def test_an_old_manifest_without_hashes_says_nothing_of_the_files(folder: Path) -> None:
    sign_dataset(folder, files={"data/test.jsonl": 6})
    assert len(load(folder).pairs) == len(ROWS)


def test_each_file_is_hashed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []

    def counted(path: Path) -> str:
        hashed.append(path)
        return sha256_of_file(path)

    monkeypatch.setattr(manifest, "sha256_of_file", counted)
    check_unchanged([folder / "data" / "test.jsonl", folder / "data" / "train.jsonl"])
    assert len(hashed) == 2

"""What may be sent: no link, no secret; checked on a small folder of results."""

import json
import os
from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.results import result_path, write_result
from gis.errors import GisError
from gis.hashes import sha256_of
from gis.publishing.prepare import prepare
from gis.publishing.publication import metadata_of, read_card
from tests.leaderboard.helpers import result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    scored = result("m", "stsb", 0.5)
    write_result(result_path(tmp_path / "results", scored.model, "stsb"), scored, pd.DataFrame({"id": ["a"]}))
    return tmp_path / "results"


def test_a_folder_of_results_has_no_problems(folder: Path) -> None:
    assert prepare(folder).problems == ()


@pytest.mark.parametrize("target", ["secret.json", "nowhere", "folder", "results/m"])
@pytest.mark.parametrize("name", ["notes.json", "m/README.md"])
def test_links_are_refused_by_name_and_never_followed(folder: Path, name: str, target: str) -> None:
    (folder.parent / "secret.json").write_text("secret", encoding="utf-8")
    (folder.parent / "folder").mkdir()
    (folder / name).symlink_to(folder.parent / target)
    publication = prepare(folder)
    assert [problem for problem in publication.problems if problem.startswith(f"{name} is a link;")]
    assert not isinstance(publication.files.get(name), Path)
    assert "secret" not in publication.card


def test_links_in_hidden_folders_are_no_matter(folder: Path) -> None:
    (folder / ".cache").mkdir()
    (folder / ".cache" / "link").symlink_to(os.devnull)
    assert prepare(folder).problems == ()


@pytest.mark.parametrize("text", ["http://me:planted@host/v1", "https://host/?api_key=planted", "a planted word"])
def test_a_result_of_an_older_gis_with_a_secret_is_refused(
    folder: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = folder.glob("*/*/*.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    content["run"]["command"] = text
    content.pop("sha256")
    path.write_text(json.dumps({**content, "sha256": sha256_of(content)}, indent=2), encoding="utf-8")
    monkeypatch.setenv("HF_TOKEN", "planted")
    (problem,) = prepare(folder).problems
    assert problem.startswith(path.relative_to(folder).as_posix())
    assert "holds a password, key or token" in problem


def test_files_that_hold_no_text_of_ours_are_refused_by_name(folder: Path) -> None:
    (folder / "notes.txt").touch()
    assert prepare(folder).problems == ("notes.txt was not made by gis; remove it",)


def test_a_card_whose_metadata_no_parser_can_read_has_none() -> None:
    for metadata in ("[" * 5000, "- 1", "a: !!python/object/apply:os.system ['id']", "a: [", ""):
        assert metadata_of(f"---\n{metadata}\n---\n") == {}


def test_a_card_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"\xff\xfe")
    with pytest.raises(GisError, match=r"README\.md is not a text in UTF-8"):
        read_card(tmp_path)


@pytest.mark.parametrize("name", ["gis_manifest.json", "gis_training.json"])
def test_a_manifest_that_is_nested_too_deeply_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("[" * 100_000, encoding="utf-8")
    with pytest.raises(GisError, match=f"{name} is broken.*nested too deeply"):
        prepare(tmp_path)

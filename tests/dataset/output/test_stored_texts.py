"""Texts from a store: what it yields for issues known by number, and a dataset of ids that is filled in from it."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from gis.collector.records import Event, IssueText
from gis.collector.store import Store
from gis.dataset.output.stored_texts import stored_texts
from tests.command_line import run_gis
from tests.dataset.stores import at, by_chance, fill, issue, person


def test_an_issue_comes_with_its_first_title_and_body(tmp_path: Path) -> None:
    renames = [Event("renamed", at(n), person("x"), detail=f"Title {n}") for n in (2, 1)]
    path = fill(tmp_path / "issues.db", [issue(7, title="Now", body="As it is", original="As it was", events=renames)])
    with Store(path) as store:
        (text,) = stored_texts(store, [("Octo/Widgets", 7)])
    assert text == IssueText("Octo/Widgets", 7, "Now", "As it is", first_title="Title 1", first_body="As it was")


def test_issues_that_are_not_there_yield_nothing(tmp_path: Path) -> None:
    path = fill(tmp_path / "issues.db", [issue(7)])
    with Store(path) as store:
        found = list(stored_texts(store, [("octo/widgets", 8), ("octo/widgets", 7), ("octo/gadgets", 7)]))
    assert [text.number for text in found] == [7]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stores")
    fill(folder / "issues.db", by_chance(160, 0))
    done = run_gis("build", "--store", folder / "issues.db", "--output", folder / "built", "--languages", "any", "-q")
    assert done.status == 0, done.err
    return folder / "issues.db"


def pairs_of(folder: Path) -> pd.DataFrame:
    return pd.concat([pd.read_parquet(path) for path in sorted((folder / "data").glob("*.parquet"))])


def test_a_dataset_of_ids_is_filled_in_without_a_token(store: Path, tmp_path: Path) -> None:
    built = store.parent / "built"
    for name in ("ids", "gis_manifest.json"):
        copy = shutil.copytree if (built / name).is_dir() else shutil.copy
        copy(built / name, tmp_path / name)
    done = run_gis("hydrate", tmp_path, "--store", store, "--output", tmp_path / "whole")
    assert done.status == 0, done.err
    assert " 0 changed, 0 gone" in done.out
    pd.testing.assert_frame_equal(pairs_of(tmp_path / "whole"), pairs_of(built))
    done = run_gis("bench", "--model", "length", "--task", tmp_path / "whole", "--output", tmp_path / "results", "-q")
    assert done.status == 0, done.err


def test_a_broken_or_missing_dataset_is_one_line(store: Path, tmp_path: Path) -> None:
    into = ("--store", store, "--output", tmp_path / "whole")
    done = run_gis("hydrate", "no_such_task", *into)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "no dataset folder at no_such_task" in done.err
    (tmp_path / "ids").mkdir()
    shutil.copy(store.parent / "built" / "gis_manifest.json", tmp_path)
    done = run_gis("hydrate", tmp_path, *into)
    assert (done.status, done.err) == (
        1,
        f"error: {tmp_path} has no config ids: no file such as ids/test-00000-of-00001.parquet\n",
    )
    (tmp_path / "ids" / "test-00000-of-00001.parquet").write_bytes(b"PAR1")
    assert "is not a whole Parquet file" in run_gis("hydrate", tmp_path, *into).err
    pd.DataFrame({"label": [1]}).to_parquet(tmp_path / "ids" / "test-00000-of-00001.parquet")
    assert "lacks the column repository1, number1" in run_gis("hydrate", tmp_path, *into).err


def test_a_store_of_another_repository_leaves_no_pair(store: Path, tmp_path: Path) -> None:
    other = fill(tmp_path / "other.db", by_chance(20, 1), name="octo/gadgets")
    done = run_gis("hydrate", store.parent / "built", "--store", other, "--output", tmp_path / "whole")
    assert done.status == 1
    assert "no pair has both texts: 0 as built, 0 changed, " in done.err
    assert not (tmp_path / "whole").exists()

"""Commands that are killed at any call: the old or the new is there, and the same command finishes.

GIS_FAULTS=all kills at every call; otherwise at a few, evenly spread.
"""

import io
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gis.annotation.review import REVIEW, Reviews, load_scored
from gis.finder.index import index_path, read_index
from gis.hashes import sha256_of_file
from gis.hub import CARD
from gis.training.output.manifest import MANIFEST
from tests.annotation.chat_server import grading
from tests.annotation.helpers import annotated, pairs_file
from tests.collector.server import GitHub, schema, serving
from tests.collector.test_dump import write_dump
from tests.collector.world import made
from tests.command_line import run_gis
from tests.dataset.output.test_hydrate import repository as duplicates
from tests.dataset.stores import by_chance, fill
from tests.faults.kills import calls_of, can_fork, check_kills
from tests.finder.helpers import encoder
from tests.hub_server import Hub, serve, use_hub
from tests.models.helpers import needs_openai
from tests.training.helpers import dataset as rows_to_train_on

pytestmark = [pytest.mark.slow, can_fork]

TABLES = ("issues", "comments", "events", "users", "pull_requests", "raw")
TO = "octo/issues"


def gis(*arguments: str | Path) -> None:
    done = run_gis(*arguments, "--quiet")
    assert done.status == 0, done.err


def files_of(folder: Path) -> dict[str, str] | None:
    """The files of a folder by their hashes; None where it is not."""
    if not folder.exists():
        return None
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of_file(path) for path in paths}


def rows_of(store: Path) -> dict[str, list[Any]] | None:
    if not store.exists():
        return None
    with sqlite3.connect(store) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in tables & {*TABLES}}


def remove(path: Path) -> None:
    """Remove a folder or a file, and what lies beside it in its name."""
    for place in path.parent.glob(f"*{path.name}*"):
        shutil.rmtree(place) if place.is_dir() else place.unlink()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fill(tmp_path_factory.mktemp("store") / "issues.db", by_chance(120, 1))


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    monkeypatch.setenv("GITHUB_TOKEN", "good-token-1234")
    with serving(made(40), schema()) as server:
        yield server


def test_collect_from_a_dump(tmp_path: Path) -> None:
    dump, path = write_dump(tmp_path / "octo_widgets"), tmp_path / "made" / "issues.db"
    path.parent.mkdir()
    kills = check_kills(
        lambda: gis("collect", "--from", dump, "--store", path),
        prepare=lambda: remove(path),
        state=lambda: rows_of(path),
        partly=True,
    )
    assert kills > 3


def test_collect_from_github(github: GitHub, tmp_path: Path) -> None:
    path = tmp_path / "made" / "issues.db"
    path.parent.mkdir()
    kills = check_kills(
        lambda: gis("collect", "--repo", "octo/widgets", "--api-url", github.url, "--store", path),
        prepare=lambda: remove(path),
        state=lambda: rows_of(path),
        partly=True,
    )
    assert kills > 3


def test_confirm(github: GitHub, tmp_path: Path) -> None:
    path, whole = tmp_path / "made" / "issues.db", tmp_path / "whole.db"
    path.parent.mkdir()
    gis("collect", "--repo", "octo/widgets", "--api-url", github.url, "--store", whole)
    for number in list(github.world.issues)[::9]:
        github.world.remove(number)

    def prepare() -> None:
        remove(path)
        shutil.copy(whole, path)

    kills = check_kills(
        lambda: gis("collect", "--confirm", "--api-url", github.url, "--store", path),
        prepare=prepare,
        state=lambda: rows_of(path),
        partly=True,
    )
    assert kills > 3


@pytest.mark.parametrize("force", [False, True], ids=["build", "build --force"])
def test_build(store: Path, tmp_path: Path, force: bool) -> None:
    output, old = tmp_path / "made" / "data", tmp_path / "old"
    gis("build", "--store", store, "--output", old, "--languages", "any", "--seed", "5")

    def prepare() -> None:
        shutil.rmtree(output.parent, ignore_errors=True)
        if force:
            shutil.copytree(old, output)

    def work() -> None:
        gis("build", "--store", store, "--output", output, "--languages", "any", *(["--force"] if force else []))
        assert [path.name for path in output.parent.iterdir()] == ["data"]

    assert check_kills(work, prepare=prepare, state=lambda: files_of(output)) > 3


@pytest.fixture(scope="module")
def dataset(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "data"
    gis("build", "--store", store, "--output", folder, "--languages", "any")
    return folder


def test_hydrate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "good-token-1234")
    path, output = tmp_path / "issues.db", tmp_path / "made" / "whole"
    with serving(duplicates(), schema()) as github:
        gis("collect", "--repo", "octo/widgets", "--api-url", github.url, "--store", path)
        gis("build", "--store", path, "--output", tmp_path / "data", "--languages", "any")

        def work() -> None:
            gis("hydrate", tmp_path / "data", "--api-url", github.url, "--output", output)
            assert [place.name for place in output.parent.iterdir()] == ["whole"]

        def prepare() -> None:
            shutil.rmtree(output.parent, ignore_errors=True)

        assert check_kills(work, prepare=prepare, state=lambda: files_of(output)) > 3


def model_in(folder: Path) -> dict[str, Any] | None:
    """The files of a model by their hashes, and its report without the time it took; None where it is not whole."""
    if not (folder / MANIFEST).is_file():
        return None
    report = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["report"]
    paths = [path for path in folder.glob("*") if path.is_file() and path.name not in (MANIFEST, CARD)]
    return {**{path.name: sha256_of_file(path) for path in paths}, "report": {**report, "seconds": 0}}


@pytest.mark.parametrize("force", [False, True], ids=["train", "train --force"])
def test_train(tiny_bert: Path, tmp_path: Path, force: bool) -> None:
    data, output, old = rows_to_train_on(tmp_path / "data"), tmp_path / "made" / "model", tmp_path / "old"
    command: list[str | Path] = ["train", "--model", tiny_bert, "--task", data, "--batch-size", "16", "--device", "cpu"]
    if force:
        gis(*command, "--lr", "0.0005", "--output", old)

    def prepare() -> None:
        shutil.rmtree(output.parent, ignore_errors=True)
        if force:
            shutil.copytree(old, output)

    def work() -> None:
        gis(*command, "--lr", "0.001", "--eval-steps", "1", "--output", output, *(["--force"] if force else []))
        assert [path.name for path in output.parent.iterdir()] == ["model"]

    assert check_kills(work, prepare=prepare, state=lambda: model_in(output)) > 3


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve(Hub()) as server:
        use_hub(server, monkeypatch)
        yield server


def test_publish(hub: Hub, dataset: Path) -> None:
    def prepare() -> None:
        for kept in (hub.repositories, hub.private, hub.large, hub.commits):
            kept.clear()

    def state() -> dict[str, bytes] | None:
        repository = hub.repositories.get(("datasets", TO))
        return dict(repository.files) if hub.commits and repository else None

    assert check_kills(lambda: gis("publish", dataset, "--to", TO), prepare=prepare, state=state) > 3


def test_a_dry_run_of_publish_has_nothing_to_kill(hub: Hub, dataset: Path) -> None:
    assert calls_of(lambda: gis("publish", dataset, "--to", TO, "--dry-run")) == 0
    assert hub.requests == []


@needs_openai
@pytest.mark.parametrize("kind", ["grade", "generate"])
def test_annotate(tmp_path: Path, kind: str) -> None:
    output, pairs = tmp_path / "made" / "graded", pairs_file(tmp_path)
    answers = output / "answers" / "answers.jsonl"
    with grading(knows=("chat",)) as server:

        def work() -> None:
            answered = answers.read_bytes().split(b"\n")[:-1] if answers.exists() else []
            gis("annotate", kind, "--pairs", pairs, "--base-url", server.url, "--model", "m", "--output", output)
            assert answers.read_bytes().splitlines()[: len(answered)] == answered  # nothing is lost,
            lines = [json.loads(line) for line in answers.read_bytes().splitlines() if line.endswith(b"}")]
            keys = [line["key"] for line in lines if line["level"] is not None or "generated" in line]
            assert len(keys) == len(set(keys))  # and nothing is asked for twice
            assert [place.name for place in output.parent.iterdir()] == ["graded"]

        def state() -> dict[str, str] | None:
            files = files_of(output) or {}
            return {name: files[name] for name in files if name == "train.jsonl"} or None

        assert check_kills(work, prepare=lambda: shutil.rmtree(output.parent, ignore_errors=True), state=state) > 3


def test_review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "graded"
    annotated(pairs_file(tmp_path), folder, "jaccard")

    def work() -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("y" * 4))
        done = run_gis("review", folder)
        assert done.status == 0, done.err

    def state() -> dict[int, str]:
        return dict(Reviews(folder / REVIEW, load_scored(folder)).verdicts())

    kills = check_kills(work, prepare=lambda: (folder / REVIEW).unlink(missing_ok=True), state=state, partly=True)
    assert kills > 3


@pytest.mark.parametrize("known", [0, 30, 38], ids=["first", "anew", "brought up to date"])
def test_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: int) -> None:
    encoder(monkeypatch)
    store, cache, aside = tmp_path / "issues.db", tmp_path / "cache", tmp_path / "aside"
    if known:
        fill(store, by_chance(known, seed=2))
        gis("index", "--store", store, "--cache", cache)
        index_path(store).rename(aside)
    fill(store, by_chance(40, seed=2)[known:])

    def prepare() -> None:
        remove(index_path(store))
        if known:
            shutil.copytree(aside, index_path(store))

    def work() -> None:
        gis("index", "--store", store, "--cache", cache)
        assert not list(tmp_path.glob(".issues.db.index*"))

    assert check_kills(work, prepare=prepare, state=lambda: files_of(index_path(store))) > 3
    assert len(read_index(store).content.parts) == (2 if known == 38 else 1)


def test_suggestions_for_review(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    store, cache, output = tmp_path / "issues.db", tmp_path / "cache", tmp_path / "made" / "check"
    fill(store, by_chance(160, seed=2))
    gis("index", "--store", store, "--cache", cache)

    def work() -> None:
        gis("find", "--backtest", "--store", store, "--cache", cache, "--review", output, "--suggestions", "50")
        assert [path.name for path in output.parent.iterdir()] == ["check"]

    kills = check_kills(
        work, prepare=lambda: shutil.rmtree(output.parent, ignore_errors=True), state=lambda: files_of(output)
    )
    assert kills > 3

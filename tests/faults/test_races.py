"""Two commands at the same time on the same files: each ends as if it were alone, or is refused in one line.

GIS_FAULTS=all lets the second begin at 40 moments of the first; otherwise at 3.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.results import read_results
from gis.collector.records import Issue
from gis.files import cache_folder
from gis.finder.index import index_path, read_index
from gis.finder.posting.findings_file import findings_json
from gis.hashes import sha256_of_bytes
from gis.publishing.prepare import prepare as prepare_publication
from gis.publishing.push import HUB_FILES
from tests.benchmark.helpers import ROWS, write_jsonl
from tests.collector.server import schema, serving
from tests.collector.test_dump import write_dump
from tests.collector.world import made
from tests.dataset.stores import by_chance, fill
from tests.faults.kills import can_fork
from tests.faults.races import OFFSETS, races
from tests.faults.test_killed_commands import TO, files_of, gis, model_in, remove, rows_of
from tests.finder.helpers import encoder
from tests.finder.posting.helpers import finding, suggestion
from tests.hub_server import Hub, serve, use_hub
from tests.training.helpers import dataset as rows_to_train_on

pytestmark = [pytest.mark.slow, can_fork]


def test_two_collects_on_one_store(tmp_path: Path) -> None:
    dump, path, made = write_dump(tmp_path / "octo_widgets"), tmp_path / "made" / "issues.db", []
    command = ("collect", "--from", dump, "--store", path)
    for race in races(command, command, lambda: shutil.rmtree(path.parent, ignore_errors=True)):
        assert 0 in (race.first.status, race.second.status)  # either may be first to open the store
        assert all("another gis collect is filling" in error for error in race.refused())
        made.append({name: rows for name, rows in (rows_of(path) or {}).items() if name != "raw"})
    assert len(made) == OFFSETS
    assert all(rows == made[0] and len(rows["issues"]) == 30 for rows in made)


def test_two_posts_on_one_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "good-token-1234")
    world, issues = made(8), (2, 4, 5)
    world.comments = {}
    world.issues = {n: {**row, "comments": 0, "state": "open", "locked": False} for n, row in world.issues.items()}

    def prepare() -> None:
        world.comments.clear()
        world.suggestions.clear()

    with serving(world, schema()) as github:
        alerts = [finding(n, suggestion(1, web=github.url), certificate="0123456789ab") for n in issues]
        (tmp_path / "findings.json").write_text(findings_json(alerts), encoding="utf-8")
        where = ("--from", tmp_path / "findings.json", "--repo", "octo/widgets", "--api-url", github.url)
        command = ("find", *where, "--suggest", "--post")
        for race in races(command, command, prepare):
            assert 0 in (race.first.status, race.second.status)
            assert all("another process writes to octo/widgets" in error for error in race.refused())
            assert [len(world.comments[number]) for number in issues] == [1, 1, 1]
            assert [len(world.suggestions[number]) for number in issues] == [1, 1, 1]


def dump_of(issues: Sequence[Issue], folder: Path, word: str) -> Path:
    """A dump of issues whose texts name their number and a word; the comments are left out."""
    rows = [
        {
            **{name: getattr(issue, name) for name in ("number", "id", "node_id", "title", "state", "locked")},
            "body": f"token{issue.number} {word}",
            "repository": "octo/widgets",
            "state_reason": None,
            "closed_at": issue.closed_at,
            "created_at": issue.created_at,
            "updated_at": "2024-01-01T00:00:00Z",
            "author_association": "NONE",
            "comments": 0,
            "user": None,
            "closed_by": None,
            "labels": [],
        }
        for issue in issues
    ]
    write_jsonl(folder / "issues.jsonl", rows)
    return folder


def test_a_build_beside_a_collect(tmp_path: Path) -> None:
    """The collect changes every text and removes half of the issues."""
    issues = [replace(issue, body=f"token{issue.number} older") for issue in by_chance(120, 1)]
    dump, output, path = dump_of(issues, tmp_path / "octo_widgets", "newer"), tmp_path / "data", tmp_path / "issues.db"
    old = fill(tmp_path / "old" / "issues.db", issues)

    def prepare() -> None:
        shutil.rmtree(output, ignore_errors=True)
        shutil.copy(old, path)

    build = ("build", "--store", path, "--output", output, "--languages", "any")
    for race in races(build, ("collect", "--from", dump, "--store", path), prepare):
        assert race.refused() == []
        corpus = pd.read_parquet(output / "retrieval" / "corpus.parquet")
        numbers = corpus["_id"].str.rpartition("#")[2]
        assert len(corpus) > 100
        for number, text in zip(numbers, corpus["text"], strict=True):
            assert text in (f"token{number} older", f"token{number} newer")


@pytest.fixture
def indexed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store with 40 issues, and the index of the first 38 of them; a copy is beside it."""
    encoder(monkeypatch)
    store = fill(tmp_path / "issues.db", by_chance(38, 1))
    gis("index", "--store", store, "--cache", tmp_path / "cache")
    shutil.copytree(index_path(store), tmp_path / "aside")
    return fill(store, by_chance(40, 1)[38:])


def put_back(store: Path) -> None:
    remove(index_path(store))
    shutil.copytree(store.parent / "aside", index_path(store))


def test_two_indexes_of_one_store(indexed: Path) -> None:
    command, made = ("index", "--store", indexed, "--cache", indexed.parent / "cache"), []
    for race in races(command, command, lambda: put_back(indexed)):
        assert 0 in (race.first.status, race.second.status)
        assert all("is being made by another gis index; wait for it" in error for error in race.refused())
        made.append(files_of(index_path(indexed)))
        assert len(read_index(indexed).content.parts) == 2
    assert made == [made[0]] * OFFSETS


def test_a_search_beside_an_index(indexed: Path) -> None:
    """The search finds the same, by the old index or the new one."""
    cache = ("--cache", indexed.parent / "cache")
    answers = set()
    for race in races(
        ("index", "--store", indexed, *cache),
        ("find", "octo/widgets#30", "--store", indexed, *cache),
        lambda: put_back(indexed),
    ):
        assert race.refused() == []
        answers.add(race.second.out)
    assert all("octo/widgets#" in answer for answer in answers)


def test_an_index_beside_a_collect(indexed: Path, tmp_path: Path) -> None:
    """The collect changes every text; what it wrote after the index was begun is in the next one."""
    dump = dump_of(by_chance(40, 1), tmp_path / "octo_widgets", "newer")
    old, cache = tmp_path / "old.db", ("--cache", tmp_path / "cache")
    shutil.copy(indexed, old)

    def prepare() -> None:
        for log in tmp_path.glob("issues.db-*"):
            log.unlink()
        shutil.copy(old, indexed)
        put_back(indexed)

    index = ("index", "--store", indexed, *cache)
    for race in races(("collect", "--from", dump, "--store", indexed), index, prepare):
        assert race.refused() == []
        texts = list(read_index(indexed).searched.corpus.texts)
        assert len(texts) == 40
        gis(*map(str, index))
        assert [text.partition("\n\n")[2] for text in read_index(indexed).searched.corpus.texts] == [
            f"token{number} newer" for number in range(1, 41)
        ]


def test_two_benches_on_one_folder_of_results_and_one_cache(tmp_path: Path) -> None:
    rows, results = write_jsonl(tmp_path / "mine" / "test.jsonl", ROWS), tmp_path / "results"
    command = ("bench", "--model", "tfidf,jaccard", "--task", rows.parent, "--output", results, "--device", "cpu")

    def prepare() -> None:
        shutil.rmtree(results, ignore_errors=True)
        shutil.rmtree(cache_folder(), ignore_errors=True)

    outcomes = set()
    for race in races(command, command, prepare):
        assert race.refused() == []
        scores = {result.model.name: result.scores for result in read_results(results)}
        outcomes.add(repr(sorted(scores.items())))
        assert scores.keys() == {"tfidf", "jaccard"}
        assert not [path for path in results.rglob(".*") if path.is_file()]
    assert len(outcomes) == 1


def test_two_trainings_of_one_folder(tiny_bert: Path, tmp_path: Path) -> None:
    data, output, models = rows_to_train_on(tmp_path / "data"), tmp_path / "made" / "model", []
    command = ("train", "--model", tiny_bert, "--task", data, "--batch-size", 16, "--device", "cpu", "--output", output)
    refused = []
    for race in races(command, command, lambda: shutil.rmtree(output.parent, ignore_errors=True)):
        assert 0 in (race.first.status, race.second.status)
        refused += race.refused()
        models.append(model_in(output))
        assert [path.name for path in output.parent.iterdir()] == ["model"]
    assert refused
    assert all("another training writes" in error for error in refused)
    assert models == [models[0]] * OFFSETS


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with serve(Hub()) as server:
        use_hub(server, monkeypatch)
        yield server


def test_a_dataset_is_published_while_another_takes_its_place(hub: Hub, tmp_path: Path) -> None:
    """What is published is one of the two, or nothing; then the same command publishes the new one."""
    store = fill(tmp_path / "issues.db", by_chance(120, 1))
    old, output = tmp_path / "old", tmp_path / "data"
    gis("build", "--store", store, "--output", old, "--languages", "any", "--seed", "5")

    def prepare() -> None:
        for kept in (hub.repositories, hub.private, hub.large, hub.commits):
            kept.clear()
        shutil.rmtree(output, ignore_errors=True)
        shutil.copytree(old, output)

    def published() -> dict[str, str]:
        repository = hub.repositories.get(("datasets", TO))
        files = dict(repository.files) if hub.commits and repository else {}
        return {name: sha256_of_bytes(content) for name, content in files.items() if name not in HUB_FILES}

    def expected(folder: Path) -> dict[str, str]:
        files = prepare_publication(folder, name=TO).files
        return {
            name: sha256_of_bytes(file if isinstance(file, bytes) else file.read_bytes())
            for name, file in files.items()
        }

    build = ("build", "--store", store, "--output", output, "--languages", "any", "--force")
    for race in races(build, ("publish", output, "--to", TO), prepare):
        assert race.first.status == 0, race.first.err
        if race.refused():
            assert published() == {}
            gis("publish", output, "--to", TO)
            assert published() == expected(output)
        assert published() in (expected(old), expected(output))

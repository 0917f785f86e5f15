"""Commands on a full disk: one line says so and where, nothing is lost, and the same command finishes with room.

GIS_FAULTS=all tries as many amounts of room as ``disks.MOST``; otherwise a few.
"""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gis.annotation.review import REVIEW, Reviews, load_scored
from gis.finder.index import index_path
from tests.annotation.chat_server import grading
from tests.annotation.helpers import pairs_file
from tests.archive.helpers import world
from tests.archive.hours import write_hours
from tests.archive.test_collect import content
from tests.benchmark.helpers import ROWS, write_jsonl
from tests.collector.server import schema, serving
from tests.collector.test_dump import write_dump
from tests.collector.world import made
from tests.command_line import Done, run_gis
from tests.dataset.output.test_hydrate import repository as duplicates
from tests.dataset.stores import by_chance, fill
from tests.faults.disks import check_full_disks, leave, small_disk
from tests.faults.test_killed_commands import files_of, gis, remove, rows_of
from tests.finder.helpers import encoder
from tests.hub_server import Hub, serve, use_hub
from tests.models.helpers import needs_openai
from tests.training.helpers import dataset as rows_to_train_on

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A small disk that temporary files go to as well."""
    with small_disk(tmp_path / "disk") as path:
        (path / "tmp").mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(path / "tmp"))
        yield path


def quiet(*arguments: str | Path) -> Done:
    return run_gis(*arguments, "--quiet")


def test_collect_from_a_dump(tmp_path: Path, disk: Path) -> None:
    dump, path = write_dump(tmp_path / "octo_widgets"), disk / "made" / "issues.db"

    def prepare() -> None:
        path.parent.mkdir(exist_ok=True)
        remove(path)

    failures = check_full_disks(
        lambda: quiet("collect", "--from", dump, "--store", path),
        disk,
        prepare=prepare,
        state=lambda: rows_of(path) if path.exists() and path.stat().st_size else None,
        partly=True,
    )
    assert failures


def test_collect_from_github(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "good-token-1234")
    path = disk / "made" / "issues.db"
    path.parent.mkdir()
    with serving(made(40), schema()) as server:
        failures = check_full_disks(
            lambda: quiet("collect", "--repo", "octo/widgets", "--api-url", server.url, "--store", path),
            disk,
            prepare=lambda: remove(path),
            state=lambda: rows_of(path) if path.exists() and path.stat().st_size else None,
            partly=True,
        )
    assert failures


@pytest.mark.parametrize("force", [False, True], ids=["build", "build --force"])
def test_build(tmp_path: Path, disk: Path, force: bool) -> None:
    store = fill(tmp_path / "issues.db", by_chance(120, 1))
    output, old = disk / "made" / "data", tmp_path / "old"
    gis("build", "--store", store, "--output", old, "--languages", "any", "--seed", "5")

    def prepare() -> None:
        shutil.rmtree(output.parent, ignore_errors=True)
        if force:
            shutil.copytree(old, output)

    def work() -> Done:
        more = ["--force"] if force else []
        done = quiet("build", "--store", store, "--output", output, "--languages", "any", *more)
        assert not list((disk / "tmp").iterdir())
        return done

    assert check_full_disks(work, disk, prepare=prepare, state=lambda: files_of(output))


def test_hydrate(tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "good-token-1234")
    path, output = tmp_path / "issues.db", disk / "made" / "whole"
    with serving(duplicates(), schema()) as github:
        gis("collect", "--repo", "octo/widgets", "--api-url", github.url, "--store", path)
        gis("build", "--store", path, "--output", tmp_path / "data", "--languages", "any")
        assert check_full_disks(
            lambda: quiet("hydrate", tmp_path / "data", "--api-url", github.url, "--output", output),
            disk,
            prepare=lambda: shutil.rmtree(output.parent, ignore_errors=True),
            state=lambda: files_of(output),
        )


def test_bench_and_leaderboard(tmp_path: Path, disk: Path) -> None:
    task = write_jsonl(tmp_path / "mine.jsonl", ROWS)
    output, cache = disk / "made" / "results", disk / "made" / "cache"
    where = ("--output", output, "--cache", cache, "--export", "mteb", disk / "made" / "mteb")

    def scores() -> dict[str, object] | None:
        """The names of the results: they hold the time."""
        return dict.fromkeys(files_of(output) or ()) or None

    assert check_full_disks(
        lambda: quiet("bench", "--model", "tfidf,length", "--task", task, *where),
        disk,
        prepare=lambda: shutil.rmtree(output.parent, ignore_errors=True),
        state=scores,
        partly=True,
    )
    pages = disk / "pages"
    board = ("--markdown", pages / "board.md", "--csv", pages / "board.csv")
    gis("bench", "--model", "length", "--task", task, *where)
    assert check_full_disks(
        lambda: run_gis("leaderboard", output, *board),
        disk,
        prepare=lambda: shutil.rmtree(pages, ignore_errors=True),
        state=lambda: files_of(pages),
        partly=True,
    )


def test_train(tmp_path: Path, disk: Path, tiny_bert: Path) -> None:
    data, output = rows_to_train_on(tmp_path / "data"), disk / "made" / "model"
    settings = ("--epochs", "1", "--batch-size", "16", "--device", "cpu")

    def weights() -> dict[str, str] | None:
        files = files_of(output) or {}
        return {"model.safetensors": files["model.safetensors"]} if "model.safetensors" in files else None

    assert check_full_disks(
        lambda: quiet("train", "--model", tiny_bert, "--task", data, "--output", output, *settings),
        disk,
        prepare=lambda: shutil.rmtree(output.parent, ignore_errors=True),
        state=weights,
    )


@needs_openai
def test_annotate_and_review(tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, output = pairs_file(tmp_path), disk / "made" / "graded"

    def rows() -> dict[str, str] | None:
        files = files_of(output) or {}
        return {name: files[name] for name in files if name == "train.jsonl"} or None

    with grading(knows=("chat",)) as server:
        assert check_full_disks(
            lambda: quiet("annotate", "--pairs", pairs, "--base-url", server.url, "--model", "m", "--output", output),
            disk,
            prepare=lambda: shutil.rmtree(output.parent, ignore_errors=True),
            state=rows,
        )

    def review() -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO("yyyy"))
        return run_gis("review", output)

    assert check_full_disks(
        review,
        disk,
        prepare=lambda: (output / REVIEW).unlink(missing_ok=True),
        state=lambda: dict(Reviews(output / REVIEW, load_scored(output)).verdicts()),
        partly=True,
    )


def test_publish(tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = fill(tmp_path / "issues.db", by_chance(120, 1))
    gis("build", "--store", store, "--output", tmp_path / "data", "--languages", "any")
    with serve(Hub()) as hub:
        use_hub(hub, monkeypatch)
        monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(disk / "hub"))
        leave(disk, 0)
        done = quiet("publish", tmp_path / "data", "--to", "octo/issues")
        assert done.status == 0, done.err  # it writes nothing here
        assert hub.commits


def test_index(tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    path = disk / "made" / "issues.db"
    path.parent.mkdir()
    fill(path, by_chance(120, 1))

    def prepare() -> None:
        remove(index_path(path))

    def work() -> Done:
        done = quiet("index", "--store", path, "--cache", tmp_path / "cache")
        assert not [each.name for each in path.parent.glob(".issues.db.index*")], done.err
        return done

    assert check_full_disks(work, disk, prepare=prepare, state=lambda: files_of(index_path(path)))


def test_collect_from_an_archive(tmp_path: Path, disk: Path) -> None:
    write_hours(tmp_path / "hours", [world(40)], files=6, faults=["malformed", "repeated"])
    path = disk / "made" / "issues.db"

    def prepare() -> None:
        path.parent.mkdir(exist_ok=True)
        remove(path)

    failures = check_full_disks(
        lambda: quiet("collect", "--archive", tmp_path / "hours", "--store", path),
        disk,
        prepare=prepare,
        state=lambda: content(path) if path.exists() and path.stat().st_size else None,
        partly=True,
    )
    assert failures

"""gis index and gis find --review, killed with SIGKILL at random moments and called again."""

import random
import shutil
from pathlib import Path

import pytest

from gis.finder.index import index_path, read_index
from tests.dataset.stores import by_chance, fill
from tests.faults import THOROUGH
from tests.faults.kills import can_fork, duration, killed_after
from tests.faults.test_killed_commands import files_of, gis, remove
from tests.finder.helpers import encoder

pytestmark = [pytest.mark.slow, can_fork]

KILLS = 50 if THOROUGH else 3


@pytest.mark.parametrize("known", [0, 150], ids=["first", "brought up to date"])
def test_an_index_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: int) -> None:
    encoder(monkeypatch)
    rng, aside = random.Random(7), tmp_path / "aside"
    store, cache = fill(tmp_path / "issues.db", by_chance(160, 1)[: known or 160]), tmp_path / "cache"
    if known:
        gis("index", "--store", store, "--cache", cache)
        index_path(store).rename(aside)
        fill(store, by_chance(160, 1)[known:])

    def prepare() -> None:
        remove(index_path(store))
        if known:
            shutil.copytree(aside, index_path(store))

    def work() -> None:
        gis("index", "--store", store, "--cache", cache)

    def again() -> None:
        prepare()
        work()

    seconds = duration(again)
    new = files_of(index_path(store))
    prepare()
    old, kills = files_of(index_path(store)), 0
    while kills < KILLS:
        prepare()
        if not killed_after(work, rng.uniform(0, 1.2 * seconds)):
            continue
        kills += 1
        assert files_of(index_path(store)) in (old, new, None)
        work()
        assert files_of(index_path(store)) == new
        assert not list(tmp_path.glob(".issues.db.index*"))
    assert len(read_index(store).content.parts) == (2 if known else 1)


def test_suggestions_for_review_are_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    rng, output = random.Random(8), tmp_path / "made" / "check"
    store, cache = fill(tmp_path / "issues.db", by_chance(160, 2)), tmp_path / "cache"
    gis("index", "--store", store, "--cache", cache)

    def work() -> None:
        gis("find", "--backtest", "--store", store, "--cache", cache, "--review", output, "--suggestions", "50")

    def again() -> None:
        shutil.rmtree(output.parent, ignore_errors=True)
        work()

    seconds = duration(again)
    new, kills = files_of(output), 0
    while kills < KILLS:
        shutil.rmtree(output.parent)
        if not killed_after(work, rng.uniform(0, 1.2 * seconds)):
            continue
        kills += 1
        assert files_of(output) in (new, None)
        if not output.exists():
            work()
        assert files_of(output) == new
        assert [path.name for path in output.parent.iterdir()] == ["check"]

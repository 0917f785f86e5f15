"""An index that is brought up to date holds and finds what one that is made anew does."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.collector.records import Issue
from gis.collector.store import Store
from gis.files import load_json
from gis.finder import builder, changes
from gis.finder import index as index_module
from gis.finder.corpus import NO_CLUSTER, Corpus
from gis.finder.index import TIES, Index, index_path, read_index
from tests.benchmark.helpers import FakeEncoder
from tests.dataset.stores import by_chance, comment, fill, issue, mark_moved
from tests.finder.helpers import encoder, make_index


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    monkeypatch.setattr(builder, "MOST_NEW", 10.0)
    return encoder(monkeypatch)


def clusters(corpus: Corpus) -> set[tuple[frozenset[str], frozenset[str]]]:
    """The names in each cluster, and its canonical issue."""
    found = set()
    for cluster in set(corpus.cluster.tolist()) - {NO_CLUSTER}:
        members = np.flatnonzero(corpus.cluster == cluster).tolist()
        names = [corpus.names[n] for n in members]
        found.add((frozenset(names), frozenset(corpus.names[n] for n in members if corpus.canonical[n])))
    return found


def check_same(one: Index, other: Index) -> None:
    """Both hold the same, and each of their issues is searched with the same result."""
    first, second = one.searched, other.searched
    for name in ("repositories", "host", "templates"):
        assert getattr(first.corpus, name) == getattr(second.corpus, name)
    for name in ("repository", "number", "created", "closed", "author"):
        assert np.array_equal(getattr(first.corpus, name), getattr(second.corpus, name)), name
    assert list(first.corpus.texts) == list(second.corpus.texts)
    assert clusters(first.corpus) == clusters(second.corpus)
    assert load_json(one.path / TIES) == load_json(other.path / TIES)
    everything = np.arange(len(first.corpus))
    pairs = zip(first.search(first.queries(everything)), second.search(second.queries(everything)), strict=True)
    for here, there in pairs:
        assert here.positions.tolist() == there.positions.tolist()
        assert np.allclose(here.features, there.features, atol=1e-5)
        assert {name: list(top) for name, top in here.nearest.items()} == {
            name: list(top) for name, top in there.nearest.items()
        }


def anew(store: Path) -> Index:
    """The index of a store, made by reading all of it."""
    copy = store.parent / "anew" / store.name
    shutil.rmtree(copy.parent, ignore_errors=True)
    copy.parent.mkdir()
    for file in store.parent.glob("issues.db*"):
        if file.is_file():
            shutil.copy(file, copy.parent)
    return make_index(copy)


def updated(store: Path, issues: Iterable[Issue]) -> Index:
    fill(store, issues)
    return make_index(store)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_any_changes_it_equals_one_that_is_made_anew(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    issues = by_chance(120, seed)
    store = fill(tmp_path / "issues.db", issues[:60])
    make_index(store)
    for known in (70, 71, 72, 90, 120):
        changed = [replace(issues[n], title=f"Other {n}") for n in rng.choice(known - 10, 4, replace=False).tolist()]
        ruled = [
            replace(
                issues[n],
                state="closed",
                closed_at=issues[n].created_at,
                comments=(comment(1000 + n, "keeper", f"Duplicate of #{1 + (n + 17) % 120}", n * 1000),),
            )
            for n in rng.choice(known - 10, 3, replace=False).tolist()
        ]
        index = updated(store, [*changed, *ruled, *issues[known - 10 : known]])
        check_same(index, anew(store))
    assert len(index.content.parts) > 1
    mark_moved(store, "octo/widgets", 7, "octo/widgets#8")
    check_same(make_index(store), anew(store))
    check_same(read_index(store), anew(store))


def test_what_did_not_change_is_neither_read_nor_embedded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: FakeEncoder
) -> None:
    store = fill(tmp_path / "issues.db", by_chance(40, 1))
    before = make_index(store)
    monkeypatch.setattr(builder, "read_corpus", None)
    model.asked.clear()
    index = updated(store, [issue(41, title="A gear squeaks", body="It does so in the winter.")])
    assert model.asked == ["A gear squeaks\n\nIt does so in the winter.", "A gear squeaks"]
    assert len(index.searched.corpus) == 41
    (old, new) = index.content.parts
    assert (old.name, len(new)) == (before.content.parts[0].name, 1)


def test_a_ruling_writes_no_text_again(tmp_path: Path) -> None:
    issues = by_chance(40, 1)
    store = fill(tmp_path / "issues.db", issues)
    make_index(store)
    said = comment(999, "keeper", "Duplicate of #3", 900_000)
    index = updated(store, [replace(issues[38], closed_at=issues[39].created_at, state="closed", comments=(said,))])
    assert len(index.content.parts) == 1
    corpus = index.searched.corpus
    assert corpus.cluster[38] == corpus.cluster[2] != NO_CLUSTER


def test_small_segments_are_merged(tmp_path: Path) -> None:
    issues = by_chance(60, 1)
    store = fill(tmp_path / "issues.db", issues[:40])
    make_index(store)
    sizes = []
    for n in range(40, 47):
        index = updated(store, [issues[n]])
        sizes.append([len(part) for part in index.content.parts[1:]])
    assert sizes == [[1], [2], [2, 1], [4], [4, 1], [4, 2], [4, 2, 1]]
    folders = sorted(path.name for path in index_path(store).iterdir() if path.is_dir())
    assert folders == sorted(part.name for part in index.content.parts)


def test_after_many_changes_everything_is_read_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "MOST_NEW", 0.1)
    issues = by_chance(60, 1)
    store = fill(tmp_path / "issues.db", issues[:40])
    make_index(store)
    assert len(updated(store, issues[40:43]).content.parts) == 2
    assert len(updated(store, issues[43:45]).content.parts) == 1


def test_an_issue_that_is_gone_or_has_no_text_any_more_is_found_no_more(tmp_path: Path) -> None:
    issues = by_chance(40, 1)
    store = fill(tmp_path / "issues.db", issues)
    make_index(store)
    mark_moved(store, "octo/widgets", 5, "octo/elsewhere#1")
    index = updated(store, [replace(issues[8], title="", body="", original_body=None)])
    numbers = index.searched.corpus.number.tolist()
    assert numbers == [n for n in range(1, 41) if n not in (5, 9)]
    check_same(index, anew(store))


def test_another_name_of_a_repository_has_everything_read_anew(tmp_path: Path) -> None:
    store = fill(tmp_path / "issues.db", by_chance(40, 1))
    make_index(store)
    fill(store, by_chance(41, 1)[40:], name="octo/gears")
    index = make_index(store)
    assert set(index.searched.corpus.repositories) == {"octo/gears"}
    assert len(index.content.parts) == 1


def test_a_store_of_an_older_version_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = fill(tmp_path / "issues.db", by_chance(40, 1))
    monkeypatch.setattr(Store, "revision", None)
    made = make_index(store)
    assert made.state.isalnum()
    fill(store, by_chance(41, 1)[40:])
    monkeypatch.setattr(changes, "read_corpus", None)
    assert len(make_index(store).searched.corpus) == 41


def test_the_ranker_stays_until_a_tenth_of_the_rulings_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = []
    monkeypatch.setattr(index_module, "fit_ranker", lambda *_, **__: fitted.append(1))
    issues = by_chance(200, 1)
    store = fill(tmp_path / "issues.db", issues[:150])
    count = make_index(store).duplicates
    assert 10 < count < 50
    assert updated(store, issues[150:152]).duplicates == count
    assert len(fitted) == 1
    assert updated(store, issues[152:]).duplicates > 1.1 * count
    assert len(fitted) == 2

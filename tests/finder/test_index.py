import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gis.benchmark.results import own_sha256
from gis.collector.store import Store
from gis.errors import GisError, UsageError
from gis.finder import index as index_module
from gis.finder.chain import load_encoder
from gis.finder.index import MANIFEST, Index, index_path, read_index
from gis.finder.state import state_of
from gis.locks import held_alone
from gis.models.base import LoadSettings
from gis.replacing import folder_identity
from gis.spec import Spec
from tests.dataset.stores import DAY, fill, issue
from tests.faults import THOROUGH
from tests.faults.damage import Verdict, verdicts
from tests.finder.helpers import ISSUES, encoder, make_index, make_store


def test_what_is_read_is_what_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    made, read = make_index(store), read_index(store)
    one, other = made.searched, read.searched
    assert list(one.corpus.names) == list(other.corpus.names) == [f"octo/widgets#{n}" for n in range(1, 8)]
    assert list(one.corpus.texts) == list(other.corpus.texts)
    assert list(other.corpus.titles) == [each.title for each in ISSUES]
    assert one.corpus.templates == other.corpus.templates
    for name in ("created", "repository", "cluster", "canonical"):
        assert np.array_equal(getattr(one.corpus, name), getattr(other.corpus, name))
    places = np.arange(7)
    assert np.array_equal(one.vectors[places], other.vectors[places])
    assert other.vectors.parts[0].base is not None  # a file that is mapped
    assert np.array_equal(made.ranker.weights, read.ranker.weights)
    assert (read.identity, read.state, str(read.models.model)) == (made.identity, made.state, "fake")


def test_only_new_and_changed_texts_are_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = encoder(monkeypatch)
    store = make_store(tmp_path)
    make_index(store)
    assert len(first.asked) == 14  # seven texts and their titles
    fill(store, [issue(8, title="A gear squeaks", body="It does so in the winter.")])
    again = encoder(monkeypatch)
    index = make_index(store)
    assert again.asked == ["A gear squeaks\n\nIt does so in the winter.", "A gear squeaks"]
    assert len(index.searched.corpus) == 8


def test_an_index_that_is_up_to_date_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    make_index(store)
    before = folder_identity(index_path(store))
    make_index(store)
    assert folder_identity(index_path(store)) == before
    file_of(store, "vectors.npy").write_bytes(b"")
    make_index(store)
    assert folder_identity(index_path(store)) != before
    assert len(read_index(store).searched.vectors) == 7


def test_the_state_of_a_store_changes_with_its_issues(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    with Store(store) as opened:
        before = state_of(opened)
    fill(store, [issue(2, title="Other colours", closed=9 * DAY)])
    with Store(store) as opened:
        assert state_of(opened) != before


def test_another_model_makes_another_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    index = make_index(store)
    encoder(monkeypatch, salt="other weights")
    with pytest.raises(GisError, match="vectors of two models do not compare"):
        index.encoder(LoadSettings())
    assert make_index(store).identity != index.identity


def test_a_model_without_vectors_is_refused() -> None:
    with pytest.raises(UsageError, match="tfidf has no embeddings"):
        load_encoder(Spec("tfidf"), LoadSettings())


def test_a_missing_index_is_told(tmp_path: Path) -> None:
    with pytest.raises(GisError, match=r"issues.db has no index") as error:
        read_index(make_store(tmp_path))
    assert "gis index --store" in error.value.remedy


FILES = [
    "vectors.npy",
    "issues.npy",
    "texts.parquet",
    "words.keys.npy",
    "title_words.counts.npy",
    "rulings.npy",
    "closings.npy",
]


def file_of(store: Path, name: str) -> Path:
    (path,) = index_path(store).rglob(name)
    return path


@pytest.mark.parametrize("name", [*FILES, "ties.json"])
def test_a_damaged_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    make_index(store)
    path = file_of(store, name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(GisError, match=f"{name} is damaged"):
        read_index(store)
    path.write_bytes(content[:-1])
    with pytest.raises(GisError, match=f"{name} is damaged"):
        read_index(store)
    path.unlink()
    with pytest.raises(GisError, match=f"cannot be read .*{name}") as error:
        read_index(store)
    assert error.value.remedy == f"make it again: gis index --store {store}"


def test_a_changed_manifest_and_one_of_another_version_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    make_index(store)
    manifest = index_path(store) / MANIFEST
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**content, "gis": "9.9"}), encoding="utf-8")
    with pytest.raises(GisError, match=r"another version of gis \(9.9\)"):
        read_index(store)
    manifest.write_text("[1]", encoding="utf-8")
    with pytest.raises(GisError, match="cannot be read"):
        read_index(store)
    content["ranker"]["weights"].pop("cosine")
    manifest.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GisError, match=r"index.json is damaged"):
        read_index(store)
    manifest.write_text(json.dumps({**content, "sha256": own_sha256(content)}), encoding="utf-8")
    with pytest.raises(GisError, match="the ranker is of another version"):
        read_index(store)


@pytest.mark.parametrize("name", [MANIFEST, *FILES])
def test_flipped_bits_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    made = make_index(store)
    texts = list(made.searched.corpus.texts)

    def use() -> Verdict:
        read = read_index(store)
        assert read.ranker.content() == made.ranker.content()
        assert list(read.searched.corpus.texts) == texts
        return "same"

    path = file_of(store, name)
    assert verdicts(path, 200 if THOROUGH else 10, use, [str(index_path(store))])["named"] > 0


def test_a_second_index_at_the_same_time_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    with held_alone(index_path(store), GisError("busy")), pytest.raises(GisError, match="being made by another"):
        make_index(store)


def test_what_is_no_index_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    index_path(store).mkdir()
    (index_path(store) / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(GisError, match="is not an index of gis"):
        make_index(store)
    assert (index_path(store) / "notes.txt").is_file()


def test_a_failure_leaves_the_old_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    make_index(store)
    fill(store, [issue(8, title="A gear squeaks")])

    def fail(*_: object) -> None:
        raise GisError("no")

    monkeypatch.setattr(index_module, "_write", fail)
    with pytest.raises(GisError, match="no"):
        make_index(store)
    assert len(read_index(store).searched.corpus) == 7
    assert sorted(path.name for path in tmp_path.iterdir() if "index" in path.name) == ["issues.db.index"]


def test_an_empty_store_has_nothing_to_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    with pytest.raises(GisError, match="has no issue with a text"):
        make_index(make_store(tmp_path, []))


def test_what_is_read_is_of_one_index_though_it_is_replaced_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder(monkeypatch)
    store = make_store(tmp_path)
    make_index(store)
    read, count = index_module._read, 0

    def replaced(path: Path, manifest: Mapping[str, Any]) -> Index:
        nonlocal count
        count += 1
        index = read(path, manifest)
        if count == 1:
            monkeypatch.setattr(index_module, "_read", read)
            fill(store, [issue(8, title="A gear squeaks")])
            make_index(store)
        return index

    monkeypatch.setattr(index_module, "_read", replaced)
    assert len(read_index(store).searched.corpus) == 8
    assert count == 1

"""A model that was trained on a store is judged only by what came later."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from gis.benchmark.tasks.manifest import newest_by_repository
from gis.collector.store import Store
from gis.errors import GisError
from gis.finder import ranker as ranker_module
from gis.finder.corpus import read_rulings
from gis.finder.index import read_index
from gis.finder.leaks import unlearned
from gis.finder.replay import replay
from gis.models.base import LEARNED
from gis.models.learned import Learned
from tests.benchmark.helpers import FakeEncoder, sign_dataset
from tests.command_line import run_gis
from tests.dataset.stores import at, by_chance
from tests.finder.helpers import encoder, make_index, make_store

NEW = 261  # number of the first issue after the split, opened 1,000 seconds after the one before


def trained(model: FakeEncoder, moment: str) -> None:
    learned = Learned({"octo/widgets": moment}, ("base",))
    model.card = replace(model.card, settings={LEARNED: json.dumps(learned.to_json())})


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> FakeEncoder:
    monkeypatch.setattr(ranker_module, "FEWEST_DUPLICATES", 20)
    return encoder(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return make_store(tmp_path, by_chance(400, seed=3))


def test_a_model_that_may_have_learned_the_answers_is_refused(store: Path, model: FakeEncoder) -> None:
    trained(model, at(NEW * 1000 + 1))
    make_index(store)
    done = run_gis("find", "--backtest", "--store", store)
    assert done.status == 1
    assert "the model was trained on octo/widgets as of 2020-01-04" in done.err
    assert "gis build --until 2020-01-03, gis train" in done.err


def test_the_ranker_is_fitted_to_what_the_model_has_not_learned(store: Path, model: FakeEncoder) -> None:
    trained(model, at(130_500))
    made = make_index(store)
    corpus = made.searched.corpus
    later = unlearned(corpus, made.learned)
    assert later.tolist() == [n >= 130 for n in range(400)]
    assert made.ranker.fitted_on == f"{sum(n >= 130 for n in corpus.older_duplicates)} duplicates of this store"
    with Store(store) as opened:
        before = read_rulings(opened, made.searched.corpus).cluster_before
    replayed = replay(made.searched, before, made.learned)
    assert replayed.past.tolist() == list(range(260))
    fitted = int(replayed.ranker.fitted_on.split()[0])
    assert 20 < fitted < sum(130 <= n < 260 for n in corpus.older_duplicates) + 1


def test_a_model_of_everything_leaves_nothing_to_fit_to(store: Path, model: FakeEncoder) -> None:
    trained(model, at(400_000))
    assert make_index(store).ranker.fitted_on.startswith("1,415 duplicates of rust-lang/rust")
    assert read_index(store).learned.newest == {"octo/widgets": at(400_000)}


def test_what_nothing_is_known_of_is_said(store: Path, model: FakeEncoder) -> None:
    trained(model, at(1000))
    make_index(store)
    assert "Nothing says whether base learned from these issues" in run_gis("find", "--backtest", "--store", store).out


def test_a_dataset_of_the_past_knows_nothing_later(store: Path, tmp_path: Path) -> None:
    folder = tmp_path / "past"
    done = run_gis("build", "--store", store, "--output", folder, "--until", at(200_000))
    assert done.status == 0, done.err
    assert newest_by_repository(folder) == {"octo/widgets": at(199_500)}  # when the last issue before it was closed
    pairs = pd.read_parquet(folder / "data")
    assert len(pairs) > 5
    assert max(pairs["created1"].max(), pairs["created2"].max()) < at(200_000)


def test_what_models_judged_later_is_not_of_the_past(store: Path, tmp_path: Path) -> None:
    done = run_gis("build", "--store", store, "--output", tmp_path / "o", "--until", "2020-01-03", "--judged", tmp_path)
    assert done.status == 2
    assert "may have been judged by what was said after 2020-01-03" in done.err
    assert run_gis("build", "--store", store, "--output", tmp_path / "o", "--until", "soon").status == 2


def test_what_gis_build_did_not_make_is_unknown(tmp_path: Path) -> None:
    assert newest_by_repository(tmp_path) is None
    sign_dataset(tmp_path)
    assert newest_by_repository(tmp_path) is None


def test_a_repository_is_known_by_each_of_its_names(tmp_path: Path) -> None:
    names = {"octo/widgets": "Octo/Widgets", "old/widgets": "Octo/Widgets", "octo/empty": "octo/empty"}
    store = [{"repository": "Octo/Widgets", "newest": at(7)}, {"repository": "octo/empty", "newest": None}]
    (tmp_path / "data").mkdir()
    sign_dataset(tmp_path, names=names, store=store)
    expected = {"octo/widgets": at(7), "old/widgets": at(7)}
    assert newest_by_repository(tmp_path) == newest_by_repository(tmp_path / "data") == expected


def test_the_store_as_of_a_time(store: Path) -> None:
    with Store(store, until=datetime.fromisoformat(at(200_200))) as past:
        assert past.rows("SELECT count(*) FROM issues") == [(200,)]
        assert past.rows("SELECT max(created_at) < ? FROM comments", (at(200_200),)) == [(1,)]
        assert past.rows("SELECT state, closed_at, closed_by FROM issues WHERE number = 200") == [("open", None, None)]
        assert past.rows("SELECT state, closed_at FROM issues WHERE number = 199") == [("closed", at(199_500))]
        (status,) = past.status()
        assert status.last_update == at(200_200)
    with pytest.raises(GisError, match="no store"):
        Store(store.parent / "none.db", until=datetime.fromisoformat(at(0)))

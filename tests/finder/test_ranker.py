import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.collector.store import Store
from gis.errors import GisError
from gis.finder import ranker as ranker_module
from gis.finder.backtest import backtest
from gis.finder.corpus import NO_CLUSTER, older_duplicates, read_rulings
from gis.finder.index import read_index
from gis.finder.ranker import default_ranker, fit_ranker, ranker_of
from gis.finder.replay import BLEND, replay
from gis.finder.search import FEATURES, Candidates
from gis.finder.terms import Terms
from gis.models.base import LEARNED
from gis.models.learned import Learned
from tests.command_line import run_gis
from tests.dataset.stores import at, by_chance, issue
from tests.finder.helpers import encoder, make_index, make_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    encoder(monkeypatch)
    monkeypatch.setattr(ranker_module, "FEWEST_DUPLICATES", 20)
    path = make_store(tmp_path, by_chance(400, seed=3))
    make_index(path)
    return path


def test_older_members_of_a_cluster_are_what_is_to_be_found() -> None:
    cluster = np.array([0, NO_CLUSTER, 0, 1, 1, 0], np.int32)
    created = np.array([5, 1, 2, 9, 9, 7])
    assert older_duplicates(cluster, created) == {0: {2}, 5: {0, 2}}


def test_the_shipped_ranker_likes_similar_texts() -> None:
    ranker = default_ranker()
    alike, unlike = np.zeros(len(FEATURES)), np.zeros(len(FEATURES))
    alike[[FEATURES.index(name) for name in ("cosine", "TF-IDF", "title cosine", "title TF-IDF")]] = 0.9
    candidates = Candidates(0, np.array([0, 1]), np.stack([alike, unlike]), {})
    high, low = ranker.rank(candidates).scores
    assert high > 0.5 > 0.01 > low
    assert ranker_of(ranker.content()).rank(candidates).scores.tolist() == [high, low]


def test_a_ranker_of_other_features_is_refused() -> None:
    with pytest.raises(GisError, match="of another version of gis"):
        ranker_of({**default_ranker().content(), "weights": {"cosine": 1.0}})


def test_how_long_a_candidate_was_closed_is_known_as_of_the_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder(monkeypatch)
    day = 86_400
    texts = [issue(n, opened=n * day, closed=closed) for n, closed in ((1, 2 * day), (2, None), (3, 9 * day))]
    searched = make_index(make_store(tmp_path, [*texts, issue(5, opened=5 * day)])).searched
    (candidates,) = searched.search(searched.queries(np.array([3])))
    assert candidates.similarity("log days since closed").tolist() == pytest.approx([np.log1p(3), 0, 0])


def test_few_duplicates_fit_no_ranker(store: Path) -> None:
    searched = read_index(store).searched
    assert fit_ranker(searched, {}, np.ones(400, np.bool_)) is None
    assert read_index(store).ranker.fitted_on.endswith("duplicates of this store")


def test_scores_are_chances_among_all_issues(store: Path) -> None:
    index = read_index(store)
    duplicates = index.searched.corpus.older_duplicates
    ranker = fit_ranker(index.searched, duplicates, np.ones(400, np.bool_))
    assert ranker is not None
    found = expected = 0.0
    for candidates in index.searched.search(index.searched.queries(np.arange(400))):
        targets = duplicates.get(candidates.query, frozenset())
        found += sum(int(n) in targets for n in candidates.positions)
        expected += float(ranker.rank(candidates).scores.sum())
    assert expected == pytest.approx(found, rel=0.15)


def test_the_backtest_knows_only_the_past(store: Path) -> None:
    searched = read_index(store).searched
    with Store(store) as opened:
        rulings = read_rulings(opened, searched.corpus)
    asked: list[int] = []

    def cluster_before(moment: int) -> np.ndarray:
        asked.append(moment)
        return rulings.cluster_before(moment)

    replayed = backtest(replay(searched, cluster_before))
    assert (replayed.past, replayed.new) == (260, 140)
    assert asked == [int(searched.corpus.created[260])]
    known = rulings.cluster_before(asked[0])
    assert (known[260:] != NO_CLUSTER).sum() == 0 < (searched.corpus.cluster[260:] != NO_CLUSTER).sum()
    by_name = {row.name: row for row in replayed.rows}
    assert list(by_name) == ["cosine", "TF-IDF", "BM25", BLEND]
    assert by_name[BLEND].found[1].share > 0.3 > by_name["cosine"].found[1].share
    shares = [found.share for found in by_name[BLEND].found]
    assert shares == sorted(shares)
    assert by_name[BLEND].found[0].share <= by_name[BLEND].mrr <= shares[-1]
    assert [each.count for each in replayed.alerts] == [20, 50, 100]


def test_later_words_change_no_statistic_of_the_past(store: Path) -> None:
    searched = read_index(store).searched
    text = searched.corpus.texts[70]
    restricted = replace(searched.terms, known=np.arange(100))
    alone = Terms.of(searched.corpus.texts[:100])
    for similarity in (Terms.bm25, Terms.tfidf):
        scores = [similarity(terms, terms.query(text)) for terms in (restricted, alone)]
        assert np.allclose(scores[0][:100], scores[1], atol=1e-6)
    assert restricted.shared(["ana", "bana"], 3) == alone.shared(["ana", "bana"], 3)


def test_the_backtest_is_printed(store: Path) -> None:
    done = run_gis("find", "--backtest", "--store", store)
    assert done.status == 0, done.err
    assert "blend" in done.out
    assert "140 issues of the last" in done.out
    assert '"mrr":' in run_gis("find", "--backtest", "--store", store, "--json").out


def test_other_encoders_have_rows_of_their_own(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ["--cache", str(store.parent / "cache")]
    other = encoder(monkeypatch, name="other", salt="other")
    done = run_gis("find", "--backtest", "--store", store, "--model", "other", "--json", *cache)
    assert done.status == 0, done.err
    rows = {row["name"]: row["mrr"] for row in json.loads(done.out)["rows"]}
    assert list(rows) == ["cosine", "TF-IDF", "BM25", BLEND, "cosine (other)", f"{BLEND} (other)"]
    assert rows["cosine"] != rows["cosine (other)"]
    trained = Learned({"octo/widgets": at(300_000)}).to_json()
    other.card = replace(other.card, settings={LEARNED: json.dumps(trained)})
    refused = run_gis("find", "--backtest", "--store", store, "--model", "other", *cache)
    assert refused.status == 1
    assert "the model was trained on octo/widgets as of" in refused.err


def test_a_store_without_rulings_cannot_be_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder(monkeypatch)
    path = make_store(tmp_path)
    make_index(path)
    done = run_gis("find", "--backtest", "--store", path)
    assert done.status == 1
    assert "a backtest needs more" in done.err

"""The first candidates are compared by another model: a model of gis, or a judge that is asked as gis annotate asks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from gis.collector.store import Store
from gis.errors import GisError
from gis.finder import ranker as ranker_module
from gis.finder import rerank as rerank_module
from gis.finder.comparers import load_comparer
from gis.finder.corpus import read_rulings
from gis.finder.index import Index, build_index, read_index
from gis.finder.ranker import ranker_of
from gis.finder.replay import BLEND, replay
from gis.finder.rerank import COMPARED
from gis.models.base import LoadSettings
from gis.models.lexical import Jaccard
from gis.spec import parse_spec
from tests.annotation.chat_server import grading
from tests.command_line import run_gis
from tests.dataset.stores import by_chance
from tests.finder.helpers import encoder, make_store

GRADES = pytest.approx([3.7, 0.3, 3.7])  # expected levels of the server's answers
PAIRS = [("the panel is dark", "the dark panel"), ("one", "other"), ("the panel is dark", "the dark panel")]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    encoder(monkeypatch)
    for module in (ranker_module, rerank_module):
        monkeypatch.setattr(module, "FEWEST_DUPLICATES", 20)
    return make_store(tmp_path, by_chance(400, seed=3))


def indexed(store: Path, rerank: str | None) -> Index:
    spec = None if rerank is None else parse_spec(rerank)
    return build_index(store, parse_spec("fake"), rerank=spec, cache=store.parent / "cache")


def compare(name: str, folder: Path, pairs: Sequence[tuple[str, str]] = PAIRS) -> list[float]:
    comparer = load_comparer(parse_spec(name), folder / "judge", LoadSettings(), folder / "cache")
    return [float(score) for score in comparer.compare(pairs)]


def test_a_re_ranker_orders_the_first_candidates_of_the_blend(store: Path) -> None:
    index = indexed(store, "jaccard")
    assert read_index(store).ranker.content() == index.ranker.content()
    assert ranker_of(index.ranker.content()).compared is not None
    with Store(store) as opened:
        before = read_rulings(opened, index.searched.corpus).cluster_before
    comparer = index.comparer(LoadSettings(), store.parent / "cache")
    replayed = replay(index.searched, before, index.learned, comparer=comparer)
    assert replayed.final == list(replayed.rankings)[-1] == "blend + jaccard"
    by_blend, again = replayed.rankings[BLEND], replayed.rankings[replayed.final]
    for issue, ranking in by_blend.items():
        assert set(again[issue][:COMPARED].tolist()) == set(ranking[:COMPARED].tolist())
        assert again[issue][COMPARED:].tolist() == ranking[COMPARED:].tolist()
    assert any(not np.array_equal(again[issue], ranking) for issue, ranking in by_blend.items())
    alone = replay(indexed(store, None).searched, before)
    assert [np.array_equal(alone.rankings[BLEND][n], by_blend[n]) for n in by_blend] == [True] * len(by_blend)
    assert alone.final == BLEND


def test_what_the_backtest_measures_is_what_gis_find_shows(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache: list[str | Path] = ["--cache", store.parent / "cache", "--store", store]
    made = run_gis("index", *cache, "--rerank", "jaccard")
    assert made.status == 0, made.err
    assert "blend + jaccard" in run_gis("find", "--backtest", *cache).out
    asked: list[tuple[str, str]] = []
    score = Jaccard.score

    def counted(self: Jaccard, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        asked.extend(pairs)
        return score(self, pairs)

    monkeypatch.setattr(Jaccard, "score", counted)
    shown = run_gis("find", *cache, "octo/widgets#390")
    assert shown.status == 0, shown.err
    assert not asked  # the backtest has compared these before
    draft = store.parent / "draft.md"
    draft.write_text("Panel onte busk\n\nnobody has written so before", encoding="utf-8")
    assert run_gis("find", *cache, "--text", draft).status == 0
    assert len(asked) == COMPARED


def test_a_re_ranker_that_became_another_model_is_named(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = indexed(store, "jaccard")
    monkeypatch.setattr("gis.models.lexical.METHOD", "another")
    with pytest.raises(GisError, match="was made with another jaccard than there is now") as raised:
        index.comparer(LoadSettings(), None)
    assert raised.value.remedy.endswith("--model fake --rerank jaccard")


def test_too_few_duplicates_weigh_no_re_ranker(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rerank_module, "FEWEST_DUPLICATES", 300)
    done = run_gis("index", "--store", store, "--rerank", "jaccard")
    assert done.status == 1
    assert "duplicates are known that jaccard may be weighed by; 300 are needed" in done.err


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("tfidf", "tfidf is fitted to the texts of the task"),
        ("jackard", "unknown model 'jackard'"),
        ("judge", "judge needs a model"),
        ("judge,model=m", "max_requests=N"),
        ("judge,model=m,max_requests=few", "max_requests=few is not a number"),
        ("judge,model=m,colour=red", "colour"),
        ("judge,path=nowhere.jsonl", "no recorded answers at nowhere.jsonl"),
    ],
)
def test_what_cannot_re_rank_is_refused_before_anything_is_read(store: Path, name: str, message: str) -> None:
    done = run_gis("index", "--store", store, "--rerank", name)
    assert done.status == 2
    assert message in done.err


def test_equal_pairs_have_equal_scores_with_and_without_a_cache(tmp_path: Path) -> None:
    first = compare("jaccard", tmp_path)
    assert first == compare("jaccard", tmp_path) == pytest.approx([0.75, 0, 0.75])


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")


@pytest.mark.usefixtures("key")
def test_a_judge_is_asked_once_about_each_pair_in_both_orders(tmp_path: Path) -> None:
    with grading() as server:
        name = f"judge,model=m,base_url={server.url},max_requests=9"
        assert compare(name, tmp_path) == GRADES
        asked = len(server.requests)
        assert compare(name, tmp_path) == GRADES
        assert len(server.requests) == asked
    recorded = f"judge,path={tmp_path / 'judge' / 'answers' / 'answers.jsonl'}"
    assert compare(recorded, tmp_path) == GRADES


@pytest.mark.usefixtures("key")
def test_a_judge_stops_at_its_budget_and_continues_later(tmp_path: Path) -> None:
    with grading() as server:
        name = f"judge,model=m,base_url={server.url},max_requests="
        with pytest.raises(GisError, match="3 answers are kept") as raised:
            compare(f"{name}3", tmp_path)
        assert "gis index --rerank" in raised.value.remedy
        assert compare(f"{name}99", tmp_path) == GRADES

"""Models that are made of others, scored by the runner."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import gis
from gis.benchmark.runner import RunSettings, run_model
from gis.benchmark.tasks.sources import LoadedTask
from gis.errors import GisError
from gis.models.base import ModelCard, PairScorer, TextLengths
from gis.models.fusion import Fusion
from gis.models.lexical import Jaccard, Pairs
from gis.models.whitening import Whitening
from gis.spec import Spec
from tests.benchmark.helpers import ROWS, FakeEncoder, make_task, run, settings, texts_of


@pytest.fixture
def task(tmp_path: Path) -> LoadedTask:
    return make_task(tmp_path / "data", "first")


def jaccard() -> Jaccard:
    return Jaccard(Spec("jaccard"), settings(Path()).load)


def test_an_encoder_and_what_is_made_of_it_embed_a_text_once(tmp_path: Path, task: LoadedTask) -> None:
    encoder = FakeEncoder()
    run(encoder, [task], settings(tmp_path))
    for model in (Whitening(encoder, 2), Fusion([encoder, jaccard()]), Fusion([Whitening(encoder, 2), encoder])):
        (result,) = run(model, [task], settings(tmp_path))
        assert result.run.from_cache == result.texts.texts
    assert sorted(encoder.asked) == sorted(texts_of(task))
    assert len(list((tmp_path / "cache").rglob("*.sqlite"))) == 1


def test_an_encoder_of_two_parts_embeds_once_without_a_cache_too(task: LoadedTask) -> None:
    encoder = FakeEncoder()
    gis.bench(Fusion([Whitening(encoder, 2), encoder]), task, cache=False)
    assert sorted(encoder.asked) == sorted(texts_of(task))


def test_the_runner_and_the_model_alone_give_the_same_scores(task: LoadedTask) -> None:
    pairs = list(zip(task.pairs.text1, task.pairs.text2, strict=True))
    for model in (Whitening(FakeEncoder(), 2), Fusion([FakeEncoder(), jaccard()])):
        (scored,) = run_model(model, [task], RunSettings())
        np.testing.assert_allclose(scored.pairs()["score"], model.score(pairs), atol=1e-6)


def test_statistics_come_from_each_task_alone(tmp_path: Path, task: LoadedTask) -> None:
    other = make_task(tmp_path / "data", "second", ROWS[:5])
    both = run(Whitening(FakeEncoder(), 2), [task, other], settings(tmp_path / "both"))
    for number, single in enumerate([task, other]):
        assert run(Whitening(FakeEncoder(), 2), [single], settings(tmp_path / str(number)))[0].scores == (
            both[number].scores
        )


def test_what_was_cut_is_what_the_encoder_read_that_read_the_least(tmp_path: Path, task: LoadedTask) -> None:
    whole, cutting = FakeEncoder("whole"), FakeEncoder("cutting", max_words=3)
    cutting.zero = frozenset({"dog ran"})
    (result,) = run(Fusion([whole, jaccard(), cutting]), [task], settings(tmp_path))
    (alone,) = run(cutting, [task], settings(tmp_path))
    assert result.texts == alone.texts
    assert result.model.max_tokens == 3
    assert result.notes == alone.notes
    assert any("cut at 3 words" in note for note in result.notes)
    assert result.model.dimension is None


class Cutting(Jaccard):
    """Reads two words of a text."""

    def lengths(self, texts: Sequence[str]) -> TextLengths:
        words = np.array([len(text.split()) for text in texts], dtype=np.int64)
        return TextLengths(words, np.minimum(words, 2))


def test_what_a_model_without_vectors_cuts_is_recorded_too(tmp_path: Path, task: LoadedTask) -> None:
    scorer = Cutting(Spec("jaccard"), settings(tmp_path).load)
    scorer.card = replace(scorer.card, max_tokens=2)
    for model in (scorer, Fusion([FakeEncoder(max_words=3), scorer])):
        (scored,) = run_model(model, [task], settings(tmp_path))
        assert scored.result.texts.tokens_kept == 2 * len(texts_of(task))
        assert scored.result.notes[0].split(";")[0].endswith("texts were cut at 2 words")
        assert (scored.pairs()["kept1"] == 2).all()


def test_a_result_is_found_again(tmp_path: Path, task: LoadedTask) -> None:
    first = run(Whitening(FakeEncoder(), 2), [task], settings(tmp_path))
    again = FakeEncoder()
    assert run(Whitening(again, 2), [task], settings(tmp_path)) == first
    assert again.asked == []


class Infinite(PairScorer):
    """Gives infinity for the second pair."""

    card = ModelCard(name="infinite", identity="0" * 64)

    def score(self, pairs: Pairs) -> NDArray[np.float64]:
        return np.array([np.inf if row == 1 else row for row in range(len(pairs))], dtype=np.float64)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_part_that_gives_no_number_fails_the_whole(tmp_path: Path, task: LoadedTask) -> None:
    with pytest.raises(GisError, match="fusion gave NaN or infinity on first"):
        run(Fusion([FakeEncoder(), Infinite()]), [task], settings(tmp_path))


def test_a_leaderboard_and_the_worst_pairs_show_them(tmp_path: Path, task: LoadedTask) -> None:
    models = ["fusion,models=jaccard+tfidf", "tfidf"]
    results = gis.bench(models, task, output=tmp_path / "results")
    assert "fusion,models=jaccard+tfidf" in str(results)
    assert len(gis.load_results(tmp_path / "results").errors("fusion,models=jaccard+tfidf")) == len(ROWS)

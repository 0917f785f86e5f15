"""What every adapter promises, whatever is behind it."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gis.models.base import Encoder, PairScorer
from gis.models.registry import ADAPTERS
from gis.models.whitening import Whitening
from gis.spec import parse_spec
from tests.models import embedding_server
from tests.models.helpers import TEXTS, assert_close, encoder, needs_minilm, needs_openai, needs_peft, scorer
from tests.tiny_models import save_multi_vector, save_sentence_transformer, save_sparse

Build = Callable[[], Encoder]
PAIRS = [
    ("a cat sat on the mat", "the cat is on a mat"),
    ("crash when compiling", "compiler panics"),
    ("", "window closes"),
    ("", ""),
    ("identical text", "identical text"),
    ("!!!", "a much longer text, about the old window that opens and closes; it is slow"),
]


def _word_vectors(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    words = dict.fromkeys(" ".join(TEXTS).lower().split())
    file = folder / "vectors.txt"
    lines = [f"{word} {' '.join(f'{value:.4f}' for value in rng.normal(size=5))}" for word in words]
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


ENCODERS = [
    "wordvectors",
    pytest.param("minilm", marks=needs_minilm),
    "plain",
    "sentence-transformers",
    "sentence-transformers, fallback",
    "decoder, last token",
    pytest.param("lora", marks=needs_peft),
    pytest.param("openai", marks=needs_openai),
]


@pytest.fixture(scope="module", params=ENCODERS)
def build(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """A function that loads one of the encoders."""
    folder = tmp_path_factory.mktemp("contract")

    def tiny(kind: str) -> Path:
        path: Path = request.getfixturevalue(f"tiny_{kind}")
        return path

    match request.param:
        case "wordvectors":
            path = _word_vectors(folder)
            yield lambda: encoder("wordvectors", path=path)
        case "minilm":
            yield lambda: encoder("minilm")
        case "plain":
            yield lambda: encoder(tiny("bert"))
        case "sentence-transformers":
            yield lambda: encoder(tiny("sentence_transformer"))
        case "sentence-transformers, fallback":
            dense = save_sentence_transformer(folder / "dense", tiny("bert"), dense=True)
            yield lambda: encoder(dense)
        case "decoder, last token":
            yield lambda: encoder(tiny("decoder"), pooling="last")
        case "lora":
            yield lambda: encoder(tiny("lora"))
        case "openai":
            with embedding_server.running() as server:
                yield lambda: encoder("openai", model="tiny", base_url=server.url)


@pytest.fixture(scope="module")
def model(build: Build) -> Encoder:
    return build()


def test_encode_gives_one_float32_row_a_text(model: Encoder) -> None:
    vectors = model.encode(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), vectors.shape[1])
    assert vectors.shape[1] > 1
    assert np.isfinite(vectors).all()


def test_half_of_a_character_is_read_as_its_replacement(model: Encoder) -> None:
    assert_close(model.encode(["closes \ud83d", "a"]), model.encode(["closes \ufffd", "a"]))


def test_rows_stand_in_the_order_of_the_texts(model: Encoder) -> None:
    assert_close(model.encode(TEXTS[::-1]), model.encode(TEXTS)[::-1])


def test_a_row_does_not_depend_on_the_other_texts(model: Encoder) -> None:
    together = model.encode(TEXTS)
    for text, row in zip(TEXTS, together, strict=True):
        if text:
            assert_close(model.encode([text])[0], row)


def test_an_empty_text_has_the_same_vector_alone_and_in_company(model: Encoder) -> None:
    alone = model.encode([""])
    assert alone.shape[0] == 1
    in_company = model.encode(["a cat", "", "this small test fails when compiling"])[1]
    np.testing.assert_allclose(in_company, np.broadcast_to(alone[0], in_company.shape), atol=1e-5)


def test_different_texts_have_different_vectors(model: Encoder) -> None:
    first, second = model.encode(["a cat sat", "the compiler panics"])
    assert np.abs(first - second).max() > 1e-3


def test_no_texts_give_no_rows(model: Encoder) -> None:
    vectors = model.encode([])
    assert vectors.shape == (0, 0)
    assert vectors.dtype == np.float32


def test_two_encodes_are_equal(model: Encoder) -> None:
    assert np.array_equal(model.encode(TEXTS), model.encode(TEXTS))


@pytest.mark.parametrize("texts", [TEXTS, [""], ["cat", ""]], ids=["many", "only an empty one", "one and an empty one"])
def test_every_row_comes_once_and_shares_grow_to_one(model: Encoder, texts: Sequence[str]) -> None:
    batches = list(model.batches(texts))
    assert sorted(np.concatenate([batch.rows for batch in batches])) == list(range(len(texts)))
    shares = [batch.share for batch in batches]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_counts_are_whole_numbers_and_kept_is_within_the_limit(model: Encoder) -> None:
    for batch in model.batches(TEXTS):
        assert batch.tokens.dtype.kind == batch.kept.dtype.kind == "i"
        assert batch.tokens.shape == batch.kept.shape == batch.rows.shape
        assert (batch.kept <= batch.tokens).all()
        assert (batch.kept <= (model.card.max_tokens or np.inf)).all()


def test_vectors_of_two_loads_and_their_identities_are_equal(build: Build, model: Encoder) -> None:
    again = build()
    assert re.fullmatch("[0-9a-f]{64}", model.card.identity)
    assert again.card == model.card
    assert np.array_equal(again.encode(TEXTS[:3]), model.encode(TEXTS[:3]))


def test_the_card_can_be_written_as_json(model: Encoder) -> None:
    settings: dict[str, Any] = dict(model.card.settings)
    assert json.loads(json.dumps(settings)) == settings
    assert model.card.name


def test_loading_tells_the_hardware(model: Encoder) -> None:
    model.load()
    assert model.hardware.startswith(("cpu", "endpoint: http://127.0.0.1"))


SCORERS: list[Any] = [
    "random",
    "length",
    "jaccard",
    "tfidf",
    "bm25",
    "fusion,models=jaccard+length,weights=2+1",
    pytest.param("whitening,model=minilm,dimensions=3", marks=needs_minilm),
    pytest.param("maxsim,model=minilm", marks=needs_minilm),
    "learned sparse",
    "late interaction",
]


def _name(case: Any) -> str:  # noqa: ANN401 - a name, or one with marks
    return str(getattr(case, "values", (case,))[0])


@pytest.fixture(scope="module", params=SCORERS)
def scores(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PairScorer:
    match request.param:
        case "learned sparse":
            return scorer(str(save_sparse(tmp_path_factory.mktemp("contract") / "sparse")))
        case "late interaction":
            body = request.getfixturevalue("tiny_bert")
            return scorer(str(save_multi_vector(tmp_path_factory.mktemp("contract") / "multi", body)))
        case name:
            return scorer(name)


@pytest.fixture
def tolerance(scores: PairScorer) -> float:
    """What the order of texts may change: nothing, but where they are embedded in batches."""
    return 1e-6 if scores.card.max_tokens or scores.card.parameters else 1e-12


def test_score_gives_one_finite_float_a_pair(scores: PairScorer) -> None:
    found = scores.score(PAIRS)
    assert found.shape == (len(PAIRS),)
    assert found.dtype == np.float64
    assert np.isfinite(found).all()
    assert np.array_equal(scores.score(PAIRS), found)


def test_score_is_symmetric(scores: PairScorer, tolerance: float) -> None:
    swapped = [(second, first) for first, second in PAIRS]
    np.testing.assert_allclose(scores.score(swapped), scores.score(PAIRS), atol=tolerance)


def test_one_pair_and_no_pairs_can_be_scored(scores: PairScorer) -> None:
    if not isinstance(scores, Whitening):  # which refuses texts too few for its statistics
        assert scores.score(PAIRS[:1]).shape == (1,)
    assert scores.score([]).shape == (0,)


def test_scores_stand_in_the_order_of_the_pairs(scores: PairScorer, tolerance: float) -> None:
    if scores.card.name != "random":
        np.testing.assert_allclose(scores.score(PAIRS[::-1]), scores.score(PAIRS)[::-1], atol=tolerance)


def test_a_scorers_identity_is_stable(scores: PairScorer) -> None:
    assert re.fullmatch("[0-9a-f]{64}", scores.card.identity)
    assert scorer(scores.card.name).card == scores.card


def test_scorers_have_different_identities() -> None:
    names = [case for case in SCORERS if isinstance(case, str) and " " not in case]
    assert len({scorer(name).card.identity for name in names}) == len(names)


def test_the_contract_covers_every_adapter() -> None:
    tested = {parse_spec(_name(case)).name for case in SCORERS} | {_name(case) for case in ENCODERS}
    assert set(ADAPTERS) <= tested

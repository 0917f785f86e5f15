from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.models.in_memory import wrap_model
from gis.models.registry import load_model
from gis.models.whitening import Whitening
from gis.spec import parse_spec
from tests.models.helpers import needs_minilm, settings

WIDTH = 5
RNG = np.random.default_rng(0)
TABLE = {f"text {row}": RNG.normal(size=WIDTH) @ RNG.normal(size=(WIDTH, WIDTH)) + 3 for row in range(40)}
PAIRS = [(f"text {row}", f"text {(7 * row + 1) % 40}") for row in range(40)]


def whitening(table: dict[str, NDArray[np.float64]], dimensions: int | None = None) -> Whitening:
    def encode(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([table[text] for text in texts])

    return Whitening(wrap_model(encode), dimensions)


def written_out(dimensions: int, table: dict[str, NDArray[np.float64]] = TABLE) -> NDArray[np.float64]:
    """Su et al. 2021, equations 5 to 9, over each text once."""
    x = np.array(list(table.values()))
    u, values, _ = np.linalg.svd(np.cov(x.T, bias=True))
    y = dict(zip(table, (x - x.mean(axis=0)) @ (u @ np.diag(values**-0.5))[:, :dimensions], strict=True))
    return np.array([y[a] @ y[b] / np.linalg.norm(y[a]) / np.linalg.norm(y[b]) for a, b in PAIRS])


@pytest.mark.parametrize("dimensions", [None, 5, 3, 1])
def test_scores_are_those_of_the_definition(dimensions: int | None) -> None:
    scores = whitening(TABLE, dimensions).score(PAIRS)
    np.testing.assert_allclose(scores, written_out(dimensions or WIDTH), atol=1e-6)


def test_a_text_counts_once_however_often_it_comes() -> None:
    model = whitening(TABLE, 3)
    np.testing.assert_allclose(model.score([*PAIRS, *PAIRS[:5] * 9])[:40], model.score(PAIRS), atol=1e-6)


def test_directions_without_variance_are_left_out() -> None:
    flat = {text: np.array([*vector, 2 * vector[0], 1.0]) for text, vector in TABLE.items()}
    narrow = {text: np.array([*vector[1:], vector[0] * 5**0.5]) for text, vector in TABLE.items()}
    np.testing.assert_allclose(whitening(flat).score(PAIRS), whitening(narrow).score(PAIRS), atol=1e-5)


def test_a_zero_vector_has_no_part_in_the_statistics_and_stays_zero() -> None:
    model = whitening({**TABLE, "unknown": np.zeros(WIDTH)}, 3)
    scores = model.score([*PAIRS, ("unknown", "text 1"), ("unknown", "unknown")])
    np.testing.assert_allclose(scores, [*written_out(3), 0, 0], atol=1e-6)


def test_equal_vectors_have_no_direction_and_score_0() -> None:
    same = {text: np.ones(WIDTH) for text in TABLE}
    assert (whitening(same, 2).score(PAIRS) == 0).all()


def test_more_dimensions_than_there_are_cannot_be_kept() -> None:
    with pytest.raises(GisError, match="encode has 5 dimensions; whitening cannot keep 6 of them"):
        whitening(TABLE, 6).score(PAIRS)


def test_so_few_texts_that_all_would_be_equally_far_apart_are_refused() -> None:
    with pytest.raises(GisError, match="to 5 dimensions needs more than 6 distinct texts, and the task has 6") as error:
        whitening(TABLE).score([("text 0", "text 1"), ("text 2", "text 3"), ("text 4", "text 5")])
    assert whitening(TABLE).score([*(("text 0", f"text {row}") for row in range(1, 7))]).shape == (6,)
    assert error.value.remedy == "add dimensions=N with N well below 6"


@needs_minilm
def test_options_of_the_model_are_read_and_its_cut_is_part_of_the_identity() -> None:
    typed = 'whitening,model="minilm,max_length=16",dimensions=2'
    model = load_model(parse_spec(typed), settings())
    assert model.card.name == 'whitening,dimensions=2,model="minilm,max_length=16"'
    assert model.card.fitted_on == "the texts of the task that is scored"
    assert model.card.settings == {"models": "minilm,max_length=16", "dimensions": 2}
    assert model.card.parameters is not None
    others = ("whitening,model=minilm,dimensions=2", 'whitening,model="minilm,max_length=16"')
    identities = {load_model(parse_spec(other), settings()).card.identity for other in (typed, *others)}
    assert len(identities) == 3


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("whitening", "whitening needs a model"),
        ("whitening,model=tfidf", "whitening is for models that embed texts; tfidf only compares them"),
        ("whitening,model=minlm", r"unknown model 'minlm'. Did you mean minilm"),
        ("whitening,model=", "an empty name"),
        ("whitening,model=minilm,dimensions=0", "dimensions must be a whole number above 0, not '0'"),
        ("whitening,model=minilm,dimensions=a", "dimensions must be a whole number above 0, not 'a'"),
        ("whitening,model=minilm,dims=3", r"unknown option of whitening 'dims'. Did you mean dimensions\?"),
    ],
)
def test_bad_options_are_named(typed: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(parse_spec(typed), settings())

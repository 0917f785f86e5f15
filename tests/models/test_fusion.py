from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gis.errors import UsageError
from gis.models.base import POOLING_DECLARED
from gis.models.composite import encoders_of
from gis.models.fusion import Fusion
from gis.models.in_memory import wrap_model
from gis.models.registry import load_model
from gis.models.whitening import Whitening
from gis.spec import parse_spec
from tests.models.helpers import encoder, needs_minilm, scorer, settings

PAIRS = [("a b c", "a b"), ("a", "abcdef"), ("one two", "two one"), ("x", "y"), ("a b", "a c d e")]


def test_scores_are_the_weighted_mean_of_standardised_scores() -> None:
    length, jaccard = scorer("length").score(PAIRS), scorer("jaccard").score(PAIRS)
    z = [(scores - scores.mean()) / scores.std() for scores in (length, jaccard)]
    np.testing.assert_allclose(scorer("fusion,models=length+jaccard").score(PAIRS), (z[0] + z[1]) / 2)
    np.testing.assert_allclose(
        scorer("fusion,models=length+jaccard,weights=3+1").score(PAIRS), 0.75 * z[0] + 0.25 * z[1]
    )


def test_vectors_count_by_their_cosine() -> None:
    def encode(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([[len(text), text.count("a"), 1.0] for text in texts])

    encoder = wrap_model(encode)
    fused = Fusion([encoder, scorer("jaccard")]).score(PAIRS)
    a, b = (np.array(encode([pair[side] for pair in PAIRS])) for side in (0, 1))
    cosine = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    z = [(scores - scores.mean()) / scores.std() for scores in (cosine, scorer("jaccard").score(PAIRS))]
    np.testing.assert_allclose(fused, (z[0] + z[1]) / 2, atol=1e-5)


def test_a_model_that_gives_one_number_adds_nothing() -> None:
    constant = wrap_model(type("Constant", (), {"score": lambda _, pairs: np.full(len(pairs), 0.1)})())
    jaccard = scorer("jaccard").score(PAIRS)
    scores = Fusion([constant, scorer("jaccard")]).score(PAIRS)
    np.testing.assert_allclose(scores, (jaccard - jaccard.mean()) / jaccard.std() / 2)
    same = wrap_model(type("Same", (), {"score": lambda _, pairs: np.ones(len(pairs))})())
    assert (Fusion([constant, same]).score(PAIRS) == 0).all()


def test_only_the_proportions_of_weights_count() -> None:
    identities = [
        scorer(f"fusion,models=jaccard+length{weights}").card.identity
        for weights in ("", ",weights=1+1", ",weights=0.5+0.5", ",weights=1+2")
    ]
    assert len(set(identities)) == 2
    assert identities[3] not in identities[:3]


def test_a_fusion_may_be_a_part_of_another() -> None:
    inner, outer = "fusion,models=jaccard+length", 'fusion,models="fusion,models=jaccard+length"'
    with pytest.raises(UsageError, match=r"two models or more; given: jaccard$"):
        scorer(outer)
    nested = scorer('fusion,models="fusion,""models=jaccard+length""+tfidf"')
    z = [(s - s.mean()) / s.std() for s in (scorer(inner).score(PAIRS), scorer("tfidf").score(PAIRS))]
    np.testing.assert_allclose(nested.score(PAIRS), (z[0] + z[1]) / 2)


def test_the_card_carries_what_a_part_guessed_and_who_took_part(tiny_bert: Path) -> None:
    model = load_model(parse_spec(f"fusion,models=jaccard+{tiny_bert}"), settings())
    assert model.card.settings[POOLING_DECLARED] is False
    assert model.card.settings["pooling"] == "mean"
    assert model.card.fitted_on == "the pairs of the task that is scored"
    assert model.card.parameters
    assert len(encoders_of(model)) == 1


@needs_minilm
def test_parameters_of_a_model_that_is_part_of_two_parts_count_once() -> None:
    minilm = encoder("minilm")
    assert Fusion([Whitening(minilm, 2), minilm, scorer("jaccard")]).card.parameters == minilm.card.parameters


def test_functions_in_memory_make_it_a_model_that_cannot_be_repeated() -> None:
    assert not Fusion([wrap_model(lambda texts: np.ones((len(texts), 2))), scorer("jaccard")]).reproducible
    assert scorer("fusion,models=jaccard+length").reproducible


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("fusion", "fusion needs models"),
        ("fusion,models=", "an empty name"),
        ("fusion,models=tfidf", "fusion combines two models or more; given: tfidf"),
        ("fusion,models=tfidf+tfidff", r"unknown model 'tfidff'. Did you mean tfidf\?"),
        ("fusion,models=tfidf+bm25+tfidf", "fusion was given one model twice: tfidf, bm25, tfidf"),
        ("fusion,models=tfidf+bm25,weights=1", r"fusion has 2 models \(tfidf, bm25\) and 1 weights"),
        ("fusion,models=tfidf+bm25,weights=1+x", "weights of fusion must be numbers above 0, not 'x'"),
        ("fusion,models=tfidf+bm25,weights=", "weights of fusion must be numbers above 0, not ''"),
        ("fusion,models=tfidf+bm25,weights=1+0", "weights of fusion must be numbers above 0, not 1.0, 0.0"),
        ("fusion,models=tfidf+bm25,weights=nan+1", "weights of fusion must be numbers above 0, not nan, 1.0"),
        ("fusion,models=tfidf+bm25,weight=1+1", r"unknown option of fusion 'weight'. Did you mean weights\?"),
    ],
)
def test_bad_options_are_named(typed: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(parse_spec(typed), settings())

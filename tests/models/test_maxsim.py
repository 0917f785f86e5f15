from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from gis.errors import GisError, UsageError
from gis.models.maxsim import MaxSim
from gis.models.registry import load_model
from gis.models.transformer.late_interaction import PAIRS_AT_A_TIME, mean_maxsim
from gis.spec import parse_spec
from tests.models.helpers import LONG, counts, encoder, needs_minilm, scorer, settings
from tests.tiny_models import save_sentence_transformer, save_static

PAIRS = [("a cat sat on the mat", "the cat is on a mat"), ("crash", "the compiler panics"), (LONG, "window closes")]


@pytest.mark.parametrize("kind", ["tiny_bert", "tiny_decoder"])
def test_tokens_have_the_last_layers_vectors(kind: str, request: pytest.FixtureRequest) -> None:
    import transformers

    folder = request.getfixturevalue(kind)
    model = transformers.AutoModel.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)

    @torch.inference_mode()
    def tokens(text: str) -> NDArray[np.float32]:
        ids = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")["input_ids"]
        states: NDArray[np.float32] = model(input_ids=ids).last_hidden_state[0].numpy()
        return states[1:-1] if kind == "tiny_bert" else states

    expected = [mean_maxsim(tokens(first), tokens(second)) for first, second in PAIRS]
    np.testing.assert_allclose(scorer(f"maxsim,model={folder}").score(PAIRS), expected, atol=1e-5)


def test_a_text_without_tokens_scores_0(tiny_bert: Path, tiny_decoder: Path) -> None:
    for folder in (tiny_bert, tiny_decoder):
        assert (scorer(f"maxsim,model={folder}").score([("", "a cat"), ("", "")]) == 0).all()


def test_many_pairs_score_as_each_alone(tiny_bert: Path) -> None:
    model = scorer(f"maxsim,model={tiny_bert}")
    many = model.score(PAIRS * (PAIRS_AT_A_TIME // 2))
    np.testing.assert_allclose(many[-3:], [model.score([pair])[0] for pair in PAIRS], atol=1e-6)


def test_lengths_are_those_of_the_encoder(tiny_bert: Path) -> None:
    lengths = scorer(f'maxsim,model="{tiny_bert},max_length=16"').lengths([*PAIRS[2], ""])
    assert lengths is not None
    assert list(zip(*lengths, strict=True)) == counts(encoder(tiny_bert, max_length=16), [*PAIRS[2], ""])
    assert lengths.kept[0] < lengths.tokens[0]


@needs_minilm
def test_the_card_has_the_limit_of_the_model_and_an_identity_of_its_own() -> None:
    model = load_model(parse_spec('maxsim,model="minilm,max_length=16"'), settings())
    assert model.card.name == 'maxsim,model="minilm,max_length=16"'
    assert model.card.max_tokens == 16
    identities = {scorer(f"maxsim,model={name}").card.identity for name in ("minilm", '"minilm,max_length=16"')}
    assert len({*identities, encoder("minilm").card.identity}) == 3


def test_a_model_that_only_the_library_runs_has_no_vectors_of_tokens(tmp_path: Path, tiny_bert: Path) -> None:
    dense = save_sentence_transformer(tmp_path / "dense", tiny_bert, dense=True)
    for folder in (dense, save_static(tmp_path / "static")):
        with pytest.raises(GisError, match="has no vectors of tokens that gis can read"):
            MaxSim(load_model(parse_spec(str(folder)), settings())).score(PAIRS)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("maxsim", "maxsim needs a model"),
        ("maxsim,model=tfidf", "maxsim is for transformers that give each token a vector; tfidf is something else"),
        ("maxsim,model=minlm", r"unknown model 'minlm'. Did you mean minilm"),
        ("maxsim,models=minilm", r"unknown option of maxsim 'models'. Did you mean model\?"),
    ],
)
def test_bad_options_are_named(typed: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_model(parse_spec(typed), settings())

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from gis.errors import GisError, UsageError
from gis.models.base import Encoder, LoadSettings, PairScorer
from gis.models.in_memory import wrap_model
from gis.models.lexical import Jaccard
from gis.spec import Spec
from tests.models.helpers import LONG, SHORT, TEXTS, assert_close, counts, encoder


def lengths(texts: list[str]) -> NDArray[np.float64]:
    return np.array([[len(text), 1.0] for text in texts])


class WithEncode:
    """An embedding model of another library."""

    def encode(self, texts: list[str]) -> list[list[float]]:
        return [[float(len(text)), 1.0] for text in texts]


class WithScore:
    """A cross-encoder of another library."""

    def score(self, pairs: list[tuple[str, str]]) -> list[float]:
        return [float(first == second) for first, second in pairs]


def wrapped(model: object, name: str | None = None) -> Encoder:
    result = wrap_model(model, name=name)
    assert isinstance(result, Encoder)
    return result


@pytest.fixture
def loaded(tiny_sentence_transformer: Path) -> SentenceTransformer:
    return SentenceTransformer(str(tiny_sentence_transformer), device="cpu")


def test_a_function_is_an_encoder_called_by_its_name() -> None:
    model = wrapped(lengths)
    vectors = model.encode(list(TEXTS))
    assert vectors.dtype == np.float32
    assert vectors[:, 0].tolist() == [len(text) for text in TEXTS]
    assert (model.card.name, model.reproducible) == ("lengths", False)
    assert model.card.settings == {"identity_is": "declared, not verified"}


def test_many_texts_are_handed_over_in_parts() -> None:
    sizes: list[int] = []

    def counted(texts: list[str]) -> NDArray[np.float64]:
        sizes.append(len(texts))
        return lengths(texts)

    assert wrapped(counted).encode(["x"] * 600)[:, 0].tolist() == [1] * 600
    assert sizes == [256, 256, 88]


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (lambda texts: lengths(texts), "function"),
        (partial(lengths), "partial"),
        (WithEncode(), "WithEncode"),
        (lambda texts: torch.tensor(lengths(texts), requires_grad=True), "function"),
    ],
)
def test_whatever_embeds_texts_is_an_encoder(model: object, name: str) -> None:
    encoder_ = wrapped(model)
    assert encoder_.card.name == name
    assert encoder_.encode(["ab", "c"]).tolist() == [[2, 1], [1, 1]]


def test_an_object_with_score_is_a_pair_scorer() -> None:
    model = wrap_model(WithScore(), name="same")
    assert isinstance(model, PairScorer)
    assert model.card.name == "same"
    assert model.score([("a", "a"), ("a", "b")]).tolist() == [1, 0]


def test_a_model_of_gis_is_itself() -> None:
    model = Jaccard(Spec("jaccard"), LoadSettings())
    assert wrap_model(model) is model


@pytest.mark.parametrize("thing", [3, "minilm", None, WithEncode, {}])
def test_what_is_not_a_model_is_refused(thing: object) -> None:
    with pytest.raises(UsageError, match="is not a model; expected a SentenceTransformer, a function"):
        wrap_model(thing)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda texts: np.zeros(len(texts)), r"returned an array of shape \(2,\) for 2 texts; expected .* \(2, dim\)"),
        (lambda texts: np.zeros((len(texts) - 1, 4)), r"shape \(1, 4\) for 2 texts"),
        (lambda texts: np.zeros((len(texts), 0)), r"shape \(2, 0\)"),
        (lambda texts: [text.split() for text in texts], "returned a list that is not an array of numbers"),
        (print, "returned nothing"),
        (lambda texts: texts[0], "returned a str that is not an array of numbers"),
        (lambda texts: np.ones((len(texts), 3)) * 1j, r"not an array of numbers \(it holds complex128\)"),
        (lambda texts: [[1j, 2]] * len(texts), "it holds complex128"),
        (lambda texts: torch.ones(len(texts), 3, dtype=torch.complex64), "it holds complex64"),
        (lambda texts: [["1", "2"]] * len(texts), "it holds str"),
        (lambda texts: np.array([["1.5", 2]] * len(texts), dtype=object), "it holds objects"),
        (lambda texts: np.array([[b"1", b"2"]] * len(texts)), "it holds bytes"),
        (lambda texts: np.array([[1, 2]] * len(texts), dtype="M8[s]"), "it holds datetime64"),
        (lambda texts: np.ma.masked_less(np.eye(len(texts)), 1), "some numbers of which are masked"),
        (lambda texts: texts[7], "failed: IndexError: list index out of range"),
    ],
)
def test_a_function_that_returns_something_else_is_named(function: Callable[[list[str]], Any], message: str) -> None:
    with pytest.raises(GisError, match=f"mine .*{message}"):
        wrapped(function, "mine").encode(["a b", "c"])


@pytest.mark.parametrize(
    "vectors",
    [
        [[True, False]],
        [[1, 0]],
        np.array([[1, 0]], dtype=np.uint8),
        np.array([[Fraction(1), 0.0]], dtype=object),
        torch.tensor([[1.0, 0.0]], dtype=torch.bfloat16),
        pd.DataFrame([[1.0, 0.0]]),
    ],
    ids=["truth values", "integers", "bytes", "objects", "bfloat16", "a frame"],
)
def test_every_kind_of_real_numbers_is_read(vectors: object) -> None:
    assert wrapped(lambda _: vectors, "mine").encode(["a"]).tolist() == [[1.0, 0.0]]


def test_a_scorer_that_returns_something_else_is_named() -> None:
    class Broken:
        def score(self, pairs: list[tuple[str, str]]) -> list[float]:
            return [1.0] * (len(pairs) + 1)

    model = wrap_model(Broken())
    assert isinstance(model, PairScorer)
    with pytest.raises(GisError, match=r"Broken returned an array of shape \(3,\) for 2 pairs"):
        model.score([("a", "b"), ("c", "d")])


def test_a_loaded_sentence_transformer_gives_the_vectors_of_its_folder(
    loaded: SentenceTransformer, tiny_sentence_transformer: Path
) -> None:
    model = wrapped(loaded, "mine")
    assert_close(model.encode(TEXTS), encoder(tiny_sentence_transformer).encode(TEXTS))
    assert counts(model, TEXTS) == counts(encoder(tiny_sentence_transformer), TEXTS)
    assert (model.card.name, model.card.max_tokens, model.reproducible) == ("mine", 16, True)
    assert model.card.settings["precision"] == "fp32"


def test_a_loaded_sentence_transformer_is_known_by_its_content(
    loaded: SentenceTransformer, tiny_sentence_transformer: Path
) -> None:
    before = wrapped(loaded).card.identity
    loaded.encode([SHORT, LONG])  # leaves its tokenizer with another padding
    assert wrapped(loaded).card.identity == before
    other = SentenceTransformer(str(tiny_sentence_transformer), device="cpu")
    assert wrapped(other).card.identity == before
    with torch.no_grad():
        next(other.parameters()).add_(1e-3)
    assert wrapped(other).card.identity != before
    loaded.max_seq_length = 8
    assert wrapped(loaded).card.identity != before


def test_a_loaded_sentence_transformer_is_not_changed(loaded: SentenceTransformer) -> None:
    before = loaded.encode([SHORT, LONG])
    wrapped(loaded).encode(TEXTS)
    assert loaded.max_seq_length == 16
    assert_close(loaded.encode([SHORT, LONG]), before, 0)


def test_the_default_prompt_of_a_loaded_sentence_transformer_is_used(tiny_sentence_transformer: Path) -> None:
    loaded = SentenceTransformer(
        str(tiny_sentence_transformer), device="cpu", prompts={"query": "the dog "}, default_prompt_name="query"
    )
    assert_close(wrapped(loaded).encode(TEXTS), loaded.encode(list(TEXTS)))
    assert wrapped(loaded).card.settings["prompt"] == "the dog {text}"


def test_a_loaded_sentence_transformer_that_fails_is_named(
    loaded: SentenceTransformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("out of something")

    monkeypatch.setattr(loaded, "encode", broken)
    with pytest.raises(GisError, match="mine failed: RuntimeError: out of something"):
        wrapped(loaded, "mine").encode(TEXTS)

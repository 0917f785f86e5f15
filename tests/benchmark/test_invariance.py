"""--check-invariance: a text has one vector."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gis.benchmark.invariance import SAMPLED_TEXTS, check_invariance, sampled_texts
from gis.benchmark.tasks.sources import LoadedTask
from gis.console import QUIET, Reporter
from gis.models.base import EncodedBatch
from tests.benchmark.helpers import FakeEncoder, make_task, run, settings
from tests.errors import error_line
from tests.models.helpers import TEXTS, encoder
from tests.models.helpers import settings as load_settings


@pytest.fixture
def task(tmp_path: Path) -> LoadedTask:
    return make_task(tmp_path / "data", "first")


class Moody(FakeEncoder):
    """Gives one text another vector each time (dropout), or beside others (padding that is seen)."""

    def __init__(self, text: str, *, alone: bool) -> None:
        super().__init__()
        self.text = text
        self.alone = alone
        self.calls = 0

    def batches(self, texts: Sequence[str]) -> Iterator[EncodedBatch]:
        self.calls += 1
        shift = self.calls if self.alone else len(texts)
        for batch in super().batches(texts):
            moved = np.array([[0.01 * shift * (texts[row] == self.text)] for row in batch.rows], dtype=np.float32)
            yield replace(batch, vectors=batch.vectors + moved)


def test_the_longest_text_and_the_same_others_are_drawn() -> None:
    texts = [f"text {n}" for n in range(500)] + ["the longest of all these texts"] + ["b"]
    rows = sampled_texts(texts)
    assert len(rows) == len(set(rows)) == SAMPLED_TEXTS
    assert 500 in rows
    assert np.array_equal(rows, sampled_texts(texts))
    assert len(sampled_texts(["a"])) == 1


def test_a_model_with_one_vector_a_text_passes_and_the_largest_difference_is_said(
    tmp_path: Path, task: LoadedTask, capsys: pytest.CaptureFixture[str]
) -> None:
    model = FakeEncoder()
    for _ in range(2):  # with a result and cached vectors there, too
        run(model, [task], settings(tmp_path, check_invariance=True), reporter=Reporter())
        said = " ".join(capsys.readouterr().err.split())
        assert "texts have one vector each, alone, again and in their batches; the largest difference is 0 " in said


@pytest.mark.parametrize(("alone", "how"), [(True, "twice alone"), (False, "alone and in its batch")])
def test_a_text_with_two_vectors_is_named(tmp_path: Path, task: LoadedTask, alone: bool, how: str) -> None:
    with error_line(f"fake gives the text 'window closes' of 13 characters different vectors {how}: .* fp32 explains"):
        run(Moody("window closes", alone=alone), [task], settings(tmp_path, check_invariance=True))


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_transformer_passes(tiny_bert: Path, precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gis.models.transformer.engine.check_precision", lambda *_: None)
    texts = list(dict.fromkeys(TEXTS))
    model = encoder(tiny_bert, load_settings(precision=precision))
    check_invariance(model, texts, model.encode(texts), QUIET)


def test_a_text_without_a_vector_passes_and_nan_does_not() -> None:
    model = FakeEncoder()
    model.zero = frozenset(["", "a"])
    check_invariance(model, ["", "a", "b"], model.encode(["", "a", "b"]), QUIET)
    model.nan = frozenset(["b"])
    with error_line("fake gives the text 'b'"):
        check_invariance(model, ["", "a", "b"], model.encode(["", "a", "b"]), QUIET)

"""What gis makes, gis opens: every objective on every kind of data, every config, every kind of saved model."""

import json
from collections.abc import Mapping
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import gis
from gis.dataset.output.layout import CONFIGS, LABELLED
from gis.errors import GisError, UsageError
from gis.models.losses import PRESETS
from gis.training.loop.loss import TERMS, prepare_loss
from gis.training.output.manifest import MANIFEST
from gis.training.output.saving import MODES
from tests.dataset.stores import by_chance, fill
from tests.tiny_models import save_sentence_transformer
from tests.training.helpers import Row, dataset, fit, graded_rows, loaded, write_rows
from tests.training.output.test_saving import PROMPT, TEXTS, with_auto_model, with_gis, with_sentence_transformers

pytestmark = pytest.mark.slow
ROWS = 16


def rows_of(kind: str) -> list[Row]:
    graded = graded_rows(ROWS, seed=4)
    if kind == "graded":
        return graded
    if kind == "binary":
        return [{**row, "label": int(row["label"] > 2)} for row in graded]
    pairs: list[dict[str, Any]] = [{"anchor": row["text1"], "positive": row["text2"]} for row in graded]
    negatives = [row["text1"] for row in reversed(graded)]
    if kind == "triplets":
        return [{**pair, "negative": text} for pair, text in zip(pairs, negatives, strict=True)]
    if kind == "several negatives":
        return [
            {**pair, "negative_1": text, "negative_2": None if n % 2 else "red cat"}
            for n, (pair, text) in enumerate(zip(pairs, negatives, strict=True))
        ]
    return list(pairs)


FORMATS = {
    "graded": "pairs",
    "binary": "pairs",
    "positives": "positives",
    "triplets": "triplets",
    "several negatives": "triplets",
}


def terms_in_use(objective: str, kind: str) -> tuple[str, ...]:
    """The terms that the objective has for data of this kind."""
    preset = PRESETS[objective]
    if preset.same_text:
        return ("same text",)
    return tuple(term for term in TERMS[FORMATS[kind]] if getattr(preset.settings, term))  # type: ignore[index]


@pytest.mark.parametrize("kind", FORMATS)
def test_every_objective_on_every_kind_of_data(tiny_bert: Path, tmp_path: Path, kind: str) -> None:
    """Objectives with the same terms differ in numbers alone: the first of them is trained, the others are prepared."""
    data = write_rows(tmp_path / "train.jsonl", rows_of(kind))
    rows = loaded(data).train
    trained = set()
    for objective, preset in PRESETS.items():
        output, terms = tmp_path / objective, terms_in_use(objective, kind)
        if not terms:
            with pytest.raises(UsageError, match="cannot train on"):
                fit(tiny_bert, data, output, objective=objective)
            assert not output.exists()
        elif terms in trained:
            assert prepare_loss(preset, rows.each_with_itself() if preset.same_text else rows).loss
        else:
            trained.add(terms)
            report = fit(tiny_bert, data, output, objective=objective)
            assert report.final_loss is not None, objective
            assert np.isfinite(report.final_loss), objective


def test_every_config_of_a_dataset_as_a_task(tiny_bert: Path, tmp_path: Path) -> None:
    """Labelled configs train and are scored, positive pairs train; all others are refused by name."""
    fill(tmp_path / "store.db", by_chance(400, 1))
    built = gis.build(tmp_path / "store.db", tmp_path / "built", negatives={"random": 1, "bm25": 1})
    trained, scored, seen = set(), set(), set()
    for name, config in CONFIGS.items():
        folder = (built.folder / config.pattern).parent
        if not folder.is_dir():
            continue
        seen.add(name)
        output = tmp_path / "models" / name
        with suppress(GisError):
            gis.train(tiny_bert, folder, output=output, limit=8, device="cpu")
            trained.add(name)
        assert output.exists() == (name in trained)
        with suppress(GisError):
            gis.bench("jaccard", folder, cache=False)
            scored.add(name)
    assert set(LABELLED) & seen <= scored
    assert trained >= {"default", "positive"}
    assert trained | scored <= {*LABELLED, "positive"}
    manifest = json.loads((tmp_path / "models" / "positive" / MANIFEST).read_text(encoding="utf-8"))
    assert manifest["validation"]["source"] == str(built.folder)


KINDS = [
    (backbone, lora, pooling, number % 2 == 0, number % 3 == 0)
    for number, (backbone, lora, pooling) in enumerate(product(("tiny-bert", "tiny-decoder"), (0, 2), MODES))
]


class Base(NamedTuple):
    """A model to start from, and its vectors."""

    folder: Path
    vectors: NDArray[np.float32]


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path, tiny_decoder: Path) -> Mapping[str, Base]:
    found = {}
    for body, normalize in product((tiny_bert, tiny_decoder), (True, False)):
        folder = tmp_path_factory.mktemp("bases") / "base"
        save_sentence_transformer(folder, body, normalize=normalize, max_seq_length=60)
        found[f"{body.name}, {normalize}"] = Base(folder, with_gis(folder))
    return found


@pytest.mark.parametrize(("backbone", "lora", "pooling", "normalize", "prompted"), KINDS)
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_every_kind_of_saved_model_has_one_vector_a_text(
    backbone: str,
    lora: int,
    pooling: str,
    normalize: bool,
    prompted: bool,
    precision: str,
    bases: Mapping[str, Base],
    tmp_path: Path,
) -> None:
    if lora:
        pytest.importorskip("peft")
    if precision == "bf16" and pooling not in ("mean", "last"):
        pytest.skip("what a precision changes does not depend on the pooling")
    base = bases[f"{backbone}, {normalize}"]
    options: Mapping[str, str] = {"pooling": pooling, **({"prompt": PROMPT} if prompted else {})}
    output = tmp_path / "model"
    data = dataset(tmp_path / "data", train=ROWS, validation=0)
    fit(base.folder, data, output, options=dict(options), lora=lora, precision=precision, learning_rate=1e-2, epochs=3)
    found = with_gis(output)
    assert np.isfinite(found).all()
    # A text without a token has no vector of its own: libraries pool the padding that its batch happens to give it.
    rows = [bool(text) or backbone == "tiny-bert" or prompted for text in TEXTS]
    np.testing.assert_allclose(with_sentence_transformers(output)[rows], found[rows], atol=1e-5)
    np.testing.assert_allclose(with_auto_model(output, pooling, normalize=normalize)[rows], found[rows], atol=1e-5)
    assert not np.allclose(found, base.vectors, atol=1e-4)

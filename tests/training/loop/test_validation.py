"""One definition of a score: what chooses a checkpoint is what gis bench and gis ablate report."""

import random
from pathlib import Path

import numpy as np
import pytest

from gis.benchmark.runner import RunSettings, run_model
from gis.benchmark.tasks.catalogue import resolve_tasks
from gis.benchmark.tasks.sources import LoadedTask, SourceSettings, load_task
from gis.models.base import Encoder
from gis.models.registry import load_model
from gis.models.similarity import cosine
from gis.models.transformer.model_folder import read_model_folder
from gis.models.transformer.tokens import TextTokenizer
from gis.spec import Spec
from gis.statistics.metrics import spearman
from gis.training.ablation.scored import score_on
from gis.training.loop.validation import Validation
from gis.training.model.build import build_model, build_tokenizer
from gis.training.run import train
from tests.tiny_models import WORDS
from tests.training.helpers import LOAD, Row, loaded, settings, write_rows

pytestmark = pytest.mark.slow


def stratified_rows(count: int, seed: int) -> list[Row]:
    """Positive pairs and two kinds of negatives, one of them easy and three times as frequent."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for n in range(count):
        words = rng.sample(WORDS, 12)
        stratum = ("positive", "hard", "easy", "easy", "easy")[n % 5]
        second = {"positive": words[:6] + words[6:8], "hard": words[:6] + words[6:7], "easy": words[6:]}[stratum]
        label = int(stratum == "positive")
        rows.append({"text1": " ".join(words[:6]), "text2": " ".join(second), "label": label, "stratum": stratum})
    return rows


def stratified_task(folder: Path) -> LoadedTask:
    write_rows(folder / "test.jsonl", stratified_rows(100, seed=3))
    return load_task(resolve_tasks([Spec(str(folder))], None)[0], SourceSettings())


def pooled(task: LoadedTask, model: Encoder) -> float:
    score = spearman(cosine(model.encode(task.pairs.text1), model.encode(task.pairs.text2)), task.pairs.gold)
    assert isinstance(score, float)
    return score


def test_validation_bench_and_ablate_agree_on_a_stratified_task(tiny_bert: Path, tmp_path: Path) -> None:
    task = stratified_task(tmp_path / "strata")
    chosen = settings(tiny_bert)
    base = read_model_folder(chosen.model, LOAD)
    encoder = build_model(base, chosen, classes=0, precision="fp32").encoder
    tokenize = TextTokenizer(build_tokenizer(base), base.max_tokens, "{text}", lowercase=base.lowercase)
    validated = Validation(task, tokenize).score(encoder)

    model = load_model(Spec(str(tiny_bert)), LOAD)
    assert isinstance(model, Encoder)
    (scored,) = run_model(model, [task], RunSettings(output=tmp_path, cache=None, load=LOAD))
    ablated = score_on(model, [task])["strata"].value
    assert scored.result.scores.main == pytest.approx(validated, abs=1e-6)
    assert ablated == pytest.approx(validated, abs=1e-6)
    assert abs(pooled(task, model) - validated) > 0.01, "a pooled score would be another number"


def test_training_on_stratified_pairs_chooses_by_the_number_of_bench(tiny_bert: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    write_rows(data / "train.jsonl", stratified_rows(60, seed=1))
    write_rows(data / "valid.jsonl", stratified_rows(100, seed=2))
    trained = train(settings(tiny_bert, epochs=3), loaded(data), tmp_path / "model", device="cpu")
    task = loaded(data).validation
    assert task is not None
    model = trained.load(LOAD)
    assert trained.report.best == pytest.approx(score_on(model, [task])[task.task.name].value, abs=1e-5)
    assert trained.report.best == max(entry["spearman"] for entry in trained.report.validations)
    assert abs(pooled(task, model) - trained.report.best) > 0.005


def test_vectors_that_are_all_equal_score_worst(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = stratified_task(tmp_path / "strata")
    base = read_model_folder(Spec(str(tiny_bert)), LOAD)
    tokenize = TextTokenizer(build_tokenizer(base), base.max_tokens, "{text}", lowercase=base.lowercase)
    monkeypatch.setattr(
        "gis.training.loop.validation.embed_tokens", lambda _, ids: np.ones((len(ids), 4), dtype=np.float32)
    )
    assert Validation(task, tokenize).score(None) == -1.0  # type: ignore[arg-type]

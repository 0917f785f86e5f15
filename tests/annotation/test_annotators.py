"""The annotators that a name can stand for."""

import json
from pathlib import Path

import numpy as np
import pytest

from gis.annotation.annotators import SimilarityAnnotator
from gis.annotation.output import ANSWERS
from gis.annotation.prompt import read_prompt
from gis.annotation.registry import load_annotator
from gis.annotation.source import load_pairs
from gis.benchmark.tasks.sources import SourceSettings
from gis.errors import GisError, UsageError
from gis.models.base import LoadSettings
from gis.spec import Spec, parse_spec
from tests.annotation.chat_server import grading
from tests.annotation.helpers import PAIRS, annotated, pairs_file
from tests.models.helpers import needs_openai


def load(name: str, base_url: str | None = None) -> object:
    return load_annotator(
        parse_spec(name), read_prompt("sts"), base_url=base_url, prices={}, load=LoadSettings(device="cpu")
    )


def test_a_model_of_gis_gives_levels_in_the_order_of_its_similarities(tmp_path: Path) -> None:
    source = load_pairs(Spec(str(pairs_file(tmp_path))), SourceSettings())
    annotator = load("jaccard")
    assert isinstance(annotator, SimilarityAnnotator)
    grades = annotator.grades(source)
    assert grades.values.tolist() == [4.375, 3.125, 1.875, 0.625]  # the middles of four equal parts of 0 to 5
    assert np.isnan(grades.probabilities).all()
    assert not grades.failures


def test_an_encoder_is_an_annotator(tmp_path: Path, tiny_bert: Path) -> None:
    source = load_pairs(Spec(str(pairs_file(tmp_path))), SourceSettings())
    annotator = load(f"similarity,model={tiny_bert},name=bert")
    assert isinstance(annotator, SimilarityAnnotator)
    assert annotator.name == "bert"
    grades = annotator.grades(source)
    assert grades.values.argmax() == 0
    assert (grades.levels[:, 0] == grades.levels[:, 1]).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minilmm", "Did you mean minilm"),
        ("openai", "openai needs a model"),
        ("openai,model=m,heat=1", "unknown option of openai 'heat'"),
        ("replay", "replay needs a file"),
        ("replay,path=nowhere.jsonl", "no recorded answers at nowhere.jsonl"),
        ("similarity", "similarity needs a model"),
        ("similarity,model=nothing", "unknown model"),
    ],
)
def test_a_wrong_name_or_option_is_said(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(name)


@needs_openai
def test_recorded_answers_are_replayed_without_a_server(tmp_path: Path) -> None:
    pairs = pairs_file(tmp_path)
    with grading() as server:
        annotated(pairs, tmp_path / "first", "m", base_url=server.url)
    annotated(pairs, tmp_path / "second", f"replay,path={tmp_path / 'first' / ANSWERS}")
    first, second = ((tmp_path / name / "train.jsonl").read_text(encoding="utf-8") for name in ("first", "second"))
    assert first == second


@needs_openai
def test_recorded_answers_to_another_prompt_or_of_several_models_are_refused(tmp_path: Path) -> None:
    pairs = pairs_file(tmp_path)
    with grading() as server:
        annotated(pairs, tmp_path / "out", "m1", "m2", base_url=server.url)
    recorded = f"replay,path={tmp_path / 'out' / ANSWERS}"
    with pytest.raises(UsageError, match="has answers of m1, m2"):
        annotated(pairs, tmp_path / "again", recorded)
    with pytest.raises(UsageError, match="has no answers of m3; it has those of m1, m2"):
        annotated(pairs, tmp_path / "again", f"{recorded},model=m3")
    with pytest.raises(GisError, match="holds no answers to this prompt, only to others"):
        annotated(pairs, tmp_path / "again", f"{recorded},model=m1", prompt="issues")
    more = pairs_file(tmp_path, [*PAIRS, {"id": "new", "text1": "x", "text2": "y"}])
    report = annotated(more, tmp_path / "again", f"{recorded},model=m1,name=old")
    assert report.left_out == {"old: no answer was recorded": 1}
    manifest = json.loads((tmp_path / "again" / "gis_manifest.json").read_text(encoding="utf-8"))
    assert manifest["annotation"]["annotators"]["old"]["model"] == "m1"

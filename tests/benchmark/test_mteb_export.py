"""The files must hold what mteb's loader requires; mteb itself reads them in perf/."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gis.benchmark.mteb_export import export
from gis.benchmark.results import Result
from gis.statistics.metrics import Undefined
from tests.benchmark.helpers import FakeEncoder, make_task, number, run, settings


@pytest.fixture
def result(tmp_path: Path) -> Result:
    (found,) = run(FakeEncoder("org/some model"), [make_task(tmp_path, "mine")], settings(tmp_path))
    return replace(found, task=replace(found.task, name="stsb", mteb="STSBenchmark"))


def exported(result: Result, folder: Path) -> dict[str, Any]:
    (path,), left_out = export([result], folder)
    assert left_out == []
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_the_file_lies_where_mteb_looks(result: Result, tmp_path: Path) -> None:
    (path,), _ = export([result], tmp_path)
    assert path == tmp_path / "results" / "org__some_model" / result.model.identity[:12] / "STSBenchmark.json"


@pytest.mark.parametrize(
    "name", ["../../../etc/x", "/etc/x", "..", "a\\b", "C:\\x", "\0", "nul", "a/b", ".x", "x" * 300]
)
def test_no_name_of_a_result_leads_out_of_the_folder(result: Result, tmp_path: Path, name: str) -> None:
    hostile = replace(
        result,
        model=replace(result.model, name=name, identity=name),
        task=replace(result.task, name=name, mteb=name),
    )
    (path,), _ = export([hostile], tmp_path / "out")
    assert len(path.relative_to(tmp_path / "out" / "results").parts) == 3
    assert ".." not in path.parts
    assert {each.relative_to(tmp_path).parts[0] for each in tmp_path.rglob("*.json")} <= {"out", "mine", "results"}


def test_no_secret_is_exported(result: Result, tmp_path: Path) -> None:
    named = replace(result, model=replace(result.model, name="http://me:planted@host/?key=planted"))
    export([named], tmp_path / "out")
    assert not [path for path in (tmp_path / "out").rglob("*.json") if "planted" in path.read_text(encoding="utf-8")]


def test_the_file_has_every_field_that_mteb_requires(result: Result, tmp_path: Path) -> None:
    found = exported(result, tmp_path)
    assert {"dataset_revision", "task_name", "mteb_version", "scores", "evaluation_time"} <= set(found)
    assert found["task_name"] == "STSBenchmark"
    assert tuple(map(int, found["mteb_version"].split("."))) >= (1, 12, 48)
    (entry,) = found["scores"]["test"]
    assert (entry["hf_subset"], entry["languages"]) == ("default", ["eng-Latn"])
    assert isinstance(found["evaluation_time"], float)


def test_the_main_score_is_spearman_of_cosine_to_six_decimals(result: Result, tmp_path: Path) -> None:
    (entry,) = exported(result, tmp_path)["scores"]["test"]
    assert entry["main_score"] == entry["cosine_spearman"] == round(number(result.scores.main), 6)
    assert entry["cosine_pearson"] == round(number(result.scores.views[0].pearson), 6)
    assert {"manhattan_spearman", "manhattan_pearson", "euclidean_spearman", "euclidean_pearson"} <= set(entry)


@pytest.mark.parametrize("revision", ["a" * 40, None])
def test_the_data_is_named_by_its_revision_or_else_by_its_hash(
    result: Result, tmp_path: Path, revision: str | None
) -> None:
    found = exported(replace(result, task=replace(result.task, revision=revision)), tmp_path)
    assert found["dataset_revision"] == (revision or f"sha256:{result.task.sha256}")


def test_the_model_is_described_beside_its_results(result: Result, tmp_path: Path) -> None:
    (path,), _ = export([result], tmp_path)
    meta = json.loads(path.with_name("model_meta.json").read_text(encoding="utf-8"))
    assert meta["name"] == "org/some model"
    assert meta["revision"] == path.parent.name


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"mteb": None, "name": "sickr"}, "sickr: mteb has no such task"),
        ({"limit": 10}, "org/some model on stsb: a partial result"),
    ],
)
def test_what_mteb_would_misread_is_left_out(
    result: Result, tmp_path: Path, changes: dict[str, Any], line: str
) -> None:
    left_out = replace(result, task=replace(result.task, **changes))
    assert export([left_out], tmp_path) == ([], [line])


def test_a_reason_is_given_once_with_the_first_results(result: Result, tmp_path: Path) -> None:
    models = [replace(result, model=replace(result.model, name=f"m{n:02}")) for n in range(12)]
    no_task = [replace(each, task=replace(each.task, mteb=None, name="sickr")) for each in models]
    partial = [replace(each, task=replace(each.task, limit=5)) for each in models]
    _, lines = export([*no_task, *partial], tmp_path)
    named = ", ".join(f"m{n:02} on {result.task.name}" for n in range(10))
    assert lines == ["sickr: mteb has no such task", f"{named} and 2 more: a partial result"]


def test_an_undefined_score_is_left_out(result: Result, tmp_path: Path) -> None:
    flat = replace(result, scores=replace(result.scores, main=Undefined("all scores are equal")))
    written, (line,) = export([flat], tmp_path)
    assert written == []
    assert "all scores are equal" in line


def test_data_that_is_not_the_catalogues_is_left_out(result: Result, tmp_path: Path) -> None:
    """Readers of the export would see the number as STSBenchmark's."""
    written, (line,) = export([replace(result, task=replace(result.task, verified=False))], tmp_path)
    assert written == []
    assert "stsb" in line

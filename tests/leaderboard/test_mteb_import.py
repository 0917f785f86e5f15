import json
from pathlib import Path
from typing import Any

import pytest

from gis.benchmark.mteb_export import export
from gis.benchmark.tasks.catalogue import catalogue
from gis.errors import GisError
from gis.leaderboard.mteb_import import read_mteb
from gis.leaderboard.reported import Measured
from tests.leaderboard.helpers import result

REVISION = catalogue()["stsb"].revision


def write(folder: Path, *, name: str = "org/model", revision: str = "0" * 40, **fields: Any) -> Path:  # noqa: ANN401
    place = folder / "results" / name.replace("/", "__") / revision
    place.mkdir(parents=True, exist_ok=True)
    content = {
        "dataset_revision": REVISION,
        "task_name": "STSBenchmark",
        "scores": {"test": [{"hf_subset": "default", "cosine_spearman": 0.8203, "main_score": 0.8}]},
        **fields,
    }
    path = place / f"{content['task_name']}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_the_spearman_of_cosine_is_read(tmp_path: Path) -> None:
    write(tmp_path)
    (model,), left_out = read_mteb(tmp_path)
    assert (model.name, model.reported_in, model.scores) == ("org/model", "mteb results", {"stsb": 82.03})
    assert left_out == {}


def test_revisions_of_one_model_are_told_apart(tmp_path: Path) -> None:
    write(tmp_path, revision="a" * 40)
    write(tmp_path, revision="b" * 40)
    assert [model.reported_in for model in read_mteb(tmp_path).models] == [
        "mteb results, revision aaaaaa",
        "mteb results, revision bbbbbb",
    ]


@pytest.mark.parametrize("unscored", [None, "x", True, float("nan"), 1.1, [0.5, 0.1]])
def test_what_is_no_score_is_left_out_and_counted(tmp_path: Path, unscored: object) -> None:
    write(tmp_path, scores={"test": [{"hf_subset": "default", "cosine_spearman": unscored}]})
    assert read_mteb(tmp_path) == ((), {"without a score in the form of mteb 2": 1})


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"task_name": "Banking77"}, "of tasks that gis does not know"),
        ({"dataset_revision": "c" * 40}, "of other revisions of the data"),
        ({"scores": {"validation": []}}, "without a score in the form of mteb 2"),
        ({"scores": {"test": [{"hf_subset": "de", "cosine_spearman": 0.5}]}}, "without a score in the form of mteb 2"),
        ({"task_name": []}, "without a score in the form of mteb 2"),
    ],
)
def test_what_cannot_be_compared_is_left_out_and_counted(tmp_path: Path, fields: dict[str, Any], reason: str) -> None:
    path = write(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **fields}), encoding="utf-8")
    (path.parent / "broken.json").write_text("[", encoding="utf-8")
    left_out = read_mteb(tmp_path).left_out
    assert left_out[reason] >= 1
    assert sum(left_out.values()) == 2


def test_a_folder_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="no results of mteb in"):
        read_mteb(tmp_path)


def test_our_own_export_is_read_back_under_the_name_of_the_model(tmp_path: Path) -> None:
    sha256 = catalogue()["stsb"].sha256 or ""
    ours = result("m", "stsb", 0.123456, mteb="STSBenchmark", sha256=sha256)
    export([ours], tmp_path)
    (model,), left_out = read_mteb(tmp_path)
    assert (model.name, model.same_as, left_out) == ("m", Measured(name="m"), {})
    assert model.scores["stsb"] == pytest.approx(12.3456)

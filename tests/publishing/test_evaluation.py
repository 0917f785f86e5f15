"""The files that the Hub reads scores from, through the Hub's own classes."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from huggingface_hub import EvalResultEntry, parse_eval_result_entries

from gis.benchmark.results import Result, result_path, write_result
from gis.benchmark.tasks.catalogue import catalogue
from gis.errors import GisError
from gis.hashes import sha256_of_bytes
from gis.publishing import evaluation
from gis.publishing.evaluation import eval_config, eval_results
from tests.leaderboard.helpers import HOSTILE, result


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose content is known by its name."""

    class Folder:
        def __init__(self, spec: object, _: object) -> None:
            self.name = str(spec)

        def content_hash(self) -> str:
            return sha256_of_bytes(self.name.encode())

    monkeypatch.setattr(evaluation, "read_model_folder", Folder)
    return tmp_path / "model"


def of(model: Path, task: str, score: float | None = 0.5, **fields: Any) -> Result:  # noqa: ANN401
    content = sha256_of_bytes(str(model).encode())
    fields = {"verified": True, "settings": {"content_sha256": content}, **fields}
    return result("m", task, score, **fields)


def written(folder: Path, *results: Result) -> Path:
    for each in results:
        path = result_path(folder, each.model, each.task.name, each.task.limit)
        write_result(path, each, pd.DataFrame({"id": ["a"]}))
    return folder


def entries(content: bytes) -> list[EvalResultEntry]:
    return parse_eval_result_entries(yaml.safe_load(content))


def test_a_task_of_the_hub_is_an_entry_with_its_revision(model: Path, tmp_path: Path) -> None:
    ours, others = of(model, "stsb", 0.820325, mteb="STSBenchmark"), result("x", "sts12", 0.1, verified=True)
    files = eval_results(model, written(tmp_path / "results", ours, others))
    (entry,) = entries(files[".eval_results/gis.yaml"])
    assert (entry.dataset_id, entry.task_id, entry.value) == ("mteb/stsbenchmark-sts", "STSBenchmark", 82.03)
    assert entry.dataset_revision == catalogue()["stsb"].revision
    assert entry.date == ours.run.date
    assert entry.notes == "Spearman over all pairs, × 100; 10 pairs; fp32; gis"


def test_a_dataset_that_was_loaded_from_the_hub_is_named_as_there(model: Path, tmp_path: Path) -> None:
    mine = of(model, "octo__issues", verified=None, source="hub:octo/issues", revision="a" * 40)
    (entry,) = entries(eval_results(model, written(tmp_path, mine))[".eval_results/gis.yaml"])
    assert (entry.dataset_id, entry.task_id, entry.dataset_revision) == ("octo/issues", "default", "a" * 40)


def test_settings_of_one_model_have_a_file_each(model: Path, tmp_path: Path) -> None:
    one, other = of(model, "stsb", identity="a" * 64), of(model, "stsb", identity="b" * 64)
    files = eval_results(model, written(tmp_path, one, other))
    assert sorted(files) == [".eval_results/gis-aaaaaa.yaml", ".eval_results/gis-bbbbbb.yaml"]


@pytest.mark.parametrize(
    "fields",
    [
        {"limit": 5},
        {"verified": False},
        {"verified": None},
        {"score": None},
        {"task": "lee50"},
        {"task": "mine"},
        {"settings": {"content_sha256": "other"}},
    ],
)
def test_what_the_hub_cannot_show_is_left_out(model: Path, tmp_path: Path, fields: dict[str, Any]) -> None:
    folder = written(tmp_path, of(model, **{"task": "stsb", **fields}))
    with pytest.raises(GisError, match="no result of the model in") as error:
        eval_results(model, folder)
    assert "gis bench --model" in error.value.remedy


@pytest.mark.parametrize("name", [*HOSTILE, "a: b", "- x", "!!python/object:os.system", "{{ x }}", "'\"", "&a *a"])
def test_a_hostile_name_is_text_in_yaml(model: Path, tmp_path: Path, name: str) -> None:
    content = eval_config("", name)
    assert yaml.safe_load(content)["name"] == name
    mine = of(model, "x", verified=None, source=f"hub:{name}")
    (entry,) = entries(eval_results(model, written(tmp_path, mine))[".eval_results/gis.yaml"])
    assert entry.dataset_id == name


def test_a_dataset_is_called_as_its_card_says() -> None:
    config = yaml.safe_load(eval_config("---\npretty_name: Pretty\n---\n# x\n", "set"))
    assert config["name"] == "Pretty"
    assert config["tasks"] == [{"id": "default", "config": "default", "split": "test"}]
    assert config["evaluation_framework"] == "gis"

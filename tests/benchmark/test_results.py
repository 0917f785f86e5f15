import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gis.benchmark.metrics import Undefined
from gis.benchmark.results import (
    Result,
    pairs_path,
    read_result,
    read_results,
    result_path,
    safe_name,
    write_result,
)
from gis.errors import GisError
from tests.benchmark.helpers import ROWS, FakeEncoder, make_task, run, settings
from tests.errors import error_line


@pytest.fixture
def result(tmp_path: Path) -> Result:
    rows = [{**row, "subset": "x" if n < 5 else "one pair only"} for n, row in enumerate(ROWS)]
    (found,) = run(FakeEncoder(max_words=3), [make_task(tmp_path, "mine", rows)], settings(tmp_path / "first"))
    return found


@pytest.fixture
def path(tmp_path: Path, result: Result) -> Path:
    place = tmp_path / "results" / "fake" / "0" / "mine.json"
    write_result(place, result, pd.DataFrame({"id": ["a"]}))
    return place


def change(path: Path, **fields: Any) -> None:  # noqa: ANN401
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **fields}), encoding="utf-8")


def test_a_result_comes_back_as_it_was(path: Path, result: Result) -> None:
    assert read_result(path) == result


def test_an_undefined_score_comes_back_with_its_reason(path: Path) -> None:
    found = read_result(path)
    assert found.scores.subset_mean == Undefined("one pair only: fewer than two pairs")
    assert "NaN" not in path.read_text(encoding="utf-8")


def test_numbers_are_not_rounded(path: Path, result: Result) -> None:
    assert json.loads(path.read_text(encoding="utf-8"))["scores"]["main"] == result.scores.main


def test_every_result_says_its_schema(path: Path) -> None:
    assert json.loads(path.read_text(encoding="utf-8"))["schema_version"] == 1


def test_a_newer_schema_asks_for_a_newer_gis(path: Path) -> None:
    change(path, schema_version=2, something="new")
    with error_line(r"mine\.json was written by a newer gis \(schema 2\); upgrade"):
        read_result(path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", "null", "{}", '{"schema_version": "x"}', '{"schema_version": null}', "\x00"]
)
def test_a_damaged_file_says_what_to_do(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    with error_line(r"mine\.json is not a result file .*delete it and run gis bench again; else move it out"):
        read_result(path)


@pytest.mark.parametrize("fields", [{"model": {}}, {"scores": None}, {"surprise": 1}, {"notes": "text"}])
def test_a_result_with_wrong_fields_says_what_to_do(path: Path, fields: dict[str, Any]) -> None:
    change(path, **fields)
    with error_line("delete it and run gis bench again"):
        read_result(path)


def test_a_file_cut_in_the_middle_says_what_to_do(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(GisError, match=r"mine\.json is not a result file"):
        read_result(path)


def test_all_results_of_a_folder_are_read_in_order(tmp_path: Path, path: Path, result: Result) -> None:
    write_result(path.with_name("a.json"), result, pd.DataFrame({"id": ["a"]}))
    assert list(read_results(tmp_path / "results")) == [result, result]


def test_a_folder_without_results_says_how_to_make_some(tmp_path: Path) -> None:
    with error_line(r"no results in .*gis bench"):
        list(read_results(tmp_path / "nothing"))


def test_other_files_and_a_writers_temporary_file_are_no_results(tmp_path: Path, path: Path, result: Result) -> None:
    path.with_name(".mine.json.ab12.json").write_text("{", encoding="utf-8")
    (tmp_path / "results" / "notes.json").write_text("{", encoding="utf-8")
    assert list(read_results(tmp_path / "results")) == [result]


def test_the_layout_is_model_identity_task(result: Result) -> None:
    assert result_path(Path("r"), result.model, "mine", None) == Path("r/fake", result.model.identity[:12], "mine.json")
    assert result_path(Path("r"), result.model, "mine", 5).name == "mine.limit-5.json"


def test_the_pairs_lie_beside_the_result(path: Path) -> None:
    assert pairs_path(path) == path.with_name("mine.pairs.parquet")
    assert pairs_path(path).is_file()


def test_nothing_temporary_is_left(path: Path) -> None:
    assert {each.name for each in path.parent.iterdir()} == {"mine.json", "mine.pairs.parquet"}


def test_a_result_never_exists_without_its_pairs(tmp_path: Path, result: Result) -> None:
    class Full(pd.DataFrame):
        def to_parquet(self, *_: object, **__: object) -> None:  # type: ignore[override]
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_result(tmp_path / "a" / "b.json", result, Full())
    assert list((tmp_path / "a").iterdir()) == []


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("org/name", "org__name"),
        ("minilm,pooling=cls", "minilm,pooling=cls"),
        ("v1.5+x", "v1.5+x"),
        ("naïve-模型", "naïve-模型"),
    ],
)
def test_a_usual_name_stays_readable_as_a_file_name(name: str, safe: str) -> None:
    assert safe_name(name) == safe


ODD_NAMES = ("../../etc", "..", ".", ".hidden", "a b", "a?b", "a*b", "a\nb", "C:\\x", "x" * 300, "x" * 299, "\x00")


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_becomes_a_file_name(name: str) -> None:
    assert re.fullmatch(r"[\w,=+-][\w.,=+-]{0,120}", safe_name(name))


def test_odd_names_stay_apart() -> None:
    assert len({safe_name(name) for name in ODD_NAMES}) == len(ODD_NAMES)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (("main",), float("nan"), "scores.main: Input should be a finite number"),
        (("main",), float("inf"), "scores.main: Input should be a finite number"),
        (("main",), 1e9, "scores.main: Input should be less than"),
        (("main",), -1.01, "scores.main: Input should be greater than"),
        (("main",), "0.99", "scores.main: Input should be a valid number"),
        (("main",), True, "scores.main: Input should be a valid number"),
        (("views", 0, "spearman"), float("nan"), "scores.views.0.spearman: Input should be a finite number"),
    ],
)
def test_a_score_that_cannot_be_is_refused_by_name(
    path: Path, field: tuple[str | int, ...], value: object, reason: str
) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    part = content["scores"]
    for key in field[:-1]:
        part = part[key]
    part[field[-1]] = value
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GisError, match=re.escape(f"{path} is not a result file ({reason}")):
        read_result(path)

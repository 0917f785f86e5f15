import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gis.benchmark.results import (
    Result,
    pairs_path,
    read_pairs,
    read_result,
    read_results,
    result_path,
    write_result,
)
from gis.errors import GisError
from gis.hashes import sha256_of
from gis.statistics.metrics import Undefined
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


def sign(path: Path, **fields: Any) -> None:  # noqa: ANN401
    """Change fields of a result and give it the hash that fits them."""
    content = {**json.loads(path.read_text(encoding="utf-8")), **fields}
    content.pop("sha256")
    path.write_text(json.dumps({**content, "sha256": sha256_of(content)}), encoding="utf-8")


def change(path: Path, **fields: Any) -> None:  # noqa: ANN401
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **fields}), encoding="utf-8")


def without_hashes(result: Result) -> Result:
    return replace(result, sha256=None, pairs_sha256=None)


def test_a_result_comes_back_as_it_was(path: Path, result: Result) -> None:
    assert without_hashes(read_result(path)) == without_hashes(result)


def test_a_result_from_before_texts_were_mended_has_none(path: Path) -> None:
    texts = json.loads(path.read_text(encoding="utf-8"))["texts"]
    del texts["mended"]
    sign(path, texts=texts)
    assert read_result(path).texts.mended == 0


def test_per_pair_scores_come_back_as_they_were_from_less_than_half_of_the_space(path: Path, result: Result) -> None:
    rng = np.random.default_rng(0)
    scores = pd.DataFrame(
        {
            "id": [f"task-{row}" for row in range(3000)],
            "gold": rng.integers(0, 2, 3000).astype(np.float64),
            "score": rng.random(3000),
            "text_id1": np.arange(3000, dtype=np.int32),
            "text_id2": np.arange(3000, 6000, dtype=np.int32),
            "stratum": ["near", "far"] * 1500,
        }
    )
    write_result(path, result, scores)
    pd.testing.assert_frame_equal(read_pairs(path), scores)
    assert 2 * pairs_path(path).stat().st_size < len(scores.to_parquet(index=False))


def test_what_is_returned_is_what_is_read(path: Path, result: Result) -> None:
    assert write_result(path, result, pd.DataFrame({"id": ["b"]})) == read_result(path)


def test_an_undefined_score_comes_back_with_its_reason(path: Path) -> None:
    found = read_result(path)
    assert found.scores.subset_mean == Undefined("one pair only: fewer than two pairs")
    assert "NaN" not in path.read_text(encoding="utf-8")


def test_numbers_are_not_rounded(path: Path, result: Result) -> None:
    assert json.loads(path.read_text(encoding="utf-8"))["scores"]["main"] == result.scores.main


def test_every_result_says_its_schema(path: Path) -> None:
    assert json.loads(path.read_text(encoding="utf-8"))["schema_version"] == 3


def test_a_newer_schema_asks_for_a_newer_gis(path: Path) -> None:
    sign(path, schema_version=4, something="new")
    with error_line(r"mine\.json was written by a newer gis \(schema 4\); upgrade"):
        read_result(path)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "7", "null", "{}", '{"schema_version": "x"}', '{"schema_version": null}', "\x00"]
)
def test_a_damaged_file_says_what_to_do(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8")
    with error_line(r"mine\.json is not a result file .*delete it and run gis bench again; else move it out"):
        read_result(path)


@pytest.mark.parametrize("version", ["3", None, 1.5, 0, [3]])
def test_a_version_that_never_was_is_named(path: Path, version: object) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "schema_version": version, "sha256": None}), encoding="utf-8")
    with error_line("schema_version: Input should be 1, 2 or 3"):
        read_result(path)


@pytest.mark.parametrize("fields", [{"model": {}}, {"scores": None}, {"surprise": 1}, {"notes": "text"}])
def test_a_result_with_wrong_fields_says_what_to_do(path: Path, fields: dict[str, Any]) -> None:
    sign(path, **fields)
    with error_line("delete it and run gis bench again"):
        read_result(path)


def test_a_file_cut_in_the_middle_says_what_to_do(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(GisError, match=r"mine\.json is not a result file"):
        read_result(path)


def test_all_results_of_a_folder_are_read_in_order(tmp_path: Path, path: Path, result: Result) -> None:
    first = write_result(path.with_name("a.json"), replace(result, notes=("first",)), pd.DataFrame({"id": ["a"]}))
    assert list(read_results(tmp_path / "results")) == [first, read_result(path)]


def test_a_folder_without_results_says_how_to_make_some(tmp_path: Path) -> None:
    with error_line(r"no results in .*gis bench"):
        list(read_results(tmp_path / "nothing"))


def test_other_files_and_a_writers_temporary_file_are_no_results(tmp_path: Path, path: Path) -> None:
    path.with_name(".mine.json.ab12.json").write_text("{", encoding="utf-8")
    (tmp_path / "results" / "notes.json").write_text("{", encoding="utf-8")
    assert list(read_results(tmp_path / "results")) == [read_result(path)]


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
    assert not (tmp_path / "a").exists()


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
    sign(path, scores=content["scores"])
    with pytest.raises(GisError, match=re.escape(f"{path} is not a result file ({reason}")):
        read_result(path)


def edit(path: Path, *keys: str | int, value: object) -> None:
    """Change one value of a result by hand."""
    content = json.loads(path.read_text(encoding="utf-8"))
    part = content
    for key in keys[:-1]:
        part = part[key]
    part[keys[-1]] = value
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("scores", "main"), 0.9999),
        (("scores", "views", 0, "pairs"), 7),
        (("texts", "pairs"), 7),
        (("model", "name"), "another"),
        (("task", "limit"), 5),
        (("run", "command"), "gis bench --seed 3"),
        (("notes",), []),
        (("sha256",), "0" * 64),
        (("schema_version",), 1),
        (("surprise",), 1),
    ],
)
def test_a_number_edited_by_hand_is_noticed(path: Path, keys: tuple[str | int, ...], value: object) -> None:
    edit(path, *keys, value=value)
    with error_line(r"mine\.json was changed or damaged after gis bench wrote it; run the same gis bench again"):
        read_result(path)


def test_another_layout_of_the_same_numbers_is_the_same_result(path: Path) -> None:
    before = read_result(path)
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(dict(reversed(content.items()))), encoding="utf-8")
    assert read_result(path) == before


@pytest.mark.parametrize("content", [b"", b"PAR1", None])
@pytest.mark.parametrize("read", [read_result, read_pairs])
def test_pair_scores_that_are_not_those_of_the_result_are_named(
    path: Path, read: Callable[[Path], object], content: bytes | None
) -> None:
    if content is None:
        pairs_path(path).unlink()
    else:
        pairs_path(path).write_bytes(content)
    with error_line(r"mine\.pairs\.parquet.*; run the same gis bench again"):
        read(path)


def test_pair_scores_of_another_run_are_named(path: Path, result: Result) -> None:
    other = path.with_name("other.json")
    write_result(other, result, pd.DataFrame({"id": ["b"]}))
    pairs_path(path).write_bytes(pairs_path(other).read_bytes())
    with error_line(r"mine\.pairs\.parquet was changed or damaged"):
        read_pairs(path)


@pytest.mark.parametrize("key", ["sha256", "pairs_sha256"])
def test_a_result_of_today_without_its_hashes_is_refused(path: Path, key: str) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content = {name: value for name, value in content.items() if name not in ("sha256", key)}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GisError, match="its hashes are missing"):
        read_result(path)


def test_a_result_of_the_first_schema_is_read_as_unverified(path: Path) -> None:
    assert read_result(path).verified
    content = json.loads(path.read_text(encoding="utf-8"))
    old = {name: value for name, value in content.items() if name not in ("sha256", "pairs_sha256")}
    path.write_text(json.dumps({**old, "schema_version": 1}), encoding="utf-8")
    pairs_path(path).unlink()
    assert not read_result(path).verified
    assert read_result(path).scores.main == content["scores"]["main"]
    with error_line("no per-pair scores beside it"):
        read_pairs(path)


def test_no_secret_is_written_into_a_result(path: Path, result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "planted")
    texts = ("http://me:planted@host/v1", "https://host/?api_key=planted", "planted")
    for text in texts:
        named = replace(
            result,
            model=replace(result.model, name=text, settings={"at": text}),
            task=replace(result.task, source=text, citation=text),
            run=replace(result.run, command=f"gis bench '{text}'", hardware=(text,), versions={"x": text}),
            notes=(text,),
        )
        write_result(path, named, pd.DataFrame({"id": ["a"]}))
        assert "planted" not in path.read_text(encoding="utf-8")
        assert read_result(path).scores == result.scores


def test_tasks_whose_names_differ_in_case_have_files_of_their_own(result: Result) -> None:
    names = ("mine", "Mine", "MINE", "a/b", "a__b", "con", "é", "e\u0301")
    files = {result_path(Path("r"), result.model, name).name.casefold() for name in names}
    assert len(files) == len(names)


def test_a_result_whose_pair_scores_are_gone_can_be_read_on_request(path: Path) -> None:
    expected = read_result(path)
    pairs_path(path).unlink()
    assert read_result(path, pairs_may_be_missing=True) == expected
    with error_line("no per-pair scores beside it"):
        read_result(path)
    pairs_path(path).write_bytes(b"PAR1")
    with error_line("was changed or damaged"):
        read_result(path, pairs_may_be_missing=True)

"""The file of answers: every answer is in it, and nothing that is not one is taken for one."""

import json
from pathlib import Path

import pytest

from gis.annotation.answers import Answer, AnswerFile
from gis.annotation.protocols import Grade, Usage
from gis.masking import remember_secret


def answer(key: str = "k", **changes: object) -> Answer:
    fields: dict[str, object] = {
        "key": key,
        "annotator": "a",
        "pair": "p",
        "model": "m",
        "prompt": "s",
        "protocol": "decisions",
        "value": Grade(2.5, (0.0, 0.0, 0.5, 0.5, 0.0, 0.0), "raw"),
        "usage": Usage(10, 2, counted=True),
    }
    return Answer(**{**fields, **changes})  # type: ignore[arg-type]


def test_answers_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "answers" / "answers.jsonl"
    file = AnswerFile(path)
    written = [answer("1"), answer("2", value=Grade(3.0, None, "3")), answer("3", value=None, failure="prose")]
    for each in written:
        file.add(each)
    assert list(AnswerFile(path)) == list(file) == written
    assert set(AnswerFile(path).by_key) == {"1", "2"}


def test_a_line_that_a_kill_cut_short_costs_one_answer(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    AnswerFile(path).add(answer("1"))
    whole = path.read_bytes()
    for cut in range(1, len(whole)):
        path.write_bytes(whole + whole[:cut])
        file = AnswerFile(path)
        file.add(answer("2"))
        assert set(AnswerFile(path).by_key) == {"1", "2"}


def test_a_damaged_line_is_not_used_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from gis.console import Reporter

    path = tmp_path / "answers.jsonl"
    for key in "12":
        AnswerFile(path).add(answer(key))
    path.write_text(path.read_text(encoding="utf-8").replace('"level": 2.5', '"level": 3.5', 1), encoding="utf-8")
    assert set(AnswerFile(path, reporter=Reporter()).by_key) == {"2"}
    assert "1 damaged lines are not used" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["[]", "null", "{", '{"check": "x"}', '{"key": 1}', "[" * 10_000])
def test_lines_of_other_programs_are_not_answers(tmp_path: Path, line: str) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text(f"{line}\n", encoding="utf-8")
    assert list(AnswerFile(path)) == []


def test_a_secret_that_a_model_repeats_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    remember_secret("sk-planted-1")
    AnswerFile(path).add(
        answer(value=Grade(1.0, None, "sk-planted-1"), served_by="sk-planted-1", failure="sk-planted-1")
    )
    assert "sk-planted-1" not in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["raw"] == "***"

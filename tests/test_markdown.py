"""Markdown and CSV: whatever a cell holds, it is text."""

import csv
import io

import pytest

from gis.markdown import csv_text, escape


def cells_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\tx", "\r=1", "\n=1", " =1", "'=1", "''@x", "=", "-", "+x", "--", "-5;x"],
)
def test_what_a_spreadsheet_would_run_goes_out_behind_an_apostrophe(text: str) -> None:
    for table in (csv_text(["model"], [[text]]), csv_text([text], [["x"]])):
        assert f"'{text}" in [cell for row in cells_of(table) for cell in row]


@pytest.mark.parametrize("text", ["-0.5", "+1e-5", "-3", "-.5", "+2.", "minilm", "a=b", "", "'tis", "a-b", "1+1"])
def test_numbers_and_other_texts_stay_as_they_are(text: str) -> None:
    assert cells_of(csv_text(["model", "x"], [[text, 1]])) == [["model", "x"], [text, "1"]]


def test_numbers_are_written_in_full() -> None:
    assert csv_text(["a"], [[-0.12345678901234566], [-7]]) == '"a"\n-0.12345678901234566\n-7\n'


def test_secrets_are_masked_in_both() -> None:
    text = "http://me:pass@host/?key=abc"
    assert "pass" not in escape(text)
    assert "abc" not in csv_text([text], [[text]])

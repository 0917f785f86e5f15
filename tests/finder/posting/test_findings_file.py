"""What passes from the job that finds to the job that writes, and everything else is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis import api
from gis.errors import GisError, UsageError
from gis.finder.find import Finding
from gis.finder.posting.comment import comment_of
from gis.finder.posting.findings_file import findings_json, read_findings
from tests.faults.test_properties import foreign
from tests.finder.posting.helpers import finding, suggestion

FOUND = [finding(2, suggestion(1), suggestion(4, similar="octo/widgets#5")), finding(7, note="nothing"), finding(8)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
)


def read(path: Path, content: object) -> list[Finding]:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_findings(path, "Octo/Widgets", "https://github.com")


def test_what_was_found_is_read_as_it_was(tmp_path: Path) -> None:
    assert read(tmp_path / "x.json", findings_json(FOUND)) == FOUND
    assert read(tmp_path / "x.json", "[]") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: row.update(query="octo/gears#2"), "query is octo/gears#2, which is not of Octo/Widgets"),
        (lambda row: row.update(query="octo/widgets#2; rm -rf /"), "not OWNER/NAME#N"),
        (lambda row: row.update(query=2), "not OWNER/NAME#N"),
        (lambda row: row.update(body="# Hello"), "unexpected keyword argument 'body'"),
        (lambda row: row.pop("title"), "missing 1 required"),
        (lambda row: row.update(title=None), "title is not a text"),
        (lambda row: row.update(note="x" * 70_000), "note is not a text of at most 65,536 characters"),
        (lambda row: row.update(opened="yesterday"), "opened is 'yesterday'"),
        (lambda row: row.update(certificate="0123456789AB"), "certificate is '0123456789AB'"),
        (lambda row: row.update(certificate="0123456789ab"), "octo/widgets#2 has 2 suggestions"),
        (lambda row: row["suggestions"].extend(row["suggestions"] * 2), "has 6 suggestions"),
        (lambda row: row["suggestions"][0].update(url="https://evil.example"), "is not the address of octo/widgets#1"),
        (lambda row: row["suggestions"][0].update(issue="octo/gears#1"), "which is not of"),
        (lambda row: row["suggestions"][0].update(similar="x"), "similar is 'x'"),
        (lambda row: row.update(query="octo/widgets#02"), "not OWNER/NAME#N"),
        (lambda row: row.update(opened="2026-02-30T00:00:00Z"), "day"),
        (lambda row: row["suggestions"].append(row["suggestions"][0]), "the same issue twice"),
        (lambda row: row.update(query="octo/widgets#1"), "octo/widgets#1 is to duplicate itself"),
        (lambda row: row["suggestions"][0].update(opened="2026-01-01T24:00:01Z"), "hour"),
        (lambda row: row["suggestions"][0].update(state="merged"), "the state is 'merged'"),
        (lambda row: row["suggestions"][0].update(score=1.01), "score is 1.01"),
        (lambda row: row["suggestions"][0].update(score=True), "score is True"),
        (lambda row: row["suggestions"][0].update(score=float("nan")), "score is nan"),
        (lambda row: row["suggestions"][0]["reasons"].update(cosine="1"), "cosine is '1'"),
        (lambda row: row["suggestions"][0]["reasons"].update(rare_words=["x"] * 6), "too many reasons"),
        (lambda row: row["suggestions"][0]["reasons"].update(error_lines=[1]), "is not a text"),
        (lambda row: row["suggestions"][0]["reasons"].update(same_author=1), "same_author is not true or false"),
    ],
)
def test_what_is_not_as_it_was_printed_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    content = json.loads(findings_json(FOUND))
    change(content[0])
    with pytest.raises(GisError) as refused:
        read(tmp_path / "x.json", content)
    assert message in str(refused.value)
    assert refused.value.remedy == "make it with gis find --json"


@pytest.mark.parametrize("content", ["", "{}", "[[]]", "[1]", "null", "[" * 10_000, json.dumps([{}]), "[{}" * 2])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(GisError, match="holds no findings that can be written"):
        read(tmp_path / "x.json", content)


def test_an_issue_is_written_to_once_and_the_repository_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(GisError, match="an issue is in it twice"):
        read(tmp_path / "x.json", findings_json([FOUND[0], FOUND[0]]))
    with pytest.raises(GisError, match="No such file"):
        api.read_findings(tmp_path / "none.json", "octo/widgets")
    with pytest.raises(UsageError, match="'octo' is not a repository"):
        api.read_findings(tmp_path / "none.json", "octo")


@foreign
@given(JSON, st.sampled_from(["query", "title", "opened", "note", "certificate", "suggestions"]))
def test_odd_values_are_refused_or_can_be_written(tmp_path: Path, value: Any, field: str) -> None:  # noqa: ANN401
    content = json.loads(findings_json(FOUND))
    content[0][field] = value
    try:
        (first, *_) = read(tmp_path / "x.json", content)
    except GisError:
        return
    assert comment_of(first)

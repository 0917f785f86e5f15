"""What holds for every text, every file and every value that a stranger may hand to a parser or a reader."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis.benchmark.results import read_result
from gis.benchmark.tasks.readers import read_table
from gis.dataset.issues.references import references
from gis.dataset.labels.policy import read_policy
from gis.dataset.labels.rulings import rulings
from gis.dataset.labels.sameness import speaks_of_sameness
from gis.dataset.labels.spoken import spoken
from gis.dataset.settings import Format
from gis.dataset.texts.cleaning import clean, learn_templates
from gis.dataset.texts.redaction import redact
from gis.errors import GisError
from gis.languages import language
from gis.markdown import csv_text, escape, table
from gis.markdown_spans import parts, spans
from gis.spec import Spec, parse_spec, parse_specs
from gis.text import plain_text, visible, whole_characters, wrapped
from gis.words import words
from tests.faults.foreign import BYTES, JSON_VALUES, NUMBERS, TEXTS, WHOLE_TEXTS

pytestmark = pytest.mark.slow

foreign = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
T = TypeVar("T")
NAMES = WHOLE_TEXTS.filter(lambda text: text.strip() == text != "")


def read_or_refused(read: Callable[[], T]) -> tuple[T | None, str]:
    """Return what was read and "", or None and why it was refused; any other exception is a fault."""
    try:
        return read(), ""
    except GisError as error:
        return None, str(error)


@foreign
@given(TEXTS)
def test_a_spec_is_read_or_refused_with_a_reason(text: str) -> None:
    specs, refusal = read_or_refused(lambda: parse_specs([text]))
    assert refusal or all(spec.name for spec in specs or ())


@foreign
@given(NAMES, st.dictionaries(st.from_regex(r"[a-z_-]{1,8}", fullmatch=True), WHOLE_TEXTS, max_size=3))
def test_a_spec_that_is_written_is_read_again(name: str, options: dict[str, str]) -> None:
    spec = Spec(name, options)
    assert parse_spec(str(spec)) == spec


@foreign
@given(TEXTS)
def test_parts_of_markdown_join_to_the_text(text: str) -> None:
    assert "".join(part for _, part in parts(text)) == text
    ends = [0]
    for span in spans(text):
        assert ends[-1] <= span.start < span.end <= len(text)
        ends.append(span.end)


@foreign
@given(TEXTS)
def test_references_name_issues_that_can_exist(text: str) -> None:
    for reference in references(text):
        assert 0 < reference.number < 2**63


@foreign
@given(TEXTS)
def test_rulings_speak_of_references_of_the_text(text: str) -> None:
    for ruling in rulings(text):
        assert ruling.kind
    assert speaks_of_sameness(spoken(text)) in {True, False}


@foreign
@given(TEXTS, TEXTS, st.sampled_from(["markdown", "plain", "html"]))
def test_a_cleaned_text_can_be_written(title: str, body: str, form: Format) -> None:
    title, body = whole_characters(title), whole_characters(body)
    cleaned = clean(title, body, learn_templates([body] * 5), lambda _: True, form)
    cleaned.text.encode()


@foreign
@given(TEXTS)
def test_what_was_redacted_once_stays(text: str) -> None:
    once = redact(text, Counter())
    assert redact(once, Counter()) == once


@foreign
@given(TEXTS)
def test_a_text_that_is_shown_steers_no_terminal(text: str) -> None:
    assert all(character.isprintable() for character in visible(text))
    wrapped(text, 20)
    plain_text(text)
    words(text)
    language(text)


@foreign
@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=3))
def test_tables_have_a_line_for_each_row(rows: list[list[str]]) -> None:
    cells = [[escape(cell) for cell in row] for row in rows]
    assert len(table(["one", "two"], cells).splitlines()) == 2 + len(rows)
    whole = [[whole_characters(cell) for cell in row] for row in rows]
    read = list(csv.reader(io.StringIO(csv_text(["one", "two"], whole), newline="")))
    assert len(read) == 1 + len(rows)


@foreign
@given(BYTES, st.sampled_from(["x.jsonl", "x.csv", "x.jsonl.gz", "x.csv.gz", "x.parquet"]))
def test_a_file_of_pairs_is_read_or_refused(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    read, refusal = read_or_refused(lambda: read_table(path))
    assert str(path) in refusal if read is None else len({len(column) for column in read.columns.values()}) == 1


@foreign
@given(st.lists(st.fixed_dictionaries({"text1": WHOLE_TEXTS, "text2": WHOLE_TEXTS, "label": NUMBERS}), min_size=1))
def test_rows_are_read_as_they_were_written(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    finite = [{**row, "label": 0.5 if row["label"] != row["label"] else row["label"]} for row in rows]
    path = tmp_path / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in finite), encoding="utf-8")
    read, refusal = read_or_refused(lambda: read_table(path))
    if read is None:
        assert "Infinity" in refusal
    else:
        assert {name: list(column) for name, column in read.columns.items()} == {
            name: [row[name] for row in finite] for name in ("text1", "text2", "label")
        }


@foreign
@given(st.one_of(BYTES, JSON_VALUES.map(lambda value: json.dumps(value).encode())))
def test_a_result_file_is_read_or_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    with pytest.raises(GisError, match=r"x\.json is not a result file"):
        read_result(path)


@foreign
@given(st.dictionaries(st.sampled_from(["schema_version", "model", "task", "scores", "texts", "run"]), JSON_VALUES))
def test_a_result_file_of_odd_values_is_named(tmp_path: Path, content: dict[str, Any]) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(GisError, match=r"x\.json"):
        read_result(path)


@foreign
@given(BYTES)
def test_a_policy_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(content)
    policy, refusal = read_or_refused(lambda: read_policy(path))
    assert policy or refusal

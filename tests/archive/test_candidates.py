"""What the engine leaves out, no ruling is in."""

from collections.abc import Callable
from pathlib import Path

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.archive import candidates
from gis.archive.candidates import SIGNS_OF_REFERENCES, find_candidates, may_be_called, may_rule, used
from gis.archive.files import find_hours
from gis.archive.layouts import GHARCHIVE
from gis.archive.reading import read_files
from gis.dataset.labels.called import DUPLICATE_IN_LABELS, OTHER_WORDS_OF_LABELS, is_duplicate_label
from gis.dataset.labels.rulings import MAY_NAME, rulings
from tests.archive.helpers import engine, in_place, world
from tests.archive.hours import write_hours
from tests.dataset.labels.test_rulings import __file__ as of_rulings
from tests.dataset.labels.test_wordings import UNSEEN, WORDINGS, wordings


def passing(texts: list[str], test: Callable[..., ibis.expr.types.BooleanColumn]) -> set[str]:
    """The texts that the engine lets through."""
    table = ibis.memtable({"text": texts}, schema={"text": "string"})
    return {row["text"] for row in engine().rows(table.filter(test(table.text)))}


def test_every_wording_that_is_read_passes() -> None:
    comments = [comment for path in (WORDINGS, *UNSEEN) for wording in wordings(path) for comment in wording.comments]
    read = {comment for comment in comments if list(rulings(comment))}
    assert len(read) >= 400
    assert read <= passing(comments, may_rule)
    assert {comment.upper() for comment in comments if list(rulings(comment.upper()))} <= passing(
        [comment.upper() for comment in comments], may_rule
    )


def test_most_texts_that_name_no_issue_do_not_pass() -> None:
    assert passing(["Duplicate", "the same as before", "see /pull/7", "gh 5", "\u00e9"], may_rule) == set()


@settings(max_examples=100, deadline=None)
@given(st.from_regex(MAY_NAME))
def test_every_text_that_may_name_an_issue_has_a_sign_of_it(text: str) -> None:
    lowered = "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)
    assert any(sign in lowered for sign in SIGNS_OF_REFERENCES)


@pytest.mark.parametrize("letter", ["\u0130", "\u0131", "\u017f"])
def test_letters_that_python_takes_for_others_pass(letter: str) -> None:
    text = f"Duplicate of \u0130\u017fsue 5 {letter}"
    assert passing([text], may_rule) == {text}


def test_every_label_that_says_duplicate_passes() -> None:
    labels = [
        label
        for word in DUPLICATE_IN_LABELS
        for other in ("status: ", "Resolution-", "", *sorted(OTHER_WORDS_OF_LABELS)[:5])
        for label in (f"{other}{word}", f"{other}{word}".upper(), f"{other}{word}".title())
    ]
    assert {label for label in labels if is_duplicate_label(label)} <= passing(labels, may_be_called)
    assert passing(["bug", "good first issue"], may_be_called) == set()


def test_the_rulings_of_the_tests_pass() -> None:
    """Whatever stands in quotation marks in the tests of the rulings, and is a ruling."""
    lines = Path(of_rulings).read_text(encoding="utf-8").split('"')
    assert {line for line in lines if list(rulings(line))} <= passing(lines, may_rule)


@pytest.mark.slow
def test_several_processes_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_hours(tmp_path / "hours", [world(60)], files=4, faults=["repeated", "doubled hour"])
    hours = find_hours(str(tmp_path / "hours"))
    read_files(hours.files, tmp_path / "events", GHARCHIVE, [engine()], in_place)
    events = used(engine().parquet(sorted((tmp_path / "events").rglob("*.parquet"))))
    alone = find_candidates(events, engine(), tmp_path / "one.parquet")
    monkeypatch.setattr(candidates, "FEW", 0)
    assert find_candidates(events, engine(), tmp_path / "two.parquet", workers=2) == alone
    assert alone.comments > 0

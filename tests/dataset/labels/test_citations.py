"""Citations, from events and from texts, and those that may be rulings."""

from pathlib import Path
from typing import Any

import pytest

from gis.collector.records import Event, Reference
from gis.collector.store import Store
from gis.dataset.issues.table import load_issues
from gis.dataset.labels.citations import Citations, find_citations
from tests.dataset.stores import at, comment, fill, issue


def citations(path: Path, *issues: Any) -> Citations:  # noqa: ANN401
    with Store(fill(path / "store.db", issues)) as store:
        return find_citations(store, load_issues(store))


def test_cross_references_are_citations_but_for_those_of_pull_requests(tmp_path: Path) -> None:
    cites = [Event("cross_referenced", at(5), None, Reference(None, 1, False))]
    pull = [Event("cross_referenced", at(5), None, Reference(None, 9, True))]
    found = citations(tmp_path, issue(1, events=cites + pull), issue(2, events=cites))
    assert found == Citations(((0, 1),), frozenset())


@pytest.mark.parametrize(
    "second",
    [
        issue(2, body="It also needs the fix of #1, I think."),
        issue(2, comments=[comment(5, "ann", "See https://github.com/octo/widgets/issues/1", 8)]),
        issue(2, comments=[comment(5, "ann", "needs octo/widgets#1", 8)]),
        issue(2, comments=[comment(5, "ann", "needs https://redirect.github.com/octo/widgets/issues/1", 8)]),
    ],
)
def test_texts_cite_where_there_are_no_events(tmp_path: Path, second: Any) -> None:  # noqa: ANN401
    assert citations(tmp_path, issue(1), second) == Citations(((0, 1),), frozenset())


def test_code_quotes_unknown_issues_and_an_issue_itself_are_not_cited(tmp_path: Path) -> None:
    said = "> needs #1\n\n```\n#1 0x00 in main\n```\nMore in #2 and #7."
    assert citations(tmp_path, issue(1), issue(2, comments=[comment(5, "ann", said, 8)])).pairs == ()


@pytest.mark.parametrize(
    ("said", "closed", "unsettled"),
    [
        ("No idea how, but #1 speaks of the same crash", 9000, True),
        ("Hier geht es weiter: #1, wird geschlossen, schon bekannt", 9000, True),
        ("> What of #1?\n\nRight, closing. #1 it is.", 9000, True),
        ("See also #1", 9000, False),
        ("No idea how, but #1 speaks of the same crash", None, False),  # nobody closed either of them
    ],
)
def test_a_citation_that_may_be_a_ruling_is_unsettled(
    tmp_path: Path, said: str, closed: int | None, *, unsettled: bool
) -> None:
    found = citations(tmp_path, issue(1), issue(2, closed=closed, comments=[comment(5, "ann", said, 8)]))
    assert found == Citations(((0, 1),), frozenset([(0, 1)] if unsettled else []))


def test_an_event_whose_citing_text_cannot_be_read_is_unsettled(tmp_path: Path) -> None:
    cites = [Event("cross_referenced", at(5), None, Reference(None, 1, False))]
    trace = comment(5, "ann", "```\n#1  0x0000 in main ()\n```", 8)
    found = citations(tmp_path, issue(1), issue(2, closed=9000, events=cites, comments=[trace]))
    assert found == Citations(((0, 1),), frozenset([(0, 1)]))


def test_either_of_the_two_may_be_closed_and_speak(tmp_path: Path) -> None:
    first = issue(1, comments=[comment(5, "keeper", "#2 should be merged with this one", 8)])
    assert citations(tmp_path, first, issue(2, closed=9000)).unsettled == {(0, 1)}


@pytest.mark.parametrize(
    "body",
    [
        "Duplicate of #1",
        "It crashes.\n\nI think this is a duplicate of issue 1, but my version is newer.",
        "Es stürzt ab. Duplikat von #1.",
        "Possibly the same as https://github.com/octo/widgets/issues/1",
        "#1 is a duplicate of this issue.",
    ],
)
def test_what_a_body_believes_is_unsettled_even_where_both_are_open(tmp_path: Path, body: str) -> None:
    assert citations(tmp_path, issue(1), issue(2, body=body)).unsettled == {(0, 1)}
    assert citations(tmp_path, issue(1), issue(2, title=body, body="It crashes.")).unsettled == {(0, 1)}


def test_a_body_may_speak_of_two_other_issues(tmp_path: Path) -> None:
    found = citations(tmp_path, issue(1), issue(2), issue(3, body="Note that #1 is a duplicate of #2."))
    assert (0, 1) in found.unsettled


def test_a_body_that_only_cites_is_settled(tmp_path: Path) -> None:
    found = citations(tmp_path, issue(1), issue(2, body="This is not a duplicate of #1: it needs the fix of #1."))
    assert found == Citations(((0, 1),), frozenset())


def test_an_issue_that_names_itself_is_tied_to_none(tmp_path: Path) -> None:
    found = citations(tmp_path, issue(1), issue(2, body="Duplicate of #2. #2 is a duplicate of this."))
    assert found == Citations((), frozenset())


def test_either_end_of_a_pair_comes_first_by_position(tmp_path: Path) -> None:
    found = citations(tmp_path, issue(1, body="#3 is a duplicate of this issue."), issue(2, body="needs #1"), issue(3))
    assert found == Citations(((0, 1), (0, 2)), frozenset([(0, 2)]))


def test_both_versions_of_a_body_are_read(tmp_path: Path) -> None:
    found = citations(tmp_path, issue(1), issue(2, body="No more.", original="Duplicate of #1"))
    assert found.unsettled == {(0, 1)}


@pytest.mark.parametrize(
    "said", ["needs GH-1", "needs octo/widgets#1", "needs http://github.com/octo/widgets/issues/1"]
)
def test_any_form_of_a_reference_cites(tmp_path: Path, said: str) -> None:
    assert citations(tmp_path, issue(1), issue(2, body=said)).pairs == ((0, 1),)

"""The text of the build is made again from an issue's title and body."""

from dataclasses import replace
from typing import Any

from gis.collector.records import IssueText
from gis.dataset.output.manifest import Manifest
from gis.dataset.output.restore import Restorer, TextRecord
from gis.dataset.output.writer import sha256
from gis.dataset.texts.cleaning import line_hash

MANIFEST = Manifest(
    settings={"text": {"form": "markdown", "original": True}},
    repository_names={"octo/widgets": "octo/widgets", "octo/old": "octo/widgets"},
    templates={},
    files={},
    identity="",
    intact=True,
)
ISSUE = IssueText(
    "octo/widgets", 7, "It breaks", "It really breaks.", first_title="Breaks", first_body="Breaks at once."
)


def restorer(**text_settings: Any) -> Restorer:  # noqa: ANN401
    settings = {"text": {"form": "markdown", "original": True, **text_settings}}
    return Restorer(replace(MANIFEST, settings=settings), ["octo/widgets"])


def record(text: str, *, as_written: bool = False, cut: tuple[str, ...] = ()) -> TextRecord:
    return TextRecord(sha256(text), as_written, cut)


def test_title_and_body_make_the_text() -> None:
    assert restorer().restore(ISSUE, record("It breaks\n\nIt really breaks.")).same


def test_the_first_body_is_taken_where_the_build_took_it() -> None:
    restored = restorer().restore(ISSUE, record("It breaks\n\nBreaks at once.", as_written=True))
    assert restored == ("It breaks\n\nBreaks at once.", True)


def test_the_first_title_is_tried_where_the_build_may_have_seen_it() -> None:
    assert restorer().restore(ISSUE, record("Breaks\n\nIt really breaks.")).same
    assert not restorer(original=False).restore(ISSUE, record("Breaks\n\nIt really breaks.")).same


def test_a_changed_text_is_not_the_same() -> None:
    assert not restorer().restore(ISSUE, record("Something else")).same


def test_lines_of_templates_are_removed() -> None:
    templates = {"octo/widgets": [line_hash("### Steps to reproduce").hex()]}
    made = Restorer(replace(MANIFEST, templates=templates), ["octo/widgets"])
    issue = ISSUE._replace(body="### Steps to reproduce\nOpen it.")
    assert made.restore(issue, record("It breaks\n\nOpen it.")).same


def test_sentences_that_cite_a_partner_are_removed_under_any_name_of_its_repository() -> None:
    issue = ISSUE._replace(body="It breaks. See octo/old#3 for more. It rains.")
    assert restorer().restore(issue, record("It breaks\n\nIt breaks. It rains.", cut=("octo/widgets#3",))).same


def test_an_uncleaned_text_is_title_and_body_without_white_space_at_their_ends() -> None:
    issue = ISSUE._replace(title="It breaks ", body="  See #3.\r\n\r\nDuplicate of #4\r\n")
    assert restorer(form="uncleaned").restore(issue, record("It breaks\n\nSee #3.\n\nDuplicate of #4")).same

"""Cleaning: templates, rulings and citations are taken out, the rest stays as it was."""

import pytest

from gis.collector.records import Reference
from gis.dataset.texts.cleaning import clean, learn_templates, line_hash, prose

NONE: frozenset[bytes] = frozenset()


def cleaned(body: str, *, title: str = "Title", partners: tuple[int, ...] = (), form: str = "markdown") -> str:
    return clean(title, body, NONE, lambda reference: reference.number in partners, form).text  # type: ignore[arg-type]


def test_title_blank_line_body() -> None:
    assert cleaned("A body\r\nof two lines\n\n\n\nand a third") == "Title\n\nA body\nof two lines\n\nand a third"
    assert cleaned("") == "Title"


def test_lines_of_a_template_go_and_code_stays() -> None:
    bodies = [
        f"### Steps to reproduce\n\nOpen number {n}\n\n```\n### Steps to reproduce\n```\n- [ ] I searched"
        for n in range(50)
    ]
    templates = learn_templates(bodies)
    found = clean("Title", bodies[3], templates, lambda _: False, "markdown")
    assert found.text == "Title\n\nOpen number 3\n\n```\n### Steps to reproduce\n```"
    assert found.template_lines == 2
    assert learn_templates(bodies[:5]) == NONE  # too few to tell


@pytest.mark.parametrize(
    ("issues", "shared", "is_template"), [(400, 10, True), (400, 9, False), (1000, 20, True), (1000, 19, False)]
)
def test_a_template_is_in_ten_issues_and_in_two_of_a_hundred(issues: int, shared: int, is_template: bool) -> None:
    bodies = ["Steps to reproduce" if n < shared else "" for n in range(issues)]
    assert bool(learn_templates(bodies)) == is_template


def test_a_line_of_a_template_has_three_letters() -> None:
    assert learn_templates(["OS: 1\n\n---\n"] * 50) == NONE
    assert len(learn_templates(["Any: 1\n\n---\n"] * 50)) == 1
    assert learn_templates(["Your  OS:"] * 50) == learn_templates([" your os: "] * 50)


def test_hidden_comments_go() -> None:
    assert cleaned("<!-- Please fill in\nthis form -->It breaks.") == "Title\n\nIt breaks."


def test_sentences_that_rule_or_cite_a_partner_go() -> None:
    body = "It crashes. This is a duplicate of #9. See also #5 for more. And #6 is unrelated."
    assert cleaned(body, partners=(5,)) == "Title\n\nIt crashes. And #6 is unrelated."
    assert cleaned("It crashes. It is superseded by #9.") == "Title\n\nIt crashes."
    assert cleaned("x", title="[Duplicate] It crashes (dup of #9)") == "It crashes\n\nx"
    assert cleaned("x", title="Crash (see #5)", partners=(5,)) == "Crash (see [issue])\n\nx"
    assert cleaned("x = #5", partners=(5,)) == "Title"
    redirected = "It fails as https://redirect.github.com/octo/widgets/issues/5 does."
    assert cleaned(redirected, partners=(5,)) == "Title"
    assert cleaned("```\nsee #5\n```", partners=(5,)) == "Title\n\n```\nsee [issue]\n```"


@pytest.mark.parametrize(
    "claim",
    [
        "Sorry, marking as duplicate.",
        "Duplicate issue.",
        "This duplicates the other one.",
        "Feel free to close this if it's a dup of something.",
        "This may be a duplicate.",
        "The whole list was closed as duplicates of this ticket.",
    ],
)
def test_claims_go_also_without_a_number(claim: str) -> None:
    assert cleaned(f"It crashes. {claim}") == "Title\n\nIt crashes."


@pytest.mark.parametrize(
    "told", ["This is a duplicate key error.", "It lists each duplicate twice.", "Use dup2() here."]
)
def test_what_only_speaks_of_duplicates_stays(told: str) -> None:
    assert cleaned(told) == f"Title\n\n{told}"


def test_a_sentence_that_repeats_the_word_is_read_up_to_its_two_hundredth() -> None:
    claim = "and this is a duplicate, I think."
    assert cleaned("dup " * 199 + claim) == "Title"
    assert cleaned("dup " * 200 + claim).endswith(claim)


def test_forms() -> None:
    body = "Some **bold** text with `Vec<T>`\n\n- one\n- two"
    assert cleaned(body, form="plain") == "Title\n\nSome bold text with Vec<T>\n\none\n\ntwo"
    assert cleaned(body, form="html").startswith('Title\n\n<p dir="auto">Some <strong>bold</strong> text')


def test_references_of_another_repository_are_not_cut() -> None:
    body = "See octo/gadgets#5 for more."
    text = clean("Title", body, NONE, lambda reference: reference == Reference(None, 5), "markdown").text
    assert body in text


def test_a_comment_in_inline_code_is_not_hidden() -> None:
    assert cleaned("Write `<!-- x -->` here") == "Title\n\nWrite `<!-- x -->` here"


def test_sentences_taken_out_are_counted_and_named() -> None:
    body = "It crashes. See #5. Like #6!"
    found = clean("Title", body, NONE, lambda reference: reference.number == 5, "markdown")
    assert (found.sentences, found.cited) == (1, [Reference(None, 5)])


def test_addresses_on_an_enterprise_server_cite_a_partner() -> None:
    body = "It crashes. See https://github.example.com/octo/widgets/issues/5 for more."
    assert clean("Title", body, NONE, lambda _: True, "markdown").sentences == 0
    assert clean("Title", body, NONE, lambda _: True, "markdown", "github.example.com").text == "Title\n\nIt crashes."


def test_prose_is_what_remains_without_code_and_addresses() -> None:
    text = "It fails\n```\nfn main()\n```\nin `x` of /usr/lib/y, see https://example.org/z"
    assert prose(text).split() == ["It", "fails", "in", "of", ",", "see"]


def test_a_hash_of_a_line_has_eight_bytes_and_sees_neither_case_nor_blanks() -> None:
    assert line_hash(" Your  OS: ") == line_hash("your os:") != line_hash("youros:")
    assert len(line_hash("x")) == 8


def test_templates_are_learnt_outside_hidden_comments_and_code() -> None:
    assert learn_templates(["<!-- Steps to reproduce -->\n    indented line\n```\nfenced line\n```"] * 50) == NONE


@pytest.mark.parametrize(
    ("body", "form", "expected"),
    [
        ("write to ann&#64;example.org", "markdown", "write to ann&#64;example.org"),
        ("write to ann&#64;example.org", "plain", "write to [email]"),
        ("write to ann&#64;example.org", "html", '<p dir="auto">write to [email]</p>'),
        ("see https://example.org", "html", '<p dir="auto">see https://example.org</p>'),
        ("one\n\ntwo", "html", '<p dir="auto">one</p>\n<p dir="auto">two</p>'),
    ],
)
def test_what_rendering_shows_is_redacted_and_addresses_become_no_links(body: str, form: str, expected: str) -> None:
    assert cleaned(body, form=form) == f"Title\n\n{expected}"


def test_a_sentence_that_comes_again_is_cut_and_counted_again() -> None:
    found = clean("Title", "See #5.\n" * 3 + "It fails.", NONE, lambda reference: reference.number == 5, "markdown")
    assert (found.text, found.sentences, found.cited) == ("Title\n\nIt fails.", 3, [Reference(None, 5)] * 3)


def test_a_title_is_not_cut_for_a_citation_but_for_a_ruling() -> None:
    assert cleaned("x", title="It fails as #5", partners=(5,)) == "It fails as [issue]\n\nx"
    assert cleaned("x", title="It fails. Duplicate of #9.") == "It fails.\n\nx"

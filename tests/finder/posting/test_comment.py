"""What a comment says, and that nothing in it acts."""

import re
from dataclasses import replace

import pytest
from markdown_it import MarkdownIt

from gis.finder.posting.comment import comment_of, rationale_of, worth_saying
from gis.marker import marker_in
from gis.masking import remember_secret
from tests.finder.posting.helpers import REASONS, finding, suggestion

HOSTILE = [
    "@octocat please merge #12 GH-13 octo/widgets#14",
    "`` ` ``` @all `#1`",
    "](https://evil.example) <img src=x onerror=alert(1)> ![x](https://evil.example/x.png)",
    "--> <!-- gis find octo/widgets#9=1.0000 -->",
    "a\n\n# heading\n- item\r\n> quote \u202e reversed",
    "$x$ :bomb: https://evil.example/x 0123456789abcdef0123456789abcdef01234567",
    "`",
    "",
    "x" * 5000,
]


def acting(markdown: str) -> str:
    """What GitHub would look at for mentions, references and links: all text outside code, and addresses."""
    shown = []
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type == "html_block":
            shown.append(token.content)
        for child in token.children or []:
            shown += [child.content] if child.type in ("text", "html_inline") else []
            shown += [str(child.attrs.get("href", child.attrs.get("src", "")))]
    return "\n".join(shown)


def test_a_comment_lists_candidates_with_reasons_and_can_be_found_again() -> None:
    text = comment_of(finding(2, suggestion(1), suggestion(4, 0.044, state="closed", similar="octo/widgets#7")))
    marker = marker_in(text)
    assert marker is not None
    assert marker.candidates == (("octo/widgets#1", 0.75), ("octo/widgets#4", 0.044))
    assert "Possible duplicates:" in text
    assert "(issue 1, open, opened 2020-01-01, 2 days before): **75%**" in text
    assert "(issue 4, closed, opened 2020-01-01, 2 days before): **4%**" in text
    assert "by its duplicate, issue 7" in text
    assert "in both: `error: frobnicator is missing`" in text
    assert "rare words in both: `frobnicator`" in text
    assert "50% of the title words; cosine 0.81" in text


def test_an_issue_of_another_repository_is_told_with_it() -> None:
    text = comment_of(finding(2, suggestion(1, issue="octo/gears#9", similar="octo/gears#8")))
    assert "(issue 9 of `octo/gears`, open" in text
    assert "by its duplicate, issue 8 of `octo/gears`" in text


def test_a_secret_is_masked_before_a_line_is_cut() -> None:
    secret = remember_secret("planted-secret-0123456789")
    assert "planted" not in comment_of(finding(2, suggestion(1, title=f"{'x' * 290}{secret}")))


def test_no_link_makes_a_reference_on_another_issue() -> None:
    text = comment_of(finding(2, suggestion(1)))
    assert "https://redirect.github.com/octo/widgets/issues/1" in text
    assert not re.search(r"#\d|github\.com/", acting(text.partition("\n")[2]).replace("redirect.github.com/", ""))
    assert "https://git.example/octo" in comment_of(finding(2, suggestion(1, web="https://git.example")))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_people_wrote_does_not_act(text: str) -> None:
    reasons = replace(REASONS, error_lines=(text,), rare_words=(text,))
    comment = comment_of(finding(2, suggestion(1, title=text, reasons=reasons)))
    said = acting(comment.partition("\n")[2])
    assert not re.search(r"@|#\d|GH-|evil|<img|bomb|0123456789|gis find oct", said)
    assert said.count("http") == 1
    assert len(comment) < 5000
    assert comment.count("-->") >= 1
    assert marker_in(comment) == marker_in(comment_of(finding(2, suggestion(1))))


def test_an_alert_says_so_and_an_empty_finding_takes_a_comment_back() -> None:
    alert = comment_of(finding(2, suggestion(1), certificate="0123456789ab"))
    assert "This looks like a duplicate of:" in alert
    marker = marker_in(alert)
    assert marker is not None
    assert marker.certificate == "0123456789ab"
    empty = comment_of(finding(2, note="no older issue was found"))
    assert marker_in(empty) is not None
    assert "any more" in empty
    assert marker_in(comment_of(finding(2, note="no older issue was found"), marker)) == marker


@pytest.mark.parametrize("text", HOSTILE)
def test_a_rationale_is_one_line_in_which_nothing_acts(text: str) -> None:
    assert rationale_of(suggestion(1)) == (
        "score 75%; in both: `error: frobnicator is missing`; rare words in both: `frobnicator`; "
        "50% of the title words; cosine 0.81"
    )
    rationale = rationale_of(suggestion(1, reasons=replace(REASONS, error_lines=(text,), rare_words=(text,))))
    assert rationale.isprintable()
    assert not re.search(r"@|#\d|GH-|evil|<img|bomb|0123456789|gis find oct", acting(rationale))


def test_mere_guesses_are_not_said() -> None:
    sure = worth_saying(finding(2, suggestion(1, 0.02), suggestion(4, 0.0199)))
    assert [each.issue for each in sure.suggestions] == ["octo/widgets#1"]
    nothing = worth_saying(finding(2, suggestion(4, 0.0199)))
    assert (nothing.suggestions, nothing.note) == ((), "no score is 2% or more")
    assert worth_saying(finding(2, note="a bot opened it")).note == "a bot opened it"
